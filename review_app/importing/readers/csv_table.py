"""CSV: a header with the names of the columns, and one article a row. Read as a stream, of any length.

The delimiter is a comma, semicolon, tab or vertical bar. It is the one by which most columns of the header are known to
the desk; if that leaves several, the one by which the first rows have as many cells as the header. If that leaves
several too, the file is refused: nothing is guessed. A cell with the delimiter, a quotation mark or a line end in it
stands in quotation marks, and a quotation mark in it is doubled. Lists are JSON texts or have `|` between their items.
An empty cell says nothing. An apostrophe that keeps a spreadsheet from running a cell stays: it is part of the text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO, NamedTuple

from review_app.importing.limits import DEFAULT_LIMITS, Limits, size
from review_app.importing.readers.csv_columns import Column, check_columns, column, put
from review_app.importing.readers.csv_rows import DELIMITERS, Cell, Row, cells, rows
from review_app.importing.readers.encoding import describe, utf8_blocks
from review_app.importing.readers.json_records import BadRecord, Piece, refusal
from review_app.importing.readers.reader import Found, UnreadableFile
from review_app.importing.record import RawRecord, Refusal
from review_app.importing.rules import BODY
from review_app.importing.shape import shown

name = "csv"
suffix = "csv"

HEAD_BYTES = 64 * 1024
"""How much of a file is looked at for its delimiter."""
ROWS_LOOKED_AT = 20
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
NAME = re.compile(r"[^\W\d][\w.-]*")
"""How a column of another source is named, such as `post_title`; prose hardly ever reads so."""
BEGINS_OBJECT = re.compile(rb'\s*\{\s*"')
SURE = 2
"""Columns of the desk's own in a header that make a file a table."""


class _Beginning(NamedTuple):
    """The header as one delimiter reads it, and the numbers of cells in the rows below it."""

    delimiter: str
    columns: tuple[Column, ...]
    widths: tuple[int, ...]

    @property
    def known(self) -> int:
        return sum(one.is_known for one in self.columns)

    @property
    def is_even(self) -> bool:
        return all(width == len(self.columns) for width in self.widths)


def recognises(head: bytes) -> bool:
    """Whether the first line names columns of the desk, or of another source above rows as wide as it.

    A line that begins an object names none, though commas part its keys when it is written without blanks.
    """
    if BEGINS_OBJECT.match(head):
        return False
    beginnings = _beginnings(head[:HEAD_BYTES])
    return any(
        (one.known >= SURE and (one.is_even or _names_articles(one)))
        or (len(one.columns) > SURE and bool(one.widths) and one.is_even and _all_names(one))
        for one in beginnings
    )


def _names_articles(one: _Beginning) -> bool:
    return any(column.path[-1:] == ("source_id",) for column in one.columns)


def _all_names(one: _Beginning) -> bool:
    return all(NAME.fullmatch(column.name) for column in one.columns)


def check(stream: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> None:
    """Raise `UnreadableFile` if the header cannot be understood, or nothing stands below it."""
    if next(_rows(stream, limits), None) is None:
        raise UnreadableFile("The table has a header and no rows.")


def read(stream: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Iterator[Found]:
    """One record or refusal for each row below the header; of a table that `check` refuses one refusal."""
    try:
        for item, (row, table) in enumerate(_rows(stream, limits), 1):
            yield _record(row, item, table)
    except UnreadableFile as unreadable:
        yield Refusal(1, 1, "", unreadable.reason, "")


def again(raws: Iterable[str]) -> Iterator[tuple[int, str]]:
    """A file for each table that rows came from, with its header."""
    last, number = None, 0
    for raw in raws:
        header, _, row = raw.partition("\n")
        if header != last:
            last, number = header, number + 1
            yield number, header + "\n"
        yield number, row + "\n"


# --- the header -------------------------------------------------------------------------------------------------------


def _rows(stream: BinaryIO, limits: Limits) -> Iterator[tuple[Row, _Table]]:
    """The rows below the header, and what it says. Raises `UnreadableFile`."""
    blocks = utf8_blocks(stream)
    head = b""
    while len(head) < HEAD_BYTES and (block := next(blocks, None)) is not None:
        head += block
    delimiter = _delimiter(head[:HEAD_BYTES])
    found = rows(itertools.chain([head], blocks), delimiter, limits.line_bytes)
    header = next(found)
    columns = _columns(header, delimiter, limits)
    table = _Table(delimiter, columns, limits, " ".join(header.piece.data.decode().splitlines()))
    for row in found:
        yield row, table


def _delimiter(head: bytes) -> str:
    """The character that separates the cells. Raises `UnreadableFile` if none does, or which one cannot be told."""
    beginnings = _beginnings(head)
    most = max((one.known for one in beginnings), default=0)
    likely = [one for one in beginnings if one.known == most]
    if len(likely) > 1:
        likely = [one for one in likely if one.is_even and one.widths] or likely
    if len(likely) > 1:
        names = " or ".join(DELIMITER_NAMES[one.delimiter] for one in likely)
        raise UnreadableFile(f"Which character separates the columns cannot be told: {names}.")
    if not likely:
        wanted = ", ".join(DELIMITER_NAMES.values())
        raise UnreadableFile(
            f"The first line names no columns: at least two, with one of these between them: {wanted}."
        )
    return likely[0].delimiter


def _beginnings(head: bytes) -> list[_Beginning]:
    """For each delimiter that parts the first line at all."""
    found = [_beginning(head, delimiter) for delimiter in DELIMITERS if delimiter.encode() in head]
    return [one for one in found if len(one.columns) > 1]


def _beginning(head: bytes, delimiter: str) -> _Beginning:
    whole = list(itertools.islice(rows([head], delimiter, HEAD_BYTES), ROWS_LOOKED_AT + 1))
    if (
        len(whole) > 1
        and len(whole) <= ROWS_LOOKED_AT
        and not head.endswith(b"\n")
        and len(head) >= HEAD_BYTES
    ):
        whole.pop()  # it may be cut
    texts = [row.piece.data.decode(errors="replace") for row in whole if not row.is_open] or [""]
    columns = tuple(column(cell.text) for cell in cells(texts[0], delimiter))
    return _Beginning(delimiter, columns, tuple(len(cells(text, delimiter)) for text in texts[1:]))


def _columns(header: Row, delimiter: str, limits: Limits) -> tuple[Column, ...]:
    data = header.piece.data
    if header.is_open or header.piece.too_long:
        raise UnreadableFile("The header is too long, or a quotation mark in it is never closed.")
    if b"\0" in data:
        raise UnreadableFile("The header contains a NUL character.")
    if b"\r" in data:
        raise UnreadableFile("The header contains a carriage return: save the file with usual line ends.")
    try:
        named = cells(data.decode(), delimiter)
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"The header {describe(error)}.") from None
    if any(cell.after for cell in named):
        raise UnreadableFile("The name of a column goes on after its closing quotation mark.")
    columns = tuple(column(cell.text) for cell in named)
    check_columns(columns, limits)
    return columns


# --- rows -------------------------------------------------------------------------------------------------------------


class _Table(NamedTuple):
    """What the header says, and the header itself as it stands."""

    delimiter: str
    columns: Sequence[Column]
    limits: Limits
    header: str

    def with_header(self, row: str) -> str:
        """A row as it is kept: below its header, so that it can be read by itself."""
        return f"{self.header}\n{row}"


def _record(row: Row, item: int, table: _Table) -> RawRecord | Refusal:
    try:
        text = _text(row, table)
        fields = _fields(cells(text, table.delimiter), table)
    except BadRecord as bad:
        refused = refusal(row.piece, item, bad)
        return replace(refused, raw=table.with_header(refused.raw))
    body = fields.pop(BODY, "")
    return RawRecord(row.piece.number, item, fields, body, table.with_header(text))


def _text(row: Row, table: _Table) -> str:
    piece, limits = row.piece, table.limits
    if row.is_open:
        name = _last_column(piece, table)
        raise BadRecord(
            name,
            f"{name or 'A cell'} begins with a quotation mark that is never closed; no row after it can be told.",
        )
    if piece.too_long:
        reason = f"The row is longer than {size(limits.line_bytes)}; only its beginning is kept."
        raise BadRecord("", reason)
    try:
        text = piece.data.decode()
    except UnicodeDecodeError as error:
        name = _last_column(Piece(piece.number, piece.data[: error.start], too_long=False), table)
        raise BadRecord(name, f"{name or 'The row'} {describe(error)}.") from None
    if "\0" in text:
        name = _last_column(Piece(piece.number, piece.data[: piece.data.index(0)], too_long=False), table)
        raise BadRecord(name, f"{name or 'The row'} contains a NUL character.")
    return text


def _last_column(piece: Piece, table: _Table) -> str:
    """The name of the column in which these bytes end."""
    number = len(cells(piece.data.decode(errors="replace") + '"', table.delimiter))
    return table.columns[number - 1].name if number <= len(table.columns) else ""


def _fields(row: list[Cell], table: _Table) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if len(row) != len(table.columns):
        fault = f"The row has {len(row):,} cells, but the header has {len(table.columns):,} columns."
        raise BadRecord(_odd_cell(row, table), fault)
    for one, cell in zip(table.columns, row, strict=True):
        if cell.after:
            raise BadRecord(
                one.name, f"{one.name} goes on after its closing quotation mark, with {shown(cell.after)}."
            )
        put(fields, one, cell.text, table.limits)
    return fields


def _odd_cell(row: list[Cell], table: _Table) -> str:
    """The first column that the row does not reach; empty if it goes beyond the last."""
    return table.columns[len(row)].name if len(row) < len(table.columns) else ""
