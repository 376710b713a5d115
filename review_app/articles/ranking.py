"""The order of the desk: an article's place as one number, and the days on which articles become due. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from review_app.articles.rules import Ranking

TIME_BITS, KEY_BITS = 42, 21
"""A rank is one signed 64-bit number: the policy's key above, and below it the milliseconds (until 2109) of its waiting."""
LATEST: int = 2**TIME_BITS - 1
BEHIND: int = 2**KEY_BITS - 1
"""The key of what a lead has put behind all others."""
LAST: int = BEHIND - 1
"""The key of what has no figure to be ranked by: it comes after all that has one."""
EPOCH = date(1970, 1, 1)
DIFFICULTIES = ("beginner", "intermediate", "advanced", "expert")
SATURDAY = 5
HORIZON = timedelta(days=3_650)
"""Nothing is put off for longer than ten years: what finds no room until then is due on the last of these days."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What of an article its place can depend on. `repeated`: 0..100 percent of its paragraphs stand elsewhere too.

    `behind_since`: when a lead put it behind all others.
    """

    waiting_since: datetime
    due_on: date | None
    scores: Mapping[str, int | None]
    difficulty: str
    view_count: int | None
    repeated: int | None = None
    behind_since: datetime | None = None

    @property
    def lowest(self) -> tuple[str, int | None]:
        """The lowest score by name; one that is missing is lower than any."""
        return min(self.scores.items(), key=lambda item: -1 if item[1] is None else item[1])


def rank(ranking: Ranking, standing: Standing) -> int:
    """The place in the queue, lowest first: by the policy's key, and of like ones who has waited longest."""
    if standing.behind_since is not None:
        return (BEHIND << TIME_BITS) + time_of(standing.behind_since)
    return (KEYS[ranking](standing) << TIME_BITS) + time_of(standing.waiting_since)


def time_of(moment: datetime) -> int:
    """The part of a rank that tells the time: whole milliseconds since 1970."""
    return min(max(int(moment.timestamp() * 1000), 0), LATEST)


def _due(standing: Standing) -> int:
    return LAST if standing.due_on is None else min(max((standing.due_on - EPOCH).days, 0), LAST - 1)


def _lowest_score(standing: Standing) -> int:
    score = standing.lowest[1]
    return 0 if score is None else score + 1


def _repetition(standing: Standing) -> int:
    return LAST if standing.repeated is None else 100 - standing.repeated


def _difficulty(standing: Standing) -> int:
    word = standing.difficulty.strip().lower()
    return DIFFICULTIES.index(word) if word in DIFFICULTIES else LAST


def _views(standing: Standing) -> int:
    """The most read first. Two million views and more count alike."""
    return LAST if standing.view_count is None else LAST - 1 - min(max(standing.view_count, 0), LAST - 1)


KEYS: Mapping[Ranking, Callable[[Standing], int]] = {
    Ranking.OLDEST: lambda _standing: 0,
    Ranking.DUE: _due,
    Ranking.LOWEST_SCORE: _lowest_score,
    Ranking.REPETITION: _repetition,
    Ranking.DIFFICULTY: _difficulty,
    Ranking.VIEWS: _views,
}
"""For each ranking the figure that decides, 0..`LAST`, lowest first."""


def due_day(waiting_since: datetime, policy_since: datetime | None, working_days: int) -> date:
    """The day on which it becomes due: so many working days (Monday to Friday, UTC; at least one) after it began to wait.

    What waited already when the policy was set counts from then: nobody is late by a rule that there was not.
    """
    start = max(waiting_since, policy_since or waiting_since)
    day = start.astimezone(UTC).date()
    for _ in range(working_days):
        day = next_working_day(day)
    return day


def next_working_day(day: date) -> date:
    """The first of Monday to Friday after a day."""
    return day + timedelta(days=max(1, 7 - day.weekday()) if day.weekday() >= SATURDAY - 1 else 1)


def working_days_between(start: date, end: date) -> int:
    """How many working days after `start` the day `end` is; 0 if it is not after it."""
    weeks, rest = divmod(max((end - start).days, 0), 7)
    days = (start + timedelta(days=weeks * 7 + number) for number in range(1, rest + 1))
    return int(weeks * 5 + sum(day.weekday() < SATURDAY for day in days))
