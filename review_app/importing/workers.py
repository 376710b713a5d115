"""Workers that were killed, and what they left: their names tell machine and process."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.importing.models import ImportBatch, ImportFile

AS_ADDRESS = "file://"


def is_gone(worker: str | None) -> bool:
    """Whether a worker was on this machine and its process is no more. A batch of such a one need not wait for its lease."""
    if not worker:
        return False
    host, _, rest = worker.partition(":")
    process = rest.partition(":")[0]
    if host != socket.gethostname() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def free_abandoned(session: Session) -> None:
    """End the leases of workers of this machine that were killed."""
    unfinished = select(ImportBatch).where(ImportBatch.state.in_(["queued", "running"]))
    for batch in session.scalars(unfinished.order_by(ImportBatch.id).with_for_update()):
        if is_gone(batch.leased_by):
            batch.leased_by, batch.lease_until = None, None


def written_path(path: Path) -> str:
    """A path as the database keeps it: a name that is no UTF-8 as a file address, with its bytes in per cent signs."""
    whole = path.absolute()
    try:
        str(whole).encode()
    except UnicodeEncodeError:
        return AS_ADDRESS + quote_from_bytes(os.fsencode(whole))
    return str(whole)


def read_path(text: str) -> Path:
    """The path that was written so."""
    if text.startswith(AS_ADDRESS):
        return Path(os.fsdecode(unquote_to_bytes(text.removeprefix(AS_ADDRESS))))
    return Path(text)


def interrupted(session: Session, wanted: Mapping[str, object], paths: Sequence[Path]) -> ImportBatch | None:
    """An unfinished import of just these files, with just these columns, that nobody works on any more.

    A file that was written to since that import was begun is another one.
    """
    unfinished = select(ImportBatch).where(
        ImportBatch.state.in_(["queued", "running"]), ImportBatch.leased_by.is_(None)
    )
    for batch in session.scalars(unfinished.order_by(ImportBatch.id.desc())):
        alike = all(getattr(batch, name) == value for name, value in wanted.items())
        if alike and _files_of(session, batch) == [_as_they_are(path, batch) for path in paths]:
            return batch
    return None


def _files_of(session: Session, batch: ImportBatch) -> list[tuple[str | None, int]]:
    query = select(ImportFile.path, ImportFile.size).where(ImportFile.batch_id == batch.id)
    return [(row.path, row.size) for row in session.execute(query.order_by(ImportFile.position))]


def _as_they_are(path: Path, batch: ImportBatch) -> tuple[str | None, int]:
    found = path.stat()
    changed_since = found.st_mtime > batch.created_at.timestamp()
    return (None if changed_since else written_path(path), found.st_size)
