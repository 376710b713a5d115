"""The shape of a reason for programs."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from review_app.base.api import Input
from review_app.reviewing.reasons.models import CannedReason
from review_app.reviewing.reasons.rules import ReasonKind


class ReasonQuery(Input, frozen=True, kw_only=True):
    """Reasons for which outcome; without it, for both."""

    kind: ReasonKind | UnsetType = UNSET


class ReasonAnswer(Struct, frozen=True):
    """A reason that a decision can name: `kind` is the outcome it is for, `text` goes into the note."""

    id: int
    kind: ReasonKind
    title: str
    text: str

    @classmethod
    def of(cls, reason: CannedReason) -> ReasonAnswer:
        """A reason that can be chosen."""
        return cls(reason.id, ReasonKind(reason.kind), reason.title, reason.text)
