"""Reading sources and their reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, joinedload

from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import Page, decode_cursor, encode_cursor, page_of
from review_app.importing.sources.models import ImportSource, ImportSourceItem, ImportSourceRead

ITEMS_AT_ONCE = 10_000


def get_source(session: Session, source_id: int, *, lock: bool = False) -> ImportSource:
    """One source. Raises `NotFound`."""
    query = select(ImportSource).where(ImportSource.id == source_id)
    query = query.with_for_update() if lock else query.options(joinedload(ImportSource.user))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_l("There is no source %(id)s.", id=source_id))
    return found


def list_sources(session: Session, after: str | None = None, size: int = 25) -> Page[ImportSource]:
    """Sources, the newest first, a page at a time."""
    query = select(ImportSource).options(joinedload(ImportSource.user)).order_by(ImportSource.id.desc())
    if after:
        query = query.where(ImportSource.id < decode_cursor(after, int)[0])
    return page_of(session.scalars(query.limit(size + 1)).all(), size, lambda row: encode_cursor(row.id))


def list_reads(
    session: Session, source_id: int, after: str | None = None, size: int = 25
) -> Page[ImportSourceRead]:
    """The reads of a source with their batches, the newest first, a page at a time."""
    query = (
        select(ImportSourceRead)
        .where(ImportSourceRead.source_id == source_id)
        .options(joinedload(ImportSourceRead.batch))
        .order_by(ImportSourceRead.id.desc())
    )
    if after:
        query = query.where(ImportSourceRead.id < decode_cursor(after, int)[0])
    return page_of(session.scalars(query.limit(size + 1)).all(), size, lambda row: encode_cursor(row.id))


def unfinished_read(session: Session, source_id: int) -> ImportSourceRead | None:
    """The read of a source that waits or is under way, if there is one."""
    return session.scalar(
        select(ImportSourceRead)
        .where(ImportSourceRead.source_id == source_id)
        .where(ImportSourceRead.state.in_(["waiting", "reading"]))
        .execution_options(populate_existing=True)
    )


def is_due(source: ImportSource, now: datetime) -> bool:
    """Whether the time of its next read has come."""
    return source.paused_at is None and source.next_read_at <= now


def due_sources(session: Session, now: datetime) -> Sequence[int]:
    """The sources that a worker should look at: their time has come, or a read of theirs waits or was left behind."""
    read = ImportSourceRead
    unfinished = exists().where(read.source_id == ImportSource.id, read.state.in_(["waiting", "reading"]))
    free = or_(read.lease_until.is_(None), read.lease_until <= now)
    planned = ImportSource.paused_at.is_(None) & (ImportSource.next_read_at <= now) & ~unfinished
    query = select(ImportSource.id).where(or_(planned, unfinished.where(free)))
    return session.scalars(query.order_by(ImportSource.next_read_at).limit(100)).all()


def items_of(session: Session, source_id: int) -> Mapping[str, tuple[str, str]]:
    """What a source has read already: the stamp and the digest of each file or post by its key."""
    item = ImportSourceItem
    query = select(item.key, item.stamp, item.digest).where(item.source_id == source_id)
    found = session.execute(query.execution_options(yield_per=ITEMS_AT_ONCE))
    return {key: (stamp, digest) for key, stamp, digest in found}
