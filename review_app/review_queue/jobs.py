"""The jobs that give what waits in an assigned view to its reviewer, and to anybody what was assigned to people who have left."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import Job
from review_app.review_queue.assignments import free_some, left_behind
from review_app.review_queue.standing_runs import START, Key, go_on, open_standings, wants_work


def free_left_behind(_row: int = 0) -> None:
    """Let nothing wait for somebody who cannot log in any more."""
    done = 1
    while done:
        with transaction() as session:
            done = free_some(session, utc_now())


def someone_left(_now: datetime) -> Iterable[int]:
    """One look, while something is assigned to such a person."""
    return [0] if left_behind(db.session()) else []


def follow_view(standing_id: int) -> None:
    """Give what waits in an assigned view to its reviewer; or, once that has ended, free what it gave."""
    after: Key | None = START
    while after is not None:
        with transaction() as session:
            after = go_on(session, standing_id, after, utc_now())


def due_views(now: datetime) -> Iterable[int]:
    """The standing assignments for which there is something to do."""
    session = db.session()
    return [standing.id for standing in open_standings(session) if wants_work(session, standing, now)]


JOBS = [
    Job("free_left_behind", free_left_behind, someone_left),
    Job("standing_assignment", follow_view, due_views),
]
