"""What was measured and found of an article, and the facts that are told of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from review_app.evidence.measuring import Found
from review_app.evidence.near import Near
from review_app.evidence.rules import STOCK_ARTICLES


@dataclass(frozen=True, slots=True)
class Link:
    """Where a fact can be looked up: an article by its source id, or a paragraph by its digest."""

    text: str
    source_id: str = ""
    digest: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its kind, a sentence, what it rests on, its figures for programs, and links."""

    kind: str
    sentence: str
    rests_on: str
    figures: Mapping[str, Any]
    links: Sequence[Link] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """What an article says of itself."""

    words: int
    reading_minutes: int | None
    code_language: str
    stack: str
    topic: str
    last_reviewed_on: date | None


@dataclass(frozen=True, slots=True)
class Sharing:
    """Another article and how many of this one's paragraphs stand in it, stock aside."""

    source_id: str
    title: str
    paragraphs: int


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was measured and found of an article. `others` says in how many other articles each paragraph stands."""

    kept: Mapping[str, Any]
    declared: Declared
    paragraphs: Sequence[Found]
    others: Mapping[int, int]
    near: Mapping[int, Sequence[Near]] = field(default_factory=dict)
    sharing: Sequence[Sharing] = ()
    same_titles: Sequence[tuple[str, str]] = ()
    near_titles: Sequence[tuple[str, str]] = ()

    def is_stock(self, digest: int) -> bool:
        """Whether a paragraph stands in so many articles, word for word or nearly, that it says nothing about this one."""
        near = any(one.stock for one in self.near.get(digest, ()))
        return near or self.others.get(digest, 0) >= STOCK_ARTICLES
