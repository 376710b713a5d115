"""Notes as people write them. Each answer is the notes anew: to htmx as a part, else as the page one came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.articles.queries import get_article
from review_app.base.answers import asks_for_part, see_other
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Conflict, Forbidden, Invalid
from review_app.base.languages import flash
from review_app.base.problems import status_of
from review_app.base.web import same_site_referrer
from review_app.evidence.queries import evidence_of
from review_app.reviewing import pages
from review_app.reviewing.notes.actions import (
    Written,
    add_note,
    edit_note,
    remove_note,
    reopen_note,
    reply,
    resolve_note,
)
from review_app.reviewing.notes.forms import NoteForm, Refused
from review_app.reviewing.notes.models import Note
from review_app.reviewing.notes.pages import notes_of
from review_app.reviewing.notes.queries import get_note

blueprint = Blueprint("notes", __name__)
Writing = Callable[[Session, NoteForm], Written]


@blueprint.get("/articles/<string:source_id>/notes")
@permit(Permission.REVIEW)
def index(source_id: str) -> Response:
    """An article with what the team has written about it."""
    return _shown(source_id, 200)


@blueprint.post("/articles/<string:source_id>/notes")
@permit(Permission.REVIEW)
def add(source_id: str) -> AnyResponse:
    """Write a note on an article, or on a passage of it."""

    def write(session: Session, form: NoteForm) -> Written:
        article, text = get_article(session, source_id), form.text.data or ""
        passage, tell = form.passage, form.chosen
        return add_note(
            session, article, person(), text, passage=passage, tell=tell, actor=actor(), now=utc_now()
        )

    return _write(source_id, "new", _("Your note stands."), write)


@blueprint.post("/notes/<int:note_id>/replies")
@permit(Permission.REVIEW)
def add_reply(note_id: int) -> AnyResponse:
    """Answer a note."""

    def write(session: Session, form: NoteForm) -> Written:
        note, text, tell = get_note(session, note_id), form.text.data or "", form.chosen
        return reply(session, note, person(), text, tell=tell, actor=actor(), now=utc_now())

    return _write(_source_of(note_id), f"reply-{note_id}", _("Your reply stands."), write)


@blueprint.put("/notes/<int:note_id>")
@permit(Permission.REVIEW)
def edit(note_id: int) -> AnyResponse:
    """Change the words of one's own note."""

    def write(session: Session, form: NoteForm) -> Written:
        note, text = get_note(session, note_id), form.text.data or ""
        return edit_note(session, note, person(), text, actor=actor(), now=utc_now())

    return _write(_source_of(note_id), f"edit-{note_id}", _("Your note is changed."), write)


@blueprint.delete("/notes/<int:note_id>")
@permit(Permission.REVIEW)
def remove(note_id: int) -> AnyResponse:
    """Take back one's own note."""
    return _change(note_id, _("Your note is removed; the log keeps it."), partial(remove_note, user=person()))


@blueprint.put("/notes/<int:note_id>/resolution")
@permit(Permission.REVIEW)
def resolve(note_id: int) -> AnyResponse:
    """Say that a note is dealt with."""
    return _change(note_id, _("The note is resolved."), partial(resolve_note, user=person()))


@blueprint.delete("/notes/<int:note_id>/resolution")
@permit(Permission.REVIEW)
def reopen(note_id: int) -> AnyResponse:
    """Say that it is not."""
    return _change(note_id, _("The note is open again."), reopen_note)


def _source_of(note_id: int) -> str:
    return get_note(db.session(), note_id).article.source_id


def _write(source_id: str, of: str, done: str, write: Writing) -> AnyResponse:
    form = NoteForm(request.form)
    try:
        if not form.validate():
            return _shown(source_id, 422, refused=Refused(of, form))
        with transaction() as session:
            written = write(session, form)
    except (Conflict, Forbidden, Invalid) as error:
        form.tell(error)
        return _shown(source_id, status_of(error), refused=Refused(of, form))
    names = ", ".join(user.name for user in written.told)
    said = [done, _("Told: %(names)s.", names=names)] if names else [done]
    return _done(source_id, written.note.id, said, written.doubts)


def _change(note_id: int, done: str, change: Callable[..., None]) -> AnyResponse:
    with transaction() as session:
        note: Note = get_note(session, note_id)
        source_id = note.article.source_id
        change(session, note, actor=actor(), now=utc_now())
    return _done(source_id, note_id, [done], ())


def _done(source_id: str, note_id: int, said: Sequence[str], doubts: Sequence[str]) -> AnyResponse:
    if asks_for_part():
        return _shown(source_id, 200, said=said, doubts=doubts, focus=note_id)
    flash(" ".join(said), "success")
    for doubt in doubts:
        flash(doubt, "warning")
    back = same_site_referrer() or url_for("articles.show", source_id=source_id)
    return see_other(f"{back}#note-{note_id}")


def _shown(source_id: str, status: int, **shown: object) -> Response:
    session, here = db.session(), urlsplit(request.headers.get("HX-Current-URL", request.url)).query
    article = get_article(session, source_id)
    evidence = evidence_of(session, article, utc_now().date())
    notes = notes_of(session, article, person(), after=request.args.get("notes"), **shown)  # type: ignore[arg-type]
    name, unfolded = "notes_part" if asks_for_part() else "notes", "stock=unfolded" in here
    html = pages.body_html(article, evidence, notes.marked, unfolded=unfolded)
    return make_response(
        render_template(f"reviewing/{name}.html", article=article, html=html, notes=notes), status
    )
