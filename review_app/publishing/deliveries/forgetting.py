"""Deleting deliveries that ended long ago, with their tries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from review_app.publishing.deliveries.rules import DEAD_KEPT, DELETED_AT_ONCE, DELIVERED_KEPT, State
from review_app.publishing.models import Delivery


def _is_old(now: datetime) -> ColumnElement[bool]:
    ended = Delivery.state.in_([State.DELIVERED.value, State.CANCELLED.value])
    return (ended & (Delivery.finished_at < now - DELIVERED_KEPT)) | (
        (Delivery.state == State.DEAD.value) & (Delivery.finished_at < now - DEAD_KEPT)
    )


def _old(session: Session, now: datetime, most: int) -> Sequence[int]:
    query = select(Delivery.id).where(Delivery.finished_at < now - DELIVERED_KEPT, _is_old(now))
    return session.scalars(query.order_by(Delivery.finished_at).limit(most)).all()


def something_old(session: Session, now: datetime) -> bool:
    """Whether there is anything to delete."""
    return bool(_old(session, now, 1))


def forget_some(session: Session, now: datetime) -> int:
    """Delete some of what is old; their tries go with them. Returns how many."""
    ids = _old(session, now, DELETED_AT_ONCE)
    if ids:
        session.execute(
            delete(Delivery).where(Delivery.id.in_(ids)).execution_options(synchronize_session=False)
        )
    return len(ids)
