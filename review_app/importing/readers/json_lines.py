"""JSON Lines: one article a line, as an object whose `body` is HTML. Read as a stream; a bad line is refused alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from review_app.importing.limits import DEFAULT_LIMITS, Limits
from review_app.importing.readers.encoding import utf8_blocks
from review_app.importing.readers.json_records import Piece, read_record
from review_app.importing.record import RawRecord, Refusal
from review_app.importing.rules import KEPT_OF_TOO_LONG, ROW_FIELDS, shortened, storable

name = "jsonl"
suffix = "jsonl"

BEGINS_OBJECT = re.compile(rb'\{\s*["}]')
BEGINS_JSON_LIST = re.compile(rb"\[\s*(?:\{|\Z)")


def recognises(head: bytes) -> bool:
    """Whether the first line begins an object, or half of all lines do, for the first may be the broken one."""
    lines = [line for line in (line.strip() for line in head.split(b"\n")) if line]
    if not lines or BEGINS_JSON_LIST.match(lines[0]):
        return False
    objects = sum(BEGINS_OBJECT.match(line) is not None for line in lines)
    return bool(BEGINS_OBJECT.match(lines[0])) or 2 * objects >= len(lines)


def check(_stream: BinaryIO, _limits: Limits) -> None:
    """Nothing: each line stands for itself."""


def read(stream: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Iterator[RawRecord | Refusal]:
    """One record or refusal for each line that is not blank."""
    item = 0
    for line in _lines(utf8_blocks(stream), limits.line_bytes):
        if line.too_long or line.data.strip():
            item += 1
            found = read_record(line, item, limits, called="line")
            yield _without_articles_in_it(found) if isinstance(found, RawRecord) else found


def _without_articles_in_it(record: RawRecord) -> RawRecord | Refusal:
    """A whole document on one line must not pass for one record, with the articles in it as its metadata."""
    for key, value in record.fields.items():
        first = value[0] if isinstance(value, list) and value and key not in ROW_FIELDS else None
        if isinstance(first, dict) and ("payload" in first or "source_id" in first):
            reason = (
                f"{shortened(key, 80)} is a list of articles in an article: which is meant cannot be told."
            )
            return Refusal(record.line, record.item, shortened(key, 80), storable(reason), record.raw)
    return record


def again(raws: Iterable[str]) -> Iterator[tuple[int, str]]:
    """One file, a record a line."""
    return ((1, raw.rstrip("\r\n") + "\n") for raw in raws)


def _lines(blocks: Iterable[bytes], most: int) -> Iterator[Piece]:
    """The lines of a file in bounded memory, however long one is."""
    number, rest, too_long = 1, b"", False
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for data in whole:
            yield _line(number, data, too_long=too_long or len(data) > most)
            number, too_long = number + 1, False
        if too_long or len(rest) > most:
            rest, too_long = rest[:KEPT_OF_TOO_LONG], True
    if rest or too_long:
        yield _line(number, rest, too_long=too_long)


def _line(number: int, data: bytes, *, too_long: bool) -> Piece:
    return Piece(number, data[:KEPT_OF_TOO_LONG] if too_long else data.removesuffix(b"\r"), too_long)
