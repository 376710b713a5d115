"""The job of an import: lease the batch, read its files, settle the records in small transactions, go on where it stopped."""

from __future__ import annotations

import io
import os
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.base.clock import utc_now, utc_today
from review_app.base.database import db, transaction
from review_app.base.jobs import Job
from review_app.importing.actions import settle
from review_app.importing.batches import (
    HEAD_BYTES,
    WHOLE_FILE,
    chunks_of,
    finish,
    lease_batch,
    leased,
    why_failed,
)
from review_app.importing.limits import DEFAULT_LIMITS
from review_app.importing.models import ImportBatch, ImportFile
from review_app.importing.readers import READERS, UnreadableFile, recognise
from review_app.importing.record import RawRecord, Record, Refusal, Skipped
from review_app.importing.validation import validate

RECORDS = 200
"""Records of one transaction."""

Progress = Callable[[ImportBatch], None]


class LostLease(Exception):
    """Another worker has the batch now, or it was cancelled."""


def worker_name() -> str:
    """What names this worker in a lease."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def run_import(batch_id: int, progress: Progress | None = None) -> None:
    """Work on a batch if it is free, until it is done. `progress` hears of every transaction."""
    worker = worker_name()
    with transaction() as session:
        if not lease_batch(session, batch_id, worker, utc_now()):
            return
    try:
        _Run(batch_id, worker, progress).work()
    except LostLease:
        return


class _Run:
    """One worker's hold on one batch."""

    def __init__(self, batch_id: int, worker: str, progress: Progress | None) -> None:
        self.batch_id, self.worker, self.progress = batch_id, worker, progress

    def work(self) -> None:
        """Settle record after record, from where the last worker stopped, and end the batch."""
        with self._step() as (session, batch):
            position, skip, format_name = batch.file_position, batch.done_in_file, batch.format
            query = select(ImportFile).where(ImportFile.batch_id == batch.id).order_by(ImportFile.position)
            files = session.scalars(query).all()
            session.expunge_all()
        places = _places(files, position, skip, format_name)
        while some := list(islice(places, RECORDS)):
            self._settle(some)
        with self._step() as (session, batch):
            finish(session, batch, utc_now(), why_failed(session, batch, len(files)))

    @contextmanager
    def _step(self) -> Iterator[tuple[Session, ImportBatch]]:
        """One transaction on the batch, which must still be ours."""
        with transaction() as session:
            batch = leased(session, self.batch_id, self.worker, utc_now())
            if batch is None:
                raise LostLease
            yield session, batch
        if self.progress:
            self.progress(batch)

    def _settle(self, some: list[_Place]) -> None:
        with self._step() as (session, batch):
            settle(session, batch, [(place.file.name, place.found) for place in some], now=utc_now())
            last = some[-1]
            batch.file_position, batch.done_in_file = last.file.position, last.number
            batch.bytes_done = last.bytes_done


@dataclass(frozen=True, slots=True)
class _Place:
    """What was found, in which file, as which one of it; and how many bytes of the batch are read by then."""

    file: ImportFile
    found: Record | Refusal | Skipped
    number: int
    bytes_done: int


def _places(
    files: Sequence[ImportFile], position: int, skip: int, format_name: str | None
) -> Iterator[_Place]:
    before = sum(file.size for file in files[:position])
    for file in files[position:]:
        read = enumerate(_read(file, format_name), 1)
        for number, (found, bytes_read) in islice(read, skip, None):
            yield _Place(file, found, number, before + bytes_read)
        before, skip = before + file.size, 0


def _read(file: ImportFile, format_name: str | None) -> Iterator[tuple[Record | Refusal | Skipped, int]]:
    """What a file holds, read and judged, with the bytes read so far. A file that cannot be read is one refusal."""
    try:
        stream = _opened(file)
    except OSError as error:
        yield Refusal(0, 0, WHOLE_FILE, f"cannot be opened: {error.strerror}", ""), file.size
        return
    with stream:
        try:
            head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
            reader = READERS[recognise(head) if format_name is None or not head else format_name]
        except UnreadableFile as error:
            yield Refusal(0, 0, WHOLE_FILE, str(error), ""), file.size
            return
        for found in reader.read(stream, DEFAULT_LIMITS):
            yield validate(found, utc_today()) if isinstance(found, RawRecord) else found, stream.tell()


def _opened(file: ImportFile) -> io.BufferedReader[Any]:
    if file.path is not None:
        return io.BufferedReader(Path(file.path).open("rb", buffering=0), HEAD_BYTES)
    return io.BufferedReader(_Stored(chunks_of(db.session(), file.id)), HEAD_BYTES)


class _Stored(io.RawIOBase):
    """The bytes of an uploaded file as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks, self.rest, self.position = chunks, b"", 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the chunk at hand goes; 0 at the end."""
        self.rest = self.rest or next(self.chunks, b"")
        part, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
        buffer[: len(part)] = part
        self.position += len(part)
        return len(part)

    def tell(self) -> int:
        """How many bytes were read."""
        return self.position


def due_imports(now: datetime) -> Iterable[int]:
    """The batches that wait for a worker."""
    return db.session.scalars(
        select(ImportBatch.id)
        .where(ImportBatch.state.in_(["queued", "running"]))
        .where(ImportBatch.lease_until.is_(None) | (ImportBatch.lease_until <= now))
        .order_by(ImportBatch.id)
        .limit(100)
    ).all()


JOBS = [Job("import", run_import, due_imports)]
