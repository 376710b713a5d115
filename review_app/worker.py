"""The worker: consumes the queue, and sweeps the database for rows that are due."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import structlog
from flask import Flask

from review_app.base.database import db, transaction
from review_app.base.jobs import SWEEP_SECONDS, Jobs
from review_app.operations.actions import add_ended

log = structlog.get_logger()
THREADS = 4
"""Two of them at most send to targets (`SENT_AT_ONCE` of `publishing/deliveries/jobs.py`), where others may let us wait."""


def jobs_of(app: Flask) -> Jobs:
    """The jobs of an application."""
    found: Jobs = app.extensions["jobs"]
    return found


def run_pending(app: Flask) -> int:
    """Do all that is due, here and now. Returns how many rows were looked at."""
    return jobs_of(app).run_pending()


def work(app: Flask) -> None:
    """Work until SIGTERM or SIGINT; the row at hand is finished first, and what is not done stays due."""
    jobs, stop = jobs_of(app), threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, ask_to_stop)
    threads = [threading.Thread(target=_consume, args=(jobs, stop), daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    while not stop.wait(SWEEP_SECONDS):
        _sweep(jobs)
    for thread in threads:
        thread.join(timeout=20)
    write_down(jobs)


def _consume(jobs: Jobs, stop: threading.Event) -> None:
    while not stop.is_set():
        task = jobs.huey.dequeue()
        if task is None:
            stop.wait(0.2)
        else:
            jobs.huey.execute(task)


def _sweep(jobs: Jobs) -> None:
    try:
        jobs.sweep()
    except Exception:
        # A database that is away for a moment must not end the worker; the next sweep tells whether it is back.
        log.exception("sweep_failed")
    write_down(jobs)


def write_down(jobs: Jobs) -> None:
    """Add to the database how looks ended since the last time; what cannot be written waits for the next."""
    ended = jobs.take_ended()
    if not ended:
        return
    with jobs.app.app_context():
        try:
            with transaction() as session:
                add_ended(session, ended)
        except Exception:
            jobs.count_ended(ended)
            log.exception("counts_not_written")
        finally:
            db.session.remove()
