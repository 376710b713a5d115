"""The jobs that sanitise old texts again, and put the queue into another order."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime

import structlog

from review_app.articles.ordering import any_out_of_place, place_changed, place_some
from review_app.articles.sanitising import any_outdated, sanitise_some
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import Job

log = structlog.get_logger()

WORK_SECONDS = 30.0
"""So long an order keeps its worker: a million articles must not hold up what is to be published."""


def sanitise_again(_row: int = 0) -> None:
    """Sanitise every text that an older sanitiser made harmless. Several workers share the work."""
    total = 0
    while True:
        with transaction() as session:
            done = sanitise_some(session, utc_now())
        total += done
        if not done:
            break
    if total:
        log.info("sanitised_again", articles=total)


def due(_now: datetime) -> Iterable[int]:
    """One look, while there is such a text."""
    return [0] if any_outdated(db.session()) else []


def order_queue(_row: int = 0) -> None:
    """Put every waiting article where the policy that holds wants it, for as long as there is one that stands elsewhere.

    A worker that is killed loses one transaction; whoever looks next goes on. Several workers share the work.
    """
    total, last = 0, time.monotonic() + WORK_SECONDS
    while time.monotonic() < last:
        with transaction() as session:
            done = place_some(session) or place_changed(session)
        total += done
        if not done:
            break
    if total:
        log.info("queue_ordered", articles=total)


def out_of_order(_now: datetime) -> Iterable[int]:
    """One look, while some article stands elsewhere than the policy wants it."""
    return [0] if any_out_of_place(db.session()) else []


JOBS = [Job("sanitise_again", sanitise_again, due), Job("order_queue", order_queue, out_of_order)]
