"""What a page says to search engines, engine by engine: beyond doubt if it must be hidden, perhaps if it must be shown.

A directive may be for all engines or for one: `googlebot: noindex` in an `X-Robots-Tag`, a meta element of that name in a page.
Of several that concern an engine the strictest holds: https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag
(also the forms of `unavailable_after`) and
https://www.bing.com/webmaster/help/which-robots-metatags-does-bing-support-5198d240. What a page says outside of its head is not
counted on: https://developers.google.com/search/docs/crawling-indexing/valid-page-metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser

from review_app.base.http_date import http_date

ENGINES = frozenset({"googlebot", "bingbot"})
"""Those that have to be told. What is said to others hides nothing from these."""
ALL = "robots"
"""The name by which a meta element speaks to every engine."""
HIDING = frozenset({"noindex", "none"})
OF_HEADS = frozenset(
    {"html", "head", "base", "link", "meta", "noscript", "script", "style", "template", "title"}
)
"""Whatever else begins in a head ends it."""
UNSEEN = frozenset({"noscript", "script", "style", "template", "title"})
"""What stands in these is no element of the page, or not for everybody."""
PIECE = 64 * 1024
"""Characters that are parsed before it is asked whether the head is over."""

NAME = re.compile(r"\s*([a-z][\w-]*)\s*:\s*", re.IGNORECASE)
VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
"""Directives with a colon of their own, which are no names of engines."""
EXPIRES = re.compile(r"unavailable_after\s*:\s*((?:[a-z]+\s*,)?[^,|]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """Directives for one engine, in lower case; `engine` is empty if they are for all."""

    engine: str
    directives: frozenset[str]


def hides(head: Iterable[Said], headers: Sequence[str]) -> bool:
    """Whether every engine that has to be told is told not to index the page. `head`: see `said_in_head`."""
    said = [*head, *(one for line in headers for one in said_in_header(line))]
    for_all = any(one.directives & HIDING for one in said if not one.engine)
    told = {one.engine for one in said if one.directives & HIDING}
    return for_all or told >= ENGINES


def forbids(line: str) -> bool:
    """Whether any engine might take something of this for a word that it is to keep away."""
    return any("noindex" in word or word == "none" for one in said_in_header(line) for word in one.directives)


def said_in_header(line: str) -> Iterator[Said]:
    """The directives of one `X-Robots-Tag`. A name of an engine holds for all that follow it in that line."""
    engine = ""
    for part in line.split(","):
        name = NAME.match(part)
        if name and name[1].lower() not in VALUED:
            engine, part = name[1].lower(), part[name.end() :]  # noqa: PLW2901  # what is left of it
        yield Said(engine, frozenset({part.strip().lower()}))


def has_expired(texts: Iterable[str], now: datetime) -> bool:
    """Whether any of these names a time that has passed, after which an engine leaves the page out.

    A date is as RFC 822, RFC 850 or ISO 8601 writes it; without a zone it is UTC.
    """
    moments = (_moment(found) for text in texts for found in EXPIRES.findall(text))
    return any(moment is not None and moment <= now for moment in moments)


def _moment(said: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(said.strip())
    except ValueError:
        return http_date(said)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def said_in_head(body: bytes) -> list[Said]:
    """The directives of the meta elements that any engine takes for such: those of the head, before anything ends it."""
    head, text = _Head(), body.decode("utf-8-sig", errors="replace")
    try:
        for start in range(0, len(text), PIECE):
            head.feed(text[start : start + PIECE])
            if head.is_over:
                break
    except AssertionError:  # how the parser gives up on a declaration that is none
        pass
    return head.said


class _Head(HTMLParser):
    """Reads a page up to the end of its head, wherever its tags say that this is."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Said] = []
        self.within: list[str] = []
        self.is_over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.is_over:
            return
        if tag in UNSEEN:
            self.within.append(tag)
        elif not self.within and tag not in OF_HEADS:
            self.is_over = True
        elif not self.within and tag == "meta":
            self._note(dict(reversed(attrs)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A slash at the end of a tag says nothing in HTML: `<template/>` is open."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.within:
            del self.within[self.within.index(tag) :]
        elif tag in {"head", "body", "html"} and not self.within:
            self.is_over = True

    def handle_data(self, data: str) -> None:
        if data.strip() and not self.within:
            self.is_over = True

    def _note(self, attributes: dict[str, str | None]) -> None:
        name = (attributes.get("name") or "").lower()
        if name == ALL or name in ENGINES:
            parts = (attributes.get("content") or "").lower().split(",")
            self.said.append(Said("" if name == ALL else name, frozenset(part.strip() for part in parts)))
