"""The jobs of an import: lease the batch, settle its records in small transactions, go on where it stopped; undo it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.articles.jobs import sanitise_again
from review_app.base.clock import utc_now, utc_today
from review_app.base.database import db, transaction, widen_cache
from review_app.base.errors import Invalid
from review_app.base.jobs import Job, worker_name
from review_app.base.settings import Settings, SettingsError
from review_app.base.web import settings
from review_app.importing.actions import Place, settle
from review_app.importing.batches import LEASE, chunks_of, finish, lease_batch, leased, why_failed
from review_app.importing.limits import Limits
from review_app.importing.mapping import mapping_of
from review_app.importing.models import ImportBatch, ImportFile
from review_app.importing.reading import How, Located, read_file
from review_app.importing.record import Record, Refusal
from review_app.importing.undo import WorkedOn, finish_undo, lease_undo, undo_some
from review_app.importing.workers import free_abandoned, is_gone, read_path
from review_app.outbox.actions import SYSTEM

RECORDS = 250
"""At most so many records are settled in one transaction."""
CACHE_KIBIBYTES = 120 * 1024
"""What an import keeps of a SQLite database: at a million articles its indexes are larger than that of a page's connection."""
CHARACTERS = 8 * 1024 * 1024
"""And not more once they have this many characters, so that long ones do not fill the memory."""

Progress = Callable[[ImportBatch], None]


class LostLease(Exception):
    """Another worker has the batch now, or it was cancelled."""


def run_import(batch_id: int, progress: Progress | None = None) -> None:
    """Work on a batch if it is free, until it is done. `progress` hears of every transaction."""
    worker = worker_name()
    with transaction() as session:
        free_abandoned(session)
        if not lease_batch(session, batch_id, worker, utc_now()):
            return
    try:
        _Run(batch_id, worker, progress).work()
    except LostLease:
        return


class _Settled(NamedTuple):
    """Something found, and where the batch stands once it is settled: the file, its how-manieth find, bytes of all files."""

    position: int
    number: int
    bytes_done: int
    located: Located


class _Run:
    """One worker's hold on one batch."""

    def __init__(self, batch_id: int, worker: str, progress: Progress | None) -> None:
        self.batch_id, self.worker, self.progress = batch_id, worker, progress

    def work(self) -> None:
        """Settle record after record, from where the last worker stopped, and end the batch."""
        sanitise_again()  # what an import replaces may be kept for the public, and is to be harmless by today's rules
        with self._step() as (session, batch):
            position, skip = batch.file_position, batch.done_in_file
            mapping = mapping_of(batch.mapping or settings().import_mapping)
            how = How(batch.format, utc_today(), mapping, batch.encoding, Limits.of(settings()))
            query = select(ImportFile).where(ImportFile.batch_id == batch.id).order_by(ImportFile.position)
            files = session.scalars(query).all()
            session.expunge_all()
        for some in _in_portions(_found(files, position, skip, how)):
            self._settle(some)
        with self._step() as (session, batch):
            batch.bytes_done = batch.bytes_total
            finish(session, batch, utc_now(), why_failed(session, batch))

    @contextmanager
    def _step(self) -> Iterator[tuple[Session, ImportBatch]]:
        """One transaction on the batch, which must still be ours."""
        with transaction() as session:
            widen_cache(session, CACHE_KIBIBYTES)
            batch = leased(session, self.batch_id, self.worker, utc_now())
            if batch is None:
                raise LostLease
            yield session, batch
        if self.progress:
            self.progress(batch)

    def _settle(self, some: Sequence[_Settled]) -> None:
        with self._step() as (session, batch):
            found = [(Place(at.located.file, at.located.format), at.located.found) for at in some]
            settle(session, batch, found, now=utc_now())
            last = some[-1]
            batch.file_position, batch.done_in_file = last.position, last.number
            batch.bytes_done = max(batch.bytes_done, last.bytes_done)


def _in_portions(found: Iterable[_Settled]) -> Iterator[list[_Settled]]:
    some: list[_Settled] = []
    weight = 0
    for one in found:
        some.append(one)
        item = one.located.found
        weight += len(item.raw) if isinstance(item, Record | Refusal) else 0
        if len(some) >= RECORDS or weight >= CHARACTERS:
            yield some
            some, weight = [], 0
    if some:
        yield some


def _found(files: Sequence[ImportFile], position: int, skip: int, how: How) -> Iterator[_Settled]:
    before = sum(file.size for file in files[:position])
    for file in files[position:]:
        with _on_disk(file) as path:
            found = read_file(lambda path=path: path.open("rb", buffering=0), file.name, how, skip)  # type: ignore[misc]  # mypy cannot infer it
            for number, located in enumerate(found, skip + 1):
                yield _Settled(file.position, number, before + located.bytes_read, located)
        before, skip = before + file.size, 0


@contextmanager
def _on_disk(file: ImportFile) -> Iterator[Path]:
    """The file's path; an uploaded one is written to a temporary file first, so that one can seek in it."""
    if file.path is not None:
        yield read_path(file.path)
        return
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="review-import-"))
        path = Path(folder) / "upload"
        with path.open("wb") as copy:
            for chunk in chunks_of(db.session(), file.id):
                copy.write(chunk)
        yield path


def due_imports(now: datetime) -> Iterable[int]:
    """The batches that wait for a worker."""
    unfinished = select(ImportBatch.id, ImportBatch.leased_by, ImportBatch.lease_until).where(
        ImportBatch.state.in_(["queued", "running"])
    )
    return [
        row.id
        for row in db.session.execute(unfinished.order_by(ImportBatch.id).limit(100))
        if row.lease_until is None or row.lease_until <= now or is_gone(row.leased_by)
    ]


def run_undo(batch_id: int, worked_on: Sequence[WorkedOn]) -> None:
    """Undo a batch if it is free, until it is done."""
    worker, now = worker_name(), utc_now()
    with transaction() as session:
        if not lease_undo(session, batch_id, worker, until=now + LEASE, now=now):
            return
    more = True
    while more:
        with transaction() as session:
            batch = session.scalars(
                select(ImportBatch).where(ImportBatch.id == batch_id).with_for_update()
            ).one()
            if batch.leased_by != worker:
                return
            batch.lease_until = utc_now() + LEASE
            more = undo_some(session, batch, worked_on, utc_now())
            if not more:
                finish_undo(session, batch, SYSTEM, utc_now())


def due_undos(now: datetime) -> Iterable[int]:
    """The batches that wait to be undone."""
    return db.session.scalars(
        select(ImportBatch.id)
        .where(ImportBatch.undo_requested_at.is_not(None), ImportBatch.state != "undone")
        .where(ImportBatch.lease_until.is_(None) | (ImportBatch.lease_until <= now))
        .order_by(ImportBatch.id)
        .limit(100)
    ).all()


def check_settings(settings: Settings) -> None:
    """Raises `SettingsError` if the mapping that the settings name says what no mapping can."""
    try:
        mapping_of(settings.import_mapping)
    except Invalid as error:
        raise SettingsError(f"REVIEW_IMPORT_MAPPING: {error.detail}") from error


def jobs(worked_on: Sequence[WorkedOn]) -> list[Job]:
    """The kinds of work there are; `worked_on` tells an undo what people are at right now."""
    return [
        Job("import", run_import, due_imports),
        Job("import_undo", lambda batch_id: run_undo(batch_id, worked_on), due_undos),
    ]
