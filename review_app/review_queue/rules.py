"""How long a claim holds and how many one may have. Pure."""

from __future__ import annotations

from enum import StrEnum

MOST_CLAIMS = 3
"""One reviewer holds at most this many articles."""

HEARTBEAT_SECONDS = 60
"""How often an open review page renews its lease."""

MOST_COUNTED = 100_000
"""Counting stops here: no page counts a whole table."""

MOST_PLACED = 1_000
"""An article's number within a filter is counted to here; further on it is "1,000+"."""

REASON_LENGTH = 500


class Sort(StrEnum):
    """The orders a queue can be read in."""

    OLDEST = "oldest"
    NEWEST = "newest"
