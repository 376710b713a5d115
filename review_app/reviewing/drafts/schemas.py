"""A draft as programs send and get it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from review_app.articles.models import Article
from review_app.articles.rules import SCORES, RevisionStatus
from review_app.articles.schemas import Score, ScoresAnswer
from review_app.base.api import Input, Problem
from review_app.reviewing.drafts.actions import Typed
from review_app.reviewing.drafts.models import Draft
from review_app.reviewing.drafts.rules import LATEST_SEQUENCE, Fields
from review_app.reviewing.forms import WHOLE_NUMBER
from review_app.reviewing.schemas import GivenScores, Note, RowVersion

Sequence = Annotated[
    int,
    Meta(
        ge=0, le=LATEST_SEQUENCE, description="When it was typed, in milliseconds: the higher is the newer."
    ),
]


class NewDraft(Input, frozen=True, kw_only=True):
    """What has been typed so far; what is left out was not typed. Without a `sequence` it is the newest."""

    row_version: RowVersion
    scores: GivenScores = GivenScores()
    revision_status: RevisionStatus | UnsetType = UNSET
    note: Note = ""
    checklist: Annotated[
        tuple[int, ...], Meta(max_length=500, description="The ids of the ticked lines.")
    ] = ()
    override_reason: Note = ""
    sequence: Sequence | UnsetType = UNSET

    def typed(self) -> Typed:
        """The same for the action."""
        scores = msgspec.structs.asdict(self.scores)
        given = {name: value for name, value in scores.items() if value is not UNSET}
        fields: Fields = {name: ["" if value is None else str(value)] for name, value in given.items()}
        fields |= {"note": [self.note], "override_reason": [self.override_reason]}
        fields["checklist"] = [str(item) for item in self.checklist]
        if self.revision_status is not UNSET:
            fields["revision_status"] = [self.revision_status.value]
        sequence = None if self.sequence is UNSET else self.sequence
        return Typed(fields, self.row_version, sequence=sequence)


class DraftAnswer(Struct, frozen=True):
    """What somebody has typed on an article and not decided. Only they can read it."""

    source_id: str
    row_version: Annotated[int, Meta(description="That of the article on which it was made.")]
    stale: Annotated[bool, Meta(description="Whether the article has another version by now.")]
    scores: Annotated[ScoresAnswer, Meta(description="Null where no whole number from 0 to 100 was typed.")]
    revision_status: RevisionStatus | None
    note: str
    checklist: list[int]
    override_reason: str
    sequence: Sequence
    saved_at: datetime

    @classmethod
    def of(cls, draft: Draft, article: Article) -> DraftAnswer:
        """A draft on this article."""
        fields: Fields = draft.fields
        status = _last(fields, "revision_status")
        return cls(
            source_id=article.source_id,
            row_version=draft.row_version,
            stale=draft.row_version != article.row_version,
            scores=ScoresAnswer(**{name: _score(_last(fields, name)) for name in SCORES}),
            revision_status=RevisionStatus(status) if status in set(RevisionStatus) else None,
            note=_last(fields, "note"),
            checklist=[int(item) for item in fields.get("checklist", []) if WHOLE_NUMBER.fullmatch(item)],
            override_reason=_last(fields, "override_reason"),
            sequence=draft.sequence,
            saved_at=draft.saved_at,
        )


class NewerDraftProblem(Problem, frozen=True, kw_only=True):
    """A newer draft is kept: its place in time, and when it was saved."""

    sequence: Sequence
    saved_at: datetime


def _last(fields: Fields, name: str) -> str:
    return (fields.get(name) or [""])[-1]


def _score(text: str) -> Score | None:
    number = int(text) if WHOLE_NUMBER.fullmatch(text) else None
    return number if number is not None and number <= 100 else None
