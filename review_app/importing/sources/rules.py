"""What a source may be, and when it is read again. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

LEAST_MINUTES, MOST_MINUTES = 5, 10_080
USUAL_MINUTES = 60
MOST_NAME_CHARACTERS = 100
MOST_ADDRESS_CHARACTERS = 2_000
FAILURES_UNTIL_PAUSE = 10
LONGEST_BACK_OFF = timedelta(hours=1)
"""Unless the source is read more seldom anyhow."""


class Kind(StrEnum):
    """Where a source reads: a folder of this machine, a file behind an address, or a site by its REST API."""

    FOLDER = "folder"
    FEED = "feed"
    WORDPRESS = "wordpress"


class ReadState(StrEnum):
    """What became of one read. `waiting` and `reading` are the unfinished ones."""

    WAITING = "waiting"
    READING = "reading"
    IMPORTED = "imported"
    NOTHING_NEW = "nothing_new"
    FAILED = "failed"


def delay_after(failures: int, every_minutes: int) -> timedelta:
    """How long to wait for the next try: 1 minute after the first failure, then twice as long after each."""
    longest = max(timedelta(minutes=every_minutes), LONGEST_BACK_OFF)
    return min(timedelta(minutes=2 ** (failures - 1)), longest)
