"""The arithmetic of the statistics: sums that can be added up, and the figures that are read off them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from review_app.articles.rules import SCORES
from review_app.reviewing.rules import COUNTED, Outcome, quantile

DEFAULT_DAYS = 28
MOST_DAYS = 3_660
"""Ten years; the sums of so many days still add up while a person waits."""

EARLIEST, LATEST = date(1970, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True, slots=True)
class Period:
    """Some days, from `first` to `last`, both of them included."""

    first: date
    last: date

    def days(self) -> Iterator[date]:
        """Each day, in order."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)

    def moments(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """When the period begins, and when it is over, in UTC. A day there may have 23 or 25 hours."""
        return begin_of(self.first, zone), begin_of(self.last + timedelta(days=1), zone)


def begin_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day of a zone, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is told of some decisions. Rates are 0 to 1, durations in seconds; None where there is nothing to tell.

    `decisions` counts all that settled or returned an article; saves are told apart and are in no other figure.
    """

    decisions: int
    saves: int
    approved: int
    changes_requested: int
    rejected: int
    archived: int
    median_handling_seconds: float | None
    median_wait_seconds: float | None
    mean_score_change: Mapping[str, float | None]

    @property
    def judged(self) -> int:
        """The decisions that say whether an article is good enough: all but archiving."""
        return self.approved + self.changes_requested + self.rejected

    @property
    def approval_rate(self) -> float | None:
        """Approvals among the decisions that judge."""
        return self.approved / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Slot:
    """The sums of one reviewer, quarter of an hour and outcome, as they are kept."""

    outcome: str
    decisions: int
    handling: Mapping[str, int]
    waiting: Mapping[str, int]
    score_changes: Mapping[str, int]
    score_counts: Mapping[str, int]


@dataclass(slots=True)
class Tally:
    """Slots added up."""

    outcomes: Counter[str] = field(default_factory=Counter)
    handling: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    score_changes: Counter[str] = field(default_factory=Counter)
    score_counts: Counter[str] = field(default_factory=Counter)

    def add(self, slot: Slot) -> None:
        """Add one slot. Of saves only the number counts."""
        self.outcomes[slot.outcome] += slot.decisions
        if slot.outcome not in COUNTED:
            return
        for sums, more in (
            (self.handling, slot.handling),
            (self.waiting, slot.waiting),
            (self.score_changes, slot.score_changes),
            (self.score_counts, slot.score_counts),
        ):
            for name, count in more.items():
                sums[name] += count

    def figures(self) -> Figures:
        """What they tell."""
        return Figures(
            decisions=sum(self.outcomes[outcome] for outcome in COUNTED),
            saves=self.outcomes[Outcome.SAVE],
            approved=self.outcomes[Outcome.APPROVE],
            changes_requested=self.outcomes[Outcome.REQUEST_CHANGES],
            rejected=self.outcomes[Outcome.REJECT],
            archived=self.outcomes[Outcome.ARCHIVE],
            median_handling_seconds=_median(self.handling),
            median_wait_seconds=_median(self.waiting),
            mean_score_change={name: self._mean_change(name) for name in SCORES},
        )

    def _mean_change(self, score: str) -> float | None:
        count = self.score_counts[score]
        return self.score_changes[score] / count if count else None


def _median(histogram: Counter[str]) -> float | None:
    return quantile({int(bucket): count for bucket, count in histogram.items()}, 0.5)
