"""Reading checks: which differ, how many, which are due."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session, joinedload

from review_app.articles.models import Article
from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import Page, decode_cursor, encode_cursor, page_of
from review_app.outbox.models import OutboxEvent
from review_app.publishing.models import Target
from review_app.publishing.truth.models import PublicCheck, TruthMark
from review_app.publishing.truth.rules import DAILY, IN_FLIGHT, State

# Said as the partial index says it: SQLite uses one only for a query that repeats its condition word by word.
OPEN = text("public_check.state IN ('differs', 'unreadable')")


@dataclass(frozen=True, slots=True)
class Count:
    """How many pages of a target stand so."""

    target: str
    state: str
    pages: int


def list_checks(
    session: Session, state: State | None = None, after: str | None = None, size: int = 25
) -> Page[PublicCheck]:
    """Checks with their articles and targets, the newest first: of one state, or those that are no good ones."""
    query = (
        select(PublicCheck)
        .options(joinedload(PublicCheck.article), joinedload(PublicCheck.target))
        .order_by(PublicCheck.id.desc())
        .limit(size + 1)
    )
    if state is None or state in {State.DIFFERS, State.UNREADABLE}:
        query = query.where(OPEN)
    if state is not None:
        query = query.where(PublicCheck.state == state.value)
    if after:
        query = query.where(PublicCheck.id < decode_cursor(after, int)[0])
    return page_of(session.scalars(query).all(), size, lambda check: encode_cursor(check.id))


def get_check(session: Session, check_id: int) -> PublicCheck:
    """One check with its article and target. Raises `NotFound`."""
    found = session.scalar(
        select(PublicCheck)
        .where(PublicCheck.id == check_id)
        .options(joinedload(PublicCheck.article), joinedload(PublicCheck.target))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(_l("There is no check %(number)s.", number=check_id))
    return found


def difference_counts(session: Session) -> Sequence[Count]:
    """For the metrics: how many pages of each target differ, and how many cannot be read; 0 where none does."""
    found = select(PublicCheck.target_id, PublicCheck.state, func.count().label("pages")).where(OPEN)
    counted = {
        (row.target_id, row.state): row.pages
        for row in session.execute(found.group_by(PublicCheck.target_id, PublicCheck.state))
    }
    targets = session.execute(
        select(Target.id, Target.name).where(is_content_target()).order_by(Target.id)
    ).all()
    return [
        Count(target.name, state.value, counted.get((target.id, state.value), 0))
        for target in targets
        for state in (State.DIFFERS, State.UNREADABLE)
    ]


def is_content_target() -> ColumnElement[bool]:
    """Whether a target shows articles to the public."""
    return Target.kind.in_(("site", "wordpress"))


def open_counts(session: Session, most: int = 1_000) -> dict[str, int]:
    """How many differ and how many cannot be read; counts no further than `most` in all."""
    some = select(PublicCheck.state).where(OPEN).limit(most).subquery()
    rows = session.execute(select(some.c.state, func.count()).group_by(some.c.state))
    return {State.DIFFERS.value: 0, State.UNREADABLE.value: 0} | {row[0]: row[1] for row in rows}


def last_checked_at(session: Session) -> datetime | None:
    """When the page was read that was read last; looks at those that are due last, which were read last."""
    latest = PublicCheck.due_at.desc(), PublicCheck.id.desc()
    some = session.scalars(select(PublicCheck.checked_at).order_by(*latest).limit(200))
    return max((moment for moment in some if moment is not None), default=None)


def is_due(now: datetime, *, ours: bool) -> tuple[ColumnElement[bool], ...]:
    """What a check must be to be done; without REVIEW_BASE_URL (`ours` False) our own pages cannot be."""
    due = PublicCheck.due_at <= now
    if ours:
        return (due,)
    return due, PublicCheck.target_id.in_(select(Target.id).where(Target.kind != "site"))


def something_to_do(session: Session, now: datetime, *, ours: bool) -> bool:
    """Whether nobody is at it, and a page is to be read, an event to be looked at, or the daily sweep to be made."""
    mark = session.get_one(TruthMark, 1, populate_existing=True)
    if mark.lease_until is not None and mark.lease_until > now:
        return False
    if mark.swept_at is None or mark.swept_at <= now - DAILY:
        return True
    if session.scalar(select(PublicCheck.id).where(*is_due(now, ours=ours)).limit(1)) is not None:
        return True
    created = session.scalar(
        select(OutboxEvent.created_at)
        .where(OutboxEvent.id > mark.last_event_id)
        .order_by(OutboxEvent.id)
        .limit(1)
    )
    return created is not None and created <= now - IN_FLIGHT


def article_ids(session: Session, source_ids: Collection[str]) -> dict[str, int]:
    """The numbers of those of these articles that exist."""
    possible = [source_id for source_id in source_ids if "\0" not in source_id]
    rows = session.execute(select(Article.source_id, Article.id).where(Article.source_id.in_(possible)))
    return {row.source_id: row.id for row in rows}
