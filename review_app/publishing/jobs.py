"""The job of a publish run: lease it, publish in small transactions, stop when nothing is due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import Job, worker_name
from review_app.base.web import settings
from review_app.publishing.actions import lease_run, publish_some
from review_app.publishing.models import PublishRun


def run_publish(run_id: int) -> None:
    """Work on a run if it is due and free."""
    worker = worker_name()
    undo = timedelta(seconds=settings().undo_seconds)
    with transaction() as session:
        position: int | None = 0 if lease_run(session, run_id, worker, utc_now()) else None
    while position is not None:
        with transaction() as session:
            position = publish_some(session, run_id, worker, now=utc_now(), undo=undo, after=position)


def due_runs(now: datetime) -> Iterable[int]:
    """The runs that wait for a worker."""
    return db.session.scalars(
        select(PublishRun.id)
        .where(PublishRun.state != "finished", PublishRun.due_at <= now)
        .where(PublishRun.lease_until.is_(None) | (PublishRun.lease_until <= now))
        .order_by(PublishRun.due_at)
        .limit(100)
    ).all()


JOBS = [Job("publish_run", run_publish, due_runs)]
