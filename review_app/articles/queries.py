"""Reading articles: one whole, many as rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
from sqlalchemy import ARRAY, String, bindparam, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from review_app.articles.filters import Filters
from review_app.articles.models import Article, ArticleBody, ArticleVersion, Policy
from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import Page, decode_cursor, encode_cursor, page_of


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of an article that the public reads: those that stand now, or those of a text that was kept.

    Topic and reading time may have been imported anew since: then these are the ones that were approved with the text.
    """

    title: str
    excerpt: str
    html: str
    topic: str
    reading_minutes: int | None

    @classmethod
    def of(cls, article: Article, html: str, kept: ArticleVersion | None) -> Wording:
        """Of the text that stands; `kept` is what was kept of the same text, if anything was."""
        beside = article if kept is None else kept
        return cls(article.title, article.excerpt, html, beside.topic or "", beside.reading_minutes)

    @classmethod
    def of_kept(cls, kept: ArticleVersion) -> Wording:
        """Of a text that stands no more."""
        return cls(kept.title, kept.excerpt, kept.html, kept.topic or "", kept.reading_minutes)


def wording(session: Session, article: Article, digest: str | None) -> Wording | None:
    """The text of this digest; None if it is neither the one that stands nor one that was kept."""
    if digest is None:
        return None
    kept = session.get(ArticleVersion, (article.id, digest))
    if digest == article.text_digest:
        html = session.scalar(select(ArticleBody.html).where(ArticleBody.article_id == article.id))
        return None if html is None else Wording.of(article, html, kept)
    return None if kept is None else Wording.of_kept(kept)


def approved_wording(session: Session, article: Article) -> Wording | None:
    """What may go out of an article: the text that a person approved, which need not be the one that stands."""
    return wording(session, article, article.decided_digest) if article.indexable else None


def keeps_indexable(session: Session) -> bool:
    """Whether, by the policy that holds, an approved article stays indexable when its text arrives changed."""
    query = select(Policy.keep_indexable).order_by(Policy.version.desc()).limit(1)
    return bool(session.scalar(query))


def bulk_approve_limit(session: Session) -> int:
    """How many articles a lead may approve at once, by the policy that holds."""
    query = select(Policy.bulk_approve_limit).order_by(Policy.version.desc()).limit(1)
    return session.scalar(query) or 0


def get_article(session: Session, source_id: str) -> Article:
    """One article with its text, metadata and flags. Raises `NotFound`."""
    found = session.scalar(
        select(Article)
        .where(Article.source_id == source_id)
        .options(
            joinedload(Article.body),
            joinedload(Article.meta),
            joinedload(Article.assigned_to),
            selectinload(Article.flags),
        )
    )
    if found is None:
        raise NotFound(_l("There is no article %(source_id)s.", source_id=source_id[:200]))
    return found


def find_article(session: Session, source_id: str) -> Article:
    """The article's row alone, neither its text nor held. Raises `NotFound`."""
    found = session.scalar(select(Article).where(Article.source_id == source_id))
    if found is None:
        raise NotFound(_l("There is no article %(source_id)s.", source_id=source_id[:200]))
    return found


def lock_article(session: Session, source_id: str) -> Article:
    """The article's row, held until the transaction ends. Raises `NotFound`."""
    found = session.scalar(select(Article).where(Article.source_id == source_id).with_for_update())
    if found is None:
        raise NotFound(_l("There is no article %(source_id)s.", source_id=source_id[:200]))
    return found


def list_articles(
    session: Session,
    filters: Filters,
    *,
    awaiting_review: bool | None = None,
    indexable: bool | None = None,
    after: str | None = None,
    size: int = 25,
) -> Page[Article]:
    """Articles in the order of their import, a page at a time, with metadata and flags but without text."""
    query = select(Article).options(joinedload(Article.meta), selectinload(Article.flags))
    query = filters.apply(session, query).order_by(Article.id).limit(size + 1)
    if awaiting_review is not None:
        query = query.where(Article.awaiting_review.is_(awaiting_review))
    if indexable is not None:
        query = query.where(Article.indexable.is_(indexable))
    if after:
        query = query.where(Article.id > decode_cursor(after, int)[0])
    return page_of(session.scalars(query).all(), size, lambda article: encode_cursor(article.id))


def anything(session: Session) -> bool:
    """Whether anything was ever imported."""
    return session.scalar(select(Article.id).limit(1)) is not None


def first_with_hashes(session: Session, hashes: Collection[str]) -> dict[str, str]:
    """For each of these content hashes that articles have, the source id of one of them: a look-up in the index each."""
    if session.get_bind().dialect.name == "sqlite":
        as_json = msgspec.json.encode(list(hashes)).decode()
        asked = func.json_each(bindparam("hashes", as_json)).table_valued("value", name="asked")
    else:
        array = bindparam("hashes", list(hashes), ARRAY(String))
        asked = func.unnest(array).table_valued("value", name="asked").render_derived()
    one = select(Article.source_id).where(Article.source_hash == asked.c.value).limit(1).scalar_subquery()
    return {row[0]: row[1] for row in session.execute(select(asked.c.value, one)) if row[1] is not None}
