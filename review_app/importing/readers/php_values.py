"""Values as PHP's `serialize` writes them, which is how WordPress stores lists and groups in one text.

    a:2:{i:0;s:5:"redis";i:1;s:6:"celery";}       a list
    a:1:{s:7:"quality";i:48;}                     a group of named values

Read here: arrays, texts, whole numbers, fractions, yes or no, and null. Objects and references are refused, for they
name code of the site or values elsewhere. The grammar is PHP's own: https://www.php.net/manual/function.serialize.php

A text's length is in bytes of UTF-8. XML turns CR LF into LF, so a text that had some is shorter afterwards than its
length says. Such a text ends at the one place where `";` stands and where the bytes that are missing are no more than
the line ends before it; if there are two such places, nothing is guessed and the value is broken.
"""

from __future__ import annotations

import math
import re
from typing import Any

from review_app.importing.limits import DEFAULT_LIMITS

SERIALISED = re.compile(
    r"""\s*(?:a:[0-9]+:\{.*\}|[OCE]:[0-9]+:".*[};]|s:[0-9]+:".*";|[idb]:[-+0-9.E]+;|[rR]:[0-9]+;|N;)\s*""",
    re.DOTALL,
)
WHOLE = re.compile(rb"i:([+-]?[0-9]{1,20});")
FRACTION = re.compile(rb"d:([+-]?[0-9.]{1,40}(?:E[+-]?[0-9]{1,4})?);")
YES_OR_NO = re.compile(rb"b:([01]);")
ARRAY = re.compile(rb"a:([0-9]{1,9}):\{")
TEXT = re.compile(rb's:([0-9]{1,9}):"')
TEXT_END = b'";'
REFUSED = {
    b"O": "an object",
    b"C": "an object",
    b"E": "an enumeration",
    b"r": "a reference",
    b"R": "a reference",
}


class BrokenValue(Exception):
    """Not what `serialize` writes, or nothing that is read here; `reason` goes on a sentence that names the value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def looks_serialised(text: str) -> bool:
    """Whether WordPress would unserialise this text; most texts are told by their first two characters."""
    begin = text.lstrip()[:2]
    return (begin[1:] == ":" or begin == "N;") and SERIALISED.fullmatch(text) is not None


def unserialise(text: str, most_deep: int = DEFAULT_LIMITS.json_depth) -> Any:
    """The value: an array with the keys 0, 1, 2 … is a list, an empty one too, any other a dict with its keys as text.

    Arrays may nest `most_deep`. Raises `BrokenValue`.
    """
    data = text.strip().encode(errors="surrogatepass")
    try:
        return _Parser(data, most_deep, folded=False).whole()
    except BrokenValue:
        if b"\n" not in data:
            raise
    return _Parser(data, most_deep, folded=True).whole()


class _Parser:
    """One pass over a value; `folded` if the lengths of texts may be too large by their line ends."""

    def __init__(self, data: bytes, most_deep: int, *, folded: bool) -> None:
        self.data, self.most_deep, self.folded, self.position = data, most_deep, folded, 0

    def whole(self) -> Any:
        """The one value that all of the data is."""
        value = self._value(1)
        if self.position != len(self.data):
            raise self._broken("there is more after its end")
        return value

    def _value(self, depth: int) -> Any:
        kind = self.data[self.position : self.position + 1]
        if kind in REFUSED:
            raise self._broken(f"it contains {REFUSED[kind]} of PHP")
        if kind == b"a":
            return self._array(depth)
        if kind == b"N":
            return self._null()
        return self._scalar(kind)

    def _scalar(self, kind: bytes) -> Any:
        if kind == b"s":
            return self._text()
        if kind == b"i":
            return int(self._match(WHOLE))
        if kind == b"b":
            return self._match(YES_OR_NO) == b"1"
        if kind == b"d":
            return self._fraction()
        raise self._broken("no value begins there")

    def _null(self) -> None:
        if not self.data.startswith(b"N;", self.position):
            raise self._broken("no value begins there")
        self.position += 2

    def _fraction(self) -> float:
        digits = self._match(FRACTION)
        try:
            value = float(digits)
        except ValueError:
            raise self._broken("no number") from None
        if not math.isfinite(value):
            raise self._broken("too large a number")
        return value

    def _array(self, depth: int) -> list[Any] | dict[str, Any]:
        if depth > self.most_deep:
            raise self._broken(f"it is nested more than {self.most_deep} deep")
        count = int(self._match(ARRAY))
        entries: dict[str, Any] = {}
        is_list = True
        for number in range(count):
            key = self._key()
            if str(key) in entries:
                raise self._broken("a key stands twice")
            is_list = is_list and key == number
            entries[str(key)] = self._value(depth + 1)
        if not self.data.startswith(b"}", self.position):
            raise self._broken("an array does not end where it should")
        self.position += 1
        return list(entries.values()) if is_list else entries

    def _key(self) -> int | str:
        kind = self.data[self.position : self.position + 1]
        if kind == b"i":
            return int(self._match(WHOLE))
        if kind == b"s":
            return self._text()
        raise self._broken("a key is missing")

    def _text(self) -> str:
        length = int(self._match(TEXT))
        start = self.position
        end = self._end_of_folded(start, length) if self.folded else start + length
        if not self.data.startswith(TEXT_END, end):
            raise self._broken("a text does not end where its length says")
        self.position = end + len(TEXT_END)
        try:
            return self.data[start:end].decode(errors="surrogatepass")
        except UnicodeDecodeError:
            raise self._broken("a text ends within a character") from None

    def _end_of_folded(self, start: int, length: int) -> int:
        """Where a text ends whose CR LF may have become LF: the only place that fits its length."""
        data, last = self.data, min(start + length, len(self.data))
        found: list[int] = []
        line_ends, counted = 0, start
        end = data.find(
            TEXT_END, start + max(length - data.count(b"\n", start, last), 0), last + len(TEXT_END)
        )
        while end >= 0 and len(found) < 2:
            line_ends, counted = line_ends + data.count(b"\n", counted, end), end
            if length - (end - start) <= line_ends:
                found.append(end)
            end = data.find(TEXT_END, end + 1, last + len(TEXT_END))
        if len(found) != 1:
            why = "could end in two places" if found else "does not end where its length says"
            raise self._broken(f"a text {why}")
        return found[0]

    def _match(self, pattern: re.Pattern[bytes]) -> bytes:
        found = pattern.match(self.data, self.position)
        if not found:
            raise self._broken("a number, a length or a quotation mark is missing")
        self.position = found.end()
        return found[1]

    def _broken(self, what: str) -> BrokenValue:
        return BrokenValue(f"{what} (byte {self.position + 1})")
