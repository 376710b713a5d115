"""What programs are told of checks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from review_app.base.api import PageQuery
from review_app.publishing.truth.models import PublicCheck
from review_app.publishing.truth.rules import Finding, State
from review_app.publishing.truth.words import sentences

StateName = Literal["waiting", "agrees", "differs", "unreadable"]


class TruthQuery(PageQuery, frozen=True, kw_only=True):
    """Which checks."""

    state: (
        Annotated[
            StateName, Meta(description="Of this state; without it those that differ or cannot be read.")
        ]
        | UnsetType
    ) = UNSET

    @property
    def as_state(self) -> State | None:
        """The same for the query."""
        return None if self.state is UNSET else State(self.state)


class CheckAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An article at a target: what it should be there, and what the public got when it was last read."""

    id: int
    source_id: str
    target: Annotated[str, Meta(description="The name of the target.")]
    kind: Annotated[str, Meta(description="The kind of the target.", examples=["site"])]
    url: str
    state: StateName
    says: Annotated[list[str], Meta(description="What differs, in words.")]
    findings: list[Finding]
    should_index: bool
    should_since: Annotated[datetime, Meta(description="Since when the desk says so.")]
    found_at: Annotated[
        datetime | None, Meta(description="When it was first seen to differ, or could not be read.")
    ]
    status: int | None
    robots_meta: str | None
    robots_header: str | None
    canonical: str | None
    in_sitemap: Annotated[
        bool | None, Meta(description="Null if the site names no sitemap that can be read.")
    ]
    cache_control: str | None
    reason: Annotated[str, Meta(description="Why it could not be read.")]
    checked_at: datetime | None
    mended_at: Annotated[
        datetime | None, Meta(description="When somebody had it mended, if it was not read since.")
    ]
    due_at: Annotated[datetime, Meta(description="When it is read next.")]

    @classmethod
    def of(cls, check: PublicCheck) -> CheckAnswer:
        """A check that was read with its article and target."""
        own = {"source_id", "target", "kind", "says", "findings", "state"}
        values: dict[str, Any] = {
            name: getattr(check, name) for name in cls.__struct_fields__ if name not in own
        }
        return cls(
            **values,
            source_id=check.article.source_id,
            target=check.target.name,
            kind=check.target.kind,
            state=msgspec.convert(check.state, StateName),
            says=[str(sentence) for sentence in sentences(check)],
            findings=[Finding(code) for code in check.findings],
        )
