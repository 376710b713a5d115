"""What programs send to find articles, and the shape in which they get one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from review_app.articles.filters import Filters
from review_app.articles.models import Article, ArticleBody
from review_app.articles.rules import RevisionStatus
from review_app.base.api import After, Input, Limit, Text
from review_app.base.paging import PAGE_ROWS

Score = Annotated[int, Meta(ge=0, le=100)]
Word = Annotated[Text, Meta(max_length=500)]
RowId = Annotated[int, Meta(ge=1, le=10**18 - 1)]


class FilterQuery(Input, frozen=True, kw_only=True):
    """The queue's filters. What is left out, or empty, narrows nothing."""

    q: Annotated[Word, Meta(description="Words in the title, the topic or the text.")] = ""
    stack: Annotated[Word, Meta(description="The first stack.")] = ""
    topic: Annotated[Word, Meta(description="The topic, whole.")] = ""
    difficulty: Word = ""
    code_language: Word = ""
    flag: Annotated[Word, Meta(description="A flag that is set.")] = ""
    status: RevisionStatus | UnsetType = UNSET
    batch: Annotated[RowId, Meta(description="The number of an import.")] | UnsetType = UNSET
    scored: Annotated[Literal["yes", "no"], Meta(description="Whether it has all four.")] | UnsetType = UNSET
    overall_min: Annotated[Score, Meta(description="The mean of the four.")] | UnsetType = UNSET
    overall_max: Score | UnsetType = UNSET
    quality_min: Score | UnsetType = UNSET
    quality_max: Score | UnsetType = UNSET
    freshness_min: Score | UnsetType = UNSET
    freshness_max: Score | UnsetType = UNSET
    depth_min: Score | UnsetType = UNSET
    depth_max: Score | UnsetType = UNSET
    clarity_min: Score | UnsetType = UNSET
    clarity_max: Score | UnsetType = UNSET

    def given(self) -> dict[str, str]:
        """What narrows, as it would stand in an address."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: str(value) for name, value in values.items() if value is not UNSET}

    @property
    def filters(self) -> Filters:
        """The same as the queries take them."""
        return Filters.of(self.given())


class ArticleQuery(FilterQuery, frozen=True, kw_only=True):
    """Which articles, and which page of them."""

    awaiting_review: Annotated[bool, Meta(description="Whether it waits for a person.")] | UnsetType = UNSET
    indexable: bool | UnsetType = UNSET
    limit: Limit = PAGE_ROWS
    after: After = ""


class ScoresAnswer(Struct, frozen=True):
    """The four scores; null while not scored."""

    quality: Score | None
    freshness: Score | None
    depth: Score | None
    clarity: Score | None


class RevisionAnswer(Struct, frozen=True):
    """Where the revision stands. `version` is a semantic version."""

    status: RevisionStatus
    version: str
    last_reviewed: date | None


class ChecklistLine(Struct, frozen=True):
    """A line that a reviewer ticks; a required one must be ticked to approve."""

    id: int
    text: str
    required: bool


class ArticleAnswer(Struct, frozen=True):
    """An article. `row_version` is raised by every change and goes into the decision that is made on it.

    `published_version` is the version that the public sees, or null.
    """

    source_id: Annotated[str, Meta(examples=["alphanode-018460"])]
    title: str
    slug: str
    excerpt: str
    topic: str
    scores: ScoresAnswer
    revision: RevisionAnswer
    flags: Annotated[dict[str, bool], Meta(examples=[{"needs_human_review": True, "image_heavy": False}])]
    awaiting_review: bool
    indexable: Annotated[bool, Meta(description="True only while the revision status is approved.")]
    published_version: str | None
    row_version: int
    checklist: list[ChecklistLine]
    meta: Annotated[Raw, Meta(description="All that was imported.", extra_json_schema={"type": "object"})]
    body_html: Annotated[str, Meta(description="The sanitised text. Not in lists.")] | UnsetType = UNSET
    word_count: Annotated[int, Meta(description="Of the text. Not in lists.")] | UnsetType = UNSET

    @classmethod
    def of(
        cls, article: Article, checklist: Sequence[ChecklistLine], body: ArticleBody | None = None
    ) -> ArticleAnswer:
        """An article that was read with its flags and metadata, and its text if that was read too."""
        return cls(
            source_id=article.source_id,
            title=article.title,
            slug=article.slug,
            excerpt=article.excerpt,
            topic=article.topic,
            scores=ScoresAnswer(**article.scores),
            revision=RevisionAnswer(
                RevisionStatus(article.revision_status), article.revision_version, article.last_reviewed_on
            ),
            flags={flag.name: flag.value for flag in sorted(article.flags, key=lambda flag: flag.name)},
            awaiting_review=article.awaiting_review,
            indexable=article.indexable,
            published_version=article.published_version,
            row_version=article.row_version,
            checklist=list(checklist),
            meta=Raw(json.dumps(article.meta.imported, ensure_ascii=False).encode()),
            body_html=body.html if body else UNSET,
            word_count=body.word_count if body else UNSET,
        )
