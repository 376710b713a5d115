"""Where the words of a search stand in a text: in pieces, each marked or not, that a template prints and escapes. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from review_app.articles.search import Term, terms_of

BEFORE, AFTER = 60, 180
"""Characters of a text around the first of the words that are shown."""
READ = 200_000
"""So many characters of a text are looked through."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text, and whether it is what was searched for."""

    text: str
    marked: bool = False


class Highlighter:
    """Marks what a search found. Without words to look for it marks nothing."""

    def __init__(self, query: str) -> None:
        wanted = [_pattern(term) for term in terms_of(query) if not term.left_out]
        self._words = re.compile(rf"(?<![^\W_])(?:{'|'.join(wanted)})(?![^\W_])") if wanted else None

    def __bool__(self) -> bool:
        return self._words is not None

    def pieces(self, text: str) -> list[Piece]:
        """The whole text in pieces."""
        if self._words is None:
            return [Piece(text)]
        found, end = [], 0
        for match in self._words.finditer(_folded(text)):
            found += [Piece(text[end : match.start()]), Piece(text[match.start() : match.end()], marked=True)]
            end = match.end()
        return [piece for piece in (*found, Piece(text[end:])) if piece.text]

    def snippet(self, text: str) -> list[Piece]:
        """The part of a text around the first of the words, in pieces; nothing if none of them stands there."""
        text = text[:READ]
        match = self._words.search(_folded(text)) if self._words else None
        if match is None:
            return []
        start, end = max(0, match.start() - BEFORE), min(len(text), match.end() + AFTER)
        start = _next_blank(text, start) if start else 0
        shown = " ".join(text[start:end].split())
        return self.pieces(("… " if start else "") + shown + (" …" if end < len(text) else ""))


def _next_blank(text: str, start: int) -> int:
    found = text.find(" ", start, start + BEFORE)
    return start if found < 0 else found + 1


def _pattern(term: Term) -> str:
    words: Sequence[str] = [re.escape(_folded(word)) for word in term.words]
    return r"[\W_]+".join(words) + (r"[^\W_]*" if term.begins else "")


def _folded(text: str) -> str:
    """Small letters without accents, of just as many characters, as the index compares them."""
    if text.isascii():
        return text.lower()
    return "".join(unicodedata.normalize("NFD", char)[0].lower()[:1] or char for char in text)
