"""Schedules: every day at a time of a zone, all that is approved is published, once however many schedulers there are."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from review_app.base.clock import zone_named
from review_app.base.errors import Conflict, Invalid, NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.outbox.actions import Actor, log_event
from review_app.publishing.actions import Order, start_run
from review_app.publishing.models import PublishSchedule, ScheduleFiring
from review_app.publishing.rules import MOST_SCHEDULES, Trigger, next_planned

CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def add_schedule(
    session: Session, at: str, zone: str, *, user_id: int | None, actor: Actor, now: datetime
) -> PublishSchedule:
    """Publish all that is approved every day at this time (`HH:MM`) of the zone.

    Raises `Invalid`, and `Conflict` at too many and when another schedule does just this.
    """
    clock, where = CLOCK.fullmatch(at.strip()), zone_named(zone.strip())
    wrong: dict[str, list[str]] = {}
    if clock is None:
        wrong["at"] = [_l("must be a time such as 07:30")]
    if where is None:
        wrong["zone"] = [_l("is not a time zone such as Europe/Berlin")]
    if clock is None or where is None:
        raise Invalid(_l("Please correct what is named."), wrong)
    if (session.scalar(select(func.count()).select_from(PublishSchedule)) or 0) >= MOST_SCHEDULES:
        raise Conflict(
            _l("There are %(most)s schedules, which is the most. Remove one first.", most=MOST_SCHEDULES)
        )
    minute = int(clock[1]) * 60 + int(clock[2])
    schedule = _inserted(
        session,
        minute=minute,
        zone=where.key,
        next_at=next_planned(minute, where, now),
        user_id=user_id,
        created_at=now,
    )
    after = {"at": f"{minute // 60:02}:{minute % 60:02}", "zone": where.key}
    subject = ("publish_schedule", str(schedule.id))
    log_event(session, "publish_schedule.added", subject, actor=actor, now=now, after=after)
    return schedule


def _inserted(session: Session, *, minute: int, zone: str, **values: Any) -> PublishSchedule:
    """Of two that are added at the same moment the database takes one. Raises `Conflict` for the other."""
    fresh = _insert(session, PublishSchedule).values(minute=minute, zone=zone, enabled=True, **values)
    said = fresh.on_conflict_do_nothing(index_elements=("minute", "zone")).returning(PublishSchedule.id)
    number = session.scalar(said)
    if number is not None:
        return session.get_one(PublishSchedule, number)
    same = select(PublishSchedule.id).where(PublishSchedule.minute == minute, PublishSchedule.zone == zone)
    raise Conflict(
        _l(
            "Schedule %(number)s does that already, every day at %(at)s, %(zone)s.",
            number=session.scalars(same).one(),
            at=f"{minute // 60:02}:{minute % 60:02}",
            zone=zone,
        )
    )


def _insert(
    session: Session, table: type[PublishSchedule | ScheduleFiring]
) -> SqliteInsert | PostgresqlInsert:
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    return (sqlite_insert if on_sqlite else postgresql_insert)(table)


def remove_schedule(session: Session, schedule_id: int, *, actor: Actor, now: datetime) -> None:
    """Start no more runs by it; those it started stay. Raises `NotFound`."""
    schedule = session.get(PublishSchedule, schedule_id)
    if schedule is None:
        raise NotFound(_l("There is no such schedule."))
    session.delete(schedule)
    subject = ("publish_schedule", str(schedule_id))
    log_event(session, "publish_schedule.removed", subject, actor=actor, now=now)


def fire(
    session: Session, schedule_id: int, planned_at: datetime, *, now: datetime, undo: timedelta
) -> int | None:
    """Start the run of this planned time, unless another scheduler has. Returns the run's number, or None.

    What was missed while nothing ran is made up for once, however many days that were.
    """
    if not _is_first(session, schedule_id, planned_at, now):
        return None
    schedule = session.scalars(
        select(PublishSchedule).where(PublishSchedule.id == schedule_id).with_for_update()
    ).one()
    by = Actor(None, f"schedule {schedule_id}")
    started = start_run(
        session, Order(None), Trigger.SCHEDULE, user_id=schedule.user_id, actor=by, now=now, undo=undo
    )
    firing = session.get_one(ScheduleFiring, (schedule_id, planned_at))
    firing.run_id = started.run.id
    schedule.next_at = next_planned(schedule.minute, ZoneInfo(schedule.zone), max(now, planned_at))
    return started.run.id


def _is_first(session: Session, schedule_id: int, planned_at: datetime, now: datetime) -> bool:
    """Of many at the same moment one inserts the row, and the others wait for its transaction to end."""
    if session.get(PublishSchedule, schedule_id) is None:
        return False
    fresh = _insert(session, ScheduleFiring).values(
        schedule_id=schedule_id, planned_at=planned_at, fired_at=now
    )
    said = fresh.on_conflict_do_nothing().returning(ScheduleFiring.schedule_id)
    return session.scalar(said) is not None
