"""Pages about targets: all of them, one with its settings and secrets, its deliveries, and one delivery with its tries."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Conflict, Invalid, NotFound
from review_app.base.jobs import wake
from review_app.base.languages import flash
from review_app.base.messages import lazy_gettext as _l
from review_app.base.problems import status_of
from review_app.base.web import settings
from review_app.publishing.targets.actions import (
    add_target,
    change_target,
    disable_target,
    enable_target,
    end_secret,
    note_check,
    remove_target,
    rotate_secret,
    send_test,
)
from review_app.publishing.targets.checks import kinds_on_offer
from review_app.publishing.targets.forms import SecretForm, TargetForm
from review_app.publishing.targets.queries import (
    dead_counts,
    get_target,
    good_secrets,
    last_failure,
    list_targets,
)
from review_app.publishing.targets.rules import (
    HOLDS_ARTICLES,
    MOST_DEAD_COUNTED,
    MOST_OVERLAP_HOURS,
    SHAPES,
    SHOWN_CHARACTERS,
    TargetKind,
    harmless,
)
from review_app.publishing.targets.testing import try_target
from review_app.publishing.targets.words import EVENT_WORDS, FIELD_WORDS, FORMAT_WORDS, KIND_USE, KIND_WORDS

blueprint = Blueprint("targets", __name__, url_prefix="/admin")
blueprint.add_app_template_filter(harmless, "harmless")
CONFIRM = _l("Tick that you mean it.")


@blueprint.get("/targets")
@permit(Permission.MANAGE_TARGETS)
def index() -> str:
    """All targets, how each does, and what can be added."""
    session = db.session()
    page = list_targets(session, request.args.get("after"))
    return render_template(
        "publishing/targets/index.html",
        page=page,
        dead=dead_counts(session, [target.id for target in page.rows]),
        most_dead=MOST_DEAD_COUNTED,
        kinds=kinds_on_offer(),
        kind_words=KIND_WORDS,
        kind_use=KIND_USE,
    )


@blueprint.get("/targets/new")
@permit(Permission.MANAGE_TARGETS)
def new() -> str:
    """The form for a target of one kind."""
    return _new(TargetForm(_kind(request.args.get("kind"))))


def _kind(name: str | None) -> TargetKind:
    """Raises `NotFound` for what cannot be added."""
    for kind in kinds_on_offer():
        if kind == name:
            return kind
    raise NotFound(_l("There is no such kind of target."))


def _new(form: TargetForm) -> str:
    return render_template("publishing/targets/new.html", form=form, kind_use=KIND_USE, **_of_kind(form.kind))


def _of_kind(kind: TargetKind) -> dict[str, Any]:
    return {
        "kind": kind,
        "kind_word": KIND_WORDS[kind],
        "field_words": FIELD_WORDS.get(kind, {}),
        "shape": SHAPES[kind],
        "holds_articles": kind in HOLDS_ARTICLES,
        "overlap_most": MOST_OVERLAP_HOURS,
    }


@blueprint.post("/targets")
@permit(Permission.MANAGE_TARGETS)
def add() -> Response | tuple[str, int]:
    """Add one. A secret that it got stands in this answer alone."""
    form = TargetForm(_kind(request.form.get("kind")), request.form)
    try:
        with transaction() as session:
            added = add_target(
                session, form.wanted(), settings(), owner_id=person().id, actor=actor(), now=utc_now()
            )
            target_id = added.target.id
    except Invalid as error:
        form.tell(error)
        return _new(form), 422
    if added.secret:
        return _show(target_id, secret=added.secret), 201
    flash(_l("Added. Test it now: it is sent to from the next event on."), "success")
    return _to(target_id)


@blueprint.get("/targets/<int:target_id>")
@permit(Permission.MANAGE_TARGETS)
def show(target_id: int) -> str:
    """One target: how it does, its settings, its secrets."""
    return _show(target_id)


def _show(target_id: int, form: TargetForm | None = None, **more: Any) -> str:
    target = get_target(db.session(), target_id)
    kind = TargetKind(target.kind)
    values: dict[str, Any] = {"secret": "", "trial": None, "problem": "", "secret_form": SecretForm()} | more
    return render_template(
        "publishing/targets/show.html",
        target=target,
        form=form or TargetForm(kind, target=target),
        dead=dead_counts(db.session(), [target_id])[target_id],
        most_dead=MOST_DEAD_COUNTED,
        failure=last_failure(db.session(), target),
        secrets=good_secrets(target, utc_now()),
        event_words=EVENT_WORDS,
        format_words=FORMAT_WORDS,
        shown=SHOWN_CHARACTERS,
        **_of_kind(kind),
        **values,
    )


@blueprint.put("/targets/<int:target_id>")
@permit(Permission.MANAGE_TARGETS)
def change(target_id: int) -> Response | tuple[str, int]:
    """Change one. A password that is left empty stays as it is."""
    found = get_target(db.session(), target_id)
    form = TargetForm(TargetKind(found.kind), request.form, found)
    try:
        with transaction() as session:
            target = get_target(session, target_id, lock=True)
            change_target(
                session,
                target,
                form.values(),
                settings(),
                actor=actor(),
                now=utc_now(),
                row_version=form.version(),
                leave_articles=bool(request.form.get("leave_articles")),
            )
    except (Conflict, Invalid) as error:
        form.tell(Invalid(error.detail, getattr(error, "fields", {})))
        return _show(target_id, form), status_of(error)
    flash(_l("Changed."), "success")
    return _to(target_id)


@blueprint.delete("/targets/<int:target_id>")
@permit(Permission.MANAGE_TARGETS)
def remove(target_id: int) -> Response | tuple[str, int]:
    """Remove one, if its box is ticked."""
    if not request.form.get("sure"):
        return _show(target_id, problem=CONFIRM), 422
    try:
        with transaction() as session:
            target = get_target(session, target_id, lock=True)
            leave = bool(request.form.get("leave_articles"))
            remove_target(session, target, actor=actor(), now=utc_now(), leave_articles=leave)
    except Conflict as error:
        return _show(target_id, problem=error.detail), 409
    flash(_l("Removed “%(name)s”, its secrets and its deliveries.", name=target.name), "success")
    return redirect(url_for("targets.index"), 303)


@blueprint.put("/targets/<int:target_id>/enabled")
@permit(Permission.MANAGE_TARGETS)
def enable(target_id: int) -> Response:
    """Send there again."""
    with transaction() as session:
        enable_target(session, get_target(session, target_id, lock=True), actor=actor(), now=utc_now())
    wake("delivery", target_id)
    flash(_l("Switched on. What has waited goes out now."), "success")
    return _to(target_id)


@blueprint.delete("/targets/<int:target_id>/enabled")
@permit(Permission.MANAGE_TARGETS)
def disable(target_id: int) -> Response:
    """Send nothing there."""
    with transaction() as session:
        disable_target(session, get_target(session, target_id, lock=True), actor=actor(), now=utc_now())
    flash(_l("Switched off. What is due waits until you switch it on."), "success")
    return _to(target_id)


@blueprint.post("/targets/<int:target_id>/checks")
@permit(Permission.MANAGE_TARGETS)
def check(target_id: int) -> str:
    """Test it here and now, and say what came of it."""
    trial = try_target(db.session(), target_id, settings())
    with transaction() as session:
        target = get_target(session, target_id)
        note_check(session, target, fine=trial.fine, reason=trial.reason, actor=actor(), now=utc_now())
    return _show(target_id, trial=trial)


@blueprint.post("/targets/<int:target_id>/test-events")
@permit(Permission.MANAGE_TARGETS)
def send_test_event(target_id: int) -> Response:
    """Send a webhook a test event, and go to its delivery."""
    try:
        with transaction() as session:
            target = get_target(session, target_id, lock=True)
            delivery_id = send_test(session, target, actor=actor(), now=utc_now()).id
    except Conflict as error:
        flash(error.detail, "error")
        return _to(target_id)
    wake("delivery", target_id)
    return redirect(url_for("deliveries.show", delivery_id=delivery_id), 303)


@blueprint.post("/targets/<int:target_id>/secrets")
@permit(Permission.MANAGE_TARGETS)
def rotate(target_id: int) -> tuple[str, int]:
    """Give it a new secret, which stands in this answer alone."""
    form = SecretForm(request.form)
    try:
        with transaction() as session:
            target = get_target(session, target_id, lock=True)
            given = (form.secret.data or "").strip()
            secret = rotate_secret(
                session, target, form.overlap(), settings(), actor=actor(), now=utc_now(), secret=given
            )
    except Invalid as error:
        form.tell(error)
        return _show(target_id, secret_form=form), 422
    return _show(target_id, secret=secret), 201


@blueprint.delete("/targets/<int:target_id>/secrets/<string:secret_id>")
@permit(Permission.MANAGE_TARGETS)
def end_old_secret(target_id: int, secret_id: str) -> Response:
    """End an old secret before its time."""
    with transaction() as session:
        target = get_target(session, target_id, lock=True)
        end_secret(session, target, secret_id, actor=actor(), now=utc_now())
    flash(_l("The old secret has ended."), "success")
    return _to(target_id)


def _to(target_id: int) -> Response:
    return redirect(url_for("targets.show", target_id=target_id), 303)
