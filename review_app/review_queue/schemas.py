"""What programs send to the queue, and what it answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from review_app.articles.models import Article
from review_app.articles.rules import Ranking
from review_app.articles.schemas import ArticleAnswer
from review_app.base.api import Input, Problem, Text
from review_app.review_queue.models import Claim
from review_app.review_queue.reasons import Reason
from review_app.review_queue.rules import REASON_LENGTH


class SkipRequest(Input, frozen=True):
    """Why an article is passed over."""

    reason: Annotated[Text, Meta(max_length=REASON_LENGTH)] = ""


class ClaimAnswer(Struct, frozen=True):
    """One reviewer's lease on one article; it ends at `expires_at` unless it is renewed."""

    source_id: str
    reviewer: Annotated[str, Meta(description="The reviewer's email.", examples=["reviewer@example.com"])]
    claimed_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, claim: Claim, source_id: str, reviewer: str) -> ClaimAnswer:
        """A claim on this article by this reviewer."""
        return cls(source_id, reviewer, claim.claimed_at, claim.expires_at)


class NextAnswer(Struct, frozen=True):
    """The article to review now, and the claim on it."""

    article: ArticleAnswer
    claim: ClaimAnswer


class PlaceAnswer(Struct, frozen=True):
    """Why an article stands where it stands in the queue, by when it is due, and whose next it comes to."""

    source_id: str
    awaiting_review: bool
    ranking: Annotated[Ranking, Meta(description="What the desk is ordered by.")]
    reason: Annotated[
        str, Meta(examples=["Its lowest score is clarity 41; the desk shows low scores first."])
    ]
    due_on: date | None
    overdue: Annotated[bool, Meta(description="Whether that day has passed, in the caller's time zone.")]
    due_by_hand: Annotated[bool, Meta(description="Whether a lead chose the day and not the policy.")]
    due_place: Annotated[int, Meta(ge=1)] | None
    assigned_to: Annotated[str, Meta(description="Email of the reviewer.")] | None

    @classmethod
    def of(cls, article: Article, reason: Reason) -> PlaceAnswer:
        """The place of an article that was read with whom it is assigned to."""
        return cls(
            article.source_id,
            article.awaiting_review,
            reason.ranking,
            reason.sentence,
            reason.due_on,
            reason.overdue,
            reason.due_by_hand and reason.due_on is not None,
            reason.nth,
            article.assigned_to.email if article.assigned_to else None,
        )


class DueRequest(Input, frozen=True):
    """By when an article is due."""

    due_on: Annotated[date, Meta(description="From today on, within ten years.")]


class AssignRequest(Input, frozen=True):
    """Whose next an article comes to."""

    reviewer: Annotated[Text, Meta(min_length=1, max_length=320, description="The reviewer's email.")]


class HeldProblem(Problem, frozen=True, kw_only=True):
    """Somebody else holds the article, who and until when; or the caller holds as many as one may."""

    held_by: Annotated[str, Meta(description="Email of who holds it.")] | UnsetType = UNSET
    expires_at: datetime | UnsetType = UNSET
