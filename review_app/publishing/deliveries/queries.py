"""Reading deliveries, their tries, and how much waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, text
from sqlalchemy.orm import Session, aliased, joinedload

from review_app.articles.models import Article
from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import Page, decode_cursor, encode_cursor, page_of
from review_app.outbox.models import OutboxEvent
from review_app.publishing.deliveries.rules import State
from review_app.publishing.models import Delivery, DeliveryAttempt, DeliveryCount, Publication, Target

# Said as the partial indexes say it: SQLite uses one only for a query that repeats its condition word by word.
OPEN = text("delivery.state IN ('waiting', 'delivering')")
DEAD = text("delivery.state = 'dead'")
ENDED = tuple(state.value for state in (State.DELIVERED, State.DEAD, State.CANCELLED))
WAITING_EVENT = text("outbox.state = 'waiting'")
EVENT_OVER = ("delivered", "cancelled")
DECIDED = ("article.approved", "article.withdrawn")
"""What is told of a decision, once nobody can undo it any more."""


@dataclass(frozen=True, slots=True)
class Pending:
    """How much has not reached the outside yet, and since when the oldest of it could have."""

    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many tries of a target ended so, since it exists."""

    target: str
    result: str
    tries: int


def list_deliveries(
    session: Session,
    target_id: int,
    *,
    state: State | None = None,
    after: str | None = None,
    size: int = 25,
) -> Page[Delivery]:
    """Deliveries of a target with their events, the newest first, a page at a time; `state` as shown (`shown_state`)."""
    query = (
        select(Delivery)
        .where(Delivery.target_id == target_id)
        .options(joinedload(Delivery.event))
        .order_by(Delivery.id.desc())
    )
    if state is not None:
        query = query.where(*_shown_as(state))
    if after:
        query = query.where(Delivery.id < decode_cursor(after, int)[0])
    rows = session.scalars(query.limit(size + 1)).all()
    return page_of(rows, size, lambda row: encode_cursor(row.id))


def _shown_as(state: State) -> tuple[ColumnElement[bool], ...]:
    if state is State.FAILED:
        return Delivery.state == State.WAITING.value, Delivery.attempts > 0
    if state is State.WAITING:
        return Delivery.state == State.WAITING.value, Delivery.attempts == 0
    return (Delivery.state == state.value,)


def get_delivery(session: Session, delivery_id: int, *, lock: bool = False) -> Delivery:
    """One delivery with its target and its event; or, `lock`, its row alone, held. Raises `NotFound`."""
    query = select(Delivery).where(Delivery.id == delivery_id).execution_options(populate_existing=True)
    if lock:
        query = query.with_for_update()
    else:
        query = query.options(joinedload(Delivery.target), joinedload(Delivery.event))
    found = session.scalar(query)
    if found is None:
        raise NotFound(_l("There is no delivery %(number)s.", number=delivery_id))
    return found


def list_attempts(
    session: Session, delivery_id: int, after: str | None = None, size: int = 25
) -> Page[DeliveryAttempt]:
    """The tries of a delivery, the newest first, a page at a time."""
    query = (
        select(DeliveryAttempt)
        .where(DeliveryAttempt.delivery_id == delivery_id)
        .order_by(DeliveryAttempt.id.desc())
    )
    if after:
        query = query.where(DeliveryAttempt.id < decode_cursor(after, int)[0])
    rows = session.scalars(query.limit(size + 1)).all()
    return page_of(rows, size, lambda row: encode_cursor(row.id))


def dead_count(session: Session, target_id: int, most: int = 1_000) -> int:
    """How many deliveries of a target are dead; counts no further than `most`."""
    some = select(Delivery.id).where(Delivery.target_id == target_id, DEAD).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def open_count(session: Session, target_id: int, most: int = 1_000) -> int:
    """How many deliveries of a target are still to arrive; counts no further than `most`."""
    some = select(Delivery.id).where(Delivery.target_id == target_id, OPEN).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def due_targets(session: Session, now: datetime) -> Sequence[int]:
    """The targets for which something is to be sent now."""
    due = (
        select(Delivery.id)
        .where(Delivery.target_id == Target.id, OPEN, Delivery.due_at <= now)
        .where(Delivery.lease_until.is_(None) | (Delivery.lease_until <= now), is_first())
        .order_by(Delivery.due_at, Delivery.id)
        .limit(
            1
        )  # and not EXISTS, for which PostgreSQL looks at all that is due before it asks which targets have some
        .scalar_subquery()
    )
    return session.scalars(
        select(Target.id).where(may_be_sent_to(now), due.is_not(None)).order_by(Target.id)
    ).all()


def may_be_sent_to(now: datetime) -> ColumnElement[bool]:
    """Whether a target is on and not left alone for a moment."""
    return Target.enabled & (Target.resting_until.is_(None) | (Target.resting_until <= now))


def is_first() -> ColumnElement[bool]:
    """Whether nothing of the same subject at the same target comes before a delivery.

    Found by the subject, of which there are few, and never by the target or among all that is open. PostgreSQL takes an index
    of those for free as long as it has not counted what came since, and reads it whole for each row: so the target is said
    with a 0 added, and the states by those that are left out, for which no such index does.
    """
    earlier = aliased(Delivery, name="earlier")
    return ~(
        select(earlier.id)
        .where(
            earlier.subject == Delivery.subject,
            earlier.id < Delivery.id,
            earlier.target_id + 0 == Delivery.target_id,
            earlier.state.not_in(ENDED),
        )
        .correlate(Delivery)
        .exists()
    )


def is_as_approved() -> tuple[ColumnElement[bool], ...]:
    """What a publication of an article, that the query joins, must be: delivered since the approval that holds now.

    Without a publication there is nothing that a withdrawal could take away wrongly: caches are told however often.
    """
    since = or_(Article.decided_at.is_(None), Publication.delivered_at >= Article.decided_at)
    right = Publication.version == Article.revision_version
    return Article.indexable.is_(True), right, Publication.state == "delivered", since


def pending(session: Session, now: datetime) -> Pending:
    """For the metrics: released events that are not handed over yet, and deliveries that have not arrived."""
    events = session.execute(
        select(func.count(), func.min(OutboxEvent.release_at)).where(
            WAITING_EVENT, OutboxEvent.release_at <= now
        )
    ).one()
    deliveries = session.execute(select(func.count(), func.min(Delivery.created_at)).where(OPEN)).one()
    since: list[datetime | None] = [events[1], deliveries[1]]
    oldest = min((moment for moment in since if moment is not None), default=None)
    return Pending(events[0] + deliveries[0], oldest)


def tries_by_result(session: Session) -> Sequence[Count]:
    """For the metrics: how the tries of each target ended, since it exists."""
    query = (
        select(Target.name, DeliveryCount.result, DeliveryCount.tries)
        .join(Target, Target.id == DeliveryCount.target_id)
        .order_by(Target.name, DeliveryCount.result)
    )
    return [Count(*row) for row in session.execute(query)]
