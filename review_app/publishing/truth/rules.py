"""What a page should say to search engines, how what it says differs, and when it is read again. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urldefrag, urljoin

from review_app.publishing.kinds.face import Seen


class State(StrEnum):
    """How a check stands. `UNREADABLE`: nobody answered, or only that something is broken; so nothing is known."""

    WAITING = "waiting"
    AGREES = "agrees"
    DIFFERS = "differs"
    UNREADABLE = "unreadable"


class Finding(StrEnum):
    """One way in which what the public sees differs from what the desk says."""

    STATUS = "status"
    NOINDEX = "noindex"
    CANONICAL = "canonical"
    NOT_LISTED = "not_listed"
    CACHED = "cached"
    INDEX = "index"
    LISTED = "listed"


@dataclass(frozen=True, slots=True)
class Should:
    """What the desk says of a page at `url`. `ours`: one of our own, whose caching is ours as well."""

    index: bool
    url: str
    ours: bool


SETTLE: Final = timedelta(seconds=30)
"""So long after a publication or a withdrawal it is read: caches are told meanwhile."""
HELD: Final = timedelta(minutes=10)
"""What is held back for longer is looked at so often whether it still is."""
IN_FLIGHT: Final = timedelta(seconds=10)
"""Events younger than this are looked at later: one with a smaller number may not be committed yet."""
DAILY: Final = timedelta(days=1)
JITTER: Final = 0.1
"""Each day is shorter or longer by up to this part, so that not all pages are due at once for ever."""
STILL_DIFFERS: Final = timedelta(hours=1)
FIRST_RETRY, MOST_RETRY = timedelta(minutes=15), timedelta(days=1)
MENDED_SETTLE: Final = timedelta(seconds=10)
ON_ITS_WAY: Final = timedelta(minutes=2)
"""A delivery that is younger and was not tried yet will change what is seen: the page is read after it."""

MOST_A_SECOND: Final = 5.0
"""Requests to one host."""
GIVE_UP_AFTER: Final = 3
"""So many requests in a row without an answer, and the rest of a run leaves that host alone."""
CHECKED_AT_ONCE: Final = 25
RUN_SECONDS: Final = 20.0
"""After so long the job lets others have its thread, and goes on with the next look."""
LEASE: Final = timedelta(minutes=5)
TRACKED_AT_ONCE: Final = 500

LONGEST_CACHED: Final = timedelta(minutes=5)
"""A cache that may keep one of our pages for longer would show it after its withdrawal."""
AGE = re.compile(r"(?:^|[,\s])(s-maxage|max-age)\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
ASKS_EACH_TIME = re.compile(r"(?:^|[,\s])(no-store|no-cache)(?:$|[,\s])", re.IGNORECASE)


def should_index(*, indexable: bool, published: bool) -> bool:
    """Whether search engines should find the page there: it is indexable, and the desk says that it is published there.

    That it was last read there as withdrawn counts for nothing, since it may be what is to be found out.
    """
    return indexable and published


def is_readable(seen: Seen) -> bool:
    """Whether an answer tells what the page is. A server that is broken or wants peace tells nothing of it."""
    return seen.reachable and seen.status is not None and seen.status != 429 and seen.status < 500


def findings(seen: Seen, should: Should) -> list[Finding]:
    """How what was seen differs; of a page that can be read (`is_readable`)."""
    found = _of_indexed(seen, should) if should.index else _of_hidden(seen)
    if should.ours and seen.status == 200 and _is_kept_long(seen.cache_control or ""):
        found.append(Finding.CACHED)
    return found


def _of_indexed(seen: Seen, should: Should) -> list[Finding]:
    if seen.status != 200:
        return [Finding.STATUS]
    found = []
    if not seen.indexable:
        found.append(Finding.NOINDEX)
    # Pages of ours always name their address: one that names none is not the page, but what a cache has in its place.
    named = seen.canonical or ("" if should.ours else should.url)
    if not named or not _is_same(urljoin(should.url, named), should.url):
        found.append(Finding.CANONICAL)
    if seen.in_sitemap is False:
        found.append(Finding.NOT_LISTED)
    return found


def _of_hidden(seen: Seen) -> list[Finding]:
    found = [Finding.INDEX] if seen.may_be_indexed else []
    return [*found, Finding.LISTED] if seen.in_sitemap else found


def _is_same(one: str, other: str) -> bool:
    return urldefrag(one).url == urldefrag(other).url


def _is_kept_long(cache_control: str) -> bool:
    """Whether shared caches may keep it for long without asking: `s-maxage` counts before `max-age` (RFC 9111, 5.2.2.10)."""
    if ASKS_EACH_TIME.search(cache_control):
        return False
    ages = {name.lower(): int(seconds) for name, seconds in AGE.findall(cache_control)}
    seconds = ages.get("s-maxage", ages.get("max-age", 0))
    return seconds > LONGEST_CACHED.total_seconds()


def next_look(state: State, failures: int, chance: float) -> timedelta:
    """After how long it is read again; `chance` is 0 to 1."""
    if state is State.DIFFERS:
        return STILL_DIFFERS
    if state is State.UNREADABLE:
        doubled: int = 2 ** min(max(failures - 1, 0), 10)
        return min(FIRST_RETRY * doubled, MOST_RETRY)
    return DAILY * (1 - JITTER + 2 * JITTER * chance)


def listed(seen: Seen, *, in_sitemap: bool | None) -> Seen:
    """The same, with what the sitemap says."""
    return replace(seen, in_sitemap=in_sitemap)
