"""The job of evidence: lease a run, measure its articles some hundred at a time, go on where it stopped.

Reading and measuring happen outside of the transaction that writes, so that nobody waits for more than the writing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import Job, worker_name
from review_app.evidence.actions import keep, lease_run, leased, measure_next
from review_app.evidence.models import EvidenceRun

WORK_SECONDS = 30.0
"""So long a run keeps its worker: a million articles must not hold up what is to be published."""


class LostLease(Exception):
    """Another worker has the run now."""


def run_evidence(run_id: int) -> None:
    """Work on a run if it is free, until it is done or others should have the worker for a moment."""
    worker = worker_name()
    with transaction() as session:
        if not lease_run(session, run_id, worker, utc_now()):
            return
    last = time.monotonic() + WORK_SECONDS
    with suppress(LostLease):
        while _measure_some(run_id, worker):
            if time.monotonic() > last:
                _let_others(run_id, worker)
                return


def _measure_some(run_id: int, worker: str) -> bool:
    """Measure some articles more. Returns whether there may be others."""
    reading = db.session()
    reading.rollback()
    measured, position = measure_next(reading, reading.get_one(EvidenceRun, run_id))
    with _step(run_id, worker) as (session, run):
        run.measured += keep(session, measured, utc_now())
        if position is None:
            run.state, run.leased_by, run.lease_until, run.finished_at = "finished", None, None, utc_now()
        else:
            run.position = position
    return position is not None


def _let_others(run_id: int, worker: str) -> None:
    """Let the run go; the next sweep wakes it again."""
    with _step(run_id, worker) as (_, run):
        run.leased_by, run.lease_until = None, None


@contextmanager
def _step(run_id: int, worker: str) -> Iterator[tuple[Session, EvidenceRun]]:
    """One transaction on the run, which must still be ours."""
    with transaction() as session:
        run = leased(session, run_id, worker, utc_now())
        if run is None:
            raise LostLease
        yield session, run


def due_runs(now: datetime) -> Iterable[int]:
    """The runs that wait for a worker."""
    return db.session.scalars(
        select(EvidenceRun.id)
        .where(EvidenceRun.state.in_(["queued", "running"]))
        .where(EvidenceRun.lease_until.is_(None) | (EvidenceRun.lease_until <= now))
        .order_by(EvidenceRun.id)
        .limit(100)
    ).all()


JOBS = [Job("evidence", run_evidence, due_runs)]
