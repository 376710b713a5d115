"""Which addresses a site names in its sitemap, read once a run (https://www.sitemaps.org/protocol.html).

Its parts are large and change little, so what was read is kept for a while and asked for conditionally. Pages are not: a cache
that answers 304 tells us what it told us before, and not what it tells others.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urljoin, urlsplit

from lxml import etree

from review_app.base.clock import utc_now
from review_app.base.outbound import Unreachable
from review_app.publishing.truth.visiting import Visitor

MOST_PART_BYTES = 50 * 2**20
"""The protocol allows no more, nor more than 50,000 addresses."""
MOST_ROBOTS_BYTES = 512 * 1024
MOST_PARTS = 100
MOST_SECONDS = 60.0
"""Of one site's sitemap no more is read in a run; what is not found then may stand in the rest."""
KEPT = timedelta(hours=1)
"""After so long it is read in full, whatever a cache says of what we have."""
MOST_KEPT = 100


class CannotRead(Exception):
    """A part of a sitemap is not there, or is none."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a sitemap: the pages it names, and the further parts."""

    pages: frozenset[str]
    parts: tuple[str, ...]
    etag: str
    modified: str
    read_at: datetime


@dataclass(slots=True)
class Listed:
    """All that a site names; not `whole` when a part could not be read."""

    pages: set[str] = field(default_factory=set)
    whole: bool = True
    read_at: datetime = field(default_factory=utc_now)


class Sitemaps:
    """The sitemaps of the sites that one run visits."""

    _kept: dict[str, Part] = {}  # noqa: RUF012  # shared by all runs of a process, on purpose
    _lock = Lock()

    def __init__(self, visitor: Visitor, site_url: str) -> None:
        self.visitor, self.site_url = visitor, site_url
        self.found: dict[str, Listed | None] = {}

    def holds(self, url: str, since: datetime) -> bool | None:
        """Whether the sitemap of its site names this page, as read after `since`; None if that cannot be known."""
        place = urlsplit(url)
        host = f"{place.scheme}://{place.netloc}"
        known = self.found.get(host)
        if host not in self.found or (known is not None and known.read_at <= since):
            known = self.found[host] = self._read(host, url)
        if known is None:
            return None
        return True if url in known.pages else (False if known.whole else None)

    def _read(self, host: str, url: str) -> Listed | None:
        """None if the site says of no sitemap."""
        ours = self.site_url and url.startswith(self.site_url + "/")
        waiting = [f"{self.site_url}/sitemap.xml"] if ours else self._named_in_robots(host)
        if not waiting:
            return None
        listed, seen, last = Listed(), set[str](), time.monotonic() + MOST_SECONDS
        while waiting:
            part_url = waiting.pop()
            if part_url in seen:
                continue
            seen.add(part_url)
            if (
                len(seen) > MOST_PARTS
                or time.monotonic() > last
                or urlsplit(part_url).netloc != urlsplit(host).netloc
            ):
                listed.whole = False
                continue
            try:
                part = self._part(part_url)
            except (CannotRead, Unreachable):
                listed.whole = False
                continue
            listed.pages |= part.pages
            waiting += part.parts
        return listed

    def _named_in_robots(self, host: str) -> list[str]:
        try:
            answer = self.visitor.get(f"{host}/robots.txt", most_bytes=MOST_ROBOTS_BYTES)
        except Unreachable:
            return []
        if answer.status != 200:
            return []
        return list(_sitemaps_of(answer.body.decode(errors="replace").splitlines(), host))

    def _part(self, url: str) -> Part:
        """One file. Raises `CannotRead` and `Unreachable`."""
        with self._lock:
            kept = self._kept.get(url)
        if kept is not None and utc_now() - kept.read_at > KEPT:
            kept = None
        answer = self.visitor.get(url, most_bytes=MOST_PART_BYTES, headers=_conditions(kept))
        if answer.status == 304 and kept is not None:
            return kept
        if answer.status != 200:
            raise CannotRead
        pages, parts = _parsed(answer.body, url)
        fresh = Part(
            pages,
            parts,
            answer.headers.get("ETag", ""),
            answer.headers.get("Last-Modified", ""),
            utc_now(),
        )
        self._keep(url, fresh)
        return fresh

    def _keep(self, url: str, part: Part) -> None:
        with self._lock:
            self._kept.pop(url, None)
            self._kept[url] = part
            while len(self._kept) > MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))


def _conditions(kept: Part | None) -> dict[str, str]:
    if kept is None:
        return {}
    named = {"If-None-Match": kept.etag, "If-Modified-Since": kept.modified}
    return {name: value for name, value in named.items() if value}


def _sitemaps_of(lines: Iterable[str], host: str) -> Iterable[str]:
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip().lower() == "sitemap" and value.strip():
            yield urljoin(host, value.strip())


def _parsed(body: bytes, url: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The pages and the parts that a file names, of which it has one or the other. Raises `CannotRead`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(body, parser)
    except (etree.LxmlError, ValueError) as error:
        raise CannotRead from error
    found = tuple(
        urljoin(url, (node.text or "").strip()) for node in root.iterfind("{*}*/{*}loc") if node.text
    )
    kind = etree.QName(root).localname
    if kind == "sitemapindex":
        return frozenset(), found
    if kind != "urlset":
        raise CannotRead
    return frozenset(found), ()
