"""Bounds of notes, the names they mention, and where the passage of a note stands in a text. Pure.

A passage is kept as the TextQuoteSelector of the W3C Web Annotation Data Model: its words, and some that stand before and
after it. All of it is compared without blanks, for those differ between what a browser selects, what somebody pastes, and
how an article is written.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

NOTE_LENGTH: Final = 5_000
QUOTE_LENGTH: Final = 1_000
CONTEXT_LENGTH: Final = 32
"""Characters that are kept of what stands before a passage, and after it."""
MOST_OPEN: Final = 200
"""Open notes of one article."""
MOST_REPLIES: Final = 100

SHORT = 16
"""A shorter quote may stand anywhere by chance, so some of what stood around it must too."""
LEAST_AGREEMENT = 4
MOST_OCCURRENCES = 1_000
GRAM, STEP = 8, 4
MOST_HITS = 50
"""Places of one gram that are looked at."""
LEAST_KEPT = 0.6
"""Of the characters of a passage that has changed, how many must still stand there."""
MENTION = re.compile(r"(?<![\w@.])@([\w+-][\w.+-]*(?:@[\w-][\w.-]*)?)")
CODE = re.compile(r"`[^`]*`")


@dataclass(frozen=True, slots=True)
class Selector:
    """A passage: its words, and some that stood before and after them."""

    quote: str
    prefix: str = ""
    suffix: str = ""

    def squeezed(self) -> Selector:
        """The same without blanks."""
        return Selector(squeeze(self.quote), squeeze(self.prefix), squeeze(self.suffix))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands in a text without blanks, and whether its words have changed."""

    start: int
    end: int
    changed: bool = False


def squeeze(text: str) -> str:
    """A text without its blanks."""
    return "".join(text.split())


def names_in(text: str) -> list[str]:
    """What is mentioned by `@name`, in lower case, each once; between backticks, where code stands, nothing is."""
    found = (name.rstrip(".-+").lower() for name in MENTION.findall(CODE.sub(" ", text)))
    return list(dict.fromkeys(filter(None, found)))


def places_of(text: str, selectors: Sequence[Selector]) -> list[Place | None]:
    """Where each passage stands in a text without blanks; None for one that is gone.

    If its words stand in several places, those around them decide. If they stand nowhere, the place where most of them do is
    taken, unless that is too few.
    """
    passages = [selector.squeezed() for selector in selectors]
    exact = [_exact(text, passage) for passage in passages]
    lost = [passage for passage, place in zip(passages, exact, strict=True) if place is None]
    grams = {gram for passage in lost for _, gram in _grams(passage.quote)}
    hits = _hits(text, grams) if grams else {}
    return [place or _near(text, passage, hits) for passage, place in zip(passages, exact, strict=True)]


def _exact(text: str, passage: Selector) -> Place | None:
    starts = list(islice(_occurrences(text, passage.quote), MOST_OCCURRENCES))
    if not starts:
        return None
    end = len(passage.quote)
    best = max(starts, key=lambda start: _agreement(text, start, start + end, passage))
    around = passage.prefix + passage.suffix
    alike = _agreement(text, best, best + end, passage)
    if end < SHORT and alike < min(LEAST_AGREEMENT, len(around)):
        return None
    return Place(best, best + end)


def _occurrences(text: str, quote: str) -> Iterator[int]:
    start = text.find(quote) if quote else -1
    while start >= 0:
        yield start
        start = text.find(quote, start + 1)


def _agreement(text: str, start: int, end: int, passage: Selector) -> int:
    """How many characters next to this place are those that stood next to the passage."""
    before = text[max(0, start - len(passage.prefix)) : start]
    after = text[end : end + len(passage.suffix)]
    return _alike(before[::-1], passage.prefix[::-1]) + _alike(after, passage.suffix)


def _alike(one: str, other: str) -> int:
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _grams(quote: str) -> Iterator[tuple[int, str]]:
    last = len(quote) - GRAM
    for index in sorted({*range(0, last + 1, STEP), max(last, 0)}):
        yield index, quote[index : index + GRAM]


def _hits(text: str, wanted: set[str]) -> Mapping[str, list[int]]:
    """Where these grams stand, in one pass over the text however many passages are looked for."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for position in range(len(text) - GRAM + 1):
        gram = text[position : position + GRAM]
        if gram in wanted and len(found[gram]) < MOST_HITS:
            found[gram].append(position)
    return found


def _near(text: str, passage: Selector, hits: Mapping[str, list[int]]) -> Place | None:
    """The place where most of the grams stand, about as far apart as they stood in the passage."""
    size = len(passage.quote)
    met = sorted(
        (position - index, index) for index, gram in _grams(passage.quote) for position in hits.get(gram, ())
    )
    places = {}
    for window in _fullest(met, drift=max(GRAM, size // 5)):
        indexes = {index for _, index in window}
        kept = len({index + offset for index in indexes for offset in range(GRAM)})
        if size >= SHORT and kept >= LEAST_KEPT * size:
            positions = [shift + index for shift, index in window]
            place = Place(min(positions), max(positions) + GRAM, changed=True)
            places[place] = _agreement(text, place.start, place.end, passage)
    return max(places, key=places.__getitem__, default=None)


def _fullest(met: Sequence[tuple[int, int]], drift: int) -> list[Sequence[tuple[int, int]]]:
    """Those windows over hits, sorted by how far they are shifted, that hold the most different grams."""
    best: list[tuple[int, int]] = []
    most = first = 0
    inside: Counter[int] = Counter()
    for last, (shift, index) in enumerate(met):
        inside[index] += 1
        while shift - met[first][0] > drift:
            inside[met[first][1]] -= 1
            if not inside[met[first][1]]:
                del inside[met[first][1]]
            first += 1
        if len(inside) > most:
            best, most = [], len(inside)
        if len(inside) == most:
            best.append((first, last + 1))
    return [met[begin:end] for begin, end in best[:MOST_HITS]]
