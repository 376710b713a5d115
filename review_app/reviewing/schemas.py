"""What programs send to decide and to roll back, and the shape of a decision."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from review_app.articles.models import Article
from review_app.articles.rules import RevisionStatus
from review_app.articles.schemas import RevisionAnswer, Score, ScoresAnswer
from review_app.base.api import Input, Text
from review_app.base.errors import Invalid
from review_app.importing.merging import FIELDS, own_values, remaining
from review_app.importing.models import MergeProposal
from review_app.review_queue.schemas import HeldProblem
from review_app.reviewing.actions import Judgement, as_public
from review_app.reviewing.merging import Taking
from review_app.reviewing.models import Decision
from review_app.reviewing.rules import NEEDS_NOTE, NOTE_LENGTH, Outcome

Note = Annotated[Text, Meta(max_length=NOTE_LENGTH)]
GivenOutcome = Literal["save", "approve", "request_changes", "reject", "archive"]
SavedStatus = Literal["drafted", "reviewed"]
MergedField = Literal["quality", "freshness", "depth", "clarity", "status"]
RowVersion = Annotated[int, Meta(ge=0, le=2**63 - 1, description="That of the article that was read.")]

NEEDS_NOTE_TOO = {
    "if": {
        "properties": {"outcome": {"enum": sorted(NEEDS_NOTE)}},
        "not": {"required": ["reason_id"]},
    },
    "then": {"required": ["note"], "properties": {"note": {"pattern": "\\S"}}},
}
STATUS_OF_A_SAVE = {
    "if": {"required": ["revision_status"]},
    "then": {"properties": {"outcome": {"const": "save"}}},
}


class GivenScores(Input, frozen=True):
    """Corrected scores. One that is left out stays as it is; null means not scored."""

    quality: Score | UnsetType | None = UNSET
    freshness: Score | UnsetType | None = UNSET
    depth: Score | UnsetType | None = UNSET
    clarity: Score | UnsetType | None = UNSET


class NewDecision(Input, frozen=True, kw_only=True):
    """A judgement on the article as it was read.

    Approving needs all four scores, each at or above its floor, and every required line of the checklist;
    `request_changes` and `reject` need a note; `archive` is a lead's.
    """

    also_holds: ClassVar[Mapping[str, Any]] = {"allOf": [NEEDS_NOTE_TOO, STATUS_OF_A_SAVE]}

    outcome: GivenOutcome
    row_version: RowVersion
    scores: GivenScores = GivenScores()
    revision_status: (
        Annotated[SavedStatus, Meta(description="For `save`: where it stands now.")] | UnsetType
    ) = UNSET
    note: Note = ""
    checklist: Annotated[
        tuple[int, ...], Meta(max_length=1000, description="The ids of the ticked lines.")
    ] = ()
    override_reason: Annotated[Note, Meta(description="A lead's, to approve below a floor.")] = ""
    reason_id: (
        Annotated[int, Meta(ge=1, le=2**63 - 1, description="One of `/reasons`: its text begins the note.")]
        | None
    ) = None

    def judgement(self) -> Judgement:
        """The same for the action. Raises `Invalid`."""
        if self.revision_status is not UNSET and self.outcome != "save":
            raise Invalid(
                "Only a save can say a status.", {"revision_status": ["goes with the outcome save alone"]}
            )
        given = msgspec.structs.asdict(self.scores)
        return Judgement(
            outcome=Outcome(self.outcome),
            row_version=self.row_version,
            scores={name: score for name, score in given.items() if score is not UNSET},
            status=None if self.revision_status is UNSET else RevisionStatus(self.revision_status),
            note=self.note,
            checklist=frozenset(self.checklist),
            override_reason=self.override_reason,
            reason_id=self.reason_id,
        )


class NewRollback(Input, frozen=True):
    """Why a decision is undone; a lead must say it, and so must its reviewer once the undo window has passed."""

    note: Note = ""


class StateAnswer(Struct, frozen=True):
    """What a decision found or left."""

    scores: ScoresAnswer
    revision: RevisionAnswer

    @classmethod
    def of(cls, recorded: dict[str, Any]) -> StateAnswer:
        """The public part of a recorded state."""
        return msgspec.convert(as_public(recorded), cls)


class DecisionAnswer(Struct, frozen=True):
    """One recorded judgement. `reverts` is the decision that a rollback undoes."""

    id: int
    source_id: str
    outcome: Outcome
    reviewer: Annotated[str, Meta(description="The reviewer's email.", examples=["reviewer@example.com"])]
    before: StateAnswer
    after: StateAnswer
    note: str
    checklist: Annotated[list[int], Meta(description="The ids of the lines that were ticked.")]
    override_reason: str
    decided_at: datetime
    reverts: int | None
    reason_id: Annotated[int | None, Meta(description="The reason that was chosen, see `/reasons`.")] = None

    @classmethod
    def of(cls, decision: Decision, source_id: str, reviewer: str) -> DecisionAnswer:
        """A decision on this article by this reviewer."""
        return cls(
            id=decision.id,
            source_id=source_id,
            outcome=Outcome(decision.outcome),
            reviewer=reviewer,
            before=StateAnswer.of(decision.before),
            after=StateAnswer.of(decision.after),
            note=decision.note,
            checklist=decision.checklist,
            override_reason=decision.override_reason,
            decided_at=decision.decided_at,
            reverts=decision.reverts_id,
            reason_id=decision.reason_id,
        )


class DecisionProblem(HeldProblem, frozen=True, kw_only=True):
    """The article has changed (`current` is how it stands now), somebody else holds it, or its status forbids this."""

    row_version: int | UnsetType = UNSET
    current: StateAnswer | UnsetType = UNSET


class NewMerge(Input, frozen=True, kw_only=True):
    """What is taken of an import: the names of fields; what is not named stays ours."""

    take: Annotated[tuple[MergedField, ...], Meta(max_length=len(FIELDS))]
    row_version: RowVersion
    note: Note = ""

    def taking(self) -> Taking:
        """The same for the action."""
        return Taking(frozenset(self.take), self.row_version, self.note)


class MergeFieldAnswer(Struct, frozen=True):
    """One field on which an import and people differ: what was imported before, what is now, and what we have."""

    field: MergedField
    before: Score | RevisionStatus | None
    now: Score | RevisionStatus | None
    ours: Score | RevisionStatus | None


class MergeAnswer(Struct, frozen=True):
    """What an import says of an article otherwise than people did. `row_version` goes into the call that settles it."""

    source_id: str
    row_version: int
    batch: Annotated[int | None, Meta(description="The number of the import that said so last.")]
    proposed_at: datetime
    fields: list[MergeFieldAnswer]

    @classmethod
    def of(cls, proposal: MergeProposal, article: Article) -> MergeAnswer:
        """An open proposal: the fields that still differ from what the article has."""
        own = own_values(article)
        fields = [
            msgspec.convert({"field": name, **values, "ours": own[name]}, MergeFieldAnswer)
            for name, values in remaining(article, proposal).items()
        ]
        return cls(article.source_id, article.row_version, proposal.batch_id, proposal.created_at, fields)


class SettledAnswer(Struct, frozen=True):
    """A merge that is settled, and the decision that it took; null if all stayed ours."""

    source_id: str
    row_version: int
    decision: DecisionAnswer | None
