"""The job of a bulk action: lease it, settle some articles a transaction, go on where a killed worker stopped; or undo it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import NotFound
from review_app.base.jobs import Job, worker_name
from review_app.base.web import settings
from review_app.importing.workers import is_gone
from review_app.reviewing.bulk.models import BulkAction
from review_app.reviewing.bulk.queries import at_work, lock_bulk
from review_app.reviewing.bulk.rules import AT_WORK, State
from review_app.reviewing.bulk.running import run_some, undo_some

LEASE = timedelta(minutes=2)


def run_bulk(bulk_id: int) -> None:
    """Work on a bulk action if it is free, until it has ended, was stopped, or another worker has it."""
    worker = worker_name()
    with transaction() as session:
        if not _lease(session, bulk_id, worker):
            return
    after: int | None = 0
    while after is not None:
        with transaction() as session:
            after = _step(session, bulk_id, worker, after)


def _lease(session: Session, bulk_id: int, worker: str) -> bool:
    try:
        bulk = lock_bulk(session, bulk_id)
    except NotFound:  # a preview that was forgotten meanwhile
        return False
    now = utc_now()
    if bulk.state not in AT_WORK or not _is_free(bulk, now):
        return False
    if bulk.state == State.QUEUED:
        bulk.state, bulk.started_at = State.RUNNING.value, now
    bulk.leased_by, bulk.lease_until = worker, now + LEASE
    return True


def _is_free(bulk: BulkAction, now: datetime) -> bool:
    return bulk.lease_until is None or bulk.lease_until <= now or is_gone(bulk.leased_by)


def _step(session: Session, bulk_id: int, worker: str, after: int) -> int | None:
    """Some more articles; None when there is no more to do, or it is no longer ours to do."""
    bulk, now = lock_bulk(session, bulk_id), utc_now()
    if bulk.leased_by != worker:
        return None
    bulk.lease_until = now + LEASE
    some = undo_some if bulk.state == State.UNDOING else run_some
    return some(session, bulk, after, now=now, undo=timedelta(seconds=settings().undo_seconds))


def due_bulks(now: datetime) -> Iterable[int]:
    """Those that wait for a worker."""
    return [bulk.id for bulk in at_work(db.session()) if _is_free(bulk, now)]


JOBS = [Job("bulk", run_bulk, due_bulks)]
