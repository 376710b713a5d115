"""What programs send to change many articles at once, and what they are told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from review_app.base.api import Input, PageQuery, Text
from review_app.review_queue.schemas import QueueQuery
from review_app.reviewing.bulk.actions import Params
from review_app.reviewing.bulk.models import BulkAction
from review_app.reviewing.bulk.queries import Plan, Row
from review_app.reviewing.bulk.rules import WORDS, Action, State, in_words
from review_app.reviewing.rules import NOTE_LENGTH

MOST_NAMED = 1_000
"""One call names at most so many articles; filters select more."""

Note = Annotated[Text, Meta(max_length=NOTE_LENGTH)]
ItemResult = Literal["waiting", "done", "left", "failed", "taken_back", "stayed"]


class BulkParams(Input, frozen=True):
    """What goes with each decision. Approving, requesting changes and rejecting need a note."""

    note: Note = ""
    checklist: Annotated[
        tuple[int, ...], Meta(max_length=1000, description="The ids of the ticked lines, for an approval.")
    ] = ()

    reviewer: Annotated[
        Text, Meta(max_length=320, description="For `assign`: an email; empty for nobody.")
    ] = ""

    def params(self) -> Params:
        """The same for the action."""
        return Params(self.note, frozenset(self.checklist), self.reviewer)


class NewBulk(Input, frozen=True, kw_only=True):
    """Which articles, and what is done to each: either those named, or all that match filters.

    Filters select what waits in the queue; for `put_into_queue` what does not. With `dry_run` nothing is done before it is
    confirmed.
    """

    also_holds: ClassVar[Mapping[str, Any]] = {
        "oneOf": [{"required": ["source_ids"]}, {"required": ["filters"]}]
    }

    action: Action
    source_ids: (
        Annotated[
            tuple[Annotated[Text, Meta(min_length=1, max_length=200)], ...],
            Meta(min_length=1, max_length=MOST_NAMED),
        ]
        | UnsetType
    ) = UNSET
    filters: QueueQuery | UnsetType = UNSET
    params: BulkParams = BulkParams()
    dry_run: bool = False


class UndoBulk(Input, frozen=True):
    """Why it is undone; within the undo window who did it need not say."""

    note: Note = ""


class ItemQuery(PageQuery, frozen=True, kw_only=True):
    """Which articles of a bulk action, and which page of them."""

    result: Annotated[ItemResult, Meta(description="Only those of which this holds.")] | UnsetType = UNSET


class LeftCount(Struct, frozen=True):
    """How many articles a preview leaves out for one reason."""

    reason: str
    count: int


class BulkAnswer(Struct, frozen=True):
    """One bulk action. `total` articles were selected; `done`, `left_out` and `failed` of them are settled.

    In the state `preview`, `ready` says how many would be changed, and `leaves` why the others would not. An undo has
    `taken_back` some of the done ones and left the others as they are (`stayed`). `failure` says why it stopped by itself.
    """

    id: int
    action: Action
    selection: Annotated[str, Meta(description="What was selected, in words.")]
    state: State
    user: Annotated[str, Meta(description="The email of who asked for it.", examples=["lead@example.com"])]
    note: str
    total: int
    done: int
    left_out: int
    failed: int
    taken_back: int
    stayed: int
    failure: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    ready: int | UnsetType = UNSET
    leaves: list[LeftCount] | UnsetType = UNSET

    @classmethod
    def of(cls, bulk: BulkAction, plan: Plan | None = None) -> BulkAnswer:
        """How it stands; `plan` is what it would do, if nobody has confirmed it yet."""
        return cls(
            id=bulk.id,
            action=Action(bulk.action),
            selection=bulk.selection,
            state=State(bulk.state),
            user=bulk.user.email,
            note=bulk.params.get("note", ""),
            total=bulk.total,
            done=bulk.done,
            left_out=bulk.left_out,
            failed=bulk.failed,
            taken_back=bulk.taken_back,
            stayed=bulk.stayed,
            failure=bulk.failure,
            created_at=bulk.created_at,
            started_at=bulk.started_at,
            ended_at=bulk.ended_at,
            ready=plan.ready if plan else UNSET,
            leaves=[LeftCount(WORDS[why], count) for why, count in plan.left.items()] if plan else UNSET,
        )


class BulkItemAnswer(Struct, frozen=True):
    """One selected article: what came of it, and why it was left out or stayed as it was."""

    source_id: str
    row_version: Annotated[int, Meta(description="Of the article when it was selected.")]
    result: ItemResult
    reason: str
    decision_id: int | None

    @classmethod
    def of(cls, row: Row) -> BulkItemAnswer:
        """An item that was read with its article."""
        item = row.item
        result = {"back": "taken_back", "left": "stayed"}.get(item.undo, item.result or "waiting")
        reason = in_words(item.undo_reason or item.reason)
        return cls(item.article.source_id, item.row_version, result, reason, item.decision_id)  # type: ignore[arg-type]  # as both columns are constrained


def answers(rows: Sequence[Row]) -> list[BulkItemAnswer]:
    """Some items."""
    return [BulkItemAnswer.of(row) for row in rows]
