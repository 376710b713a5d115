"""What programs send to publish and what they are told: the signed hook, and the JSON API, which takes its `data` alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from review_app.articles.schemas import RowId
from review_app.base.api import Input, PageQuery, Text
from review_app.base.refusals import refusal_of
from review_app.publishing.actions import Order, Started
from review_app.publishing.models import Publication, PublishRun, PublishSchedule, RunRollback
from review_app.publishing.preview import Preview
from review_app.publishing.queries import Progress
from review_app.publishing.rules import MOST_SOURCE_IDS, RunState, Trigger
from review_app.reviewing.rules import NOTE_LENGTH

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


class HookRequest(RunRequest, frozen=True, forbid_unknown_fields=True):
    """The same from outside: a name that is not known is refused, or a mistyped `publish_at` would publish at once."""


class HookBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of the publish hook. `timestamp` is a member that Standard Webhooks gives every body; it says nothing to us."""

    data: HookRequest
    type: Literal["publish.requested"] | UnsetType = UNSET
    timestamp: Any = None


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

    Nothing goes out before `publish_at`, nor within the undo window of its approval. With `dry_run` nothing is done at all.
    """

    dry_run: bool = False

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


class TargetPlanAnswer(msgspec.Struct, frozen=True):
    """How many articles one target would be sent, and how many it has already."""

    target: Annotated[str, Meta(description="The name of the target.")]
    kind: Annotated[str, Meta(description="The kind of the target.", examples=["site"])]
    sends: int
    has: int


class PreviewAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would do. Nothing was done."""

    dry_run: Literal[True] = True
    accepted: list[str]
    refused: list[RefusedArticle]
    targets: list[TargetPlanAnswer]
    newly: Annotated[int, Meta(description="How many of the articles would become public that are not.")]
    publish_a_day: Annotated[int | None, Meta(description="How many may on one day; null for any number.")]
    last_day: Annotated[date | None, Meta(description="When the last would, if so many may on one day.")]

    @classmethod
    def of(cls, preview: Preview) -> PreviewAnswer:
        """What was asked."""
        return cls(
            accepted=list(preview.accepted),
            refused=msgspec.convert(preview.refused, list[RefusedArticle]),
            targets=[
                TargetPlanAnswer(plan.target.name, plan.target.kind, plan.sends, plan.has)
                for plan in preview.targets
            ],
            newly=preview.newly,
            publish_a_day=preview.a_day,
            last_day=preview.last_day,
        )


class RunAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A publish run. `published` and `failed` count what is done, an article once for each target."""

    run_id: int
    state: RunState
    trigger: Trigger
    requested_by: Annotated[
        str | None,
        Meta(description="Email of who asked for it; null for programs of ours and the signed hook."),
    ]
    scope: Annotated[str | None, Meta(description="`approved`, unless articles were named.")]
    publish_at: datetime | None
    accepted: Annotated[list[str], Meta(description="Not in lists.")] | UnsetType = UNSET
    accepted_count: int
    refused: list[RefusedArticle]
    published: int
    failed: int
    waiting: Annotated[int, Meta(description="What is still to go out. Not in lists.")] | UnsetType = UNSET
    delivering: Annotated[int, Meta(description="What is being sent. Not in lists.")] | UnsetType = UNSET
    withdrawn: (
        Annotated[int, Meta(description="What of the published is withdrawn. Not in lists.")] | UnsetType
    ) = UNSET
    cancelled: (
        Annotated[int, Meta(description="What the run was stopped before. Not in lists.")] | UnsetType
    ) = UNSET
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
            state=RunState(run.state),
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
            delivering=progress.delivering if progress else UNSET,
            withdrawn=progress.withdrawn if progress else UNSET,
            cancelled=progress.cancelled if progress else UNSET,
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
    state: Literal["waiting", "delivering", "delivered", "failed", "dead", "withdrawn", "cancelled"]
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


class NewRollback(Input, frozen=True):
    """Why a run is rolled back; it stands with each of the decisions."""

    note: Annotated[Text, Meta(min_length=1, max_length=NOTE_LENGTH)]


class RollbackAnswer(msgspec.Struct, frozen=True):
    """How far the rolling back of a run is: of `total` articles so many are `withdrawn`, so many `stayed` as they are."""

    id: int
    run_id: int
    state: Literal["queued", "running", "finished", "stopped"]
    requested_by: str
    note: str
    total: int
    withdrawn: int
    stayed: int
    failure: Annotated[str, Meta(description="Why it ended before the last article; empty if it did not.")]
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, rollback: RunRollback) -> RollbackAnswer:
        """One that was read with its user."""
        other = [name for name in cls.__struct_fields__ if name != "requested_by"]
        return cls(requested_by=rollback.user.email, **{name: getattr(rollback, name) for name in other})


class LeftOutAnswer(msgspec.Struct, frozen=True):
    """An article that a rolling back left as it is, and why."""

    source_id: str
    reason: str


class NewSchedule(Input, frozen=True):
    """Every day at which time (`HH:MM`), of which time zone, all that is approved is published."""

    at: Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["07:30"])]
    zone: Annotated[Text, Meta(max_length=100, examples=["Europe/Berlin"])]


class ScheduleAnswer(msgspec.Struct, frozen=True):
    """That all that is approved is published every day at a time of a zone."""

    id: int
    at: str
    zone: str
    next_at: Annotated[datetime, Meta(description="When it starts a run the next time.")]
    created_by: str | None

    @classmethod
    def of(cls, schedule: PublishSchedule) -> ScheduleAnswer:
        """One that was read with its user."""
        at = f"{schedule.minute // 60:02}:{schedule.minute % 60:02}"
        by = schedule.user.email if schedule.user else None
        return cls(schedule.id, at, schedule.zone, schedule.next_at, by)
