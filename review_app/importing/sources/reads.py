"""The verbs of a read: plan and claim it, keep it, end it with a batch, with nothing, or with a failure."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from review_app.importing.batches import add_paths, add_uploads, open_batch
from review_app.importing.models import ImportBatch
from review_app.importing.sources.fetching import Found
from review_app.importing.sources.models import ImportSource, ImportSourceItem, ImportSourceRead
from review_app.importing.sources.queries import get_source, unfinished_read
from review_app.importing.sources.rules import FAILURES_UNTIL_PAUSE, ReadState, delay_after
from review_app.outbox.actions import Actor, log_event

LEASE = timedelta(minutes=5)
KEPT = timedelta(days=30)
"""Reads that imported nothing are forgotten after this time."""
ITEMS_AT_ONCE = 400


def claim_read(session: Session, source_id: int, worker: str, now: datetime) -> int | None:
    """The read of a source that is due and that this worker has from now on; None if there is none, or another has it."""
    source = session.scalar(select(ImportSource).where(ImportSource.id == source_id).with_for_update())
    if source is None:
        return None
    read = unfinished_read(session, source_id)
    if read is None:
        return _plan(session, source, worker, now)
    taken = session.execute(
        update(ImportSourceRead)
        .where(ImportSourceRead.id == read.id, ImportSourceRead.state.in_(["waiting", "reading"]))
        .where(ImportSourceRead.lease_until.is_(None) | (ImportSourceRead.lease_until <= now))
        .values(state="reading", leased_by=worker, lease_until=now + LEASE, started_at=now)
    )
    return read.id if taken.rowcount else None  # type: ignore[attr-defined]  # an UPDATE has one


def _plan(session: Session, source: ImportSource, worker: str, now: datetime) -> int | None:
    """Insert the read that is planned for now. Its moment is unique: of several who try, one succeeds."""
    if source.paused_at is not None or source.next_read_at > now:
        return None
    read = ImportSourceRead(
        source_id=source.id,
        planned_at=source.next_read_at,
        state="reading",
        leased_by=worker,
        lease_until=now + LEASE,
        started_at=now,
        finished_at=None,
        batch_id=None,
    )
    try:
        with session.begin_nested():
            session.add(read)
    except IntegrityError:
        return None
    source.next_read_at = now + timedelta(minutes=source.every_minutes)
    return read.id


def held_read(session: Session, read_id: int, worker: str, now: datetime) -> ImportSourceRead | None:
    """The read, locked and its lease renewed, if this worker still has it; None if it was lost or its source removed."""
    query = select(ImportSourceRead).where(ImportSourceRead.id == read_id).with_for_update()
    read = session.scalar(query.execution_options(populate_existing=True))
    if read is None or read.state != ReadState.READING or read.leased_by != worker:
        return None
    read.lease_until = now + LEASE
    return read


def end_read(session: Session, read: ImportSourceRead, found: Found, now: datetime) -> int | None:
    """What was found goes into a batch and is remembered, in one transaction. The batch's id, or None if nothing is new."""
    source = get_source(session, read.source_id, lock=True)
    if found.items:
        read.batch_id = _open(session, source, found, now).id
    _remember(session, source, found)
    source.failures, source.failure, source.last_read_at = 0, "", now
    if source.next_read_at <= now:  # it was read because somebody asked for it
        source.next_read_at = now + timedelta(minutes=source.every_minutes)
    read.items, read.note = found.items, found.note
    _finish(session, read, ReadState.IMPORTED if found.items else ReadState.NOTHING_NEW, now)
    return read.batch_id


def fail_read(session: Session, read: ImportSourceRead, reason: str, now: datetime) -> None:
    """Keep why it failed, and try again a little later; after ten in a row only when a person says so."""
    source = get_source(session, read.source_id, lock=True)
    source.failures += 1
    source.failure, read.note = reason, reason
    if source.paused_at is None:
        source.next_read_at = now + delay_after(source.failures, source.every_minutes)
        if source.failures >= FAILURES_UNTIL_PAUSE:
            source.paused_at = now
            after = {"failures": source.failures, "reason": reason}
            actor = Actor(None, "schedule")
            log_event(session, "source.paused", ("source", str(source.id)), actor=actor, now=now, after=after)
    _finish(session, read, ReadState.FAILED, now)


def _open(session: Session, source: ImportSource, found: Found, now: datetime) -> ImportBatch:
    batch = open_batch(
        session,
        found.name,
        "source",
        user_id=source.user_id,
        actor=Actor(source.user_id, f"source {source.id}"),
        now=now,
        format_name=found.format_name,
    )
    add_uploads(session, batch, found.uploads)
    add_paths(session, batch, found.paths)
    return batch


def _remember(session: Session, source: ImportSource, found: Found) -> None:
    for name, value in found.memory.items():
        setattr(source, name, value)
    forgotten = [*found.seen, *found.gone]
    item = ImportSourceItem
    for start in range(0, len(forgotten), ITEMS_AT_ONCE):
        keys = forgotten[start : start + ITEMS_AT_ONCE]
        session.execute(delete(item).where(item.source_id == source.id, item.key.in_(keys)))
    rows = [
        {"source_id": source.id, "key": key, "stamp": stamp, "digest": digest}
        for key, (stamp, digest) in found.seen.items()
    ]
    if rows:
        session.execute(insert(item), rows)


def _finish(session: Session, read: ImportSourceRead, state: ReadState, now: datetime) -> None:
    read.state, read.finished_at, read.leased_by, read.lease_until = state.value, now, None, None
    old = ImportSourceRead
    session.execute(
        delete(old)
        .where(old.source_id == read.source_id, old.id < read.id, old.batch_id.is_(None))
        .where(old.finished_at < now - KEPT)
        .execution_options(synchronize_session=False)
    )
