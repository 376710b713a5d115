"""Marking passages in an article's HTML. Pure.

Takes what `articles.markup.sanitise` gave and puts tags of ours between its characters: never within a tag or an entity,
and never around a tag, so that the elements of the article stay as they are, whatever they are. Nothing of a note gets into
the HTML but its number.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from itertools import pairwise

from review_app.articles.markup_bounds import names
from review_app.base.messages import lazy_gettext as _l
from review_app.reviewing.notes.rules import CONTEXT_LENGTH, Place, Selector, places_of, squeeze

TOKEN = re.compile(r"<(/?)([a-z0-9]*)[^>]*>|&[#0-9a-zA-Z]+;|[^<&\s]+|[<&]")
TAG = re.compile(r"</?([a-z0-9]*)[^>]*>")
VOID = frozenset({"br", "hr", "img"})
NO_TEXT = frozenset({"table", "tbody", "thead", "tfoot", "tr"})
"""Elements in which a parser moves whatever is no part of a table to another place."""
INLINE = names("a abbr b cite code del dfn em i ins kbd mark q s samp small strong sub sup u var")
CLOSES, OPENS = 0, 1
TO_NOTE = _l("Note on this passage")
"""What the link to a note is called."""


@dataclass(frozen=True, slots=True)
class Word:
    """Characters without a blank or a tag: where they begin in the text without blanks, and where they stand in the HTML."""

    at: int
    text: str
    start: int
    end: int
    run: int

    def place_of(self, at: int) -> int:
        """Where a character stands in the HTML; an entity is one, and is never cut."""
        whole = self.end - self.start != len(self.text)
        return self.start if whole else self.start + at - self.at


@dataclass(slots=True)
class Reading:
    """The text of some HTML without its blanks, and where each word of it stands.

    A run is text without a tag in it: of each, whether it is part of a link, or None if nothing may be put there.
    """

    html: str
    words: list[Word] = field(default_factory=list)
    runs: list[bool | None] = field(default_factory=list)
    text: str = ""
    starts: list[int] = field(default_factory=list)

    def words_between(self, start: int, end: int) -> Sequence[Word]:
        """The words of which some character lies there."""
        return self.words[max(0, bisect_right(self.starts, start) - 1) : bisect_left(self.starts, end)]

    def whole_words(self, place: Place) -> Place:
        """The same place without a word that is cut."""
        words = self.words_between(place.start, place.end)
        return Place(words[0].at, words[-1].at + len(words[-1].text), place.changed)

    def selector(self, place: Place) -> Selector:
        """The passage of a place, as it can be read."""
        around = 3 * CONTEXT_LENGTH
        quote = self._readable(place.start, place.end)
        prefix = self._readable(max(0, place.start - around), place.start)[-CONTEXT_LENGTH:]
        suffix = self._readable(place.end, min(len(self.text), place.end + around))[:CONTEXT_LENGTH]
        return Selector(quote, prefix, suffix)

    def _readable(self, start: int, end: int) -> str:
        if start >= end:
            return ""
        words = self.words_between(start, end)
        last = words[-1]
        stop = last.end if end >= last.at + len(last.text) else last.place_of(end)
        readable = TAG.sub(_blank_or_nothing, self.html[words[0].place_of(start) : stop])
        return " ".join(unescape(readable).split())


def _blank_or_nothing(tag: re.Match[str]) -> str:
    return "" if tag[1] in INLINE else " "


def read(html: str) -> Reading:
    """The text of an article, to look for passages in."""
    reading, at, open_elements = Reading(html, runs=[False]), 0, list[str]()
    for found in TOKEN.finditer(html):
        if found[2] is not None:
            _enter(open_elements, found)
            reading.runs.append(_run_in(open_elements))
            continue
        text = squeeze(unescape(found[0]))
        if text:
            reading.words.append(Word(at, text, found.start(), found.end(), len(reading.runs) - 1))
            at += len(text)
    reading.text = "".join(word.text for word in reading.words)
    reading.starts = [word.at for word in reading.words]
    return reading


def _enter(open_elements: list[str], tag: re.Match[str]) -> None:
    if tag[2] in VOID:
        return
    if not tag[1]:
        open_elements.append(tag[2])
    elif open_elements:
        open_elements.pop()


def _run_in(open_elements: list[str]) -> bool | None:
    if open_elements and open_elements[-1] in NO_TEXT:
        return None
    return "a" in open_elements


@dataclass(frozen=True, slots=True)
class Marked:
    """HTML with tags to be put into it, sorted: where, whether they open or close, and the tag."""

    html: str
    tags: Sequence[tuple[int, int, str]] = ()

    def cut(self, start: int, end: int) -> str:
        """A piece of the HTML, which must begin and end between tags, with the tags that belong into it."""
        pieces, position = [], start
        for at, _, tag in self._between(start, end):
            pieces += [self.html[position:at], tag]
            position = at
        return "".join([*pieces, self.html[position:end]])

    def holds(self, start: int, end: int) -> bool:
        """Whether a passage is marked there."""
        return bool(self._between(start, end))

    def _between(self, start: int, end: int) -> Sequence[tuple[int, int, str]]:
        return self.tags[bisect_left(self.tags, (start, OPENS)) : bisect_left(self.tags, (end, OPENS))]


def find(reading: Reading, selectors: Mapping[int, Selector]) -> dict[int, Place]:
    """Where the passages of these notes stand, by the number of the note; those that are gone are left out."""
    places = places_of(reading.text, list(selectors.values()))
    return {
        number: reading.whole_words(place) if place.changed else place
        for number, place in zip(selectors, places, strict=True)
        if place
    }


def mark(reading: Reading, places: Mapping[int, Place], label: str = TO_NOTE) -> Marked:
    """The HTML with these passages marked, each beginning with a link to its note, which is called `label`."""
    stretches: defaultdict[int, list[tuple[int, int, int, bool]]] = defaultdict(list)
    for number, place in places.items():
        for first, (run, start, end) in _stretches(reading, place):
            stretches[run].append((start, end, number, first))
    tags = [
        tag
        for run in sorted(stretches)
        for tag in _tags(stretches[run], label, in_link=bool(reading.runs[run]))
    ]
    return Marked(reading.html, tags)


def _stretches(reading: Reading, place: Place) -> Iterator[tuple[bool, tuple[int, int, int]]]:
    """The pieces of a passage that have no tag in them, from its first letter to its last, and whether it begins there."""
    bounds: dict[int, tuple[int, int]] = {}
    for word in reading.words_between(place.start, place.end):
        if reading.runs[word.run] is not None:
            start = word.place_of(max(place.start, word.at))
            whole = place.end >= word.at + len(word.text)
            end = word.end if whole else max(word.place_of(place.end), start)
            bounds[word.run] = (bounds.get(word.run, (start, 0))[0], end)
    for number, (run, (start, end)) in enumerate(bounds.items()):
        yield number == 0, (run, start, end)


def _tags(
    stretches: Sequence[tuple[int, int, int, bool]], label: str, *, in_link: bool
) -> Iterator[tuple[int, int, str]]:
    """Passages may overlap: text that is in some of them stands in one mark."""
    cuts = sorted({at for start, end, _, _ in stretches for at in (start, end)})
    for left, right in pairwise(cuts):
        if any(start <= left < end for start, end, _, _ in stretches):
            begun = [number for start, _, number, first in stretches if first and start == left]
            links = "".join(_link(number, label, in_link=in_link) for number in begun)
            yield left, OPENS, f'{links}<mark class="passage">'
            yield right, CLOSES, "</mark>"


def _link(number: int, label: str, *, in_link: bool) -> str:
    """A link in a link would end the outer one."""
    if in_link:
        return f'<span id="passage-{number}" tabindex="-1"></span>'
    named = f'aria-label="{escape(label)}"'
    return f'<a id="passage-{number}" class="to-note" href="#note-{number}" {named}></a>'
