"""Writing down how the tries of one batch ended, all in one transaction: deliveries, log, publications, the target itself."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from review_app.base.database import Base, insert_rows
from review_app.publishing.deliveries.effects import note_effects
from review_app.publishing.deliveries.leases import lock_target
from review_app.publishing.deliveries.rules import State, retry_delay
from review_app.publishing.deliveries.sending import Tried
from review_app.publishing.deliveries.standing import note_standing
from review_app.publishing.kinds.face import Result
from review_app.publishing.models import Delivery, DeliveryAttempt, DeliveryCount

DELIVERIES, COUNTS = Base.metadata.tables["delivery"], Base.metadata.tables["delivery_count"]
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Moot:
    """A delivery that is not sent, and why."""

    delivery: Delivery
    reason: str


def mark_tried(
    session: Session,
    target_id: int,
    tried: Sequence[Tried],
    moot: Sequence[Moot],
    *,
    worker: str,
    now: datetime,
) -> None:
    """Write down a batch. What another worker has taken over meanwhile is logged, but marked by that one."""
    target = lock_target(session, target_id)
    if target is None:
        return
    ours = _ours(
        session, [one.parcel.delivery_id for one in tried] + [one.delivery.id for one in moot], worker
    )
    counted = [one for one in tried if one.outcome.result is not Result.LATER]
    marks = [_mark(one, ours[one.parcel.delivery_id], now) for one in tried if one.parcel.delivery_id in ours]
    marks += [_cancelled(one, now) for one in moot if one.delivery.id in ours]
    _update(session, marks)
    insert_rows(session, DeliveryAttempt, [_attempt(one) for one in counted])
    _count(session, target_id, counted)
    states = {mark["b_id"]: mark["b_state"] for mark in marks}
    reasons = {mark["b_id"]: mark["b_reason"] for mark in marks}
    note_effects(
        session, target, [(ours[key], states[key], reasons[key]) for key in states], counted, now=now
    )
    note_standing(session, target, counted, now)


def _ours(session: Session, delivery_ids: Sequence[int], worker: str) -> dict[int, Delivery]:
    found = session.scalars(
        select(Delivery)
        .where(Delivery.id.in_(delivery_ids), Delivery.leased_by == worker)
        .where(Delivery.state == State.DELIVERING.value)
        .order_by(Delivery.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {delivery.id: delivery for delivery in found}


def _mark(one: Tried, delivery: Delivery, now: datetime) -> dict[str, Any]:
    result, reason = one.outcome.result, one.outcome.reason[:LONGEST_REASON]
    if result is Result.LATER:
        return _row(delivery, State.WAITING, delivery.reason, due_at=delivery.due_at)
    attempts = delivery.attempts + 1
    if result is Result.DONE:
        return _row(delivery, State.DELIVERED, "", attempts=attempts, finished_at=now)
    delay = retry_delay(attempts, one.outcome.retry_after, random.random())  # noqa: S311  # no secret, but variety
    if result is Result.FAILED or (delay is None and result is not Result.GONE):
        return _row(delivery, State.DEAD, reason, attempts=attempts, finished_at=now)
    return _row(delivery, State.WAITING, reason, attempts=attempts, due_at=now + (delay or timedelta(0)))


def _cancelled(one: Moot, now: datetime) -> dict[str, Any]:
    return _row(one.delivery, State.CANCELLED, one.reason, finished_at=now)


def _row(
    delivery: Delivery,
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


def _update(session: Session, marks: Sequence[dict[str, Any]]) -> None:
    if marks:
        named = ("state", "reason", "attempts", "due_at", "finished_at")
        session.connection().execute(
            update(DELIVERIES)
            .where(DELIVERIES.c.id == bindparam("b_id"))
            .values(leased_by=None, lease_until=None, **{name: bindparam(f"b_{name}") for name in named}),
            marks,
        )


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
