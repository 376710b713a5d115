"""What every kind of source is to the reads: something that finds out what is new, and says what to remember of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from review_app.base.settings import Settings
from review_app.importing.batches import Upload
from review_app.importing.sources.models import ImportSource

Item = tuple[str, str]
"""Of a file or a post: the stamp that is cheap to compare, and the digest of what was read."""


class CannotRead(Exception):
    """The source cannot be read now; the message is a sentence for a person, and holds no secret."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One read at work: the source as it is, what it has read before, and where it may put what it fetches.

    `alive` must be called often: it keeps the lease, and raises when the read is ours no longer.
    """

    source: ImportSource
    known: Mapping[str, Item]
    settings: Settings
    folder: Path
    now: datetime
    alive: Callable[[], None]


@dataclass(slots=True)
class Found:
    """What a read found. Nothing of it is remembered before it stands in a batch, so nothing is lost between the two.

    `items` is how many files or posts are new or changed; `seen` are those whose memory changes, `gone` those to forget;
    `memory` are columns of the source. `paths` are files of this machine, `uploads` what was fetched.
    """

    items: int = 0
    name: str = ""
    uploads: list[Upload] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    format_name: str | None = None
    seen: dict[str, Item] = field(default_factory=dict)
    gone: Iterable[str] = ()
    memory: dict[str, Any] = field(default_factory=dict)
    note: str = ""


class Reader(Protocol):
    """One kind of source."""

    def __call__(self, reading: Reading) -> Found:
        """What is new at the source. Raises `CannotRead`."""
