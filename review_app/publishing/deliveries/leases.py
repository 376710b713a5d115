"""Taking deliveries to send them, by conditional updates: whoever has changed a row has it, until its lease is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from review_app.publishing.deliveries.queries import OPEN, is_first, may_be_sent_to
from review_app.publishing.deliveries.rules import LEASE, LEASED_AT_ONCE, MOST_AT_ONCE, State
from review_app.publishing.kinds import KINDS
from review_app.publishing.models import Delivery, Target


def lease_some(session: Session, target_id: int, worker: str, now: datetime) -> Sequence[Delivery]:
    """Take the next deliveries of a target that are due and free, the first of each subject, with target and events.

    Of a target that is failing one worker at a time takes some, so that one that hangs does not hold them all.
    """
    target = lock_target(session, target_id)
    allowed = session.scalar(select(Target.id).where(Target.id == target_id, may_be_sent_to(now)))
    if target is None or allowed is None or target.kind not in KINDS:
        return ()
    if target.failing_since is not None and _is_being_sent_to(session, target_id, now):
        return ()
    free = Delivery.lease_until.is_(None) | (Delivery.lease_until <= now)
    wanted = (
        select(Delivery.id)
        .where(Delivery.target_id == target_id, OPEN, Delivery.due_at <= now, free, is_first())
        .order_by(Delivery.due_at, Delivery.id)
        .limit(_how_many(target))
    )
    ids = session.scalars(wanted).all()
    if not ids:
        return ()
    taken = session.scalars(
        update(Delivery)
        .where(Delivery.id.in_(ids), Delivery.state.in_([State.WAITING, State.DELIVERING]), free)
        .values(state=State.DELIVERING.value, leased_by=worker, lease_until=now + LEASE)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    return session.scalars(
        select(Delivery)
        .where(Delivery.id.in_(taken))
        .options(joinedload(Delivery.target), joinedload(Delivery.event))
        .order_by(Delivery.due_at, Delivery.id)
        .execution_options(populate_existing=True)
    ).all()


def lock_target(session: Session, target_id: int) -> Target | None:
    """A target's row, held until the transaction ends; who only refers to it need not wait."""
    query = select(Target).where(Target.id == target_id).with_for_update(key_share=True)
    return session.scalar(query.execution_options(populate_existing=True))


def _is_being_sent_to(session: Session, target_id: int, now: datetime) -> bool:
    leased = select(func.count()).where(Delivery.target_id == target_id, OPEN, Delivery.lease_until > now)
    return bool(session.scalar(leased))


def _how_many(target: Target) -> int:
    """As many as usual, and more of a kind whose one call takes more."""
    kind = KINDS[target.kind]
    return LEASED_AT_ONCE if kind.senders > 1 else min(max(kind.at_once, LEASED_AT_ONCE), MOST_AT_ONCE)


def note_begun(session: Session, delivery_ids: Sequence[int], now: datetime) -> None:
    """Note, before it is sent, that what these publish may stand there from now on: their worker may be killed at any moment."""
    if delivery_ids:
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(delivery_ids), Delivery.begun_at.is_(None))
            .values(begun_at=now)
            .execution_options(synchronize_session=False)
        )


def renew(session: Session, delivery_ids: Sequence[int], worker: str, now: datetime) -> None:
    """Hold on to what is still being sent."""
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids), Delivery.leased_by == worker)
        .values(lease_until=now + LEASE)
        .execution_options(synchronize_session=False)
    )
