"""What every reader of an import format is: a module with these names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol

from review_app.importing.limits import Limits
from review_app.importing.record import RawRecord, Refusal, Skipped

Found = RawRecord | Refusal | Skipped
"""One record of a file, as a reader gives it."""


Piece = tuple[int, str]
"""The number of a file, from 1, and some text of it; the pieces of a file come one after the other."""


class UnreadableFile(Exception):
    """Nothing of the file can be read; `reason` says why, in plain words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Reader(Protocol):
    """One import format: bytes in, raw records and refusals out, one for each record and in the order of the file."""

    name: str
    suffix: str
    """How the name of a file of this format usually ends, without the dot."""

    def recognises(self, head: bytes) -> bool:
        """Whether a file that begins so is of this format. `head` is UTF-8 without byte order mark; it may be cut."""

    def check(self, stream: BinaryIO, limits: Limits) -> None:
        """Raise `UnreadableFile` if the file must be refused whole, though its beginning is fine.

        Called with a stream of its own before `read`. Formats whose records stand each for themselves need no look.
        """

    def read(self, stream: BinaryIO, limits: Limits) -> Iterator[Found]:
        """The records of a file; what is wrong in one of them is a refusal of that one, and raises nothing."""

    def again(self, raws: Iterable[str]) -> Iterator[Piece]:
        """Files that hold these records as they were refused, to be corrected and imported again, piece by piece."""
