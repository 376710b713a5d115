"""Pages about sources: all of them, and one with its reads."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Invalid
from review_app.base.jobs import wake
from review_app.base.languages import flash
from review_app.base.messages import lazy_gettext as _l
from review_app.base.web import settings
from review_app.importing.sources.actions import (
    add_source,
    ask_for_read,
    change_source,
    pause_source,
    remove_source,
    resume_source,
)
from review_app.importing.sources.forms import KIND_WORDS, ChangeForm, NewSourceForm
from review_app.importing.sources.queries import get_source, is_due, list_reads, list_sources, unfinished_read
from review_app.importing.sources.rules import FAILURES_UNTIL_PAUSE, Kind
from review_app.importing.sources.sentences import told_failure

blueprint = Blueprint("sources", __name__)
blueprint.add_app_template_filter(told_failure, "kept_of_source")
CONFIRM = _l("Tick that you mean it.")


@blueprint.get("/imports/sources")
@permit(Permission.MANAGE_SOURCES)
def index() -> str:
    """All sources, and a form for another."""
    return _index(NewSourceForm())


def _index(form: NewSourceForm) -> str:
    page = list_sources(db.session(), request.args.get("after"))
    return render_template(
        "importing/sources.html",
        form=form,
        page=page,
        kind_words=KIND_WORDS,
        folders=settings().import_folders,
    )


@blueprint.post("/imports/sources")
@permit(Permission.MANAGE_SOURCES)
def add() -> Response | tuple[str, int]:
    """Add one; it is read at once."""
    form = NewSourceForm(request.form)
    try:
        with transaction() as session:
            source_id = add_source(
                session, form.wanted(), settings(), user_id=person().id, actor=actor(), now=utc_now()
            ).id
    except Invalid as error:
        form.refuse(error)
        return _index(form), 422
    wake("source", source_id)
    flash(_("Added. It is being read for the first time."), "success")
    return _to(source_id)


@blueprint.get("/imports/sources/<int:source_id>")
@permit(Permission.MANAGE_SOURCES)
def show(source_id: int) -> str:
    """One source: what it is, and its last reads. With htmx the reads alone."""
    if request.headers.get("HX-Target", "").endswith(f"source-reads-{source_id}"):
        return render_template("importing/_source_reads.html", **_reads(source_id))
    return _show(source_id)


def _show(source_id: int, form: ChangeForm | None = None, problem: str = "") -> str:
    told = _reads(source_id)
    source = told["source"]
    return render_template(
        "importing/source.html",
        **told,
        kind=KIND_WORDS[Kind(source.kind)],
        form=form or ChangeForm(source=source),
        problem=problem,
    )


def _reads(source_id: int) -> dict[str, Any]:
    session = db.session()
    source = get_source(session, source_id)
    unfinished = unfinished_read(session, source_id)
    return {
        "source": source,
        "reads": list_reads(session, source_id, request.args.get("after")),
        "unfinished": unfinished,
        "going": unfinished is not None or is_due(source, utc_now()),
        "most_failures": FAILURES_UNTIL_PAUSE,
    }


@blueprint.put("/imports/sources/<int:source_id>")
@permit(Permission.MANAGE_SOURCES)
def change(source_id: int) -> Response | tuple[str, int]:
    """Change one. A password that is left empty stays as it is."""
    form = ChangeForm(request.form)
    try:
        with transaction() as session:
            source = get_source(session, source_id, lock=True)
            change_source(session, source, form.values(), settings(), actor=actor(), now=utc_now())
    except Invalid as error:
        form.refuse(error)
        return _show(source_id, form), 422
    wake("source", source_id)
    flash(_("Changed."), "success")
    return _to(source_id)


@blueprint.delete("/imports/sources/<int:source_id>")
@permit(Permission.MANAGE_SOURCES)
def remove(source_id: int) -> Response | tuple[str, int]:
    """Remove one, if its box is ticked. What it imported stays."""
    if not request.form.get("sure"):
        return _show(source_id, problem=CONFIRM), 422
    with transaction() as session:
        source = get_source(session, source_id, lock=True)
        remove_source(session, source, actor=actor(), now=utc_now())
    flash(_("Removed “%(name)s”. What it imported stays.", name=source.name), "success")
    return redirect(url_for("sources.index"), 303)


@blueprint.post("/imports/sources/<int:source_id>/reads")
@permit(Permission.MANAGE_SOURCES)
def read_now(source_id: int) -> Response:
    """Read it as soon as a worker is free."""
    with transaction() as session:
        ask_for_read(session, get_source(session, source_id, lock=True), actor=actor(), now=utc_now())
    wake("source", source_id)
    return _to(source_id)


@blueprint.put("/imports/sources/<int:source_id>/pause")
@permit(Permission.MANAGE_SOURCES)
def pause(source_id: int) -> Response:
    """Read it no more by itself."""
    with transaction() as session:
        pause_source(session, get_source(session, source_id, lock=True), actor=actor(), now=utc_now())
    return _to(source_id)


@blueprint.delete("/imports/sources/<int:source_id>/pause")
@permit(Permission.MANAGE_SOURCES)
def resume(source_id: int) -> Response:
    """Read it again by itself, from now on."""
    with transaction() as session:
        resume_source(session, get_source(session, source_id, lock=True), actor=actor(), now=utc_now())
    wake("source", source_id)
    return _to(source_id)


def _to(source_id: int) -> Response:
    return redirect(url_for("sources.show", source_id=source_id), 303)
