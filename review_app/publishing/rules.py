"""What publishing allows, and its figures. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo


class Trigger(StrEnum):
    """What asked for a publish run."""

    HOOK = "hook"
    PAGE = "page"
    API = "api"
    COMMAND = "command"
    SCHEDULE = "schedule"
    APPROVAL = "approval"


class RunState(StrEnum):
    """Where a publish run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"


AT_WORK: Final = (RunState.QUEUED, RunState.RUNNING)
"""A worker has something to do, now or later."""

UNENDED: Final = (*AT_WORK, RunState.PAUSED)

CONTENT_KINDS: Final = ("site", "wordpress", "export")
"""The kinds of targets that articles are brought to; the others are told of it."""


MOST_SOURCE_IDS = 10_000
"""One request names at most this many articles; `scope: approved` has no such limit."""

LONGEST_HELD = timedelta(days=365_250)
"""A run is held for a thousand years at most: near the end of the calendar nothing can be reckoned any more."""

BATCH = 100
"""Publications of one transaction."""

STATEMENT_ROWS = 500
"""Rows of one statement; each has a handful of parameters, and SQLite takes 32,766."""

LEASE = timedelta(minutes=2)
LOOK_AGAIN = timedelta(minutes=1)
"""A run whose publications are all being delivered looks so often whether they have ended, should nobody have told it."""

LEAST_WAIT = timedelta(seconds=1)
"""Before a run looks again: what is due may be held by another run just now."""

SITEMAP_PART = 50_000
"""Addresses of one sitemap file (https://www.sitemaps.org/protocol.html)."""

LAST_SITEMAP_PART = (2**63 - 1) // SITEMAP_PART - 1
"""The last part whose articles have numbers that the databases can hold."""

WAITS_FOR_EARLIER = timedelta(seconds=30)
"""A run whose turn it is not looks so often whether the earlier ones have taken all of the day's room."""

APPROVALS_AT_ONCE = 1_000
"""One run that approvals started takes on at most so many; the next takes the rest."""

WITHDRAWN_AT_ONCE = 25
"""Articles of one transaction of a rollback: it holds their rows."""

MOST_APPROVALS_UNDONE = 20
"""An article that was approved again and again is withdrawn by undoing at most so many approvals."""

MOST_SCHEDULES = 20
MINUTES_A_DAY = 24 * 60
HOOK_CALLS_KEPT = timedelta(days=7)
HOOK_LOG_KEPT = timedelta(days=30)
FORGOTTEN_AT_ONCE = 1_000


def start_of_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """When the day began in this zone that the moment is of."""
    return datetime.combine(moment.astimezone(zone).date(), datetime.min.time(), zone)


def next_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """When the day after that of the moment begins in this zone."""
    tomorrow = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, datetime.min.time(), zone)


def day_of_place(place: int, *, left_today: int, a_day: int, today: date) -> date:
    """On which day the article with so many before it becomes public: `left_today` today, then `a_day` a day."""
    if place < left_today:
        return today
    return today + timedelta(days=1 + (place - left_today) // a_day)


def next_planned(minute: int, zone: ZoneInfo, after: datetime) -> datetime:
    """The first moment after this one at which it is so many minutes past midnight in the zone, in UTC.

    A time that a day leaves out, when the clocks go forward, is as much later as they skip; one that a day has twice counts
    the first time.
    """
    day = after.astimezone(zone).date() - timedelta(days=1)
    while True:
        hours, minutes = divmod(minute, 60)
        there = datetime(day.year, day.month, day.day, hours, minutes, tzinfo=zone)
        planned = there.astimezone(UTC)
        if planned > after:
            return planned
        day += timedelta(days=1)
