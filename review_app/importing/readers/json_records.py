"""One record, or one value, written in JSON: decoded strictly, or refused in plain words. For each format that holds JSON.

The standard library's decoder is used and not msgspec, since it tells where a text is broken, lets a key that stands
twice be refused, and numbers be looked at before they are converted. It takes 40 µs a record; msgspec 30.
"""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from review_app.importing import rules
from review_app.importing.limits import Limits, size
from review_app.importing.readers.encoding import describe
from review_app.importing.record import RawRecord, Refusal
from review_app.importing.rules import BODY, MOST_DIGITS

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
WITHIN_A_TEXT = ("Invalid control character", "Invalid \\")
"""What is wrong inside a text leaves no doubt where the text, and so the record, ends."""


class Piece(NamedTuple):
    """The bytes of one record: on which line they begin; of one that is too long only the beginning."""

    number: int
    data: bytes
    too_long: bool


class BadRecord(Exception):
    """Why a record is refused: the field, empty for the whole record, and a sentence for a person."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


class _BadNumber(Exception):
    pass


class _KeyTwice(Exception):
    pass


def read_record(piece: Piece, item: int, limits: Limits, *, called: str) -> RawRecord | Refusal:
    """The record that these bytes are; `called` is what the reasons call them: a line, say."""
    try:
        text = _text(piece, limits.line_bytes, called)
        fields = _object_in(text, limits.json_depth, called)
        body = _body(fields)
    except BadRecord as bad:
        return refusal(piece, item, bad)
    return RawRecord(piece.number, item, fields, body, text)


def refusal(piece: Piece, item: int, bad: BadRecord) -> Refusal:
    """The refusal of a record, with what can be shown of its bytes, and its id if that can be made out."""
    raw = rules.storable(piece.data.decode(errors="replace"))
    found = SOURCE_ID.search(raw)
    field = rules.storable(bad.field)
    return Refusal(piece.number, item, field, bad.reason, raw, found[1] if found else None)


def decode(text: str, most_deep: int, called: str) -> Any:
    """The value that a text writes. Raises `BadRecord`; its field is a path within the value."""
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as error:
        reason = f"The {called} is no valid JSON: {in_words(error)} (position {error.pos + 1})."
        raise BadRecord("", reason) from None
    except RecursionError:
        raise BadRecord("", f"The {called} is nested more than {most_deep} deep.") from None
    except _KeyTwice as twice:
        key = rules.shortened(str(twice), 80)
        shown = rules.storable(json.dumps(key, ensure_ascii=False))
        raise BadRecord(key, f"The key {shown} stands twice.") from None
    except _BadNumber as bad:
        field = _where(text)
        raise BadRecord(field, f"{rules.storable(field) or f'The {called}'} is {bad}.") from None


def breakage(text: str) -> json.JSONDecodeError | None:
    """Where the JSON itself is broken, whatever its values are: a bracket, comma, colon, quote or value is missing."""
    try:
        SYNTAX.decode(text)
    except json.JSONDecodeError as error:
        return None if error.msg.startswith(WITHIN_A_TEXT) else error
    except RecursionError:  # refused for its depth when it is read
        return None
    return None


def in_words(error: json.JSONDecodeError) -> str:
    """What is broken, without the terms of a parser."""
    return next((words for begin, words in PLAIN_WORDS.items() if error.msg.startswith(begin)), error.msg)


def _text(piece: Piece, most: int, called: str) -> str:
    if piece.too_long:
        raise BadRecord("", f"The {called} is longer than {size(most)}; only its beginning is kept.")
    if b"\0" in piece.data:
        position = piece.data.index(0) + 1
        raise BadRecord("", f"The {called} contains a NUL character (position {position}).")
    try:
        return piece.data.decode()
    except UnicodeDecodeError as error:
        raise BadRecord("", f"The {called} {describe(error)}.") from None


def _object_in(text: str, most_deep: int, called: str) -> dict[str, Any]:
    value = decode(text, most_deep, called)
    if not isinstance(value, dict):
        raise BadRecord("", f"The {called} is no object: each {called} must be one, in braces.")
    return value


def _body(fields: dict[str, Any]) -> str:
    body = fields.pop(BODY, None)
    if body is not None and not isinstance(body, str):
        raise BadRecord(BODY, f"{BODY} must be a text (HTML).")
    return body or ""


# --- the decoder ------------------------------------------------------------------------------------------------------


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _KeyTwice(first_twice(key for key, _ in pairs))
    return value


def first_twice(keys: Iterable[str]) -> str:
    """The first of these that stood before, or an empty text."""
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
    """The path of the number that may not be: the text is read again, with its numbers as they are written."""
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
SYNTAX = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)
