"""Notes for programs: read and write them, reply, resolve. Never part of what is published."""

from __future__ import annotations

from flask import Blueprint

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.articles.queries import get_article
from review_app.base.api import Answer, Listing, PageQuery, Problem, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.security import csrf
from review_app.reviewing.notes.actions import (
    Written,
    add_note,
    edit_note,
    remove_note,
    reopen_note,
    reply,
    resolve_note,
)
from review_app.reviewing.notes.pages import shown_threads
from review_app.reviewing.notes.queries import get_note
from review_app.reviewing.notes.schemas import NewNote, NewWords, NoteAnswer, WrittenAnswer

blueprint = Blueprint("notes_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)

ABOUT_A_PASSAGE = {
    "text": "@reviewer, is that so?",
    "passage": {"quote": "A lease ends by itself.", "prefix": "", "suffix": ""},
}


def _answer(written: Written) -> WrittenAnswer:
    told = [user.email for user in written.told]
    return WrittenAnswer.of(written.note.id, told, written.doubts)


@blueprint.get("/articles/<source_id:source_id>/notes")
@permit(Permission.REVIEW)
@operation({200: Listing[NoteAnswer]})
def notes(source_id: str, query: PageQuery) -> Listing[NoteAnswer]:
    """The notes of the team on an article with their replies, the oldest first."""
    session = db.session()
    shown = shown_threads(session, get_article(session, source_id), query.after, query.limit)
    return Listing([NoteAnswer.of(thread) for thread in shown.rows], shown.next)


@blueprint.post("/articles/<source_id:source_id>/notes")
@permit(Permission.REVIEW)
@operation({201: WrittenAnswer}, problems={409: Problem}, example=ABOUT_A_PASSAGE)
def add(source_id: str, body: NewNote) -> Answer:
    """Write a note on an article, or on a passage, which must stand in it (422)."""
    with transaction() as session:
        article, passage = get_article(session, source_id), body.selector
        written = add_note(
            session, article, person(), body.text, passage=passage, actor=actor(), now=utc_now()
        )
    return Answer(_answer(written), 201)


@blueprint.post("/notes/<int:note_id>/replies")
@permit(Permission.REVIEW)
@operation({201: WrittenAnswer}, problems={409: Problem}, example={"text": "It is."})
def add_reply(note_id: int, body: NewWords) -> Answer:
    """Answer a note; an answer to a reply stands beside it."""
    with transaction() as session:
        note = get_note(session, note_id)
        written = reply(session, note, person(), body.text, actor=actor(), now=utc_now())
    return Answer(_answer(written), 201)


@blueprint.patch("/notes/<int:note_id>")
@permit(Permission.REVIEW)
@operation({200: WrittenAnswer}, problems={403: Problem}, example={"text": "Is that so?"})
def edit(note_id: int, body: NewWords) -> WrittenAnswer:
    """Change the words of one's own note; 403 for another's."""
    with transaction() as session:
        note = get_note(session, note_id)
        written = edit_note(session, note, person(), body.text, actor=actor(), now=utc_now())
    return _answer(written)


@blueprint.delete("/notes/<int:note_id>")
@permit(Permission.REVIEW)
@operation({204: None}, problems={403: Problem})
def remove(note_id: int) -> None:
    """Take back one's own note; the log keeps it. 403 for another's."""
    with transaction() as session:
        remove_note(session, get_note(session, note_id), person(), actor=actor(), now=utc_now())


@blueprint.put("/notes/<int:note_id>/resolution")
@permit(Permission.REVIEW)
@operation({204: None}, problems={409: Problem})
def resolve(note_id: int) -> None:
    """Say that a note is dealt with; a reply is not resolved by itself (409)."""
    with transaction() as session:
        resolve_note(session, get_note(session, note_id), person(), actor=actor(), now=utc_now())


@blueprint.delete("/notes/<int:note_id>/resolution")
@permit(Permission.REVIEW)
@operation({204: None})
def reopen(note_id: int) -> None:
    """Say that it is not dealt with after all."""
    with transaction() as session:
        reopen_note(session, get_note(session, note_id), actor=actor(), now=utc_now())
