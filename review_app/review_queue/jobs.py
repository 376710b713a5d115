"""The job that gives to anybody what was assigned to people who have left."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import Job
from review_app.review_queue.assignments import free_some, left_behind


def free_left_behind(_row: int = 0) -> None:
    """Let nothing wait for somebody who cannot log in any more."""
    done = 1
    while done:
        with transaction() as session:
            done = free_some(session, utc_now())


def someone_left(_now: datetime) -> Iterable[int]:
    """One look, while something is assigned to such a person."""
    return [0] if left_behind(db.session()) else []


JOBS = [Job("free_left_behind", free_left_behind, someone_left)]
