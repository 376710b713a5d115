"""Telling people, and their reading of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from review_app.base.kept_messages import parts_of
from review_app.base.messages import Message
from review_app.notifications.models import MutedKind, Notification
from review_app.notifications.queries import muted_kinds
from review_app.notifications.rules import TEXT_LENGTH, Kind
from review_app.outbox.actions import Actor


def notify(
    session: Session,
    user_id: int | None,
    kind: Kind,
    *,
    text: Message,
    subject: tuple[str, str],
    by: Actor,
    now: datetime,
) -> Notification | None:
    """Tell one person, in the transaction of what they are told of.

    People read `text` in their own language. `subject` is a kind and an identifier, as in the log.
    None when there is nobody to tell, when they did it themselves, or when they have switched this kind off. What somebody
    waits for, such as the end of an import, is told by `SYSTEM`.
    """
    if user_id is None or by.id == user_id or kind in muted_kinds(session, user_id):
        return None
    told = Notification(
        user_id=user_id,
        kind=kind.value,
        text=text[:TEXT_LENGTH],
        message=parts_of(text, TEXT_LENGTH),
        subject_kind=subject[0],
        subject_id=subject[1],
        by=by.name,
        created_at=now,
        read_at=None,
    )
    session.add(told)
    return told


def mark_read(notification: Notification, now: datetime) -> None:
    """Note that it has been read; the first time counts."""
    notification.read_at = notification.read_at or now


def mark_all_read(session: Session, user_id: int, now: datetime) -> None:
    """Note that a person has read all there is."""
    unread = (Notification.user_id == user_id) & Notification.read_at.is_(None)
    session.execute(update(Notification).where(unread).values(read_at=now))


def choose_kinds(session: Session, user_id: int, wanted: Collection[Kind]) -> None:
    """Set what a person wants to hear of; the rest is switched off. What was told before stays."""
    session.execute(delete(MutedKind).where(MutedKind.user_id == user_id))
    session.add_all(MutedKind(user_id=user_id, kind=kind.value) for kind in Kind if kind not in wanted)
