"""When what happens: everything is counted back from now, so that the demo data are fresh on any day."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from review_app.operations.demo.people import Habits
from review_app.operations.demo.vocabulary import chance

REVIEWING_DAYS = 28
WORKING_DAY = timedelta(hours=9)
LAST_MINUTES = timedelta(minutes=20)
"""Nobody begins later than this before the end of a working day."""
MINUTES_APART = 8
"""More than anybody takes for one article, so nobody reads two at once."""
ON_WEEKENDS = 0.2
HANDLING_SECONDS = (40, 360)
SPREAD_OF_HANDLING = 0.5
"""The standard deviation of the logarithm of the handling time."""

BEGAN: Final = timedelta(days=36)
POLICY_SET: Final = timedelta(days=35)
PUBLISHED: Final = tuple(timedelta(days=days, hours=2) for days in (20, 13, 6))
"""When the lead published all that was approved."""
HOOK_CALLED: Final = timedelta(days=2, hours=5)
ROLLED_BACK: Final = tuple(timedelta(days=days, hours=1) for days in (18, 11, 5, 1.5, 0.2))
PUT_INTO_QUEUE: Final = tuple(timedelta(days=days, hours=3) for days in (15, 8, 3))
OPEN_CLAIMS: Final = {"reviewer-b": timedelta(minutes=4), "reviewer-c": timedelta(minutes=9)}
"""Who reads an article right now, and since when."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """One person with one article, from beginning to end."""

    key: str
    begins: datetime
    ends: datetime


def sittings(now: datetime, habits: Mapping[str, Habits]) -> list[Sitting]:
    """Every review of the last weeks in the order in which they begin, more on weekdays than on weekends.

    A working day ends at the time of day that it is now, so that the last one lies in the last hours, in whatever zone.
    """
    found: list[Sitting] = []
    for days_ago in range(REVIEWING_DAYS):
        evening = now - timedelta(days=days_ago)
        for key, of_person in habits.items():
            found += _of_a_day(
                key, of_person, evening, least=1 if days_ago == 0 and of_person.a_day > 2 else 0
            )
    return sorted(found, key=lambda sitting: sitting.begins)


def _of_a_day(key: str, habits: Habits, evening: datetime, *, least: int) -> list[Sitting]:
    draw = chance(key, evening.date())
    morning = evening - WORKING_DAY
    activity = ON_WEEKENDS if morning.weekday() >= 5 else 1.0
    places = range(0, int((WORKING_DAY - LAST_MINUTES).total_seconds() // 60), MINUTES_APART)
    found = []
    for minutes in draw.sample(places, max(least, int(habits.a_day * activity + draw.random()))):
        begins = morning + timedelta(minutes=minutes, seconds=draw.randrange(60))
        least_seconds, most_seconds = HANDLING_SECONDS
        seconds = draw.lognormvariate(math.log(habits.seconds), SPREAD_OF_HANDLING)
        seconds = min(max(seconds, least_seconds), most_seconds)
        found.append(Sitting(key, begins, begins + timedelta(seconds=seconds)))
    return found
