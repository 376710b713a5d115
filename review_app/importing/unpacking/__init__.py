"""From one file to what is in it: itself, what it holds packed by gzip, or the members of a zip or tar archive.

Told by content, never by name; nothing is written to disk, and memory is bounded however large the archive or its
members are. A member of an archive may be gzipped; an archive within an archive is not opened: readers refuse it by its
first bytes. That something unpacks to too much shows only late, so the records before that point are taken, and then
reading raises `UnreadableFile`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import BinaryIO, cast

from review_app.importing.limits import Limits
from review_app.importing.readers.reader import UnreadableFile
from review_app.importing.unpacking.members import Archive, Member, UnreadableMember
from review_app.importing.unpacking.streams import GZIP, Inflated, MemberStream, Packed, Slice, Source, Tally
from review_app.importing.unpacking.tars import BLOCK, is_tar, members_of_tar
from review_app.importing.unpacking.zips import members_of_zip

__all__ = ["Member", "MemberStream", "UnreadableMember", "is_packed", "members"]

GZIP_MARK = b"\x1f\x8b"
ZIP_MARKS = (b"PK\3\4", b"PK\5\6")


def is_packed(head: bytes) -> bool:
    """Whether a file that begins so (512 bytes are enough) is taken apart here, and not read as it is."""
    return head.startswith((GZIP_MARK, *ZIP_MARKS)) or is_tar(head)


def members(opened: Callable[[], BinaryIO], name: str, limits: Limits) -> Iterator[Member | UnreadableMember]:
    """What is in a file, in its order, the same every time. `opened` gives a stream of it that can seek.

    A member can be read until the next one is asked for. Folders, hidden files and what macOS adds are passed over.
    """
    with closing(opened()) as stream:
        packed = Packed(stream)
        archive = Archive(name, packed, limits)
        head = packed.read_at(0, BLOCK)
        if head.startswith(ZIP_MARKS):
            yield from (_also_gzipped(member, limits) for member in members_of_zip(archive))
        elif head.startswith(GZIP_MARK):
            yield from _members_of_gzip(archive)
        else:
            yield from _plain_or_tar(Slice(packed, 0, packed.size), head, archive)


def _members_of_gzip(archive: Archive) -> Iterator[Member | UnreadableMember]:
    source = Inflated(Slice(archive.packed, 0, archive.packed.size), GZIP, Tally(archive.limits))
    try:
        head = MemberStream(source.copy().read).peek(BLOCK)[:BLOCK]
    except UnreadableFile as error:
        yield UnreadableMember(archive.name, error.reason)
        return
    yield from _plain_or_tar(source, head, archive)


def _plain_or_tar(source: Source, head: bytes, archive: Archive) -> Iterator[Member | UnreadableMember]:
    if is_tar(head):
        yield from (_also_gzipped(member, archive.limits) for member in members_of_tar(source, archive))
    else:
        yield Member(archive.name, archive.packed, lambda: source.copy().read)


class _Inner:
    """A member as it is packed once more. Its position is that in the file, so that nested packing multiplies nothing."""

    def __init__(self, stream: MemberStream, packed: Packed, begin: int) -> None:
        self.stream, self.packed, self.begin = stream, packed, begin
        self.position = 0

    def read(self, count: int) -> bytes:
        """At most so many bytes."""
        data = self.stream.read(count)
        self.position = self.packed.furthest - self.begin
        return data


def _also_gzipped(member: Member | UnreadableMember, limits: Limits) -> Member | UnreadableMember:
    """The member, unpacked if it is gzipped; if that is an archive in turn, its first bytes will have it refused."""
    if isinstance(member, UnreadableMember):
        return member
    tally, begin = Tally(limits), member.packed.furthest

    def opening() -> Callable[[int], bytes]:
        stream = member.open()
        if stream.peek(len(GZIP_MARK))[: len(GZIP_MARK)] != GZIP_MARK:
            return stream.read
        inner = cast(
            "Source", _Inner(stream, member.packed, begin)
        )  # read from begin to end, and never copied
        return Inflated(inner, GZIP, tally).read

    return replace(member, opening=opening)
