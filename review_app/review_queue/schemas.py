"""What programs send to the queue, and what it answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.rules import Ranking
from review_app.articles.schemas import ArticleAnswer, FilterQuery, Word
from review_app.base.api import After, Input, Limit, Problem, Text
from review_app.base.paging import PAGE_ROWS
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.models import Claim, SavedView, StandingAssignment
from review_app.review_queue.reasons import Reason
from review_app.review_queue.rules import LAST_PLACE, LONGEST_AGE, NAME_LENGTH, REASON_LENGTH, Column, Sort


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


Count = Annotated[int, Meta(ge=1, le=100)]


class QueueQuery(FilterQuery, frozen=True, kw_only=True):
    """The queue's own filters besides those of all articles."""

    age: (
        Annotated[int, Meta(ge=1, le=LONGEST_AGE, description="Waiting for so many days or more.")]
        | UnsetType
    ) = UNSET
    claimed: (
        Annotated[
            Literal["no", "yes", "me"], Meta(description="Held by nobody, by somebody, or by the caller.")
        ]
        | UnsetType
    ) = UNSET
    due: (
        Annotated[
            Literal["overdue", "today", "none"], Meta(description="Overdue, due by today, or due on no day.")
        ]
        | UnsetType
    ) = UNSET
    assigned: Annotated[Word, Meta(description="To `me`, `nobody`, or the person of this email.")] = ""
    repeats: (
        Annotated[
            Count,
            Meta(description="So many percent of its paragraphs, or more, stand in other articles too."),
        ]
        | UnsetType
    ) = UNSET
    title: Annotated[Literal["repeated"], Meta(description="Nearly the title of another.")] | UnsetType = (
        UNSET
    )
    images: Literal["placeholder"] | UnsetType = UNSET
    text: (
        Annotated[Literal["changed"], Meta(description="The text has changed since its decision.")]
        | UnsetType
    ) = UNSET
    merge: Annotated[Literal["waiting"], Meta(description="An import waits to be merged.")] | UnsetType = (
        UNSET
    )

    def asked_by(self, user: User, now: datetime) -> QueueFilters:
        """The same as the queries take them, for who asks."""
        return QueueFilters.of(self.given()).asked_by(user, now)


class QueueListQuery(QueueQuery, frozen=True, kw_only=True):
    """Which waiting articles, in which order, and which page of them."""

    sort: Annotated[Sort, Meta(description="`desk` is the order in which they are given out.")] = Sort.DESK
    limit: Limit = PAGE_ROWS
    after: After = ""


class WaitingAnswer(Struct, frozen=True):
    """An article that waits. `held_by` is the email of who holds it, or null; so is `repeated` until it is measured."""

    article: ArticleAnswer
    waiting_since: datetime
    due_on: date | None
    assigned_to: Annotated[str | None, Meta(description="Email of whose next it comes to.")]
    held_by: str | None
    repeated: Annotated[
        int | None, Meta(description="Percent of its paragraphs that stand in other articles too.")
    ]


ViewName = Annotated[Text, Meta(min_length=1, max_length=NAME_LENGTH)]
Query = Annotated[
    Text, Meta(max_length=2_000, description="As in the queue's address.", examples=["stack=flask&age=3"])
]
Place = Annotated[int, Meta(ge=0, le=LAST_PLACE)]


class NewView(Input, frozen=True):
    """A view to keep."""

    name: ViewName
    query: Query = ""
    columns: tuple[Column, ...] = ()
    shared: Annotated[bool, Meta(description="Everybody sees it; a lead's.")] = False


class ViewChange(Input, frozen=True):
    """What to change of a view; what is left out stays."""

    name: ViewName | UnsetType = UNSET
    query: Query | UnsetType = UNSET
    columns: list[Column] | UnsetType = UNSET
    shared: bool | UnsetType = UNSET
    position: Place | UnsetType = UNSET
    default: Annotated[bool, Meta(description="The caller's queue opens with it.")] | UnsetType = UNSET


class ViewAssignment(Struct, frozen=True):
    """To whom what waits in a view is given, now and later."""

    reviewer: Annotated[str, Meta(description="Email of whose next it comes to.")]
    assigned_by: Annotated[str | None, Meta(description="Email of the lead.")]
    assigned_at: datetime
    articles: Annotated[
        int, Meta(ge=0, description="How many wait for the reviewer by this; 1000 is that many or more.")
    ]

    @classmethod
    def of(cls, standing: StandingAssignment, given: int) -> ViewAssignment:
        """One that was read with its people."""
        lead = standing.assigned_by
        return cls(standing.user.email, lead.email if lead else None, standing.assigned_at, given)


class ViewAnswer(Struct, frozen=True):
    """A saved view. Without `columns` its rows have the reader's own."""

    id: int
    name: str
    query: str
    columns: list[str]
    owner: Annotated[str, Meta(description="Email of whose view it is.")]
    shared: bool
    position: int
    default: bool
    assignment: ViewAssignment | None

    @classmethod
    def of(
        cls, view: SavedView, standing: StandingAssignment | None = None, given: int = 0, *, default: bool
    ) -> ViewAnswer:
        """A view, to whom it is assigned, how many articles are by that, and whether the caller's queue opens with it."""
        return cls(
            view.id,
            view.name,
            view.query,
            list(view.columns or ()),
            view.owner.email,
            view.shared,
            view.position,
            default,
            None if standing is None else ViewAssignment.of(standing, given),
        )
