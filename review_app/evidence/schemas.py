"""The shape in which programs get evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from review_app.articles.models import Article
from review_app.evidence.findings import Fact
from review_app.evidence.queries import Evidence, Repeated, as_hex

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{16}$", description="Names a paragraph.")]


class EvidenceLink(Struct, frozen=True):
    """Where a fact can be looked up: an article by its source id, or a paragraph by its digest; the other is null."""

    text: str
    source_id: str | None
    paragraph: Digest | None


class FactAnswer(Struct, frozen=True):
    """One fact about an article. `rests_on` says how it was found; `figures` are its numbers, by names that its kind has."""

    kind: Annotated[str, Meta(examples=["reading_time"])]
    sentence: str
    rests_on: str
    figures: Annotated[
        Mapping[str, Any], Meta(examples=[{"words": 612, "minutes": 3, "declared_minutes": 9}])
    ]
    links: list[EvidenceLink]

    @classmethod
    def of(cls, fact: Fact) -> FactAnswer:
        """A fact as it was found."""
        links = [
            EvidenceLink(
                link.text, link.source_id or None, None if link.digest is None else as_hex(link.digest)
            )
            for link in fact.links
        ]
        return cls(fact.kind, fact.sentence, fact.rests_on, fact.figures, links)


class EvidenceAnswer(Struct, frozen=True):
    """What helps to judge an article. While `measured_at` is null it is being measured, and there are no facts yet."""

    source_id: str
    measured_at: datetime | None
    facts: list[FactAnswer]

    @classmethod
    def of(cls, article: Article, evidence: Evidence) -> EvidenceAnswer:
        """The evidence on an article."""
        return cls(article.source_id, evidence.measured_at, list(map(FactAnswer.of, evidence.facts)))


class ParagraphAnswer(Struct, frozen=True):
    """A paragraph that stands in several articles: in how many, its text, and the first article that has it."""

    digest: Digest
    articles: int
    text: str
    first_source_id: str

    @classmethod
    def of(cls, one: Repeated) -> ParagraphAnswer:
        """A paragraph as it was found."""
        return cls(as_hex(one.digest), one.articles, one.text, one.source_id)


class NamedArticle(Struct, frozen=True):
    """An article by its name."""

    source_id: str
    title: str
