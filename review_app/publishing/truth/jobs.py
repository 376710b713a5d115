"""The job of the truth check: a while after each publication or withdrawal, and then daily, read what the public sees."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from datetime import datetime

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import Job, wake, worker_name
from review_app.base.settings import Settings
from review_app.base.web import settings
from review_app.publishing.truth.checking import Task, lease, look_at, note, release, take_some
from review_app.publishing.truth.models import TruthMark
from review_app.publishing.truth.pages import look_at_events, sweep_some
from review_app.publishing.truth.queries import something_to_do
from review_app.publishing.truth.rules import RUN_SECONDS
from review_app.publishing.truth.sitemaps import Sitemaps
from review_app.publishing.truth.visiting import Visitor

THE_ONE = 0
"""The row of a job that looks at all there is."""


def site_url_of(chosen: Settings) -> str:
    """Where the public reaches our own pages; empty if nobody said."""
    return (chosen.base_url or "").rstrip("/")


def run_truth(_: int) -> None:
    """Check what is due, for a while; the next sweep goes on with what is left."""
    if check_pages(RUN_SECONDS):
        wake("truth", THE_ONE)


def check_pages(seconds: float, among: Collection[int] | None = None) -> bool | None:
    """Check what is due (`among` these articles) for so long. Returns whether there is more; None if another is at it."""
    worker, last = worker_name(), time.monotonic() + seconds
    chosen = settings()
    site_url = site_url_of(chosen)
    more = True
    with Visitor(allow_private=chosen.allow_private_targets) as visitor:
        sitemaps = Sitemaps(visitor, site_url)
        try:
            while more and time.monotonic() < last:
                found = _take(worker, site_url, among)
                if found is None:
                    return None
                tasks, more = found
                _check(tasks, visitor, sitemaps, site_url)
        finally:
            with transaction() as session:
                release(session, worker)
    return more


def _take(worker: str, site_url: str, among: Collection[int] | None) -> tuple[list[Task], bool] | None:
    """The next tasks, and whether there may be more; None if another worker is at it."""
    now = utc_now()
    with transaction() as session:
        if not lease(session, worker, now):
            return None
        mark = session.get_one(TruthMark, 1, populate_existing=True)
        more = look_at_events(session, mark, now, site_url)
        more = sweep_some(session, mark, now, site_url) or more
        session.flush()
        tasks, more_due = take_some(session, now, site_url, among=among)
        return tasks, more or more_due


def _check(tasks: list[Task], visitor: Visitor, sitemaps: Sitemaps, site_url: str) -> None:
    looks = list(look_at(tasks, visitor, sitemaps))
    if looks:
        with transaction() as session:
            note(session, looks, utc_now(), site_url)


def due_truth(now: datetime) -> Iterable[int]:
    """Whether there is anything to do."""
    ours = bool(settings().base_url)
    return [THE_ONE] if something_to_do(db.session(), now, ours=ours) else []


JOBS = [Job("truth", run_truth, due_truth)]
