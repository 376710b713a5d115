"""The words of an article's life, and the arithmetic of its version. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from review_app.base.messages import lazy_gettext as _l

SCORES = ("quality", "freshness", "depth", "clarity")
"""The four scores: whole numbers 0..100, or None while not scored."""
SCORE_WORDS: Final[Mapping[str, str]] = {
    "quality": _l("quality"),
    "freshness": _l("freshness"),
    "depth": _l("depth"),
    "clarity": _l("clarity"),
}
"""As they stand in a sentence; `SCORE_LABELS` as they stand alone."""
SCORE_LABELS: Final[Mapping[str, str]] = {
    "quality": _l("Quality"),
    "freshness": _l("Freshness"),
    "depth": _l("Depth"),
    "clarity": _l("Clarity"),
}


class RevisionStatus(StrEnum):
    """Where an article's revision stands."""

    DRAFTED = "drafted"
    REVIEWED = "reviewed"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    ARCHIVED = "archived"


STATUS_WORDS: Final[Mapping[str, str]] = {
    RevisionStatus.DRAFTED: _l("drafted"),
    RevisionStatus.REVIEWED: _l("reviewed"),
    RevisionStatus.CHANGES_REQUESTED: _l("changes requested"),
    RevisionStatus.APPROVED: _l("approved"),
    RevisionStatus.REJECTED: _l("rejected"),
    RevisionStatus.ARCHIVED: _l("archived"),
}
"""As they stand in a sentence; `STATUS_LABELS` as they stand alone."""
STATUS_LABELS: Final[Mapping[str, str]] = {
    RevisionStatus.DRAFTED: _l("Drafted"),
    RevisionStatus.REVIEWED: _l("Reviewed"),
    RevisionStatus.CHANGES_REQUESTED: _l("Changes requested"),
    RevisionStatus.APPROVED: _l("Approved"),
    RevisionStatus.REJECTED: _l("Rejected"),
    RevisionStatus.ARCHIVED: _l("Archived"),
}
DIFFICULTY_WORDS: Final[Mapping[str, str]] = {
    "beginner": _l("beginner"),
    "intermediate": _l("intermediate"),
    "advanced": _l("advanced"),
    "expert": _l("expert"),
}
"""The usual ones; a source may use any other word, which is shown as it came."""


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


def in_words(value: str) -> str:
    """A status, a difficulty, a flag's name or the like as it is shown: our word for it if there is one, else its own."""
    return STATUS_WORDS.get(value) or DIFFICULTY_WORDS.get(value) or value.replace("_", " ")


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
