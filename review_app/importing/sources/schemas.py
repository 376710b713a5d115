"""What programs send to describe a source, and what they are told of one. No password is ever told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from review_app.base.api import Input, Text
from review_app.importing.readers import READERS
from review_app.importing.sources import rules
from review_app.importing.sources.actions import Wanted
from review_app.importing.sources.models import ImportSource, ImportSourceRead
from review_app.importing.sources.rules import Kind

KindName = Literal["folder", "feed", "wordpress"]
Name = Annotated[Text, Meta(min_length=1, max_length=rules.MOST_NAME_CHARACTERS)]
Address = Annotated[
    Text,
    Meta(
        min_length=1,
        max_length=rules.MOST_ADDRESS_CHARACTERS,
        description="The whole path of a folder, the address of a file, or that of a site.",
    ),
]
Minutes = Annotated[
    int,
    Meta(ge=rules.LEAST_MINUTES, le=rules.MOST_MINUTES, description="It is read every so many minutes."),
]
Format = Annotated[
    Text,
    Meta(description="Found out from the content if left out.", extra_json_schema={"enum": list(READERS)}),
]
Username = Annotated[Text, Meta(max_length=rules.MOST_NAME_CHARACTERS, description="Of a WordPress site.")]
Password = Annotated[
    Text,
    Meta(
        max_length=rules.MOST_NAME_CHARACTERS, description="An application password. Kept sealed, never told."
    ),
]


class NewSource(Input, frozen=True, kw_only=True):
    """A source to add."""

    kind: KindName
    name: Name
    address: Address
    every_minutes: Minutes = rules.USUAL_MINUTES
    format: Format | None = None
    username: Username = ""
    password: Password = ""

    def as_wanted(self) -> Wanted:
        """The same for the action."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        return Wanted(**values | {"kind": Kind(self.kind)})


class SourceChanges(Input, frozen=True, kw_only=True):
    """What to change of a source. What is left out stays. Another site needs the password again."""

    name: Name | UnsetType = UNSET
    address: Address | UnsetType = UNSET
    every_minutes: Minutes | UnsetType = UNSET
    format: Format | UnsetType | None = UNSET
    username: Username | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    paused: Annotated[bool, Meta(description="A paused source is read only when asked for.")] | UnsetType = (
        UNSET
    )

    def named(self) -> dict[str, Any]:
        """What is to change of the source itself."""
        given = {name: getattr(self, name) for name in self.__struct_fields__ if name != "paused"}
        return {name: value for name, value in given.items() if value is not UNSET}


class SourceAnswer(Struct, frozen=True):
    """A source. `failures` are those in a row, and `failure` says why the last one was."""

    id: int
    kind: KindName
    name: str
    address: str
    format: str | None
    username: str
    every_minutes: int
    paused: bool
    failures: int
    failure: str
    created_at: datetime
    last_read_at: Annotated[datetime | None, Meta(description="When it was last read without a failure.")]
    next_read_at: Annotated[datetime | None, Meta(description="Null while it is paused.")]
    created_by: Annotated[str | None, Meta(description="Email of who added it.")]

    @classmethod
    def of(cls, source: ImportSource) -> SourceAnswer:
        """A source that was read with its user."""
        same = ("id", "kind", "name", "address", "format", "username", "every_minutes", "failures", "failure")
        values: dict[str, Any] = {name: getattr(source, name) for name in same}
        return cls(
            **values,
            paused=source.paused_at is not None,
            created_at=source.created_at,
            last_read_at=source.last_read_at,
            next_read_at=None if source.paused_at else source.next_read_at,
            created_by=source.user.email if source.user else None,
        )


class SourceReadAnswer(Struct, frozen=True):
    """One read of a source. `items` is how many files or posts were new or changed."""

    id: int
    state: Literal["waiting", "reading", "imported", "nothing_new", "failed"]
    planned_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    items: int
    note: Annotated[str, Meta(description="Why it failed, or what was left out.")]
    import_id: Annotated[int | None, Meta(description="The import of what was new.")]

    @classmethod
    def of(cls, read: ImportSourceRead) -> SourceReadAnswer:
        """One read."""
        same = ("id", "state", "planned_at", "started_at", "finished_at", "items", "note")
        return cls(**{name: getattr(read, name) for name in same}, import_id=read.batch_id)
