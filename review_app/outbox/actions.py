"""Writing to the log and to the outbox, always inside the transaction of the change they tell of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, update
from sqlalchemy.orm import Session

from review_app.outbox.models import Event, OutboxEvent


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a person's id and email, or a program's name without an id; and in which request."""

    id: int | None
    name: str
    request_id: str | None = None


SYSTEM = Actor(None, "system")


def log_event(
    session: Session,
    kind: str,
    subject: tuple[str, str],
    *,
    actor: Actor,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Event:
    """Append to the log. `subject` is a kind and an identifier, such as `("article", "alphanode-000017")`."""
    entry = Event(
        kind=kind,
        actor_id=actor.id,
        actor=actor.name,
        subject_kind=subject[0],
        subject_id=subject[1],
        happened_at=now,
        before=before,
        after=after,
        request_id=actor.request_id,
    )
    session.add(entry)
    return entry


def announce(
    session: Session,
    kind: str,
    subject: str,
    *,
    cause: str,
    payload: dict[str, Any],
    now: datetime,
    release_at: datetime | None = None,
) -> OutboxEvent:
    """Put an event into the outbox, to be sent from `release_at` on. One event per `cause`."""
    event = OutboxEvent(
        cause=cause,
        kind=kind,
        subject=subject,
        payload=payload,
        created_at=now,
        release_at=release_at or now,
        state="waiting",
    )
    session.add(event)
    return event


def cancel(session: Session, cause: str, now: datetime) -> bool:
    """Take back an event that has not been released yet. Returns whether there was one."""
    taken_back = session.execute(
        update(OutboxEvent)
        .where(OutboxEvent.cause == cause, OutboxEvent.state == "waiting", OutboxEvent.release_at > now)
        .values(state="cancelled")
    )
    return bool(taken_back.rowcount)  # type: ignore[attr-defined]


def reschedule(session: Session, causes: Select[str], moment: datetime, now: datetime) -> None:
    """Let those events of these causes that wait and are not yet released go out from this moment on."""
    waiting = OutboxEvent.state == "waiting", OutboxEvent.release_at > now
    session.execute(
        update(OutboxEvent)
        .where(OutboxEvent.cause.in_(causes), *waiting)
        .values(release_at=moment)
        .execution_options(synchronize_session=False)
    )
