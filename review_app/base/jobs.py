"""Jobs: the engine wakes, the database remembers.

A task in the queue says only "look at row 17 of this kind"; the row holds the state and a lease. Huey forgets a task
whose worker was killed, so `sweep` wakes every row that is due and that nobody holds.
"""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from flask import Flask, current_app
from huey import Huey, RedisHuey, SqliteHuey
from redis.exceptions import RedisError

from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.base.private import make_private
from review_app.base.settings import Settings

log = structlog.get_logger()

SWEEP_SECONDS = 2.0
DONE, FAILED = RESULTS = ("done", "failed")
"""How a look at a row ends: as it should, or with an error that the log tells."""

Ended = tuple[str, str]
"""A kind of job, and one of `RESULTS`."""


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of work. `run(row_id)` works on a row if it can lease it; `due(now)` names the rows that wait."""

    name: str
    run: Callable[[int], None]
    due: Callable[[datetime], Iterable[int]]


class Jobs:
    """The kinds of work of one application, and the queue that wakes them."""

    def __init__(self, app: Flask, settings: Settings, kinds: Iterable[Job]) -> None:
        self.app = app
        self.kinds = {job.name: job for job in kinds}
        self.huey = _huey(settings)
        self._task = self.huey.task(name="look_at")(self.look_at)
        self._ended, self._counting = Counter[Ended](), threading.Lock()
        app.extensions["jobs"] = self

    def wake(self, name: str, row_id: int) -> None:
        """Ask a worker to look at a row, once the transaction that wrote it has ended.

        A queue that is away delays the work until the next sweep and must not fail the request.
        """
        try:
            self._task(name, row_id)
        except (RedisError, sqlite3.Error) as error:
            log.warning("queue_away", job=name, row=row_id, error=str(error))

    def look_at(self, name: str, row_id: int) -> None:
        """Work on one row, in its own application context. A kind that is not known any more is counted as nothing."""
        with self.app.app_context():
            try:
                self.kinds[name].run(row_id)
            except Exception:
                log.exception("job_failed", job=name, row=row_id)
                self.count_ended({(name, FAILED): 1} if name in self.kinds else {})
                raise
            else:
                self.count_ended({(name, DONE): 1})
            finally:
                db.session.remove()

    def count_ended(self, ended: Mapping[Ended, int]) -> None:
        """Note how looks ended, until somebody takes these counts."""
        with self._counting:
            self._ended.update(ended)

    def take_ended(self) -> Mapping[Ended, int]:
        """How the looks of this process ended since this was last asked."""
        with self._counting:
            taken, self._ended = self._ended, Counter()
        return taken

    def due(self) -> list[tuple[str, int]]:
        """Every row that waits for work, of every kind."""
        with self.app.app_context():
            try:
                return self.due_now(utc_now())
            finally:
                db.session.remove()

    def due_now(self, now: datetime) -> list[tuple[str, int]]:
        """The same, in the application context and the session at hand."""
        return [(job.name, row) for job in self.kinds.values() for row in job.due(now)]

    def run_pending(self) -> int:
        """Do all that is due, here and now. Returns how many rows were looked at."""
        waiting = self.due()
        for name, row_id in waiting:
            self.look_at(name, row_id)
        return len(waiting)

    def sweep(self) -> None:
        """Wake whatever is due."""
        for name, row_id in self.due():
            self.wake(name, row_id)


def worker_name() -> str:
    """What names this worker in a lease: machine, process, and something of its own."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def wake(name: str, row_id: int) -> None:
    """Wake a row of the current application."""
    jobs: Jobs = current_app.extensions["jobs"]
    jobs.wake(name, row_id)


def _huey(settings: Settings) -> Huey:
    if settings.redis_url:
        return RedisHuey("anp", url=settings.redis_url, results=False)
    file = settings.data_dir / "jobs.sqlite3"
    make_private(file)
    return SqliteHuey("review", filename=str(file), results=False, fsync=False)
