"""What programs send to publish and what they are told: the signed hook, and the JSON API, which takes its `data` alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from review_app.articles.schemas import RowId
from review_app.base.api import PageQuery
from review_app.base.refusals import refusal_of
from review_app.publishing.actions import Order, Started
from review_app.publishing.models import Publication, PublishRun
from review_app.publishing.queries import Progress
from review_app.publishing.rules import MOST_SOURCE_IDS, Trigger

# No NUL: PostgreSQL can neither look for one nor keep it, as part of a refusal.
Named = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Moment = Annotated[datetime, Meta(tz=True)]


class BadBody(Exception):
    """The body is not what the hook takes; the message says where and why."""


class RunRequest(msgspec.Struct, frozen=True):
    """What to publish: the named articles or all approved ones, one of the two; and not before `publish_at`."""

    source_ids: Annotated[list[Named], Meta(min_length=1, max_length=MOST_SOURCE_IDS)] | UnsetType = UNSET
    scope: Literal["approved"] | UnsetType = UNSET
    publish_at: Moment | None = None

    def __post_init__(self) -> None:
        """Refuse what the types alone would let through."""
        if (self.source_ids is UNSET) == (self.scope is UNSET):
            raise ValueError('it must have either `source_ids` or `scope: "approved"`, and not both')
        try:
            _ = self.publish_at and self.publish_at.astimezone(UTC)
        except OverflowError as error:
            raise ValueError("`publish_at` is out of range") from error

    def as_order(self) -> Order:
        """The same for the action."""
        at = self.publish_at and self.publish_at.astimezone(UTC)
        return Order(None if self.source_ids is UNSET else self.source_ids, at)


class HookBody(msgspec.Struct, frozen=True):
    """The body of the publish hook."""

    data: RunRequest
    type: Literal["publish.requested"] | UnsetType = UNSET


_decoder = msgspec.json.Decoder(HookBody)


def read_hook_body(body: bytes) -> Order:
    """What the hook was asked for. Raises `BadBody`."""
    try:
        return _decoder.decode(body).data.as_order()
    except RecursionError as error:
        raise BadBody("The body is nested too deeply.") from error
    except msgspec.ValidationError as error:
        raise BadBody(f"The body is not a publish request: {refusal_of(error, HookBody).detail}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadBody(f"The body is no JSON: {error}.") from error


def answer_of(started: Started, status_url: str) -> dict[str, Any]:
    """What is told of a run that was started. `status_url` is where its state can be asked for."""
    return {
        "run_id": started.run.id,
        "accepted": started.accepted,
        "refused": started.refused,
        "status_url": status_url,
    }


class NewRun(RunRequest, frozen=True, forbid_unknown_fields=True):
    """The articles named in `source_ids`, or with `"scope": "approved"` all approved ones that are not published.

    Nothing goes out before `publish_at`, nor within the undo window of its approval.
    """

    also_holds: ClassVar[Mapping[str, Any]] = {
        "oneOf": [{"required": ["source_ids"]}, {"required": ["scope"]}]
    }


class RefusedArticle(msgspec.Struct, frozen=True):
    """An article that a run did not take on, and why."""

    source_id: str
    reason: str


class StartedAnswer(msgspec.Struct, frozen=True):
    """A run that was started: which articles it took on, which it refused and why."""

    run_id: int
    accepted: list[str]
    refused: list[RefusedArticle]
    status_url: Annotated[str, Meta(description="Where its progress can be read.")]


class RunAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A publish run. `published` and `failed` count what is done, an article once for each target."""

    run_id: int
    state: Literal["queued", "running", "finished"]
    trigger: Trigger
    requested_by: Annotated[
        str | None, Meta(description="Email of who asked for it; null for the signed hook.")
    ]
    scope: Annotated[str | None, Meta(description="`approved`, unless articles were named.")]
    publish_at: datetime | None
    accepted: Annotated[list[str], Meta(description="Not in lists.")] | UnsetType = UNSET
    accepted_count: int
    refused: list[RefusedArticle]
    published: int
    failed: int
    waiting: Annotated[int, Meta(description="What is still to go out. Not in lists.")] | UnsetType = UNSET
    created_at: datetime
    due_at: Annotated[datetime, Meta(description="When it goes on.")]
    finished_at: datetime | None

    @classmethod
    def of(
        cls, run: PublishRun, accepted: Sequence[str] | None = None, progress: Progress | None = None
    ) -> RunAnswer:
        """A run that was read with its user."""
        return cls(
            run_id=run.id,
            state=msgspec.convert(run.state, Literal["queued", "running", "finished"]),
            trigger=Trigger(run.trigger),
            requested_by=run.user.email if run.user else None,
            scope=run.requested.get("scope"),
            publish_at=msgspec.convert(run.requested.get("publish_at"), datetime | None),
            accepted=UNSET if accepted is None else list(accepted),
            accepted_count=run.accepted,
            refused=msgspec.convert(run.refused, list[RefusedArticle]),
            published=progress.published if progress else run.published,
            failed=progress.failed if progress else run.failed,
            waiting=progress.waiting if progress else UNSET,
            created_at=run.created_at,
            due_at=run.due_at,
            finished_at=run.finished_at,
        )


class PublicationQuery(PageQuery, frozen=True, kw_only=True):
    """Which publications."""

    run: Annotated[RowId, Meta(description="Those that this run took on.")] | UnsetType = UNSET


class PublicationAnswer(msgspec.Struct, frozen=True):
    """One version of one article to one target. `reason` says why it failed."""

    id: int
    source_id: str
    version: str
    target: Annotated[str, Meta(description="The name of the target.")]
    kind: Annotated[str, Meta(description="The kind of the target.", examples=["site"])]
    state: Literal["waiting", "delivering", "delivered", "failed", "dead"]
    reason: str
    run_id: Annotated[int, Meta(description="The run that asked for it last.")]
    due_at: datetime
    delivered_at: datetime | None

    @classmethod
    def of(cls, publication: Publication) -> PublicationAnswer:
        """A publication that was read with its article and target."""
        same = ("id", "version", "state", "reason", "run_id", "due_at", "delivered_at")
        return cls(
            **{name: getattr(publication, name) for name in same},
            source_id=publication.article.source_id,
            target=publication.target.name,
            kind=publication.target.kind,
        )
