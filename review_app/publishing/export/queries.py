"""Reading what is exported: published articles with the text that the public reads, and what it no longer can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from review_app.articles.models import Article, ArticleBody, ArticleVersion
from review_app.base.errors import Invalid
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import decode_cursor, encode_cursor
from review_app.publishing.export.records import record_of
from review_app.publishing.export.rules import BATCH, OVERLAP
from review_app.publishing.models import Publication, Target
from review_app.publishing.queries import is_published, published_wording

Record = dict[str, object]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 1, 1, tzinfo=UTC)


def cursor_of(moment: datetime) -> str:
    """The cursor for what changes from this moment on."""
    return encode_cursor((moment - EPOCH) // timedelta(microseconds=1))


def moment_of(cursor: str) -> datetime | None:
    """From when on changes are exported; None for the empty cursor, which is the whole. Raises `Invalid`."""
    if not cursor:
        return None
    try:
        (microseconds,) = decode_cursor(cursor, int)
    except Invalid as error:
        raise Invalid(error.detail, {"since": [_l("is not a cursor of an export")]}) from error
    asked = int(microseconds)
    if not 0 <= asked <= (LAST - EPOCH) // timedelta(microseconds=1):
        raise Invalid(_l("The cursor is not one of ours."), {"since": [_l("is not a cursor of an export")]})
    return max(EPOCH, EPOCH + timedelta(microseconds=asked) - OVERLAP)


def published_records(session: Session, since: datetime | None, before: str) -> Iterator[Sequence[Record]]:
    """The published articles, those that changed `since` if that is given, some at a time.

    `before` is what stands before a slug in a public address, or empty. Between two portions what was read is let go, and so
    is its transaction: a long download must hold up nobody.
    """
    last = 0
    while True:
        query = _published(since).where(Article.id > last).order_by(Article.id).limit(BATCH)
        rows = session.execute(query).all()
        records: list[Record] = []
        for article, html, kept in rows:
            last = article.id
            text = published_wording(article, html, kept)
            if text is not None:
                url = f"{before}{article.slug}" if before else ""
                records.append(record_of(article, text, article.published_version or "", url))
        _let_go(session)
        if records:
            yield records
        if len(rows) < BATCH:
            return


def withdrawn_ids(session: Session, since: datetime | None) -> Iterator[Sequence[str]]:
    """The source ids of what the public could read once and cannot now, of those that changed `since`, some at a time."""
    last = 0
    once = (
        select(Publication.id)
        .join(Target, Target.id == Publication.target_id)
        .where(Publication.article_id == Article.id, Publication.delivered_at.is_not(None))
        .where(Target.kind == "site")
        .exists()
    )
    while True:
        query = select(Article.id, Article.source_id).where(~is_published(), once, Article.id > last)
        query = query if since is None else query.where(Article.updated_at >= since)
        rows = session.execute(query.order_by(Article.id).limit(BATCH)).all()
        _let_go(session)
        if rows:
            last = rows[-1].id
            yield [row.source_id for row in rows]
        if len(rows) < BATCH:
            return


def _published(since: datetime | None) -> Select[Article, str, ArticleVersion | None]:
    public = Article.published_digest == ArticleVersion.text_digest
    query = (
        select(Article, ArticleBody.html, ArticleVersion)
        .join(ArticleBody, ArticleBody.article_id == Article.id)
        .outerjoin(ArticleVersion, public & (ArticleVersion.article_id == Article.id))
        .where(is_published())
        .options(joinedload(Article.meta))
    )
    return query if since is None else query.where(Article.updated_at >= since)


def _let_go(session: Session) -> None:
    session.rollback()
    session.expunge_all()
