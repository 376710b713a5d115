"""The job that removes drafts whose time has passed, of people who are shut out too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import structlog

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import Job
from review_app.reviewing.drafts.actions import remove_expired
from review_app.reviewing.drafts.queries import any_expired

log = structlog.get_logger()


def expire_drafts(_row: int = 0) -> None:
    """Remove them."""
    with transaction() as session:
        gone = remove_expired(session, utc_now())
    log.info("drafts_expired", drafts=gone)


def due(now: datetime) -> Iterable[int]:
    """One look, while there is such a draft."""
    return [0] if any_expired(db.session(), now) else []


JOBS = [Job("expire_drafts", expire_drafts, due)]
