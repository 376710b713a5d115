"""Refused records as files: a table for people, and the records themselves in the format they came in."""

from __future__ import annotations

import csv
import io
import itertools
import zipfile
from collections.abc import Iterator
from typing import IO

from sqlalchemy.orm import Session

from review_app.base.csv import harmless
from review_app.importing.models import ImportRow, ImportRowError
from review_app.importing.queries import errors_of_format, formats_refused
from review_app.importing.readers import READERS

Piece = tuple[int, str, str]
"""The number of a file within its format, how its name ends, and some text of it."""
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
    Nothing is held in memory, however many there are. `target` must be able to seek.
    """
    files = list(itertools.islice(_files(session, batch_id), 2))
    if not files:
        return None
    if len(files) == 1:
        ((_, suffix), pieces) = next(iter(_grouped(session, batch_id)))
        for _, _, text in pieces:
            target.write(text.encode())
        return suffix
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, ((_, suffix), pieces) in enumerate(_grouped(session, batch_id), 1):
            with archive.open(f"refused-{number:05}.{suffix}", "w", force_zip64=True) as member:
                for _, _, text in pieces:
                    member.write(text.encode())
    return "zip"


def _files(session: Session, batch_id: int) -> Iterator[tuple[int, str]]:
    """Each file that there will be: its number within its format, and how its name ends."""
    return (key for key, _ in _grouped(session, batch_id))


def _grouped(session: Session, batch_id: int) -> Iterator[tuple[tuple[int, str], Iterator[Piece]]]:
    return itertools.groupby(_pieces(session, batch_id), key=lambda piece: piece[:2])


def _pieces(session: Session, batch_id: int) -> Iterator[Piece]:
    for name in formats_refused(session, batch_id):
        raws = (error.raw for error in errors_of_format(session, batch_id, name))
        for number, text in READERS[name].again(raws):
            yield number, READERS[name].suffix, text
