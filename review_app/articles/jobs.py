"""The job that sanitises old texts again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import structlog

from review_app.articles.sanitising import any_outdated, sanitise_some
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import Job

log = structlog.get_logger()


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


JOBS = [Job("sanitise_again", sanitise_again, due)]
