"""The members of a zip archive, by its directory, which stands at its end (PKWARE's APPNOTE, 4.3 and 4.4).

The standard library would read the whole directory into memory before it could be told how large that is, and does not
see entries that share bytes; so the directory is walked here, an entry at a time, and nothing it says is believed.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from review_app.importing.readers.reader import UnreadableFile
from review_app.importing.unpacking.members import (
    Archive,
    Member,
    UnreadableMember,
    is_passed_over,
    shown_name,
)
from review_app.importing.unpacking.streams import RAW_DEFLATE, Inflated, Packed, Part, Slice, Source, Tally

END = struct.Struct("<4s4H2LH")
LOCATOR = struct.Struct("<4sLQL")
END_64 = struct.Struct("<4sQ2H2L4Q")
ENTRY = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
END_MARK, LOCATOR_MARK, END_64_MARK = b"PK\5\6", b"PK\6\7", b"PK\6\6"
ENTRY_MARK, LOCAL_MARK = b"PK\1\2", b"PK\3\4"
MOST_COMMENT = 65_535
IN_64_BITS, IN_64_BITS_TOO = 0xFFFFFFFF, 0xFFFF
ZIP64_EXTRA = 1
ENCRYPTED = 0x1 | 0x40
NAME_IS_UTF8 = 0x800
STORED, DEFLATED = 0, 8
OTHER_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "zstd", 95: "xz", 99: "encryption"}
OFFICE = frozenset({"[Content_Types].xml", "mimetype"})
"""What the archive begins with if it is the document of an office program."""


@dataclass(frozen=True, slots=True)
class _Directory:
    """Where the list of entries stands, and how many it should have."""

    start: int
    end: int
    count: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the directory says of one member."""

    name: str
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    mode: int
    start: int

    @property
    def end(self) -> int:
        """Before this it cannot end."""
        return self.start + LOCAL.size + len(self.name) + self.packed_size


def members_of_zip(archive: Archive) -> Iterator[Member | UnreadableMember]:
    """In the order of the directory."""
    try:
        yield from _members(archive)
    except UnreadableFile as error:
        yield UnreadableMember(archive.name, f"The zip archive cannot be read to its end. {error.reason}")


def _members(archive: Archive) -> Iterator[Member | UnreadableMember]:
    packed, limits = archive.packed, archive.limits
    directory = _directory(packed)
    if directory.count > limits.archive_members:
        raise UnreadableFile(f"It has more than {limits.archive_members:,} members.")
    sharing = _sharing(packed, directory)
    whole = Tally(limits)
    for number, entry in enumerate(_entries(packed, directory)):
        if number == 0 and entry.name in OFFICE:
            raise UnreadableFile("It is the document of an office program; save it as CSV or as text.")
        if is_passed_over(entry.name):
            continue
        if whole.is_exceeded:
            raise UnreadableFile("It unpacks to too much; what follows in it was not read.")
        name = shown_name(archive.name, entry.name)
        reason = _why_unreadable(entry, directory, shares=number in sharing)
        yield (
            UnreadableMember(name, reason)
            if reason
            else Member(name, packed, _opening(packed, entry, directory, Tally(limits, whole)))
        )
    if not directory.count:
        yield UnreadableMember(archive.name, "The archive is empty.")


# --- the directory ----------------------------------------------------------------------------------------------------


def _directory(packed: Packed) -> _Directory:
    tail_start = max(packed.size - END.size - MOST_COMMENT, 0)
    tail = packed.read_at(tail_start, END.size + MOST_COMMENT)
    at = tail.rfind(END_MARK)
    if at < 0 or len(tail) < at + END.size:
        raise UnreadableFile("Its directory is missing: it is damaged or breaks off.")
    _, _, _, _, count, length, start, _ = END.unpack_from(tail, at)
    end = tail_start + at
    if count == IN_64_BITS_TOO or IN_64_BITS in {length, start}:
        count, length, start, end = _directory_64(packed, end) or (count, length, start, end)
    if start + length != end:
        raise UnreadableFile(
            "Its directory does not stand where the archive says: it is damaged or breaks off."
        )
    return _Directory(start, end, count)


def _directory_64(packed: Packed, end: int) -> tuple[int, int, int, int] | None:
    locator = packed.read_at(max(end - LOCATOR.size, 0), LOCATOR.size)
    if not locator.startswith(LOCATOR_MARK):
        return None
    at = LOCATOR.unpack(locator)[2]
    found = packed.read_at(at, END_64.size) if at + END_64.size <= end else b""
    if not found.startswith(END_64_MARK):
        raise UnreadableFile("Its directory is missing: it is damaged or breaks off.")
    *_, count, length, start = END_64.unpack(found)
    return count, length, start, at


def _entries(packed: Packed, directory: _Directory) -> Iterator[_Entry]:
    position = directory.start
    for _ in range(directory.count):
        fixed = packed.read_at(position, ENTRY.size)
        if not fixed.startswith(ENTRY_MARK) or position + ENTRY.size > directory.end:
            raise UnreadableFile("Its directory has fewer entries than it says: it is damaged.")
        values = ENTRY.unpack(fixed)
        name_length, extra_length, comment_length = values[10:13]
        words = packed.read_at(position + ENTRY.size, name_length + extra_length)
        yield _entry(values, words[:name_length], words[name_length:])
        position += ENTRY.size + name_length + extra_length + comment_length
    if position != directory.end:
        raise UnreadableFile("Its directory has more in it than it says: it is damaged.")


def _entry(values: tuple[int, ...], name: bytes, extra: bytes) -> _Entry:
    flags, method, crc, packed_size, size, start = (*values[3:5], *values[7:10], values[16])
    if IN_64_BITS in {packed_size, size, start}:
        large = iter(_large(extra))
        size, packed_size, start = (
            next(large, value) if value == IN_64_BITS else value for value in (size, packed_size, start)
        )
    text = name.decode("utf-8" if flags & NAME_IS_UTF8 else "cp437", errors="replace")
    return _Entry(text, flags, method, crc, packed_size, size, values[15] >> 16, start)


def _large(extra: bytes) -> tuple[int, ...]:
    """The sizes that took more than 32 bits."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == ZIP64_EXTRA:
            data = extra[4 : 4 + length]
            return struct.unpack_from(f"<{len(data) // 8}Q", data)
        extra = extra[4 + length :]
    return ()


def _sharing(packed: Packed, directory: _Directory) -> frozenset[int]:
    """The numbers of the entries that begin within another one: many of them can name the same few bytes."""
    places = sorted(
        (entry.start, number, entry.end) for number, entry in enumerate(_entries(packed, directory))
    )
    sharing, furthest = set(), 0
    for start, number, end in places:
        if start < furthest:
            sharing.add(number)
        if end <= directory.start:  # else it is refused anyhow
            furthest = max(furthest, end)
    return frozenset(sharing)


# --- a member ---------------------------------------------------------------------------------------------------------


def _why_unreadable(entry: _Entry, directory: _Directory, *, shares: bool) -> str:
    if stat.S_ISLNK(entry.mode):
        return "It is a symbolic link, no file."
    if entry.flags & ENCRYPTED:
        return "It is encrypted; send it without a password."
    if entry.method not in {STORED, DEFLATED}:
        what = OTHER_METHODS.get(entry.method, f"method {entry.method}")
        return f"It is packed in a way that is not read here ({what}); use Deflate."
    if entry.end > directory.start:
        return "It reaches beyond the end of the archive's files: the archive is damaged."
    if shares:
        return "It shares its bytes with another member: the archive is damaged, or made to do harm."
    return ""


def _opening(
    packed: Packed, entry: _Entry, directory: _Directory, tally: Tally
) -> Callable[[], Callable[[int], bytes]]:
    def opened() -> Callable[[int], bytes]:
        reading = _Reading(packed, entry, directory, tally)
        return reading.read

    return opened


class _Reading:
    """One reading of a member; where it begins is looked up with the first bytes, so that damage is told by reading."""

    def __init__(self, packed: Packed, entry: _Entry, directory: _Directory, tally: Tally) -> None:
        self.packed, self.entry, self.directory, self.tally = packed, entry, directory, tally
        self.part: Part | None = None

    def read(self, count: int) -> bytes:
        """At most so many bytes."""
        if self.part is None:
            self.part = Part(self._source(), self.entry.size, self.entry.crc)
        return self.part.read(count)

    def _source(self) -> Source:
        fixed = self.packed.read_at(self.entry.start, LOCAL.size)
        if not fixed.startswith(LOCAL_MARK):
            raise UnreadableFile(
                "It does not begin where the archive's directory says: the archive is damaged."
            )
        *_, name_length, extra_length = LOCAL.unpack(fixed)
        start = self.entry.start + LOCAL.size + name_length + extra_length
        end = min(start + self.entry.packed_size, self.directory.start)
        source = Slice(self.packed, start, end)
        return Inflated(source, RAW_DEFLATE, self.tally) if self.entry.method == DEFLATED else source
