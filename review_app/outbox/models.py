"""The log of what happened, and the events that the outside will hear of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from review_app.base.database import Base


class Event(Base):
    """One line of the append-only log: who did what to which thing, when, from what to what."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_subject", "subject_kind", "subject_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    actor_id: Mapped[int | None]
    actor: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    happened_at: Mapped[datetime]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    request_id: Mapped[str | None]


class OutboxEvent(Base):
    """Something the outside must hear of, once; `cause` names what it tells of and is unique.

    `waiting` until `release_at` has passed and a deliverer took it; `cancelled` when it was undone before.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'delivered', 'cancelled')", name="state"),
        Index(
            "ix_outbox_due",
            "release_at",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_outbox_waiting",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_outbox_subject_id", "subject", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cause: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    subject: Mapped[str]
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="waiting")
    created_at: Mapped[datetime]
    release_at: Mapped[datetime]


class ChangeRecord(Base):
    """A change that touches many articles or the policy: who wanted it and why, what was expected, what was observed."""

    __tablename__ = "change_record"
    __table_args__ = (Index("ix_change_record_subject", "subject_kind", "subject_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    owner_id: Mapped[int | None]
    owner: Mapped[str]
    reason: Mapped[str]
    expected: Mapped[str]
    observed: Mapped[str]
    rollback: Mapped[str]
    created_at: Mapped[datetime]
    observed_at: Mapped[datetime | None]
