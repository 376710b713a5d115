"""The verbs on a batch: open it, lease it, note how far it is, end it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from review_app.base.errors import Conflict, Invalid, NotFound, TooMany
from review_app.base.messages import Figure
from review_app.base.messages import lazy_gettext as _l
from review_app.evidence.actions import request_evidence
from review_app.importing import sentences
from review_app.importing.models import ImportBatch, ImportChunk, ImportFile, ImportRowError
from review_app.importing.readers import READERS
from review_app.importing.reading import WHOLE_FILE, why_unreadable
from review_app.importing.rules import storable
from review_app.importing.workers import written_path
from review_app.notifications.actions import notify
from review_app.notifications.rules import Kind
from review_app.outbox.actions import SYSTEM, Actor, announce, log_event
from review_app.outbox.changes import note_change, observe_change

CHUNK_BYTES = 1024 * 1024
LEASE = timedelta(minutes=2)
MOST_UNREADABLE = 10_000
"""With more files than this that are all refused, an import has finished and not failed: it has seen plenty."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sends: its name, and a stream that can be read from the beginning."""

    name: str
    stream: IO[bytes]


def check_format(name: str | None) -> str | None:
    """A format somebody named, or None to have it found out. Raises `Invalid` for one that there is not."""
    if name and name not in READERS:
        problem = _l("must be one of: %(names)s", names=", ".join(READERS))
        raise Invalid(_l("That format is not known."), {"format": [problem]})
    return name or None


def check_readable(uploads: Sequence[Upload], format_name: str | None, encoding: str | None = None) -> None:
    """Raises `Invalid` with the reasons when none of the files can be read at all."""
    found = [(upload.name, why_unreadable(upload.stream, format_name, encoding)) for upload in uploads]
    reasons = [f"{name}: {reason}" for name, reason in found if reason]
    if not uploads or len(reasons) == len(uploads):
        raise Invalid(" ".join(reasons) or _l("Choose a file first."), {"file": reasons or [_l("is needed")]})


def open_batch(
    session: Session,
    name: str,
    origin: str,
    *,
    user_id: int | None,
    actor: Actor,
    now: datetime,
    format_name: str | None = None,
    encoding: str | None = None,
    mapping: str = "",
    reason: str = "",
    expected: str = "",
    dry_run: bool = False,
    is_demo: bool = False,
) -> ImportBatch:
    """A new batch without files. `origin` is `page`, `api`, `command`, `source` or `demo`.

    `encoding` and `mapping` (TOML) are what somebody said of the files; `reason` and `expected` go into the change record.
    """
    batch = ImportBatch(
        name=name,
        origin=origin,
        format=format_name,
        encoding=encoding,
        mapping=mapping,
        dry_run=dry_run,
        is_demo=is_demo,
        user_id=user_id,
        created_at=now,
        state="queued",
        leased_by=None,
        lease_until=None,
        started_at=None,
        finished_at=None,
        undo_requested_at=None,
    )
    session.add(batch)
    session.flush()
    subject, after = ("import", str(batch.id)), {"name": name, "origin": origin, "dry_run": dry_run}
    log_event(session, "import.started", subject, actor=actor, now=now, after=after)
    if not dry_run:
        _note(session, batch, reason, expected, actor=actor)
    return batch


def _note(session: Session, batch: ImportBatch, reason: str, expected: str, *, actor: Actor) -> None:
    note_change(
        session,
        ("import", str(batch.id)),
        user_id=batch.user_id,
        actor=actor,
        reason=reason.strip() or sentences.REASON % {"name": batch.name},
        expected=expected.strip() or sentences.EXPECTED,
        rollback=sentences.ROLLBACK,
        now=batch.created_at,
    )


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
        named = {"name": storable(path.name), "path": written_path(path)}
        session.add(ImportFile(batch_id=batch.id, position=position, size=size, **named))
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


def why_failed(session: Session, batch: ImportBatch) -> str:
    """Why nothing could be read, if no file of the batch could; else nothing."""
    refused = select(ImportRowError).where(
        ImportRowError.batch_id == batch.id, ImportRowError.field == WHOLE_FILE
    )
    if not batch.rejected or batch.rejected < batch.total or batch.total > MOST_UNREADABLE:
        return ""
    unreadable = session.scalars(refused.order_by(ImportRowError.id)).all()
    if len(unreadable) < batch.total:
        return ""
    return " ".join(f"{error.file}: {error.reason}" for error in unreadable[:3])


def finish(session: Session, batch: ImportBatch, now: datetime, failure: str = "") -> None:
    """End a batch, forget the uploaded bytes, and tell the outside."""
    batch.state, batch.failure = ("failed" if failure else "finished"), failure
    _end(session, batch, now)


def cancel_batch(session: Session, batch: ImportBatch, *, actor: Actor, now: datetime) -> None:
    """Stop a batch where it is: what is in stays in, and can be undone. Raises `Conflict` when it has ended."""
    if batch.state not in {"queued", "running"}:
        raise Conflict(_l("This import has ended already."))
    batch.state = "cancelled"
    _end(session, batch, now)
    subject = ("import", str(batch.id))
    log_event(session, "import.cancelled", subject, actor=actor, now=now, after=counts(batch))


def _end(session: Session, batch: ImportBatch, now: datetime) -> None:
    batch.leased_by, batch.lease_until, batch.finished_at = None, None, now
    files = select(ImportFile.id).where(ImportFile.batch_id == batch.id)
    session.execute(delete(ImportChunk).where(ImportChunk.file_id.in_(files)))
    if not batch.dry_run and (batch.created or batch.updated):
        request_evidence(session, batch.id, now)
    ended = {name: Figure(number) for name, number in counts(batch).items()}
    observe_change(session, ("import", str(batch.id)), sentences.OBSERVED[batch.state] % ended, now)
    notify(
        session,
        batch.user_id,
        Kind.IMPORT_FINISHED,
        text=sentences.TOLD[batch.state] % (ended | {"id": batch.id}),
        subject=("import", str(batch.id)),
        by=SYSTEM,
        now=now,
    )
    announce(
        session,
        "import.finished",
        f"import:{batch.id}",
        cause=f"import:{batch.id}:finished",
        payload={"id": batch.id, "state": batch.state} | counts(batch),
        now=now,
    )


def lock_batch(session: Session, batch_id: int) -> ImportBatch:
    """The batch's row, held until the transaction ends. Raises `NotFound`."""
    found = session.scalar(select(ImportBatch).where(ImportBatch.id == batch_id).with_for_update())
    if found is None:
        raise NotFound(_l("There is no import %(id)s.", id=batch_id))
    return found


def check_quota(session: Session, user_id: int, *, at_once: int, an_hour: int, now: datetime) -> None:
    """Raises `TooMany` when a person has `at_once` imports that have not ended, or began `an_hour` in the last hour."""
    own = select(ImportBatch).where(ImportBatch.user_id == user_id).order_by(ImportBatch.created_at.desc())
    recent = session.scalars(
        own.where(ImportBatch.created_at > now - HOUR, ImportBatch.origin.in_(["page", "api"])).limit(an_hour)
    ).all()
    if len(recent) >= an_hour:
        wait = recent[-1].created_at + HOUR - now
        raise TooMany(
            _l(
                "You have begun %(most)s imports within an hour, which is the most. Several files can go in one import.",
                most=an_hour,
            ),
            retry_seconds=max(1, int(wait.total_seconds())),
        )
    running = session.scalars(own.where(ImportBatch.state.in_(["queued", "running"])).limit(at_once)).all()
    if len(running) >= at_once:
        raise TooMany(
            _l(
                "%(most)s of your imports are still running, which is the most at once. Wait for one, or cancel it.",
                most=at_once,
            ),
            retry_seconds=10,
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
