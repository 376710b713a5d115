"""Bytes out of a packed file, a piece at a time: a part of it as it is, or inflated, and how much that may become.

All of them read from one open file by position, so that any can be copied and begun again where the copy stood.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self

from review_app.importing.limits import Limits, size
from review_app.importing.readers.reader import UnreadableFile

PACKED_BYTES = 16 * 1024
"""Read from the file at once: at most a thousand times as much comes of it, and little is thrown away by a copy."""
PIECE_BYTES = 64 * 1024
GZIP = 31
RAW_DEFLATE = -15
"""What zlib calls the two wrappings (`wbits`)."""
BREAKS_OFF = "It breaks off before its end."


class Source(Protocol):
    """Bytes one after the other; `position` is how many were given. Raises `UnreadableFile` for what is damaged."""

    position: int

    def read(self, count: int) -> bytes:
        """At most so many bytes, and none only at the end."""

    def skip(self, count: int) -> None:
        """Leave out so many bytes."""

    def copy(self) -> Self:
        """Another one that goes on from here."""


class Packed:
    """A file opened once, read by position; `furthest` is where its content has been read to."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.size = stream.seek(0, io.SEEK_END)
        self.furthest = 0

    def read_at(self, position: int, count: int) -> bytes:
        """So many bytes from there, fewer only at the end of the file."""
        if self.stream.tell() != position:
            self.stream.seek(position)
        data = b""
        while len(data) < count and (more := self.stream.read(count - len(data))):
            data += more
        return data


class Tally:
    """What one member has become of what, at the furthest that any reading of it came; `outer` sums up its archive."""

    def __init__(self, limits: Limits, outer: Tally | None = None) -> None:
        self.limits, self.outer = limits, outer
        self.packed = self.unpacked = 0

    def note(self, packed: int, unpacked: int) -> None:
        """So far a reading has come. Raises `UnreadableFile` when that is too much of too little."""
        if self.outer:
            more_packed, more = max(packed - self.packed, 0), max(unpacked - self.unpacked, 0)
            self.outer.note(self.outer.packed + more_packed, self.outer.unpacked + more)
        self.packed, self.unpacked = max(packed, self.packed), max(unpacked, self.unpacked)
        if self.is_exceeded:
            raise UnreadableFile(
                f"It unpacks to more than {self.limits.archive_ratio:,} times its packed size, and to more than"
                f" {size(self.limits.archive_free_bytes)}."
            )

    @property
    def is_exceeded(self) -> bool:
        """Whether nothing more of it is unpacked."""
        return self.unpacked > max(self.limits.archive_free_bytes, self.limits.archive_ratio * self.packed)


class Slice:
    """A part of the file, as it is."""

    def __init__(self, packed: Packed, start: int, end: int) -> None:
        self.packed, self.start, self.end, self.position = packed, start, end, 0

    def read(self, count: int) -> bytes:
        """At most so many bytes."""
        at = self.start + self.position
        data = self.packed.read_at(at, min(count, self.end - at)) if at < self.end else b""
        if not data and at < self.end:
            raise UnreadableFile(BREAKS_OFF)
        self.position += len(data)
        self.packed.furthest = max(self.packed.furthest, at + len(data))
        return data

    def skip(self, count: int) -> None:
        """Leave out so many bytes; beyond the end, the next are missing."""
        self.position += count
        if self.start + self.position > self.end:
            raise UnreadableFile(BREAKS_OFF)

    def copy(self) -> Slice:
        """Another one that goes on from here."""
        other = Slice(self.packed, self.start, self.end)
        other.position = self.position
        return other


class Inflated:
    """What another source holds deflated. With the wrapping `GZIP`, several streams may follow each other in it."""

    def __init__(self, source: Source, wrapping: int, tally: Tally) -> None:
        self.source, self.wrapping, self.tally = source, wrapping, tally
        self.inflater = zlib.decompressobj(wrapping)
        self.waiting = b""
        self.position = 0

    def read(self, count: int) -> bytes:
        """At most so many bytes."""
        while not self.inflater.eof or self._begins_again():
            at_end = not self.waiting and not self._wait_for_more()
            data = self._inflate(min(count, PIECE_BYTES))
            if data:
                self.position += len(data)
                self.tally.note(self.source.position, self.position)
                return data
            if at_end and not self.inflater.eof:
                raise UnreadableFile(BREAKS_OFF)
        return b""

    def _wait_for_more(self) -> bool:
        self.waiting = self.source.read(PACKED_BYTES)
        return bool(self.waiting)

    def _inflate(self, count: int) -> bytes:
        try:
            data = self.inflater.decompress(self.waiting, count)
        except zlib.error as error:
            what = str(error).rpartition(": ")[2]
            raise UnreadableFile(f"It is damaged where it is packed ({what}).") from None
        self.waiting = self.inflater.unused_data if self.inflater.eof else self.inflater.unconsumed_tail
        return data

    def _begins_again(self) -> bool:
        """Whether another stream follows; zeros may fill up a file's last block."""
        if self.wrapping != GZIP:
            return False
        while not (rest := self.waiting.lstrip(b"\0")):
            if not self._wait_for_more():
                return False
        self.waiting = rest
        self.inflater = zlib.decompressobj(self.wrapping)
        return True

    def skip(self, count: int) -> None:
        """Leave out so many bytes; beyond the end, the next are missing."""
        while count > 0:
            data = self.read(min(count, PIECE_BYTES))
            if not data:
                raise UnreadableFile(BREAKS_OFF)
            count -= len(data)

    def copy(self) -> Inflated:
        """Another one that goes on from here."""
        other = Inflated(self.source.copy(), self.wrapping, self.tally)
        other.inflater, other.waiting, other.position = self.inflater.copy(), self.waiting, self.position
        return other


class Part:
    """So many bytes of another source, which must all be there, with the checksum they should have if it is known."""

    def __init__(self, source: Source, length: int, crc: int | None = None) -> None:
        self.source, self.length, self.wanted_crc = source, length, crc
        self.position = self.crc = 0

    def read(self, count: int) -> bytes:
        """At most so many bytes. Raises `UnreadableFile` at the end of what is short or not what it was."""
        data = (
            self.source.read(min(count, self.length - self.position)) if self.position < self.length else b""
        )
        if not data and self.position < self.length:
            raise UnreadableFile(BREAKS_OFF)
        self.position += len(data)
        if self.wanted_crc is not None:
            self._check(data)
        return data

    def _check(self, data: bytes) -> None:
        self.crc = zlib.crc32(data, self.crc)
        if self.position < self.length:
            return
        if self.crc != self.wanted_crc:
            raise UnreadableFile("It is damaged: its checksum is not that of its bytes.")
        if self.source.read(1):
            raise UnreadableFile("It is damaged: it is longer than its archive says.")


# To a type checker it is what a reader takes; a real one would lose what it holds when reading more of it fails.
if TYPE_CHECKING:
    _Buffered = io.BufferedReader
else:
    _Buffered = io.BufferedIOBase


class MemberStream(_Buffered):
    """A source as a file to read. What comes before damage is given before the damage is told."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.read_more = read
        self.buffer = b""
        self.at = 0
        self.failure: UnreadableFile | None = None

    def readable(self) -> bool:
        """It can be read."""
        return True

    def peek(self, count: int = 1) -> bytes:
        """The next bytes, at least so many unless the file ends before."""
        self._fill(count)
        if not self.buffer and self.failure:
            raise self.failure
        return self.buffer

    def read(self, count: int | None = -1) -> bytes:
        """So many bytes, fewer only at the end or where damage begins; a negative count asks for all or a failure."""
        wanted = count if count is not None and count >= 0 else None
        self._fill(wanted)
        data = self.buffer if wanted is None else self.buffer[:wanted]
        self.buffer = self.buffer[len(data) :]
        self.at += len(data)
        if self.failure and (wanted is None or (not data and wanted)):
            raise self.failure
        return data

    def read1(self, count: int = -1) -> bytes:
        """Some bytes, at most so many."""
        return self.read(PIECE_BYTES if count < 0 else min(count, PIECE_BYTES))

    def tell(self) -> int:
        """How many bytes were read."""
        return self.at

    def _fill(self, count: int | None) -> None:
        pieces, held = [self.buffer], len(self.buffer)
        try:
            while self.failure is None and (count is None or held < count):
                piece = self.read_more(PIECE_BYTES)
                if not piece:
                    break
                pieces.append(piece)
                held += len(piece)
        except UnreadableFile as error:
            self.failure = error
        self.buffer = b"".join(pieces)
