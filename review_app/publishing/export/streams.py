"""An export as a stream of bytes: lines, or pages in an archive; each in bounded memory, however many articles there are."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from review_app.publishing.export.pages import page
from review_app.publishing.export.queries import Record, cursor_of, published_records, withdrawn_ids
from review_app.publishing.export.records import line, withdrawn_record
from review_app.publishing.export.rules import SUFFIX, Format, file_name

ABOUT, WITHDRAWN = ".export.json", ".withdrawn.jsonl"
"""Members of an archive that are no articles. Their names begin with a dot, which our importer passes over."""
FOLDER = "articles"
GZIP = 31
"""The window of zlib that writes the frame of gzip, with no name and no time in it."""


@dataclass(slots=True)
class Export:
    """One export: of what, and how far it has come. `cursor` is for the next one, which goes on where this began."""

    session: Session
    started_at: datetime
    since: datetime | None = None
    before: str = ""
    published: int = field(default=0, init=False)
    withdrawn: int = field(default=0, init=False)

    @property
    def cursor(self) -> str:
        """For the next one."""
        return cursor_of(self.started_at)

    def records(self) -> Iterator[Record]:
        """The published articles."""
        for some in published_records(self.session, self.since, self.before):
            self.published += len(some)
            yield from some

    def gone(self) -> Iterator[str]:
        """What was withdrawn since; of a whole export, all that ever was."""
        for some in withdrawn_ids(self.session, self.since):
            self.withdrawn += len(some)
            yield from some

    def stream(self, kind: Format) -> Iterator[bytes]:
        """The whole of it: lines, or a tar."""
        return self._lines() if kind is Format.JSONL else self._archive()

    def _lines(self) -> Iterator[bytes]:
        """What was withdrawn stands last: who reads on ends with what holds."""
        for record in self.records():
            yield line(record)
        if self.since is not None:
            for source_id in self.gone():
                yield line(withdrawn_record(source_id))

    def _archive(self) -> Iterator[bytes]:
        about = {"cursor": self.cursor, "since": self.since, "exported_at": self.started_at}
        yield from self._member(ABOUT, msgspec.json.encode(about) + b"\n")
        for record in self.records():
            name = file_name(source_id_of(record), SUFFIX[Format.MARKDOWN])
            yield from self._member(f"{FOLDER}/{name}", page(record))
        if self.since is not None:
            yield from self._member(WITHDRAWN, b"".join(line(withdrawn_record(one)) for one in self.gone()))
        yield bytes(2 * tarfile.BLOCKSIZE)

    def _member(self, name: str, content: bytes) -> Iterator[bytes]:
        member = tarfile.TarInfo(name)
        member.size, member.mtime = len(content), int(self.started_at.timestamp())
        yield member.tobuf(tarfile.PAX_FORMAT)
        yield content
        yield bytes(-len(content) % tarfile.BLOCKSIZE)


def source_id_of(record: Record) -> str:
    """Which article a record is."""
    payload = record.get("payload")
    named = record.get("source_id") or (payload.get("source_id") if isinstance(payload, dict) else None)
    return str(named)


def gzipped(stream: Iterator[bytes]) -> Iterator[bytes]:
    """The same, compressed as it comes."""
    packer = zlib.compressobj(6, zlib.DEFLATED, GZIP)
    for piece in stream:
        packed = packer.compress(piece)
        if packed:
            yield packed
    yield packer.flush()
