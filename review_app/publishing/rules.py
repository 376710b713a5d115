"""What publishing allows, and its figures. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class Trigger(StrEnum):
    """What asked for a publish run."""

    HOOK = "hook"
    PAGE = "page"
    API = "api"
    COMMAND = "command"


MOST_SOURCE_IDS = 10_000
"""One request names at most this many articles; `scope: approved` has no such limit."""

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
