"""The verbs on a batch: open it, lease it, note how far it is, end it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from review_app.base.errors import Invalid
from review_app.evidence.actions import request_evidence
from review_app.importing.models import ImportBatch, ImportChunk, ImportFile, ImportRowError
from review_app.importing.readers import READERS, UnreadableFile, recognise
from review_app.importing.readers.encoding import head_as_utf8
from review_app.importing.record import Refusal
from review_app.outbox.actions import Actor, announce, log_event

CHUNK_BYTES = 1024 * 1024
HEAD_BYTES = 64 * 1024
LEASE = timedelta(minutes=2)
WHOLE_FILE = "file"
"""The field of a refusal that is about a file and not about a record in it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sends: its name, and a stream that can be read from the beginning."""

    name: str
    stream: IO[bytes]


def check_format(name: str | None) -> str | None:
    """A format somebody named, or None to have it found out. Raises `Invalid` for one that there is not."""
    if name and name not in READERS:
        raise Invalid("That format is not known.", {"format": [f"must be one of: {', '.join(READERS)}"]})
    return name or None


def check_readable(uploads: Sequence[Upload], format_name: str | None) -> None:
    """Raises `Invalid` with the reasons when none of the files can be read at all."""
    reasons = [reason for upload in uploads if (reason := _why_unreadable(upload, format_name))]
    if not uploads or len(reasons) == len(uploads):
        raise Invalid(" ".join(reasons) or "Choose a file first.", {"file": reasons or ["is needed"]})


def _why_unreadable(upload: Upload, format_name: str | None) -> str | None:
    head = upload.stream.read(HEAD_BYTES)
    upload.stream.seek(0)
    try:
        if format_name is None or not head.strip():
            recognise(head)
        else:
            head_as_utf8(head)
    except UnreadableFile as error:
        return f"{upload.name}: {error}"
    return None


def open_batch(
    session: Session,
    name: str,
    origin: str,
    *,
    user_id: int | None,
    actor: Actor,
    now: datetime,
    format_name: str | None = None,
    dry_run: bool = False,
    is_demo: bool = False,
) -> ImportBatch:
    """A new batch without files. `origin` is `page`, `api`, `command` or `demo`."""
    batch = ImportBatch(
        name=name,
        origin=origin,
        format=format_name,
        dry_run=dry_run,
        is_demo=is_demo,
        user_id=user_id,
        created_at=now,
        state="queued",
        leased_by=None,
        lease_until=None,
        started_at=None,
        finished_at=None,
    )
    session.add(batch)
    session.flush()
    after = {"name": name, "origin": origin, "dry_run": dry_run}
    log_event(session, "import.started", ("import", str(batch.id)), actor=actor, now=now, after=after)
    return batch


def add_uploads(session: Session, batch: ImportBatch, uploads: Iterable[Upload]) -> None:
    """Keep the files' bytes with the batch, so that any machine of the desk can work on it."""
    for position, upload in enumerate(uploads):
        file = ImportFile(batch_id=batch.id, position=position, name=upload.name, path=None, size=0)
        session.add(file)
        session.flush()
        for number, content in enumerate(_pieces(upload.stream)):
            session.execute(insert(ImportChunk).values(file_id=file.id, position=number, content=content))
            file.size += len(content)
        batch.bytes_total += file.size


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while content := stream.read(CHUNK_BYTES):
        yield content


def add_paths(session: Session, batch: ImportBatch, paths: Iterable[Path]) -> None:
    """Name files on this machine."""
    for position, path in enumerate(paths):
        size = path.stat().st_size
        session.add(
            ImportFile(
                batch_id=batch.id, position=position, name=path.name, path=str(path.absolute()), size=size
            )
        )
        batch.bytes_total += size


def lease_batch(session: Session, batch_id: int, worker: str, now: datetime) -> bool:
    """Take a batch that nobody works on. Returns whether this worker has it now."""
    taken = session.execute(
        update(ImportBatch)
        .where(ImportBatch.id == batch_id, ImportBatch.state.in_(["queued", "running"]))
        .where(ImportBatch.lease_until.is_(None) | (ImportBatch.lease_until <= now))
        .values(state="running", leased_by=worker, lease_until=now + LEASE)
        .values(started_at=func.coalesce(ImportBatch.started_at, now))
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one


def leased(session: Session, batch_id: int, worker: str, now: datetime) -> ImportBatch | None:
    """The batch, locked and its lease renewed, if this worker still has it; None if it was lost or cancelled."""
    batch = session.scalars(select(ImportBatch).where(ImportBatch.id == batch_id).with_for_update()).one()
    if batch.state != "running" or batch.leased_by != worker:
        return None
    batch.lease_until = now + LEASE
    return batch


def count(batch: ImportBatch, outcome: str) -> None:
    """One record more of this outcome, and in all."""
    setattr(batch, outcome, getattr(batch, outcome) + 1)
    batch.total += 1


def refuse(session: Session, batch: ImportBatch, file: str, refusal: Refusal) -> None:
    """Keep a refused record with its reason."""
    count(batch, "rejected")
    session.add(
        ImportRowError(
            batch_id=batch.id,
            file=file,
            line=refusal.line,
            item=refusal.item,
            source_id=refusal.source_id,
            field=refusal.field,
            reason=refusal.reason,
            raw=refusal.raw,
        )
    )


def why_failed(session: Session, batch: ImportBatch, files: int) -> str:
    """Why nothing could be read, if no file of the batch could; else nothing."""
    refused = select(ImportRowError).where(
        ImportRowError.batch_id == batch.id, ImportRowError.field == WHOLE_FILE
    )
    unreadable = session.scalars(refused.order_by(ImportRowError.id)).all()
    if len(unreadable) < files:
        return ""
    return " ".join(f"{error.file}: {error.reason}" for error in unreadable[:3])


def finish(session: Session, batch: ImportBatch, now: datetime, failure: str = "") -> None:
    """End a batch, forget the uploaded bytes, and say so."""
    batch.state, batch.failure = ("failed" if failure else "finished"), failure
    batch.leased_by, batch.lease_until, batch.finished_at = None, None, now
    files = select(ImportFile.id).where(ImportFile.batch_id == batch.id)
    session.execute(delete(ImportChunk).where(ImportChunk.file_id.in_(files)))
    if not batch.dry_run and (batch.created or batch.updated):
        request_evidence(session, batch.id, now)
    announce(
        session,
        "import.finished",
        f"import:{batch.id}",
        cause=f"import:{batch.id}:finished",
        payload={"id": batch.id, "state": batch.state} | counts(batch),
        now=now,
    )


def counts(batch: ImportBatch) -> dict[str, int]:
    """The figures of a batch; `total` is the sum of the others."""
    names = ("created", "updated", "unchanged", "rejected", "skipped", "total")
    return {name: getattr(batch, name) for name in names}


def chunks_of(session: Session, file_id: int) -> Iterator[bytes]:
    """The bytes of an uploaded file, a chunk at a time."""
    position = 0
    while True:
        query = select(ImportChunk.content).where(
            ImportChunk.file_id == file_id, ImportChunk.position == position
        )
        content = session.scalar(query)
        if content is None:
            return
        yield content
        position += 1
