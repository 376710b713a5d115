"""The members of a tar archive, read forward only, so that a gzipped one need not be unpacked to disk or memory.

The standard library parses the blocks; it is not used for the walk, since it holds every header and long name.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Iterator

from review_app.importing.readers.reader import UnreadableFile
from review_app.importing.unpacking.members import (
    Archive,
    Member,
    UnreadableMember,
    is_passed_over,
    shown_name,
)
from review_app.importing.unpacking.streams import BREAKS_OFF, Part, Source

BLOCK = 512
SIZE = re.compile("[0-9]{1,18}")
MOST_HEADER_BYTES = 64 * 1024
"""Of the name of a member, where it stands in a header of its own."""
LONG_NAME = tarfile.GNUTYPE_LONGNAME
OWN_HEADERS = frozenset(
    {tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE, LONG_NAME, tarfile.GNUTYPE_LONGLINK}
)
FILES = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE})
OTHER_KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


def is_tar(head: bytes) -> bool:
    """Whether a file that begins so is a tar archive: its first block is a header with a right checksum."""
    return _header(head[:BLOCK]) is not None


def members_of_tar(source: Source, archive: Archive) -> Iterator[Member | UnreadableMember]:
    """In the order of the archive."""
    try:
        yield from _Walk(source, archive).members()
    except UnreadableFile as error:
        yield UnreadableMember(archive.name, f"The tar archive cannot be read to its end. {error.reason}")


class _Walk:
    """How far the archive is read. Members are read by copies, and where the last one stopped, the walk goes on."""

    def __init__(self, source: Source, archive: Archive) -> None:
        self.source, self.archive, self.most = source, archive, archive.limits.archive_members
        self.readings: list[Source] = []

    def members(self) -> Iterator[Member | UnreadableMember]:
        """Each file, and each thing that is none but stands where one may."""
        count, extended = 0, dict[str, str]()
        while header := self._next_header():
            if header.type in OWN_HEADERS:
                extended |= self._extended(header)
                continue
            count += 1
            if count > self.most:
                raise UnreadableFile(f"It has more than {self.most:,} members.")
            name, length = extended.get("path", header.name), int(extended.get("size", header.size))
            is_sparse = any(key.startswith("GNU.sparse") for key in extended)
            extended = {}
            start = self.source.position
            yield from self._member(name, b"S" if is_sparse else header.type, length)
            self._go_on(start + -(-length // BLOCK) * BLOCK)
        if not count:
            yield UnreadableMember(self.archive.name, "The archive is empty.")

    def _next_header(self) -> tarfile.TarInfo | None:
        block = _exactly(self.source, BLOCK)
        if not block.strip(b"\0"):
            return None
        header = _header(block)
        if header is None or header.size < 0:
            raise UnreadableFile(f"It is damaged at byte {self.source.position - BLOCK:,}.")
        return header

    def _extended(self, header: tarfile.TarInfo) -> dict[str, str]:
        """What a header before a member says of it: its name, its size, and that it is sparse."""
        if header.size > MOST_HEADER_BYTES:
            raise UnreadableFile("It has a header that is too large.")
        data = _exactly(self.source, -(-header.size // BLOCK) * BLOCK)[: header.size]
        if header.type == LONG_NAME:
            return {"path": data.rstrip(b"\0").decode(errors="replace")}
        if header.type in {tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE}:
            return _pairs(data)
        return {}

    def _member(self, inner: str, kind: bytes, length: int) -> Iterator[Member | UnreadableMember]:
        if kind == tarfile.DIRTYPE or is_passed_over(inner):
            return
        name = shown_name(self.archive.name, inner)
        if kind in FILES:
            yield Member(name, self.archive.packed, self._opening(length))
        else:
            what = OTHER_KINDS.get(kind, "of a kind that is not known")
            yield UnreadableMember(name, f"It is {what}, no file.")

    def _opening(self, length: int) -> Callable[[], Callable[[int], bytes]]:
        beginning = self.source.copy()

        def opened() -> Callable[[int], bytes]:
            reading = beginning.copy()
            self.readings.append(reading)
            return Part(reading, length).read

        return opened

    def _go_on(self, position: int) -> None:
        self.source = max((self.source, *self.readings), key=lambda source: source.position)
        self.readings = []
        self.source.skip(position - self.source.position)


def _header(block: bytes) -> tarfile.TarInfo | None:
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "replace")
    except (tarfile.HeaderError, ValueError):
        return None


def _exactly(source: Source, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = source.read(count - len(data))
        if not more:
            raise UnreadableFile(BREAKS_OFF)
        data += more
    return data


def _pairs(data: bytes) -> dict[str, str]:
    """The `length key=value` lines of an extended header (POSIX.1-2001, pax)."""
    pairs: dict[str, str] = {}
    while data:
        digits, _, _ = data.partition(b" ")
        if not digits.isdigit() or not len(digits) < int(digits[:9]) <= len(data):
            raise UnreadableFile("It has a damaged header.")
        key, _, value = data[len(digits) + 1 : int(digits) - 1].decode(errors="replace").partition("=")
        pairs[key] = value
        data = data[int(digits) :]
    if not SIZE.fullmatch(pairs.get("size", "0")):
        raise UnreadableFile("It has a damaged header.")
    return pairs
