"""Rows of a CSV file: where each ends, found in a stream of bytes, and its cells. RFC 4180, with any of four delimiters.

Written here and not left to Python's `csv`: that drops a quotation mark that is never closed only after it has taken
the rest of the file for one cell, and then goes on in the middle of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from review_app.importing.readers.json_records import Piece
from review_app.importing.rules import KEPT_OF_TOO_LONG

DELIMITERS = (",", ";", "\t", "|")
IN_QUOTES = re.compile(rb'(?:[^"]++|"")*+')


class Row(NamedTuple):
    """The bytes of one row without its line end; `is_open` if it ends within quotation marks that nothing closes."""

    piece: Piece
    is_open: bool


class Cell(NamedTuple):
    """What a cell says, and what stands after its closing quotation mark, where nothing may stand."""

    text: str
    after: str


def cells(row: str, delimiter: str) -> list[Cell]:
    """The cells of one row that is not open."""
    found = []
    for cell in CELL[delimiter].finditer(row):
        if cell[1] is None:
            found.append(Cell(cell[3], ""))
        else:
            found.append(Cell(cell[1].replace('""', '"'), cell[2]))
        if not cell[4]:
            break
    return found


def _cell(delimiter: str) -> re.Pattern[str]:
    mark = re.escape(delimiter)
    return re.compile(rf'(?:"((?:[^"]++|"")*+)"([^{mark}]*+)|([^{mark}]*+))({mark}|\Z)', re.DOTALL)


CELL = {delimiter: _cell(delimiter) for delimiter in DELIMITERS}


def rows(blocks: Iterable[bytes], delimiter: str, most: int) -> Iterator[Row]:
    """The rows with anything in them, in bounded memory, however long one is: of one over `most` bytes the beginning."""
    splitter = _Splitter(delimiter, most)
    for block in blocks:
        yield from splitter.rows_ending_in(block)
    yield from splitter.last_row()


class _Splitter:
    """The state at the end of a block: in a row, and there at the beginning of a cell, within one, or in quotes."""

    def __init__(self, delimiter: str, most: int) -> None:
        mark = re.escape(delimiter.encode())
        self.delimiter, self.most = delimiter.encode(), most
        self.blank = self.delimiter + b" \t\r"
        text = rb"[^\n" + mark + rb"]*+"
        # As many cells as have no quotation mark at their beginning, in one go.
        self.plain = re.compile(rb"(?:" + text + mark + rb'(?!"))*+' + text)
        self.line = 1
        self._begin()

    def _begin(self) -> None:
        self.pieces: list[bytes] = []
        self.size, self.kept, self.lines = 0, 0, 0
        self.at_cell, self.quoted, self.perhaps_closed = True, False, False

    def rows_ending_in(self, block: bytes) -> Iterator[Row]:
        start = at = 0
        while at < len(block):
            at = self._step(block, at)
            if at < len(block) and not (self.quoted or self.at_cell) and block[at] == ord("\n"):
                self._keep(block[start:at])
                yield from self._row()
                start = at = at + 1
        self._keep(block[start:])

    def last_row(self) -> Iterator[Row]:
        """What stands after the last line end."""
        yield from self._row(is_open=self.quoted and not self.perhaps_closed)

    def _step(self, block: bytes, at: int) -> int:
        """Pass over what belongs together; where it ends."""
        if self.perhaps_closed:
            self.perhaps_closed = False
            self.quoted = block[at] == ord('"')
            return at + 1 if self.quoted else at
        if self.quoted:
            end = _end(IN_QUOTES, block, at)
            # The last byte of a block may be the first half of a doubled quotation mark.
            self.perhaps_closed = end == len(block) - 1
            self.quoted = end >= len(block) - 1
            return min(end + 1, len(block))
        if self.at_cell and block[at] == ord('"'):
            self.at_cell, self.quoted = False, True
            return at + 1
        end = _end(self.plain, block, at)
        self.at_cell = False
        if end < len(block) and block[end] == ord("\n"):
            return end
        return self._after_plain(block, end)

    def _after_plain(self, block: bytes, end: int) -> int:
        if end < len(block):  # the delimiter before a quotation mark
            self.at_cell = True
            return end + 1
        self.at_cell = block.endswith(self.delimiter)
        return end

    def _keep(self, piece: bytes) -> None:
        self.lines += piece.count(b"\n")
        self.size += len(piece)
        room = KEPT_OF_TOO_LONG - self.kept if self.size > self.most else len(piece)
        if room > 0:
            self.pieces.append(piece[:room])
            self.kept += len(self.pieces[-1])

    def _row(self, *, is_open: bool = False) -> Iterator[Row]:
        data, too_long, line = b"".join(self.pieces), self.size > self.most, self.line
        self.line += self.lines + 1
        self._begin()
        if data.strip(self.blank):
            data = data[:KEPT_OF_TOO_LONG] if too_long else data.removesuffix(b"\r")
            yield Row(Piece(line, data, too_long), is_open)


def _end(pattern: re.Pattern[bytes], data: bytes, start: int) -> int:
    found = pattern.match(data, start)
    return found.end() if found else start
