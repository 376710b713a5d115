"""What programs send to the queue, and what it answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from review_app.articles.schemas import ArticleAnswer
from review_app.base.api import Input, Problem, Text
from review_app.review_queue.models import Claim
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


class HeldProblem(Problem, frozen=True, kw_only=True):
    """Somebody else holds the article, who and until when; or the caller holds as many as one may."""

    held_by: Annotated[str, Meta(description="Email of who holds it.")] | UnsetType = UNSET
    expires_at: datetime | UnsetType = UNSET
