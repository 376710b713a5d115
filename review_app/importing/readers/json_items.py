"""Where the items of a JSON document begin and end, found by scanning its bytes: no more than one item is ever in memory.

A document is never decoded as a whole: one emoji makes Python keep four bytes for each of its characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from review_app.importing.limits import Limits, size
from review_app.importing.readers.encoding import utf8_blocks
from review_app.importing.rules import KEPT_OF_TOO_LONG

BLANKS = re.compile(rb"[ \t\r\n]*+")
BRACKETS_OR_TEXT = re.compile(rb'[\[{]++|[\]}]++|"(?:[^"\\]++|\\.)*+("?+)', re.DOTALL)
PLAIN_VALUE = re.compile(rb"[^,:\[\]{}\"]*+")
REST_OF_TEXT = re.compile(rb'(?:[^"\\]++|\\.)*+("?+)', re.DOTALL)
NOT_FIRST_BYTES = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 that continue a character; without them bytes count characters."""


class Broken(Exception):
    """The document is no JSON: on which line and at which character of it, from 1, and why."""

    def __init__(self, line: int, position: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.position, self.reason = line, position, reason

    def __str__(self) -> str:
        return f"The file is no valid JSON: {self.reason} (line {self.line}, position {self.position})."


class Unusable(Broken):
    """The document is JSON, as far as it was read, and cannot be taken all the same."""

    def __str__(self) -> str:
        return self.reason


class Key(NamedTuple):
    """A key of an object, and where it stands."""

    text: str
    line: int
    position: int


class Value:
    """The bytes of one value, of one that is too long only the beginning; and where it begins."""

    def __init__(self, line: int, position: int, most: int) -> None:
        self.line, self.position, self.most = line, position, most
        self.pieces: list[bytes] = []
        self.size = 0

    def add(self, piece: bytes) -> None:
        """Some more of it."""
        if not self.too_long:
            self.pieces.append(piece)
        self.size += len(piece)

    @property
    def too_long(self) -> bool:
        """Whether it is longer than a record may be."""
        return self.size > self.most

    @property
    def data(self) -> bytes:
        """Its bytes."""
        data = b"".join(self.pieces)
        return data[:KEPT_OF_TOO_LONG] if self.too_long else data.rstrip()

    @property
    def as_key(self) -> str | None:
        """The text it is, or None if it is none."""
        try:
            key = json.loads(self.data.decode(errors="replace"))
        except (ValueError, RecursionError):
            return None
        return key if isinstance(key, str) else None


class Scanner:
    """A document as a stream of bytes, consumed value by value. `held` collects all that is consumed while it is set."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self.blocks, self.limits = utf8_blocks(stream), limits
        self.buffer, self.at, self.size = b"", 0, 0
        self.line, self.position = 1, 1
        self.held: Value | None = None

    def peek(self) -> bytes:
        """The next byte that is not blank; nothing at the end."""
        while True:
            self._consume_to(_end(BLANKS, self.buffer, self.at))
            if self.at < len(self.buffer):
                return self.buffer[self.at : self.at + 1]
            if not self._fill():
                return b""

    def take(self) -> None:
        """Consume the byte that `peek` gave."""
        self._consume_to(self.at + 1)

    def new_value(self) -> Value:
        """A value that begins here."""
        return Value(self.line, self.position, self.limits.line_bytes)

    def value(self, *, depth: int = 0, begun: Value | None = None) -> Value:
        """Consume one value, of which `depth` brackets may be consumed already (then `begun` holds them)."""
        value = begun or self.new_value()
        first = self.peek()
        if depth or first in {b"[", b"{"}:
            self._nested(value, depth)
        elif first == b'"':
            self.take_into(value)
            while not self._rest_of_text(value):
                pass
        else:
            self._plain(value)
        if not value.size:
            raise self.broken("a value is missing" if first else "it breaks off")
        return value

    def take_into(self, value: Value) -> None:
        """Consume the byte that `peek` gave as part of a value."""
        self._consume_to(self.at + 1, value)

    def broken(self, reason: str) -> Broken:
        """What is wrong at this place."""
        return Broken(self.line, self.position, reason)

    def unusable(self, reason: str) -> Unusable:
        """Why the document cannot be taken, found at this place."""
        return Unusable(self.line, self.position, reason)

    def _nested(self, value: Value, depth: int) -> None:
        while True:
            in_text, start = False, self.at
            for found in BRACKETS_OR_TEXT.finditer(self.buffer, start):
                first, length = self.buffer[found.start()], found.end() - found.start()
                if first in b"[{":
                    depth += length
                elif first in b"]}":
                    if length >= depth:
                        self._consume_to(found.start() + depth, value)
                        return
                    depth -= length
                elif not found[1]:
                    in_text = True
                    self._consume_to(found.end(), value)
                    break
            if in_text:
                while not self._rest_of_text(value):
                    pass
            else:
                self._consume_to(len(self.buffer), value)
                self._need_more(value)

    def _rest_of_text(self, value: Value) -> bool:
        """Consume what is there of a text; whether it ended."""
        found = REST_OF_TEXT.match(self.buffer, self.at)
        if found is not None:
            self._consume_to(found.end(), value)
            if found[1]:
                return True
        self._need_more(value)  # a lone backslash may be left at the end of the buffer
        return False

    def _plain(self, value: Value) -> None:
        while True:
            self._consume_to(_end(PLAIN_VALUE, self.buffer, self.at), value)
            if self.at < len(self.buffer) or not self._fill():
                return

    def _need_more(self, value: Value) -> None:
        if not self._fill():
            begun = f"it breaks off within what begins in line {value.line}, position {value.position}"
            raise self.broken(begun)

    def _fill(self) -> bool:
        """Have more in the buffer; whether there was more."""
        block = next((block for block in self.blocks if block), b"")
        self.size += len(block)
        if self.size > self.limits.document_bytes:
            most = size(self.limits.document_bytes)
            raise self.unusable(
                f"The JSON document is larger than {most}; as JSON Lines it may be of any size."
            )
        self.buffer, self.at = self.buffer[self.at :] + block, 0
        return bool(block)

    def _consume_to(self, end: int, value: Value | None = None) -> None:
        if end == self.at:
            return
        piece = self.buffer[self.at : end]
        self.at = end
        lines = piece.count(b"\n")
        if lines:
            self.line, self.position = self.line + lines, 1
        self.position += len(piece[piece.rfind(b"\n") + 1 :].translate(None, NOT_FIRST_BYTES))
        for kept in (value, self.held):
            if kept is not None:
                kept.add(piece)


def _end(pattern: re.Pattern[bytes], data: bytes, start: int) -> int:
    found = pattern.match(data, start)
    return found.end() if found else start


def items(scanner: Scanner) -> Iterator[Value]:
    """The values of a list whose opening bracket is consumed. Raises `Broken`."""
    if scanner.peek() == b"]":
        scanner.take()
        return
    while True:
        yield scanner.value()
        if _ends(scanner, b"]"):
            return


def members(scanner: Scanner) -> Iterator[Key]:
    """The keys of an object whose opening brace is consumed; who asks consumes each value. Raises `Broken`."""
    if scanner.peek() == b"}":
        scanner.take()
        return
    while True:
        missing = scanner.broken("a key in double quotes is missing")
        text = scanner.value().as_key if scanner.peek() == b'"' else None
        if text is None:
            raise missing
        if scanner.peek() != b":":
            raise scanner.broken("a colon is missing")
        scanner.take()
        scanner.peek()  # so that the value begins here
        yield Key(text, missing.line, missing.position)
        if _ends(scanner, b"}"):
            return


def _ends(scanner: Scanner, closing: bytes) -> bool:
    """Consume a closing bracket, or the comma before another value or member; whether it was the bracket."""
    after = scanner.peek()
    if after not in {closing, b","}:
        raise scanner.broken("a comma or a closing bracket is missing" if after else "it breaks off")
    scanner.take()
    if after == b"," and scanner.peek() == closing:
        raise scanner.broken("there is a comma too many")
    return after == closing
