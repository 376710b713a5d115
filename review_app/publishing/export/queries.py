"""Reading what is exported: published articles with the text that the public reads, and what it no longer can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVarTuple

from sqlalchemy import Select, literal, select, tuple_
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
Columns = TypeVarTuple("Columns")


class Place(NamedTuple):
    """How far a walk over articles has come."""

    updated_at: datetime
    id: int


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
    last: Place | None = None
    while True:
        rows = session.execute(_next(_published(), since, last)).all()
        records: list[Record] = []
        for article, html, kept in rows:
            last = Place(article.updated_at, article.id)
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
    last: Place | None = None
    once = (
        select(Publication.id)
        .join(Target, Target.id == Publication.target_id)
        .where(Publication.article_id == Article.id, Publication.delivered_at.is_not(None))
        .where(Target.kind == "site")
        .exists()
    )
    gone = select(Article.source_id, Article.updated_at, Article.id).where(~is_published(), once)
    while True:
        rows = session.execute(_next(gone, since, last)).all()
        _let_go(session)
        if rows:
            last = Place(rows[-1].updated_at, rows[-1].id)
            yield [row.source_id for row in rows]
        if len(rows) < BATCH:
            return


def _next(query: Select[*Columns], since: datetime | None, last: Place | None) -> Select[*Columns]:
    """The next some of a whole in the order of the articles; of changes in the order of their times, along the index of those.

    What changes meanwhile moves to the end, and so may come twice but is never left out.
    """
    query = query.limit(BATCH)
    if since is None:
        return query.where(Article.id > (last.id if last else 0)).order_by(Article.id)
    if last is None:
        query = query.where(Article.updated_at >= since)
    else:
        there = tuple_(literal(last.updated_at, Article.updated_at.type), literal(last.id))
        query = query.where(tuple_(Article.updated_at, Article.id) > there)
    return query.order_by(Article.updated_at, Article.id)


def _published() -> Select[Article, str, ArticleVersion | None]:
    public = Article.published_digest == ArticleVersion.text_digest
    return (
        select(Article, ArticleBody.html, ArticleVersion)
        .join(ArticleBody, ArticleBody.article_id == Article.id)
        .outerjoin(ArticleVersion, public & (ArticleVersion.article_id == Article.id))
        .where(is_published())
        .options(joinedload(Article.meta))
    )


def _let_go(session: Session) -> None:
    session.rollback()
    session.expunge_all()
