"""The job of a source: claim its read, find out what is new there, and hand that to an import."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import DomainError, NotFound
from review_app.base.jobs import Job, wake
from review_app.base.web import settings
from review_app.importing.sources import feed, folder, wordpress
from review_app.importing.sources.fetching import CannotRead, Found, Reader, Reading
from review_app.importing.sources.queries import due_sources, get_source, items_of
from review_app.importing.sources.reads import LEASE, claim_read, end_read, fail_read, held_read
from review_app.importing.sources.rules import Kind

READERS: Mapping[Kind, Reader] = {
    Kind.FOLDER: folder.read,
    Kind.FEED: feed.read,
    Kind.WORDPRESS: wordpress.read,
}
RENEWED_AFTER = LEASE / 5
OUR_MISTAKE = "The desk made a mistake while it read this; the server's log says which."

log = structlog.get_logger()


class LostLease(Exception):
    """Another worker has the read now, or its source was removed."""


@dataclass(slots=True)
class _Hold:
    """One worker's hold on one read."""

    read_id: int
    worker: str
    renewed_at: datetime

    def keep(self) -> None:
        """Renew the lease when it is time. Raises `LostLease`."""
        if utc_now() - self.renewed_at > RENEWED_AFTER:
            with transaction() as session:
                if held_read(session, self.read_id, self.worker, utc_now()) is None:
                    raise LostLease
            self.renewed_at = utc_now()


def read_source(source_id: int) -> None:
    """Read a source if it is due and free, and wake the import of what is new."""
    worker, now = secrets.token_hex(8), utc_now()
    with transaction() as session:
        read_id = claim_read(session, source_id, worker, now)
    if read_id is None:
        return
    hold = _Hold(read_id, worker, now)
    with tempfile.TemporaryDirectory(prefix="review-source-") as place:
        try:
            _end(hold, _found(source_id, Path(place), hold.keep))
        except (LostLease, NotFound):
            return
        except (CannotRead, DomainError) as error:
            _fail(hold, str(error))
        except Exception:
            _fail(hold, OUR_MISTAKE)
            raise


def _found(source_id: int, place: Path, alive: Callable[[], None]) -> Found:
    session = db.session()
    source, known = get_source(session, source_id), items_of(session, source_id)
    session.expunge_all()
    session.rollback()  # no transaction stays open while others are waited for
    reading = Reading(source, known, settings(), place, utc_now(), alive)
    return READERS[Kind(source.kind)](reading)


def _end(hold: _Hold, found: Found) -> None:
    batch_id = None
    try:
        with transaction() as session:
            read = held_read(session, hold.read_id, hold.worker, utc_now())
            if read is None:
                raise LostLease
            batch_id = end_read(session, read, found, utc_now())
    finally:
        for upload in found.uploads:
            upload.stream.close()
    if batch_id is not None:
        wake("import", batch_id)


def _fail(hold: _Hold, reason: str) -> None:
    with transaction() as session:
        read = held_read(session, hold.read_id, hold.worker, utc_now())
        if read is not None:
            fail_read(session, read, reason, utc_now())
    log.warning("source_read_failed", read=hold.read_id, reason=reason)


def due(now: datetime) -> Iterable[int]:
    """The sources that a worker should look at."""
    return due_sources(db.session(), now)


JOBS = [Job("source", read_source, due)]
