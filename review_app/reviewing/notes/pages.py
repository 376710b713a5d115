"""What the pages show of the notes on an article, and its text with their passages marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.languages import told
from review_app.base.paging import Page
from review_app.reviewing.notes.forms import Refused
from review_app.reviewing.notes.models import Note
from review_app.reviewing.notes.passages import TO_NOTE, Marked, find, mark, read
from review_app.reviewing.notes.queries import THREADS, people, threads
from review_app.reviewing.notes.rules import Place

STANDS, CHANGED, GONE = "stands", "changed", "gone"


@dataclass(frozen=True, slots=True)
class ShownThread:
    """A note with its replies, and the place in the text of what it is about: None without a passage, or if that is gone."""

    note: Note
    replies: Sequence[Note]
    place: Place | None

    @property
    def passage(self) -> str:
        """Whether what it is about still stands in the text; empty for a note without a passage."""
        if self.note.quote is None or self.note.removed_at:
            return ""
        if self.place is None:
            return GONE
        return CHANGED if self.place.changed else STANDS


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of an article for one person. `focus` is the number of the note that was just written or changed."""

    article: Article
    user: User
    threads: Sequence[ShownThread]
    people: Sequence[User]
    marked: Marked
    after: str | None = None
    next: str | None = None
    refused: Refused | None = None
    said: Sequence[str] = ()
    doubts: Sequence[str] = ()
    focus: int | None = None

    @property
    def open(self) -> int:
        """How many of those shown are open."""
        return sum(thread.note.stands for thread in self.threads)


def shown_threads(
    session: Session, article: Article, after: str | None = None, size: int = THREADS
) -> Page[ShownThread]:
    """A page of the notes on an article, which was read with its text; where its passages stand is looked for in one pass."""
    page = threads(session, article, after, size)
    notes = [thread.note for thread in page.rows]
    about = {note.id: note.selector for note in notes if note.selector and note.removed_at is None}
    places = find(read(article.body.html), about) if about else {}
    shown = [ShownThread(thread.note, thread.replies, places.get(thread.note.id)) for thread in page.rows]
    return Page(shown, page.next)


def _marked(article: Article, rows: Sequence[ShownThread]) -> Marked:
    places = {row.note.id: row.place for row in rows if row.place and row.note.stands}
    html = article.body.html
    return mark(read(html), places, told(TO_NOTE)) if places else Marked(html)


def notes_of(
    session: Session,
    article: Article,
    user: User,
    *,
    after: str | None = None,
    refused: Refused | None = None,
    said: Sequence[str] = (),
    doubts: Sequence[str] = (),
    focus: int | None = None,
) -> Notes:
    """A page of the notes on an article, which was read with its text, and the text with the passages of the open ones."""
    page = shown_threads(session, article, after)
    return Notes(
        article,
        user,
        page.rows,
        people(session),
        _marked(article, page.rows),
        after=after,
        next=page.next,
        refused=refused,
        said=said,
        doubts=doubts,
        focus=focus,
    )
