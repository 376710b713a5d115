"""What programs send to import, and what they are told of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from review_app.base.api import Input, Text
from review_app.importing.batches import counts
from review_app.importing.models import (
    ImportBatch,
    ImportDifference,
    ImportRow,
    ImportRowError,
    ImportRowWarning,
)
from review_app.importing.queries import MOST_WARNINGS
from review_app.importing.readers import READERS

State = Literal["queued", "running", "finished", "failed", "cancelled", "undone"]
Format = Annotated[
    Text,
    Meta(description="Found out from the content if left out.", extra_json_schema={"enum": list(READERS)}),
]


class ImportQuery(Input, frozen=True):
    """How to import the file in the body."""

    format: Format | Literal[""] = ""
    encoding: Annotated[
        Text, Meta(max_length=40, description="Of files that are neither UTF-8 nor UTF-16 with a mark.")
    ] = ""
    reason: Annotated[Text, Meta(max_length=500, description="Stands in the change record.")] = ""
    expected: Annotated[Text, Meta(max_length=500, description="Stands in the change record.")] = ""
    dry_run: Annotated[bool, Meta(description="Read and judge all of it, and change nothing.")] = False
    name: Annotated[Text, Meta(max_length=200, description="The file's name, as lists show it.")] = "upload"


class UndoImport(Input, frozen=True):
    """Why an import is undone."""

    reason: Annotated[Text, Meta(max_length=500)]


class StartedImport(Struct, frozen=True):
    """An import that is under way."""

    id: int
    status_url: Annotated[str, Meta(description="Where its progress can be read.")]


class WarningAnswer(Struct, frozen=True):
    """Something about a record that was taken all the same."""

    line: int
    source_id: str | None
    field: str
    message: str


class BatchAnswer(Struct, frozen=True):
    """One import. `total` is the sum of the other counts; `kept` of the updated ones kept a person's decision.

    An undo has `taken_back` some articles and `left` others, which somebody had worked on since.
    `failure` says why nothing could be read; empty unless the state is `failed`.
    """

    id: int
    name: str
    origin: Literal["page", "api", "command", "source", "demo"]
    format: str | None
    dry_run: bool
    state: State
    failure: str
    created: int
    updated: int
    unchanged: int
    rejected: int
    skipped: int
    total: int
    kept: int
    bytes_done: Annotated[int, Meta(description="How much of the files was read.")]
    bytes_total: int
    taken_back: int
    left: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    imported_by: Annotated[str | None, Meta(description="Email of who started it.")]
    warnings: (
        Annotated[list[WarningAnswer], Meta(description=f"The first {MOST_WARNINGS}. Not in lists.")]
        | UnsetType
    ) = UNSET

    @classmethod
    def of(cls, batch: ImportBatch, warnings: Sequence[ImportRowWarning] | None = None) -> BatchAnswer:
        """A batch that was read with its user."""
        same: tuple[str, ...] = (
            "id",
            "name",
            "origin",
            "format",
            "dry_run",
            "state",
            "failure",
            "kept",
            "taken_back",
        )
        same += ("bytes_done", "bytes_total")
        times = ("created_at", "started_at", "finished_at")
        values: dict[str, Any] = {name: getattr(batch, name) for name in same + times}
        return cls(
            **values | counts(batch),
            left=batch.left_alone,
            imported_by=batch.user.email if batch.user else None,
            warnings=UNSET if warnings is None else [_warning(warning) for warning in warnings],
        )


def _warning(warning: ImportRowWarning) -> WarningAnswer:
    return WarningAnswer(warning.line, warning.source_id, warning.field, warning.message)


class LeftAnswer(Struct, frozen=True):
    """An article that an undo left alone, what the import had done to it, and why it was left."""

    source_id: str
    outcome: Literal["created", "updated"]
    reason: str

    @classmethod
    def of(cls, row: ImportRow) -> LeftAnswer:
        """One row of a batch that was undone."""
        return cls(row.source_id, row.outcome, row.undo)  # type: ignore[arg-type]  # these outcomes alone are undone


class FieldDifference(Struct, frozen=True):
    """One field, as short texts."""

    name: str
    before: str
    after: str


class DifferenceAnswer(Struct, frozen=True):
    """An article that an import creates or changes, and in which fields."""

    source_id: str
    title: str
    outcome: Literal["created", "updated"]
    fields: list[FieldDifference]

    @classmethod
    def of(cls, difference: ImportDifference) -> DifferenceAnswer:
        """One difference."""
        fields = [FieldDifference(**found) for found in difference.fields]
        return cls(difference.source_id, difference.title, difference.outcome, fields)  # type: ignore[arg-type]  # the only two there are


class RefusedAnswer(Struct, frozen=True):
    """A refused record. `line` is where it begins in the file and `item` its number among the records, both from 1."""

    line: int
    reason: str
    raw: Annotated[str, Meta(description="The record as it was sent.")]
    file: str
    item: int
    field: Annotated[str, Meta(description="The field that is wrong; empty if it is the whole record.")]
    source_id: str | None

    @classmethod
    def of(cls, error: ImportRowError) -> RefusedAnswer:
        """One refused record."""
        return cls(**{name: getattr(error, name) for name in cls.__struct_fields__})
