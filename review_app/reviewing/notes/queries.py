"""Reading notes, and the people whom a note can mention."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload, load_only

from review_app.accounts.models import User
from review_app.accounts.queries import find_user
from review_app.articles.models import Article
from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import Page, decode_cursor, encode_cursor, page_of
from review_app.reviewing.notes.models import Note
from review_app.reviewing.notes.rules import names_in

THREADS = 50
MOST_PEOPLE = 500
"""People among whom a short name is looked for; of more, one is mentioned by the whole address."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A note and what was replied to it, the oldest first."""

    note: Note
    replies: Sequence[Note]


def get_note(session: Session, note_id: int) -> Note:
    """A note that was not removed, with its article. Raises `NotFound`."""
    query = select(Note).where(Note.id == note_id, Note.removed_at.is_(None))
    found = session.scalar(query.options(joinedload(Note.article), joinedload(Note.author)))
    if found is None:
        raise NotFound(_l("There is no note %(number)s, or its author has removed it.", number=note_id))
    return found


def threads(
    session: Session, article: Article, after: str | None = None, size: int = THREADS
) -> Page[Thread]:
    """The notes on an article with their replies, the oldest first, a page at a time."""
    query = _with_people().where(Note.article_id == article.id, Note.reply_to_id.is_(None))
    if after:
        query = query.where(Note.id > decode_cursor(after, int)[0])
    # PostgreSQL does not see that whatever is null is alike: named so, the order is that of the index.
    notes = session.scalars(query.order_by(Note.reply_to_id, Note.id).limit(size + 1)).all()
    page = page_of(notes, size, lambda note: encode_cursor(note.id))
    replies = _replies(session, article, [note.id for note in page.rows])
    return Page([Thread(note, replies[note.id]) for note in page.rows], page.next)


def _replies(session: Session, article: Article, ids: Sequence[int]) -> defaultdict[int | None, list[Note]]:
    found: defaultdict[int | None, list[Note]] = defaultdict(list)
    if ids:
        query = _with_people().where(Note.article_id == article.id, Note.reply_to_id.in_(ids))
        for note in session.scalars(query.order_by(Note.reply_to_id, Note.id)):
            found[note.reply_to_id].append(note)
    return found


def _with_people() -> Select[Note]:
    return select(Note).options(joinedload(Note.author), joinedload(Note.resolved_by))


def notes_open(session: Session, article_ids: Sequence[int]) -> dict[int, int]:
    """How many open notes each of these articles has, at most `MOST_OPEN`; those without any are left out."""
    is_open = (Note.reply_to_id.is_(None), Note.resolved_at.is_(None), Note.removed_at.is_(None))
    query = select(Note.article_id, func.count()).where(Note.article_id.in_(article_ids), *is_open)
    return dict(session.execute(query.group_by(Note.article_id)).all()) if article_ids else {}


def replies_to(session: Session, note: Note) -> int:
    """How many replies a note has, the removed ones too: there is a bound on them."""
    query = select(func.count()).where(Note.article_id == note.article_id, Note.reply_to_id == note.id)
    return session.scalar(query) or 0


def noted_among(session: Session, article_ids: Sequence[int], _now: datetime) -> dict[int, str]:
    """Which of these articles the team has written notes on: undoing an import would take the notes along."""
    query = select(Note.article_id).where(Note.article_id.in_(article_ids)).distinct()
    return dict.fromkeys(session.scalars(query), _l("the team has notes on it"))


def people(session: Session) -> Sequence[User]:
    """The people who can come in, by name."""
    query = select(User).options(load_only(User.id, User.name, User.email)).where(User.is_active.is_(True))
    return session.scalars(query.order_by(User.name, User.id).limit(MOST_PEOPLE)).all()


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Whom a text mentions, and a sentence about each name that is nobody's, or several people's."""

    users: Sequence[User]
    doubts: Sequence[str]


def mentioned(session: Session, text: str, told: Iterable[int] = ()) -> Mentioned:
    """Whom `@…` in a text means: an address, the part of it before the @, or a name; and those chosen besides."""
    names, chosen = names_in(text), set(told)
    if not names and not chosen:
        return Mentioned([], [])
    known = people(session)
    users: dict[int, User] = {user.id: user for user in known if user.id in chosen}
    doubts: list[str] = []
    if len(users) < len(chosen):
        doubts.append(_l("Somebody you chose to tell cannot come in any more, so nobody told them."))
    for name in names:
        found = [user for user in known if name in _names_of(user)] or _by_address(session, name)
        exact = [user for user in found if user.email.startswith((name, f"{name}@"))]
        if len(found) > 1 and len(exact) == 1:
            found = exact
        if len(found) == 1:
            users[found[0].id] = found[0]
        elif found:
            addresses = reduce(_either, [f"@{user.email}" for user in found[:5]])
            doubts.append(
                _l(
                    "@%(name)s could be %(addresses)s, so none of them was told.",
                    name=name,
                    addresses=addresses,
                )
            )
        else:
            doubts.append(_l("Nobody here is called @%(name)s, so nobody was told by that.", name=name))
    return Mentioned(list(users.values()), doubts)


def _either(one: str, other: str) -> str:
    return _l("%(one)s or %(other)s", one=one, other=other)


def _names_of(user: User) -> set[str]:
    words = user.name.lower().split()
    return {user.email, user.email.partition("@")[0], "".join(words), ".".join(words), *words[:1]}


def _by_address(session: Session, name: str) -> list[User]:
    user = find_user(session, name) if "@" in name else None
    return [user] if user and user.is_active else []
