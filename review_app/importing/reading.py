"""From a file to what stands in it: found, read, mapped and judged, one record at a time, without the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from io import BufferedReader, RawIOBase
from itertools import islice
from typing import BinaryIO, NamedTuple, Protocol, cast

from review_app.importing.limits import DEFAULT_LIMITS, Limits
from review_app.importing.mapping import Mapping
from review_app.importing.readers import READERS, UnreadableFile, recognise
from review_app.importing.readers.reader import Found as RawFound
from review_app.importing.record import RawRecord, Record, Refusal, Skipped
from review_app.importing.rules import HEAD_BYTES
from review_app.importing.validation import validate

WHOLE_FILE = "file"
"""The field of a refusal that is about a file and not about a record in it."""

Opened = Callable[[], BinaryIO]
"""Gives a fresh stream of a file, from its beginning, in which one can seek."""


@dataclass(frozen=True, slots=True)
class How:
    """How the files of a batch are to be read. `format` is None to have it found out for each of them."""

    format: str | None
    today: date
    mapping: Mapping
    limits: Limits = DEFAULT_LIMITS


class Located(NamedTuple):
    """What was found: in which file and format, and how many bytes of the (packed) file were read by then."""

    file: str
    format: str | None
    found: Record | Refusal | Skipped
    bytes_read: int


class Member(Protocol):
    """A file, or one of the files in an archive."""

    name: str

    def open(self) -> BufferedReader:
        """A fresh stream of its bytes, unpacked."""

    def packed_position(self) -> int:
        """How many bytes of the file on disk were read."""


def read_file(opened: Opened, name: str, how: How, skip: int = 0) -> Iterator[Located]:
    """What a file holds. The first `skip` of it are passed over without being judged: they are settled already."""
    raws = _raws(opened, name, how)
    for file, format_name, raw, bytes_read in islice(raws, skip, None):
        yield Located(file, format_name, _judged(raw, format_name, how), bytes_read)


def _judged(raw: RawFound, format_name: str | None, how: How) -> Record | Refusal | Skipped:
    if not isinstance(raw, RawRecord):
        return raw
    mapped = how.mapping.apply(raw, format_name or "")
    if isinstance(mapped, Refusal):
        return mapped
    return validate(mapped, how.today, statuses=how.mapping.statuses)


def _raws(opened: Opened, name: str, how: How) -> Iterator[tuple[str, str | None, RawFound, int]]:
    try:
        for member in _members(opened, name):
            for format_name, raw in _read_member(member, how):
                yield member.name, format_name, raw, member.packed_position()
    except OSError as error:
        yield name, None, Refusal(0, 0, WHOLE_FILE, f"cannot be read: {error.strerror or error}", ""), 0


def _read_member(member: Member, how: How) -> Iterator[tuple[str | None, RawFound]]:
    """The records of one file; what is wrong with it as a whole is one refusal."""
    format_name = how.format
    try:
        with member.open() as stream:
            head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
            format_name = recognise(head) if format_name is None or not head else format_name
            reader = READERS[format_name]
            reader.check(stream, how.limits)
        with member.open() as stream:
            for raw in reader.read(stream, how.limits):
                yield format_name, raw
    except UnreadableFile as error:
        yield format_name, Refusal(0, 0, WHOLE_FILE, error.reason, "")


class _Plain:
    """A file that is just itself."""

    def __init__(self, opened: Opened, name: str) -> None:
        self.opened, self.name = opened, name
        self.stream: BufferedReader | None = None
        self.position = 0

    def open(self) -> BufferedReader:
        self.stream = BufferedReader(cast("RawIOBase", self.opened()), HEAD_BYTES)
        return self.stream

    def packed_position(self) -> int:
        if self.stream is not None and not self.stream.closed:
            self.position = self.stream.tell()
        return self.position


def _members(opened: Opened, name: str) -> Iterator[Member]:
    yield _Plain(opened, name)
