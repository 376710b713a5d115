"""Reading batches and what they refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import Page, decode_cursor, encode_cursor, page_of
from review_app.importing.models import (
    LEFT,
    ImportBatch,
    ImportDifference,
    ImportRow,
    ImportRowError,
    ImportRowWarning,
)
from review_app.importing.rules import STANDS_IN

MOST_WARNINGS = 1000
"""An answer carries at most this many warnings."""

ERRORS_AT_ONCE = 500


def get_batch(session: Session, batch_id: int) -> ImportBatch:
    """One batch. Raises `NotFound`."""
    query = select(ImportBatch).where(ImportBatch.id == batch_id).options(joinedload(ImportBatch.user))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_l("There is no import %(id)s.", id=batch_id))
    return found


def list_batches(session: Session, after: str | None = None, size: int = 25) -> Page[ImportBatch]:
    """Batches, the newest first, a page at a time."""
    query = (
        select(ImportBatch)
        .options(joinedload(ImportBatch.user))
        .order_by(ImportBatch.id.desc())
        .limit(size + 1)
    )
    if after:
        query = query.where(ImportBatch.id < decode_cursor(after, int)[0])
    return page_of(session.scalars(query).all(), size, lambda batch: encode_cursor(batch.id))


def list_errors(
    session: Session, batch_id: int, after: str | None = None, size: int = 100
) -> Page[ImportRowError]:
    """Refused records in the order they stood, a page at a time."""
    query = select(ImportRowError).where(ImportRowError.batch_id == batch_id).order_by(ImportRowError.id)
    if after:
        query = query.where(ImportRowError.id > decode_cursor(after, int)[0])
    return page_of(session.scalars(query.limit(size + 1)).all(), size, lambda error: encode_cursor(error.id))


def all_errors(session: Session, batch_id: int) -> Iterator[ImportRowError]:
    """Every refused record, read a few hundred at a time."""
    after: str | None = None
    while True:
        page = list_errors(session, batch_id, after, ERRORS_AT_ONCE)
        yield from page.rows
        if page.next is None:
            return
        after = page.next


def formats_refused(session: Session, batch_id: int) -> Sequence[str]:
    """The formats of the refused records that were kept with their text."""
    query = select(ImportRowError.format).where(ImportRowError.batch_id == batch_id, ImportRowError.raw != "")
    return sorted(name for name in session.scalars(query.distinct()) if name)


def errors_of_format(session: Session, batch_id: int, format_name: str) -> Iterator[ImportRowError]:
    """The refused records of one format whose text was kept as it came.

    Where something stands in for bytes that are no text, it is not: sent again it would be taken for the text itself.
    """
    return (
        error
        for error in all_errors(session, batch_id)
        if error.format == format_name and error.raw and not STANDS_IN.search(error.raw)
    )


def list_differences(session: Session, batch_id: int) -> Sequence[ImportDifference]:
    """What the first articles of a batch are, or would be, changed in."""
    query = select(ImportDifference).where(ImportDifference.batch_id == batch_id)
    return session.scalars(query.order_by(ImportDifference.id)).all()


def list_left(session: Session, batch_id: int, after: str | None = None, size: int = 100) -> Page[ImportRow]:
    """What an undo left alone, with the reason, by source id, a page at a time."""
    query = select(ImportRow).where(ImportRow.batch_id == batch_id, LEFT)
    if after:
        query = query.where(ImportRow.source_id > decode_cursor(after, str)[0])
    rows = session.scalars(query.order_by(ImportRow.source_id).limit(size + 1)).all()
    return page_of(rows, size, lambda row: encode_cursor(row.source_id))


def all_left(session: Session, batch_id: int) -> Iterator[ImportRow]:
    """Everything an undo left alone, read a few hundred at a time."""
    after: str | None = None
    while True:
        page = list_left(session, batch_id, after, ERRORS_AT_ONCE)
        yield from page.rows
        if page.next is None:
            return
        after = page.next


def list_warnings(session: Session, batch_id: int) -> Sequence[ImportRowWarning]:
    """The first warnings of a batch."""
    query = (
        select(ImportRowWarning).where(ImportRowWarning.batch_id == batch_id).order_by(ImportRowWarning.id)
    )
    return session.scalars(query.limit(MOST_WARNINGS)).all()
