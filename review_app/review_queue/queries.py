"""Reading the queue: its rows, its length, who holds what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from review_app.accounts.models import User
from review_app.articles.filters import PLAIN, Filters
from review_app.articles.models import Article, ArticleFlag
from review_app.base.paging import PAGE_ROWS, Page, decode_cursor, encode_cursor, page_of
from review_app.review_queue.models import Claim, Skip
from review_app.review_queue.rules import MOST_COUNTED, Sort


@dataclass(frozen=True, slots=True)
class QueueRow:
    """An article that waits, and its live claim if somebody holds it."""

    article: Article
    claim: Claim | None


@dataclass(frozen=True, slots=True)
class QueueLength:
    """How many wait (`more` when counting stopped at that figure), and since when the oldest does."""

    waiting: int
    more: bool
    oldest: datetime | None


def live(now: datetime) -> ColumnElement[bool]:
    """The condition that a claim still holds."""
    return Claim.expires_at > now


def waiting(session: Session, filters: Filters) -> Select[Any]:
    """All articles that wait for a person, within the filters."""
    return filters.apply(session, select(Article).where(Article.awaiting_review))


def free(now: datetime) -> ColumnElement[bool]:
    """The condition that nobody holds the article."""
    return ~exists().where(Claim.article_id == Article.id, live(now))


def skipped_by(user: User) -> ColumnElement[bool]:
    """The condition that this reviewer passed the article over."""
    return exists().where(Skip.article_id == Article.id, Skip.user_id == user.id)


def list_queue(
    session: Session,
    filters: Filters,
    *,
    now: datetime,
    sort: Sort = Sort.OLDEST,
    after: str | None = None,
    size: int = PAGE_ROWS,
) -> Page[QueueRow]:
    """The waiting articles in order, a page at a time, each with its holder and flags."""
    query = (
        waiting(session, filters)
        .add_columns(Claim)
        .outerjoin(Claim, and_(Claim.article_id == Article.id, live(now)))
        .options(selectinload(Article.flags), joinedload(Claim.user))
        .limit(size + 1)
    )
    rows = [QueueRow(*row) for row in session.execute(_ordered(query, sort, after))]
    return page_of(rows, size, lambda row: encode_cursor(row.article.queue_rank, row.article.id))


def _ordered(query: Select[Any], sort: Sort, after: str | None) -> Select[Any]:
    key = Article.queue_rank, Article.id
    if sort is Sort.NEWEST:
        query = query.order_by(*(column.desc() for column in key))
    else:
        query = query.order_by(*key)
    if not after:
        return query
    here, there = tuple_(*key), tuple_(*(literal(part) for part in decode_cursor(after, int, int)))
    return query.where(here < there if sort is Sort.NEWEST else here > there)


def queue_length(session: Session, filters: Filters) -> QueueLength:
    """How many wait within the filters, and since when the oldest does; two short queries."""
    some = waiting(session, filters).with_only_columns(Article.id).limit(MOST_COUNTED + 1).subquery()
    count = session.scalar(select(func.count()).select_from(some)) or 0
    since = waiting(session, filters).with_only_columns(Article.waiting_since)
    oldest = session.scalar(since.order_by(Article.waiting_since, Article.id).limit(1))
    return QueueLength(min(count, MOST_COUNTED), count > MOST_COUNTED, oldest)


def claim_of(session: Session, article: Article, now: datetime) -> Claim | None:
    """Who holds the article just now."""
    return session.scalar(
        select(Claim).where(Claim.article_id == article.id, live(now)).options(joinedload(Claim.user))
    )


def claims_of(session: Session, user: User, now: datetime) -> Sequence[Claim]:
    """What a reviewer holds, the oldest first."""
    return session.scalars(
        select(Claim)
        .where(Claim.user_id == user.id, live(now))
        .options(joinedload(Claim.article))
        .order_by(Claim.claimed_at)
    ).all()


def choices(session: Session) -> dict[str, list[str]]:
    """The values that occur among waiting articles, for each plain filter and for flags.

    SQL has no skip scan that both databases know, so each value is found from the one before: one index look-up a
    value, however long the queue is (https://wiki.postgresql.org/wiki/Loose_indexscan).
    """
    found = {
        name: _values(session, column, Article.awaiting_review)
        for name, column in PLAIN.items()
        if name != "topic"
    }
    found["flag"] = _values(session, ArticleFlag.name, ArticleFlag.value)
    return found


MOST_CHOICES = 200


def _values(session: Session, column: Any, condition: Any) -> list[str]:
    first = select(func.min(column).label("value")).where(condition)
    walk = first.cte("walk", recursive=True)
    following = select(func.min(column)).where(condition, column > walk.c.value).scalar_subquery()
    walk = walk.union_all(select(following).where(walk.c.value.is_not(None)))
    query = select(walk.c.value).where(walk.c.value.is_not(None), walk.c.value != "").limit(MOST_CHOICES)
    return list(session.scalars(query))


def claimed_among(session: Session, article_ids: Sequence[int], now: datetime) -> dict[int, str]:
    """Which of these articles somebody holds, and who in a few words."""
    query = (
        select(Claim.article_id, User.name)
        .join(User, User.id == Claim.user_id)
        .where(Claim.article_id.in_(article_ids), live(now))
    )
    return {article_id: f"{name} is reviewing it" for article_id, name in session.execute(query)}
