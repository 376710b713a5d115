"""The pages of bulk actions: freeze what was selected, look at what it would do, confirm, watch, stop, undo."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.articles.filters import Filters
from review_app.articles.queries import bulk_approve_limit
from review_app.base.answers import see_other
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Conflict, Forbidden, Invalid
from review_app.base.jobs import wake
from review_app.base.languages import flash
from review_app.base.problems import status_of
from review_app.review_queue.pages import filters_behind
from review_app.reviewing.bulk import pages
from review_app.reviewing.bulk.actions import Params, Selection, confirm, freeze, request_undo, stop
from review_app.reviewing.bulk.forms import ChoiceForm, ConfirmForm, UndoForm
from review_app.reviewing.bulk.models import BulkAction
from review_app.reviewing.bulk.queries import get_bulk, list_bulks, lock_bulk
from review_app.reviewing.bulk.rules import VERBS, Action, State, selected
from review_app.reviewing.bulk.selecting import all_that_match, those_named, way_back
from review_app.reviewing.queries import current_rules

blueprint = Blueprint("bulk", __name__)


@blueprint.app_context_processor
def _offer() -> dict[str, Any]:
    """To whoever may change many: the actions that the bar under the queue offers. All that stand there are in it already."""
    if request.endpoint != "review_queue.queue" or not current_user or not current_user.is_authenticated:
        return {}
    if not person().may(Permission.CHANGE_MANY):
        return {}
    barred = {Action.PUT_IN} if bulk_approve_limit(db.session()) else {Action.PUT_IN, Action.APPROVE}
    return {"bulk_actions": [(action.value, VERBS[action]) for action in Action if action not in barred]}


@blueprint.get("/bulk")
@permit(Permission.CHANGE_MANY)
def index() -> str:
    """All bulk actions, the newest first."""
    page = list_bulks(db.session(), request.args.get("after"))
    return render_template("bulk/index.html", page=page, verbs=VERBS, selected=selected)


@blueprint.post("/bulk")
@permit(Permission.CHANGE_MANY)
def create() -> Response:
    """Freeze what was selected in the queue, and show what would be done to it; nothing is done yet."""
    sent = request.form.get("filters", "")
    try:
        with transaction() as session:
            action = ChoiceForm(request.form).chosen()
            selection = _selection(action, sent)
            bulk_id = freeze(session, person(), action, selection, params=Params(), now=utc_now()).id
    except Invalid as error:
        flash(error.detail, "error")
        return see_other(url_for("review_queue.queue") + way_back(sent))
    return see_other(url_for("bulk.show", bulk_id=bulk_id))


def _selection(action: Action, sent: str) -> Selection:
    scope = request.form.get("scope")
    if scope == "all":
        return all_that_match(db.session(), _filters(sent), action, way_back(sent))
    return those_named(request.form.getlist("page" if scope == "page" else "row"), way_back(sent))


def _filters(sent: str) -> Filters:
    """The filters of the queue behind. Raises `Invalid` for a broken one: dropped, it would select all there is."""
    found = filters_behind()
    type(found).of(dict(parse_qsl(sent.lstrip("?"))))
    return found


@blueprint.get("/bulk/<int:bulk_id>")
@permit(Permission.CHANGE_MANY)
def show(bulk_id: int) -> str:
    """What it would do, how far it is, or what came of it. With htmx that which changes alone."""
    bulk = get_bulk(db.session(), bulk_id)
    if request.headers.get("HX-Target", "").endswith(f"outcome-{bulk_id}"):
        return render_template("bulk/outcome.html", **_outcome(bulk, UndoForm()), part=True)
    if bulk.state == State.PREVIEW:
        return _preview(bulk, ConfirmForm())
    return render_template("bulk/show.html", **_outcome(bulk, UndoForm()))


def _preview(bulk: BulkAction, form: ConfirmForm) -> str:
    preview = pages.preview_of(db.session(), bulk, person(), form, now=utc_now())
    back = pages.queue_behind(bulk)
    return render_template(
        "bulk/preview.html",
        bulk=bulk,
        preview=preview,
        form=form,
        why=pages.why,
        selected=selected,
        back=back,
    )


def _outcome(bulk: BulkAction, form: UndoForm) -> dict[str, Any]:
    outcome = pages.outcome_of(db.session(), bulk, person(), form, now=utc_now())
    return {
        "bulk": bulk,
        "outcome": outcome,
        "form": form,
        "why": pages.why,
        "selected": selected,
        "back": pages.queue_behind(bulk),
    }


@blueprint.post("/bulk/<int:bulk_id>/confirm")
@permit(Permission.CHANGE_MANY)
def confirm_bulk(bulk_id: int) -> Response | tuple[str, int]:
    """Let a worker do it; refused, the preview again as it stands now."""
    form = ConfirmForm(request.form)
    if not form.validate():
        return _preview(get_bulk(db.session(), bulk_id), form), 422
    try:
        with transaction() as session:
            bulk, rules = lock_bulk(session, bulk_id), current_rules(session)
            confirm(session, bulk, person(), form.params(), rules=rules, actor=actor(), now=utc_now())
    except (Conflict, Forbidden, Invalid) as error:
        return _not_confirmed(bulk_id, form, error)
    wake("bulk", bulk_id)
    return see_other(url_for("bulk.show", bulk_id=bulk_id))


def _not_confirmed(
    bulk_id: int, form: ConfirmForm, error: Conflict | Forbidden | Invalid
) -> Response | tuple[str, int]:
    bulk = get_bulk(db.session(), bulk_id)
    if bulk.state != State.PREVIEW:
        flash(error.detail, "warning")
        return see_other(url_for("bulk.show", bulk_id=bulk_id))
    form.tell(error)
    return _preview(bulk, form), status_of(error)


@blueprint.post("/bulk/<int:bulk_id>/stop")
@permit(Permission.CHANGE_MANY)
def stop_bulk(bulk_id: int) -> Response:
    """Stop it where it is."""
    try:
        with transaction() as session:
            bulk = lock_bulk(session, bulk_id)
            stop(session, bulk, actor=actor(), now=utc_now(), undo=pages.undo_window())
    except Conflict as error:
        flash(error.detail, "warning")
    return see_other(url_for("bulk.show", bulk_id=bulk_id))


@blueprint.post("/bulk/<int:bulk_id>/undo")
@permit(Permission.CHANGE_MANY)
def undo_bulk(bulk_id: int) -> Response | tuple[str, int]:
    """Take back all of it that still stands."""
    form = UndoForm(request.form)
    try:
        with transaction() as session:
            bulk, undo = lock_bulk(session, bulk_id), pages.undo_window()
            request_undo(
                session, bulk, person(), form.note.data or "", actor=actor(), now=utc_now(), undo=undo
            )
    except Conflict as error:
        flash(error.detail, "warning")
    except Invalid as error:
        form.tell(error)
        bulk = get_bulk(db.session(), bulk_id)
        return render_template("bulk/show.html", **_outcome(bulk, form)), 422
    else:
        wake("bulk", bulk_id)
    return see_other(url_for("bulk.show", bulk_id=bulk_id))
