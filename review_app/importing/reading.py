"""From a file to what stands in it: found, read, mapped and judged, one record at a time, without the database."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import IO, BinaryIO, NamedTuple, cast

import structlog

from review_app.importing.decoding import decoded
from review_app.importing.limits import DEFAULT_LIMITS, Limits
from review_app.importing.mapping import Mapping
from review_app.importing.readers import READERS, UnreadableFile, below_blanks, is_blank, recognise
from review_app.importing.readers.reader import Found as RawFound
from review_app.importing.record import RawRecord, Record, Refusal, Skipped
from review_app.importing.rules import HEAD_BYTES, storable
from review_app.importing.unpacking import Member, UnreadableMember, is_packed, members
from review_app.importing.validation import validate

WHOLE_FILE = "file"
"""The field of a refusal that is about a file and not about a record in it."""

OUR_MISTAKE = (
    "The desk could not read the {} to its end. That is a mistake of ours, and it stands in the log."
)

log = structlog.get_logger()

Opened = Callable[[], BinaryIO]
"""Gives a fresh stream of a file, from its beginning, in which one can seek."""


@dataclass(frozen=True, slots=True)
class How:
    """How the files of a batch are to be read. `format` is None to have it found out for each of them."""

    format: str | None
    today: date
    mapping: Mapping
    encoding: str | None = None
    limits: Limits = DEFAULT_LIMITS


class Located(NamedTuple):
    """What was found: in which file and format, and how many bytes of the (packed) file were read by then."""

    file: str
    format: str | None
    found: Record | Refusal | Skipped
    bytes_read: int


def read_file(opened: Opened, name: str, how: How, skip: int = 0) -> Iterator[Located]:
    """What a file holds. The first `skip` of it are passed over without being judged: they are settled already."""
    raws = _raws(opened, name, how)
    for file, format_name, raw, bytes_read in islice(raws, skip, None):
        yield Located(file, format_name, _judged(raw, format_name, how), bytes_read)


def _judged(raw: RawFound, format_name: str | None, how: How) -> Record | Refusal | Skipped:
    if not isinstance(raw, RawRecord):
        return raw
    try:
        mapped = how.mapping.apply(raw, format_name or "")
        if isinstance(mapped, Refusal):
            return mapped
        return validate(mapped, how.today, limits=how.limits, statuses=how.mapping.statuses)
    except Exception:
        log.exception("record_failed", line=raw.line, item=raw.item)
        return Refusal(raw.line, raw.item, "", OUR_MISTAKE.format("record"), storable(raw.raw))


def _raws(opened: Opened, name: str, how: How) -> Iterator[tuple[str, str | None, RawFound, int]]:
    try:
        for member in members(opened, name, how.limits):
            if isinstance(member, UnreadableMember):
                yield member.name, None, _whole(member.reason), 0
                continue
            for format_name, raw in _read_member(member, how):
                yield member.name, format_name, raw, member.packed_position()
    except OSError as error:
        yield name, None, _whole(f"cannot be read: {error.strerror or error}"), 0
    except UnreadableFile as error:
        yield name, None, _whole(error.reason), 0


def _read_member(member: Member, how: How) -> Iterator[tuple[str | None, RawFound]]:
    """The records of one file; what is wrong with it as a whole is one refusal."""
    format_name = how.format
    try:
        stream = decoded(cast("BinaryIO", member.open()), how.encoding)
        head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
        if is_blank(head):
            begun = decoded(cast("BinaryIO", member.open()), how.encoding)
            head = below_blanks(cast("BinaryIO", begun))
        format_name = recognise(head) if format_name is None or not head else format_name
        reader = READERS[format_name]
        reader.check(cast("BinaryIO", stream), how.limits)
        fresh = decoded(cast("BinaryIO", member.open()), how.encoding)
        for raw in reader.read(cast("BinaryIO", fresh), how.limits):
            yield format_name, raw
    except UnreadableFile as error:
        yield format_name, _whole(error.reason)
    except OSError:
        raise
    except Exception:
        log.exception("file_failed", file=member.name)
        yield format_name, _whole(OUR_MISTAKE.format("file"))


def _whole(reason: str) -> Refusal:
    return Refusal(0, 0, WHOLE_FILE, reason, "")


def why_unreadable(stream: IO[bytes], format_name: str | None, encoding: str | None) -> str:
    """Why a file cannot be read at all, as far as its beginning tells; empty if it can. The stream is left at its begin."""
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    if is_packed(head):
        return ""
    try:
        text = decoded(io.BytesIO(head), encoding).peek(HEAD_BYTES) if encoding else head
        if is_blank(text):
            text = below_blanks(cast("BinaryIO", decoded(cast("BinaryIO", stream), encoding)))
        if format_name is None or not text:
            recognise(text)
    except UnreadableFile as error:
        return error.reason
    finally:
        stream.seek(0)
    return ""
