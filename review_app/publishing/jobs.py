"""The jobs of publishing: runs, their rolling back, schedules, what is published by itself, and forgetting old calls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import Job, wake, worker_name
from review_app.base.web import settings
from review_app.publishing.approvals import approvals_wait, publish_approved
from review_app.publishing.cohort import lease_rollback, withdraw_some
from review_app.publishing.hook import forget_calls, has_old_calls
from review_app.publishing.models import PublishRun, PublishSchedule, RunRollback
from review_app.publishing.running import awaits_worker, lease_run, publish_some
from review_app.publishing.schedules import fire

THE_ONLY_ROW = 0


def _undo() -> timedelta:
    return timedelta(seconds=settings().undo_seconds)


def run_publish(run_id: int) -> None:
    """Work on a run if it is due and free."""
    worker = worker_name()
    undo, site_url = _undo(), settings().base_url or ""
    with transaction() as session:
        position: int | None = 0 if lease_run(session, run_id, worker, utc_now()) else None
    while position is not None:
        with transaction() as session:
            position = publish_some(
                session, run_id, worker, now=utc_now(), undo=undo, after=position, site_url=site_url
            )


def due_runs(now: datetime) -> Iterable[int]:
    """The runs that wait for a worker."""
    return db.session.scalars(
        select(PublishRun.id).where(*awaits_worker(now)).order_by(PublishRun.due_at, PublishRun.id).limit(100)
    ).all()


def run_rollback(rollback_id: int) -> None:
    """Withdraw a cohort, if nobody is at it."""
    worker, going = worker_name(), True
    locked = select(RunRollback).where(RunRollback.id == rollback_id).with_for_update()
    with transaction() as session:
        if not lease_rollback(session.scalars(locked).one(), worker, utc_now()):
            return
    while going:
        with transaction() as session:
            rollback = session.scalars(locked).one()
            going = rollback.leased_by == worker and withdraw_some(
                session, rollback, now=utc_now(), undo=_undo()
            )


def due_rollbacks(now: datetime) -> Iterable[int]:
    """The cohorts that wait for a worker."""
    return db.session.scalars(
        select(RunRollback.id)
        .where(RunRollback.state.in_(("queued", "running")))
        .where(RunRollback.lease_until.is_(None) | (RunRollback.lease_until <= now))
        .order_by(RunRollback.id)
    ).all()


def run_schedule(schedule_id: int) -> None:
    """Start the run of a schedule whose time has come, once among all schedulers."""
    now = utc_now()
    planned = select(PublishSchedule.next_at).where(
        PublishSchedule.id == schedule_id, PublishSchedule.enabled, PublishSchedule.next_at <= now
    )
    with transaction() as session:
        planned_at = session.scalar(planned)
        run_id = planned_at and fire(session, schedule_id, planned_at, now=now, undo=_undo())
    if run_id:
        wake("publish_run", run_id)


def due_schedules(now: datetime) -> Iterable[int]:
    """The schedules whose time has come."""
    due = select(PublishSchedule.id).where(PublishSchedule.enabled, PublishSchedule.next_at <= now)
    return db.session.scalars(due.order_by(PublishSchedule.next_at)).all()


def run_approved(_row: int) -> None:
    """Start a run for what was approved, if the policy says so."""
    with transaction() as session:
        run_id = publish_approved(session, now=utc_now(), undo=_undo())
    if run_id:
        wake("publish_run", run_id)


def due_approved(_now: datetime) -> Iterable[int]:
    """One row, if there is anything to publish by itself."""
    return [THE_ONLY_ROW] if approvals_wait(db.session()) else []


def run_forgetting(_row: int) -> None:
    """Forget the oldest calls of the hook."""
    with transaction() as session:
        forget_calls(session, utc_now())


def due_forgetting(now: datetime) -> Iterable[int]:
    """One row, if any call is old enough to be forgotten."""
    return [THE_ONLY_ROW] if has_old_calls(db.session(), now) else []


JOBS = [
    Job("publish_run", run_publish, due_runs),
    Job("run_rollback", run_rollback, due_rollbacks),
    Job("publish_schedule", run_schedule, due_schedules),
    Job("publish_approved", run_approved, due_approved),
    Job("forget_hook_calls", run_forgetting, due_forgetting),
]
