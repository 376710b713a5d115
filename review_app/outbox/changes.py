"""Change records: who wanted what of something that touches many articles or the policy, and what came of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.base.paging import Page, decode_cursor, encode_cursor, page_of
from review_app.outbox.actions import Actor
from review_app.outbox.models import ChangeRecord


def note_change(
    session: Session,
    subject: tuple[str, str],
    *,
    user_id: int | None,
    actor: Actor,
    reason: str,
    expected: str,
    rollback: str,
    now: datetime,
) -> ChangeRecord:
    """Write down a change before it happens: its reason, what is expected of it, and how it can be taken back.

    `subject` is a kind and an identifier, as in the log.
    """
    record = ChangeRecord(
        subject_kind=subject[0],
        subject_id=subject[1],
        owner_id=user_id,
        owner=actor.name,
        reason=reason,
        expected=expected,
        observed="",
        rollback=rollback,
        created_at=now,
        observed_at=None,
    )
    session.add(record)
    return record


def observe_change(session: Session, subject: tuple[str, str], observed: str, now: datetime) -> None:
    """Write down what came of the latest change to something."""
    query = select(ChangeRecord).where(
        ChangeRecord.subject_kind == subject[0], ChangeRecord.subject_id == subject[1]
    )
    record = session.scalar(query.order_by(ChangeRecord.id.desc()).limit(1))
    if record is not None:
        record.observed, record.observed_at = observed, now


def changes_of(session: Session, subject: tuple[str, str]) -> list[ChangeRecord]:
    """The change records of one thing, the oldest first."""
    query = select(ChangeRecord).where(
        ChangeRecord.subject_kind == subject[0], ChangeRecord.subject_id == subject[1]
    )
    return list(session.scalars(query.order_by(ChangeRecord.id)))


def list_changes(session: Session, after: str | None = None, size: int = 25) -> Page[ChangeRecord]:
    """All change records, the newest first, a page at a time."""
    query = select(ChangeRecord).order_by(ChangeRecord.id.desc()).limit(size + 1)
    if after:
        query = query.where(ChangeRecord.id < decode_cursor(after, int)[0])
    return page_of(session.scalars(query).all(), size, lambda record: encode_cursor(record.id))
