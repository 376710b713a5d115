"""How long a claim holds and how many one may have; the orders, columns and bounds of lists. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from review_app.base.messages import lazy_gettext as _l

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
    Sort.DESK: _l("The desk's order"),
    Sort.OLDEST: _l("Oldest first"),
    Sort.NEWEST: _l("Newest first"),
    Sort.LOWEST: _l("Lowest overall score first"),
    Sort.HIGHEST: _l("Highest overall score first"),
    Sort.REPETITION: _l("Most repetition first"),
    Sort.DUE: _l("First due first"),
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
    Column.WAITING: _l("Waiting since"),
    Column.DUE: _l("Due on"),
    Column.QUALITY: _l("Quality"),
    Column.FRESHNESS: _l("Freshness"),
    Column.DEPTH: _l("Depth"),
    Column.CLARITY: _l("Clarity"),
    Column.OVERALL: _l("Overall"),
    Column.REPEATED: _l("Repeats others"),
    Column.WORDS: _l("Words"),
    Column.STACK: _l("Stack"),
    Column.TOPIC: _l("Topic"),
    Column.DIFFICULTY: _l("Difficulty"),
    Column.BATCH: _l("Import"),
    Column.VIEWS: _l("Synthetic views"),
    Column.STATE: _l("State"),
    Column.HOLDER: _l("Held by"),
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
