"""The verbs on notes. Every change is in the log; nothing is erased."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.errors import Conflict, Forbidden, Invalid
from review_app.base.messages import Figure
from review_app.base.messages import lazy_gettext as _l
from review_app.notifications.actions import notify
from review_app.notifications.rules import Kind
from review_app.outbox.actions import Actor, log_event
from review_app.reviewing.notes.models import Note
from review_app.reviewing.notes.passages import Reading, find, read
from review_app.reviewing.notes.queries import get_note, mentioned, notes_open, replies_to
from review_app.reviewing.notes.rules import (
    MOST_OPEN,
    MOST_REPLIES,
    NOTE_LENGTH,
    QUOTE_LENGTH,
    Selector,
    squeeze,
)
from review_app.reviewing.rules import says_something


@dataclass(frozen=True, slots=True)
class Written:
    """A note, whom it was told, and what could not be told, in sentences."""

    note: Note
    told: Sequence[User]
    doubts: Sequence[str]


def add_note(
    session: Session,
    article: Article,
    user: User,
    text: str,
    *,
    passage: Selector | None = None,
    tell: Iterable[int] = (),
    actor: Actor,
    now: datetime,
) -> Written:
    """Write a note on an article (with its text), or on a passage of it. Raises `Invalid`, or `Conflict` for too many."""
    note = Note(article_id=article.id, author_id=user.id, written_at=now, text=_checked(text))
    if passage is not None and squeeze(passage.quote):
        exact = _found(read(article.body.html), passage)
        note.quote, note.prefix, note.suffix = exact.quote, exact.prefix, exact.suffix
        note.text_digest = article.text_digest
    if notes_open(session, [article.id]).get(article.id, 0) >= MOST_OPEN:
        raise Conflict(
            _l("There are %(most)s open notes on this article. Please resolve some first.", most=MOST_OPEN)
        )
    return _write(session, note, article, user, tell=tell, actor=actor, now=now)


def reply(
    session: Session,
    note: Note,
    user: User,
    text: str,
    *,
    tell: Iterable[int] = (),
    actor: Actor,
    now: datetime,
) -> Written:
    """Answer a note; an answer to an answer stands beside it. Raises `Invalid`, or `Conflict` for too many."""
    thread = get_note(session, note.reply_to_id) if note.reply_to_id else note
    if replies_to(session, thread) >= MOST_REPLIES:
        raise Conflict(_l("This note has %(most)s replies. Please begin another one.", most=MOST_REPLIES))
    answer = Note(
        article_id=thread.article_id,
        author_id=user.id,
        written_at=now,
        text=_checked(text),
        reply_to_id=thread.id,
    )
    return _write(session, answer, thread.article, user, tell=tell, actor=actor, now=now)


def _write(
    session: Session,
    note: Note,
    article: Article,
    user: User,
    *,
    tell: Iterable[int],
    actor: Actor,
    now: datetime,
) -> Written:
    session.add(note)
    session.flush()
    after = {"note": note.id, "text": note.text, "quote": note.quote}
    log_event(session, "note.written", ("article", article.source_id), actor=actor, now=now, after=after)
    return _told(session, note, article, user, text=note.text, tell=tell, actor=actor, now=now)


def _told(
    session: Session,
    note: Note,
    article: Article,
    user: User,
    *,
    text: str,
    tell: Iterable[int] = (),
    already: Iterable[int] = (),
    actor: Actor,
    now: datetime,
) -> Written:
    """Tell whom the text mentions, but nobody twice, and not who wrote it."""
    found = mentioned(session, text, tell)
    left_out = {user.id, *already}
    told = [person for person in found.users if person.id not in left_out]
    subject = ("article", article.source_id)
    words = _l("%(who)s on “%(title)s”: %(text)s", who=user.name, title=article.title[:100], text=text[:300])
    for person in told:
        notify(session, person.id, Kind.MENTIONED, text=words, subject=subject, by=actor, now=now)
    return Written(note, told, found.doubts)


def edit_note(session: Session, note: Note, user: User, text: str, *, actor: Actor, now: datetime) -> Written:
    """Change the words of one's own note; who is mentioned newly is told. Raises `Forbidden` or `Invalid`."""
    _check_own(note, user)
    was, note.text, note.edited_at = note.text, _checked(text), now
    before, after = {"note": note.id, "text": was}, {"note": note.id, "text": note.text}
    log_event(session, "note.edited", _subject(note), actor=actor, now=now, before=before, after=after)
    already = [person.id for person in mentioned(session, was).users]
    return _told(session, note, note.article, user, text=note.text, already=already, actor=actor, now=now)


def remove_note(session: Session, note: Note, user: User, *, actor: Actor, now: datetime) -> None:
    """Take back one's own note: it is no longer shown, and the log keeps its words. Raises `Forbidden`."""
    _check_own(note, user)
    note.removed_at = now
    before = {"note": note.id, "text": note.text}
    log_event(session, "note.removed", _subject(note), actor=actor, now=now, before=before)


def resolve_note(session: Session, note: Note, user: User, *, actor: Actor, now: datetime) -> None:
    """Say that a note is dealt with; anybody may. Raises `Conflict` for a reply."""
    if note.reply_to_id:
        raise Conflict(_l("A reply is not resolved by itself, but with the note that it answers."))
    if note.resolved_at is None:
        note.resolved_at, note.resolved_by_id = now, user.id
        after = {"note": note.id}
        log_event(session, "note.resolved", _subject(note), actor=actor, now=now, after=after)


def reopen_note(session: Session, note: Note, *, actor: Actor, now: datetime) -> None:
    """Say that it is not dealt with after all; anybody may."""
    if note.resolved_at is not None:
        note.resolved_at = note.resolved_by_id = None
        after = {"note": note.id}
        log_event(session, "note.reopened", _subject(note), actor=actor, now=now, after=after)


def _subject(note: Note) -> tuple[str, str]:
    """In the log a note is part of what happened to its article."""
    return "article", note.article.source_id


def _check_own(note: Note, user: User) -> None:
    if note.author_id != user.id:
        raise Forbidden(_l("This is somebody else's note. You can reply to it, or resolve it."))


def _checked(text: str) -> str:
    if not says_something(text):
        raise Invalid(_l("Please write something."), {"text": [_l("is needed")]})
    if len(text) > NOTE_LENGTH:
        raise Invalid(
            _l("That note is too long."),
            {"text": [_l("may have %(most)s characters", most=Figure(NOTE_LENGTH))]},
        )
    return text.strip()


def _found(reading: Reading, passage: Selector) -> Selector:
    """The passage as the article itself has it. Raises `Invalid`."""
    if len(passage.quote) > QUOTE_LENGTH:
        limit = _l("may have %(most)s characters; its first sentence is enough", most=Figure(QUOTE_LENGTH))
        raise Invalid(_l("That passage is too long."), {"quote": [limit]})
    near = Selector(passage.quote, passage.prefix[-QUOTE_LENGTH:], passage.suffix[:QUOTE_LENGTH])
    place = find(reading, {0: near}).get(0)
    if place is None or place.changed:
        why = _l("does not stand in the article; select it there, or copy it from there")
        raise Invalid(_l("That passage is not in the text."), {"quote": [why]})
    return reading.selector(place)
