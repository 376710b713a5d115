"""What programs send to write notes, and the shape of a note."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from review_app.base.api import Input, Text
from review_app.reviewing.notes.models import Note
from review_app.reviewing.notes.pages import ShownThread
from review_app.reviewing.notes.rules import NOTE_LENGTH, QUOTE_LENGTH, Selector

Words = Annotated[
    Text,
    Meta(min_length=1, max_length=NOTE_LENGTH, description="For the team alone; `@name` tells somebody."),
]
Around = Annotated[Text, Meta(max_length=200)]


class GivenPassage(Input, frozen=True):
    """A passage of the article, as the TextQuoteSelector of the W3C Web Annotation Data Model. Blanks do not count."""

    quote: Annotated[Text, Meta(min_length=1, max_length=QUOTE_LENGTH)]
    prefix: Around = ""
    suffix: Around = ""


class NewNote(Input, frozen=True, kw_only=True):
    """A note on an article, or on a passage of it."""

    text: Words
    passage: GivenPassage | None = None

    @property
    def selector(self) -> Selector | None:
        """The passage for the action."""
        given = self.passage
        return None if given is None else Selector(given.quote, given.prefix, given.suffix)


class NewWords(Input, frozen=True):
    """The words of a reply, or the new ones of a note."""

    text: Words


class PassageAnswer(Struct, frozen=True):
    """What a note is about, and whether it still stands in the article: as it was, with changes, or no more."""

    quote: str
    prefix: str
    suffix: str
    state: Literal["stands", "changed", "gone"]


class ReplyAnswer(Struct, frozen=True):
    """An answer to a note. `text` is empty when its author has removed it."""

    id: int
    author: Annotated[str, Meta(description="The author's email.", examples=["reviewer@example.com"])]
    text: str
    written_at: datetime
    edited_at: datetime | None
    removed_at: datetime | None

    @classmethod
    def of(cls, note: Note) -> ReplyAnswer:
        """A reply."""
        text = "" if note.removed_at else note.text
        return cls(note.id, note.author.email, text, note.written_at, note.edited_at, note.removed_at)


class NoteAnswer(Struct, frozen=True):
    """A note with its replies, the oldest first. `text` is empty when its author has removed it."""

    id: int
    author: Annotated[str, Meta(description="The author's email.", examples=["reviewer@example.com"])]
    text: str
    written_at: datetime
    edited_at: datetime | None
    removed_at: datetime | None
    resolved_at: datetime | None
    resolved_by: str | None
    passage: PassageAnswer | None
    replies: list[ReplyAnswer]

    @classmethod
    def of(cls, thread: ShownThread) -> NoteAnswer:
        """A note as the page shows it."""
        note = thread.note
        return cls(
            id=note.id,
            author=note.author.email,
            text="" if note.removed_at else note.text,
            written_at=note.written_at,
            edited_at=note.edited_at,
            removed_at=note.removed_at,
            resolved_at=note.resolved_at,
            resolved_by=note.resolved_by.email if note.resolved_by else None,
            passage=_passage(thread),
            replies=[ReplyAnswer.of(reply) for reply in thread.replies],
        )


def _passage(thread: ShownThread) -> PassageAnswer | None:
    note = thread.note
    if note.quote is None or not thread.passage:
        return None
    state: Literal["stands", "changed", "gone"] = thread.passage  # type: ignore[assignment]  # one of these three
    return PassageAnswer(note.quote, note.prefix, note.suffix, state)


class WrittenAnswer(Struct, frozen=True):
    """A note that was written, whom it was told, and what could not be told, in sentences."""

    id: int
    told: Annotated[list[str], Meta(description="Emails.")]
    doubts: list[str]

    @classmethod
    def of(cls, note_id: int, told: Sequence[str], doubts: Sequence[str]) -> WrittenAnswer:
        """What an action says."""
        return cls(note_id, list(told), list(doubts))
