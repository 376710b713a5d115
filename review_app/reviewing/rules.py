"""The transition table, what each outcome needs, and the arithmetic of durations. Pure."""

from __future__ import annotations

import math
import unicodedata
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from review_app.accounts.rules import Role
from review_app.articles.rules import RevisionStatus
from review_app.base.messages import lazy_gettext as _l

S = RevisionStatus


class Outcome(StrEnum):
    """What a decision says."""

    SAVE = "save"
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"
    ARCHIVE = "archive"
    ROLLBACK = "rollback"


OPEN = (S.DRAFTED, S.REVIEWED, S.CHANGES_REQUESTED, S.APPROVED, S.REJECTED)

TRANSITIONS: Final[dict[tuple[RevisionStatus, Outcome], frozenset[RevisionStatus]]] = {
    **{(status, Outcome.SAVE): frozenset({S.DRAFTED, S.REVIEWED}) for status in OPEN},
    **{(status, Outcome.APPROVE): frozenset({S.APPROVED}) for status in OPEN},
    **{(status, Outcome.REQUEST_CHANGES): frozenset({S.CHANGES_REQUESTED}) for status in OPEN},
    **{(status, Outcome.REJECT): frozenset({S.REJECTED}) for status in OPEN},
    **{(status, Outcome.ARCHIVE): frozenset({S.ARCHIVED}) for status in OPEN},
}
"""From which status an outcome leads where. What is not here is forbidden: out of `archived` leads only a rollback,
which restores what was before the decision it undoes and therefore has no line of its own."""

OUTCOME_OF_STATUS: Final = {
    S.DRAFTED: Outcome.SAVE,
    S.REVIEWED: Outcome.SAVE,
    S.APPROVED: Outcome.APPROVE,
    S.CHANGES_REQUESTED: Outcome.REQUEST_CHANGES,
    S.REJECTED: Outcome.REJECT,
    S.ARCHIVED: Outcome.ARCHIVE,
}
"""In forms the chosen status tells the outcome."""

NEEDS_NOTE: Final = frozenset({Outcome.REQUEST_CHANGES, Outcome.REJECT})
LEAST_ROLE: Final = {Outcome.ARCHIVE: Role.LEAD}
TOO_LITTLE_ROLE: Final = {Outcome.ARCHIVE: _l("Only a lead can archive an article.")}
"""Who may do what others may not, and what those are told."""
COUNTED: Final = (Outcome.APPROVE, Outcome.REQUEST_CHANGES, Outcome.REJECT, Outcome.ARCHIVE)
"""The outcomes that statistics count as decisions; saves are told apart."""

NOTE_LENGTH: Final = 10_000
UNSEEN: Final = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols that nobody can see: fillers, and the empty Braille pattern."""


def says_something(text: str) -> bool:
    """Whether a text has anything in it that can be seen: a letter, digit, mark or sign, not only blanks and joiners."""
    return any(unicodedata.category(sign)[0] in "LNPS" and sign not in UNSEEN for sign in text)


def allowed_statuses(status: str, outcome: Outcome) -> frozenset[RevisionStatus]:
    """Where `outcome` may lead from `status`; empty if it is forbidden."""
    return TRANSITIONS.get((S(status), outcome), frozenset())


def stays_in_queue(outcome: Outcome) -> bool:
    """Whether an article waits for a person after this outcome."""
    return outcome is Outcome.SAVE


SLOT = timedelta(minutes=15)


def slot_of(moment: datetime) -> datetime:
    """The quarter of an hour (UTC) a moment lies in. A day of any time zone is a sum of quarters."""
    return moment.replace(minute=moment.minute - moment.minute % 15, second=0, microsecond=0)


GROWTH: Final = 1.02
"""Each bucket is 2% wider than the one before, so its middle is at most 1% from anything in it."""


def bucket_of(seconds: float) -> int:
    """The histogram bucket of a duration in seconds. Everything under a second is bucket 0."""
    return 0 if seconds < 1 else 1 + int(math.log(seconds, GROWTH))


def middle_of(bucket: int) -> float:
    """A duration in seconds that is within 1% of everything in the bucket (for bucket 0: half a second)."""
    return 0.5 if bucket == 0 else 2 * GROWTH ** (bucket - 1) * GROWTH / (1 + GROWTH)


def quantile(histogram: dict[int, int], share: float) -> float | None:
    """The duration in seconds below which `share` (0 to 1) of the histogram lies; None if it is empty."""
    total = sum(histogram.values())
    if total <= 0:
        return None
    wanted = max(1, math.ceil(share * total))
    for bucket in sorted(histogram):
        wanted -= histogram[bucket]
        if wanted <= 0:
            return middle_of(bucket)
    return None
