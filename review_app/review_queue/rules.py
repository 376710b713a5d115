"""How long a claim holds and how many one may have; the orders, columns and bounds of lists. Pure."""

from __future__ import annotations

from collections.abc import Iterable
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


MOST_ON_TABS = 8
"""Saved views that stand as tabs above the list; the others have their page."""
COUNTED_ON_TABS = 999
"""So far the articles of a saved view are counted."""
MOST_VIEWS = 50
"""Saved views of one person."""
NAME_LENGTH = 60
LAST_PLACE = 999
LONGEST_AGE = 3_650


class Sort(StrEnum):
    """The orders a queue can be read in: that of the desk, or one that a reader chooses for the list."""

    DESK = "desk"
    OLDEST = "oldest"
    NEWEST = "newest"
    LOWEST = "lowest"
    HIGHEST = "highest"
    REPETITION = "repetition"
    DUE = "due"


SORTS = {
    Sort.DESK: "The desk's order",
    Sort.OLDEST: "Oldest first",
    Sort.NEWEST: "Newest first",
    Sort.LOWEST: "Lowest overall score first",
    Sort.HIGHEST: "Highest overall score first",
    Sort.REPETITION: "Most repetition first",
    Sort.DUE: "First due first",
}


class Column(StrEnum):
    """What a row of the queue can show besides the article's title."""

    WAITING = "waiting"
    DUE = "due"
    QUALITY = "quality"
    FRESHNESS = "freshness"
    DEPTH = "depth"
    CLARITY = "clarity"
    OVERALL = "overall"
    REPEATED = "repeated"
    WORDS = "words"
    STACK = "stack"
    TOPIC = "topic"
    DIFFICULTY = "difficulty"
    BATCH = "batch"
    VIEWS = "views"
    STATE = "state"
    HOLDER = "holder"


COLUMNS = {
    Column.WAITING: "Waiting since",
    Column.DUE: "Due on",
    Column.QUALITY: "Quality",
    Column.FRESHNESS: "Freshness",
    Column.DEPTH: "Depth",
    Column.CLARITY: "Clarity",
    Column.OVERALL: "Overall",
    Column.REPEATED: "Repeats others",
    Column.WORDS: "Words",
    Column.STACK: "Stack",
    Column.TOPIC: "Topic",
    Column.DIFFICULTY: "Difficulty",
    Column.BATCH: "Import",
    Column.VIEWS: "Synthetic views",
    Column.STATE: "State",
    Column.HOLDER: "Held by",
}
USUAL_COLUMNS = (
    Column.WAITING,
    Column.QUALITY,
    Column.FRESHNESS,
    Column.DEPTH,
    Column.CLARITY,
    Column.STATE,
)


def columns_of(names: Iterable[str]) -> tuple[Column, ...]:
    """Those columns of these names that there are, in their usual order."""
    chosen = set(names)
    return tuple(column for column in Column if column in chosen)
