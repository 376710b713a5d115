"""The words of an article's life, and the arithmetic of its version. Pure."""

from __future__ import annotations

from enum import StrEnum

SCORES = ("quality", "freshness", "depth", "clarity")
"""The four scores: whole numbers 0..100, or None while not scored."""


class RevisionStatus(StrEnum):
    """Where an article's revision stands."""

    DRAFTED = "drafted"
    REVIEWED = "reviewed"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    ARCHIVED = "archived"


class Ranking(StrEnum):
    """What comes first in the queue. View counts are synthetic, so a lead must choose them knowingly."""

    OLDEST = "oldest"
    DUE = "due"
    LOWEST_SCORE = "lowest_score"
    REPETITION = "repetition"
    DIFFICULTY = "difficulty"
    VIEWS = "views"


SETTLED = frozenset({RevisionStatus.APPROVED, RevisionStatus.REJECTED, RevisionStatus.ARCHIVED})
"""An article of these statuses does not wait in the queue; `may_wait` knows the one exception."""


def is_indexable(status: str) -> bool:
    """The gate: only an approved article may be indexed. There is no other way in."""
    return status == RevisionStatus.APPROVED


def may_wait(status: str, *, text_is_decided: bool) -> bool:
    """Whether an article of this status may be in the queue.

    A settled one may not. An approved one may with a text that nobody has decided on yet: that is to be read while the
    public goes on reading the approved one.
    """
    return status not in SETTLED or (status == RevisionStatus.APPROVED and not text_is_decided)


def next_version(version: str, *, minor: bool) -> str:
    """The semantic version after a decision: an approval raises the minor number, anything else the patch."""
    major, middle, patch = (int(part) for part in version.split(".")[:3])
    return f"{major}.{middle + 1}.0" if minor else f"{major}.{middle}.{patch + 1}"
