"""What people do with deliveries: send one again, or all that are dead."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from review_app.base.errors import Conflict
from review_app.base.messages import lazy_gettext as _l
from review_app.outbox.actions import Actor, log_event
from review_app.publishing.deliveries.queries import DEAD, get_delivery
from review_app.publishing.deliveries.rules import State
from review_app.publishing.models import Delivery

AGAIN = {
    "state": State.WAITING.value,
    "reason": "",
    "attempts": 0,
    "finished_at": None,
    "leased_by": None,
    "lease_until": None,
}
OVER = (State.DELIVERED, State.DEAD, State.CANCELLED)


def replay(session: Session, delivery_id: int, *, actor: Actor, now: datetime) -> Delivery:
    """Send it again from now on, under its old id, whether it is dead, was cancelled, or has arrived.

    One that waits for its next try is tried at once. Raises `NotFound`, and `Conflict` while it is being sent.
    """
    delivery = get_delivery(session, delivery_id, lock=True)
    if delivery.state == State.DELIVERING.value:
        raise Conflict(_l("It is being sent just now."))
    before = delivery.state
    for name, value in AGAIN.items():
        setattr(delivery, name, value)
    delivery.due_at = now
    log_event(
        session,
        "delivery.replayed",
        ("target", str(delivery.target_id)),
        actor=actor,
        now=now,
        before={"state": before},
        after={"delivery_id": delivery.id},
    )
    return delivery


def replay_dead(session: Session, target_id: int, *, actor: Actor, now: datetime) -> int:
    """Send all dead deliveries of a target again, in their old order. Returns how many."""
    done = session.execute(
        update(Delivery)
        .where(Delivery.target_id == target_id, DEAD)
        .values(**AGAIN, due_at=now)
        .execution_options(synchronize_session=False)
    )
    count: int = done.rowcount  # type: ignore[attr-defined]
    if count:
        after = {"deliveries": count}
        log_event(
            session, "delivery.dead_replayed", ("target", str(target_id)), actor=actor, now=now, after=after
        )
    return count
