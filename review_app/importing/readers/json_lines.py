"""JSON Lines: one article a line, as an object whose `body` is HTML. Read as a stream; a bad line is refused alone.

The standard library's decoder is used and not msgspec, since it tells where a line is broken, lets a key that stands
twice be refused, and numbers be looked at before they are converted. It takes 40 µs a record; msgspec 30.
"""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

from review_app.importing import rules
from review_app.importing.limits import DEFAULT_LIMITS, Limits, size
from review_app.importing.readers.encoding import describe, utf8_blocks
from review_app.importing.record import RawRecord, Refusal
from review_app.importing.rules import BODY, KEPT_OF_TOO_LONG, MOST_DIGITS

name = "jsonl"

BEGINS_OBJECT = re.compile(rb'\{\s*["}]')
BEGINS_JSON_LIST = re.compile(rb"\[\s*(?:\{|\Z)")
SOURCE_ID = re.compile(r'"source_id"\s*:\s*"([A-Za-z0-9][A-Za-z0-9._:-]{0,199})"')
PLAIN_WORDS = {
    "Expecting ',' delimiter": "a comma or a closing bracket is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting property name": "a key in double quotes is missing",
    "Expecting value": "a value is missing",
    "Unterminated string": "a text begins that never ends",
    "Invalid control character": "a control character stands in a text unescaped",
    "Invalid \\": "a backslash is followed by what may not follow it",
    "Illegal trailing comma": "there is a comma too many",
    "Extra data": "there is more after the object has ended",
}


class Line(NamedTuple):
    """One line of the file; of one that is too long only the beginning."""

    number: int
    data: bytes
    too_long: bool


class _BadLine(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


class _BadNumber(Exception):
    pass


class _KeyTwice(Exception):
    pass


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
            yield _record(line, item, limits)


def _record(line: Line, item: int, limits: Limits) -> RawRecord | Refusal:
    try:
        text = _text(line, limits.line_bytes)
        fields = _fields(text, limits.json_depth)
        body = _body(fields)
    except _BadLine as bad:
        raw = rules.storable(line.data.decode(errors="replace"))
        found = SOURCE_ID.search(raw)
        return Refusal(
            line.number, item, rules.storable(bad.field), bad.reason, raw, found[1] if found else None
        )
    return RawRecord(line.number, item, fields, body, text)


def _text(line: Line, most: int) -> str:
    if line.too_long:
        raise _BadLine("", f"The line is longer than {size(most)}; only its beginning is kept.")
    if b"\0" in line.data:
        raise _BadLine("", f"The line contains a NUL character (position {line.data.index(0) + 1}).")
    try:
        return line.data.decode()
    except UnicodeDecodeError as error:
        raise _BadLine("", f"The line is no UTF-8 text: {describe(error)}.") from None


def _fields(text: str, most_deep: int) -> dict[str, Any]:
    try:
        value = DECODER.decode(text)
    except json.JSONDecodeError as error:
        words = next(
            (words for begin, words in PLAIN_WORDS.items() if error.msg.startswith(begin)), error.msg
        )
        raise _BadLine("", f"The line is no valid JSON: {words} (position {error.pos + 1}).") from None
    except RecursionError:
        raise _BadLine("", f"The record is nested more than {most_deep} deep.") from None
    except _KeyTwice as twice:
        key = rules.shortened(str(twice), 80)
        raise _BadLine(
            key, f"The key {rules.storable(json.dumps(key, ensure_ascii=False))} stands twice."
        ) from None
    except _BadNumber as bad:
        field = _where(text)
        raise _BadLine(field, f"{rules.storable(field) or 'The line'} is {bad}.") from None
    if not isinstance(value, dict):
        raise _BadLine("", "The line is no object: each line must be one, in braces.")
    return value


def _body(fields: dict[str, Any]) -> str:
    body = fields.pop(BODY, None)
    if body is not None and not isinstance(body, str):
        raise _BadLine(BODY, f"{BODY} must be a text (HTML).")
    return body or ""


# --- the decoder ------------------------------------------------------------------------------------------------------


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _KeyTwice(_first_twice(key for key, _ in pairs))
    return value


def _first_twice(keys: Iterable[str]) -> str:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    return ""


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > MOST_DIGITS:
        raise _BadNumber(f"a number of more than {MOST_DIGITS} digits")
    return int(digits)


def _fraction(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _BadNumber("too large a number")
    return value


def _no_number(word: str) -> float:
    raise _BadNumber(f"{word}, which is no number")


DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_fraction, parse_constant=_no_number
)


def _where(text: str) -> str:
    """The path of the number that may not be: the line is read again, with its numbers as they are written."""
    try:
        pending: deque[tuple[str, Any]] = deque([("", AS_WRITTEN.decode(text))])
    except (json.JSONDecodeError, RecursionError):  # broken as well, further on
        return ""
    while pending:
        path, value = pending.popleft()
        if isinstance(value, _Written) and value.is_bad:
            return rules.shortened(path, rules.MOST_KEY_CHARACTERS)
        if isinstance(value, dict):
            pending.extend((f"{path}.{key}" if path else key, inner) for key, inner in value.items())
        elif isinstance(value, list):
            pending.extend((f"{path}[{number}]", inner) for number, inner in enumerate(value))
    return ""


class _Written(str):
    """A number as it is written."""

    __slots__ = ()

    @property
    def is_bad(self) -> bool:
        return (
            len(self.lstrip("-")) > MOST_DIGITS
            if self.lstrip("-").isdigit()
            else not math.isfinite(float(self))
        )


AS_WRITTEN = json.JSONDecoder(parse_int=_Written, parse_float=_Written, parse_constant=_Written)


# --- lines ------------------------------------------------------------------------------------------------------------


def _lines(blocks: Iterable[bytes], most: int) -> Iterator[Line]:
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


def _line(number: int, data: bytes, *, too_long: bool) -> Line:
    return Line(number, data[:KEPT_OF_TOO_LONG] if too_long else data.removesuffix(b"\r"), too_long)
