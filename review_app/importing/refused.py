"""Refused records as files: a table for people, and the records themselves in the format they came in."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from typing import IO

from sqlalchemy.orm import Session

from review_app.base.csv import harmless
from review_app.importing.models import ImportRow, ImportRowError
from review_app.importing.queries import errors_of_format, formats_refused
from review_app.importing.readers import READERS

COLUMNS = ("file", "line", "item", "source_id", "field", "reason", "raw")


def as_csv(errors: Iterator[ImportRowError]) -> Iterator[str]:
    """Every refused record, a line each; cells that a spreadsheet would run are made harmless."""
    return _lines(COLUMNS, ([getattr(error, column) for column in COLUMNS] for error in errors))


def left_as_csv(rows: Iterator[ImportRow]) -> Iterator[str]:
    """What an undo left, a line each."""
    columns = ("source_id", "outcome", "reason")
    return _lines(columns, ([row.source_id, row.outcome, row.undo] for row in rows))


def _lines(columns: tuple[str, ...], rows: Iterator[list[object]]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def write_again(session: Session, batch_id: int, target: IO[bytes]) -> str | None:
    """Write the refused records as they came, to be corrected and imported again; returns how the file's name ends.

    One file where they all fit into one, else a zip of them. None if nothing was kept, since whole files were refused.
    """
    formats = formats_refused(session, batch_id)
    files = ((READERS[name].suffix, text) for name in formats for text in _texts(session, batch_id, name))
    first = next(files, None)
    if first is None:
        return None
    second = next(files, None)
    if second is None:
        target.write(first[1].encode())
        return first[0]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (suffix, text) in enumerate((first, second, *files), 1):
            archive.writestr(f"refused-{number:05}.{suffix}", text)
    return "zip"


def _texts(session: Session, batch_id: int, format_name: str) -> Iterator[str]:
    return READERS[format_name].again(error.raw for error in errors_of_format(session, batch_id, format_name))
