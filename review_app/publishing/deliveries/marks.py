"""Writing down how the tries of one batch ended, all in one transaction: deliveries, log, publications, the target itself."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from review_app.base.database import Base, insert_rows
from review_app.publishing.deliveries.effects import Ended, note_effects
from review_app.publishing.deliveries.leases import lock_articles, lock_target
from review_app.publishing.deliveries.rules import State, retry_delay
from review_app.publishing.deliveries.sending import Tried
from review_app.publishing.deliveries.standing import note_standing
from review_app.publishing.kinds.face import Action, Result
from review_app.publishing.models import DeliveryAttempt, DeliveryCount, Target

DELIVERIES, COUNTS = Base.metadata.tables["delivery"], Base.metadata.tables["delivery_count"]
LONGEST_REASON = 500


_MINE: Final = (
    DELIVERIES.c.id.in_(bindparam("ids", expanding=True)),
    DELIVERIES.c.leased_by == bindparam("worker"),
    DELIVERIES.c.state == State.DELIVERING.value,
)
_KEPT: Final = tuple(
    DELIVERIES.c[name]
    for name in (
        "id",
        "target_id",
        "message_id",
        "action",
        "article_id",
        "publication_id",
        "reason",
        "attempts",
        "due_at",
    )
)
_OURS: Final = select(*_KEPT).where(*_MINE).order_by(DELIVERIES.c.id).with_for_update()
_ARRIVED: Final = (
    update(DELIVERIES)
    .where(*_MINE)
    .values(
        state=State.DELIVERED.value,
        reason="",
        attempts=DELIVERIES.c.attempts + 1,
        finished_at=bindparam("ended"),
        leased_by=None,
        lease_until=None,
    )
    .returning(*_KEPT)
)
_CHANGED: Final = ("state", "reason", "attempts", "due_at", "finished_at")
_MARK: Final = (
    update(DELIVERIES)
    .where(DELIVERIES.c.id == bindparam("b_id"))
    .values(leased_by=None, lease_until=None, **{name: bindparam(f"b_{name}") for name in _CHANGED})
)


@dataclass(frozen=True, slots=True)
class Moot:
    """A delivery that is not sent, and why."""

    delivery_id: int
    reason: str
    article_id: int | None


def mark_tried(
    session: Session,
    target_id: int,
    tried: Sequence[Tried],
    moot: Sequence[Moot],
    *,
    worker: str,
    now: datetime,
) -> Target | None:
    """Write down a batch. What another worker has taken over meanwhile is logged, but marked by that one.

    Returns the target, held until the transaction ends; None if there is none any more.
    """
    target = lock_target(session, target_id)
    if target is None:
        return None
    counted = [one for one in tried if one.outcome.result is not Result.LATER]
    placed = {one.parcel.content.article_id for one in counted if one.parcel.content is not None}
    articles = lock_articles(session, placed | {one.article_id for one in moot if one.article_id})
    hidden = {article.id for article in articles.values() if not article.indexable}
    ended = _mark_arrived(session, tried, worker, now) + _mark_others(
        session, tried, moot, worker=worker, hidden=hidden, now=now
    )
    insert_rows(session, DeliveryAttempt, [_attempt(one) for one in counted])
    _count(session, target_id, counted)
    note_effects(session, target, ended, counted, articles=articles, now=now)
    note_standing(session, target, counted, now)
    return target


def _mark_arrived(session: Session, tried: Iterable[Tried], worker: str, now: datetime) -> list[Ended]:
    """Most of all batches, in one statement."""
    ids = [one.parcel.delivery_id for one in tried if one.outcome.result is Result.DONE]
    if not ids:
        return []
    arrived = session.connection().execute(_ARRIVED, {"ids": ids, "worker": worker, "ended": now})
    return [(row, State.DELIVERED.value, "") for row in arrived.all()]


def _mark_others(
    session: Session,
    tried: Sequence[Tried],
    moot: Sequence[Moot],
    *,
    worker: str,
    hidden: Collection[int],
    now: datetime,
) -> list[Ended]:
    others = [one for one in tried if one.outcome.result is not Result.DONE]
    ids = [one.parcel.delivery_id for one in others] + [one.delivery_id for one in moot]
    if not ids:
        return []
    rows = session.connection().execute(_OURS, {"ids": ids, "worker": worker})
    ours = {row.id: row for row in rows}
    marks = [
        _mark(one, ours[one.parcel.delivery_id], hidden, now)
        for one in others
        if one.parcel.delivery_id in ours
    ]
    marks += [
        _row(ours[one.delivery_id], State.CANCELLED, one.reason, finished_at=now)
        for one in moot
        if one.delivery_id in ours
    ]
    if marks:
        session.connection().execute(_MARK, marks)
    return [(ours[mark["b_id"]], mark["b_state"], mark["b_reason"]) for mark in marks]


def _mark(one: Tried, delivery: Row[Any], hidden: Collection[int], now: datetime) -> dict[str, Any]:
    """What becomes of one that has not arrived. To publish what is `hidden` meanwhile is moot, and holds up its withdrawal."""
    result, reason = one.outcome.result, one.outcome.reason[:LONGEST_REASON]
    if result is Result.LATER:
        return _row(delivery, State.WAITING, delivery.reason, due_at=delivery.due_at)
    attempts = delivery.attempts + 1
    delay = retry_delay(attempts, one.outcome.retry_after, random.random())  # noqa: S311  # no secret, but variety
    if result is Result.FAILED or (delay is None and result is not Result.GONE):
        return _row(delivery, State.DEAD, reason, attempts=attempts, finished_at=now)
    if delivery.action == Action.PUBLISH.value and delivery.article_id in hidden:
        delay = None
    return _row(delivery, State.WAITING, reason, attempts=attempts, due_at=now + (delay or timedelta(0)))


def _row(
    delivery: Row[Any],
    state: State,
    reason: str,
    *,
    attempts: int | None = None,
    due_at: datetime | None = None,
    finished_at: datetime | None = None,
) -> dict[str, Any]:
    return {
        "b_id": delivery.id,
        "b_state": state.value,
        "b_reason": reason,
        "b_attempts": delivery.attempts if attempts is None else attempts,
        "b_due_at": due_at or delivery.due_at,
        "b_finished_at": finished_at,
    }


def _attempt(one: Tried) -> dict[str, Any]:
    outcome = one.outcome
    return {
        "delivery_id": one.parcel.delivery_id,
        "started_at": one.started_at,
        "milliseconds": one.milliseconds,
        "result": outcome.result.value,
        "status": outcome.status,
        "reason": outcome.reason[:LONGEST_REASON],
        "request": dict(outcome.request),
        "response": outcome.response,
    }


def _count(session: Session, target_id: int, tried: Iterable[Tried]) -> None:
    tries: dict[str, int] = {}
    for one in tried:
        tries[one.outcome.result.value] = tries.get(one.outcome.result.value, 0) + 1
    if not tries:
        return
    chosen_insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    fresh = chosen_insert(COUNTS)
    rows = [{"target_id": target_id, "result": result, "tries": count} for result, count in tries.items()]
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=["target_id", "result"], set_={"tries": DeliveryCount.tries + fresh.excluded.tries}
        ),
        rows,
    )
