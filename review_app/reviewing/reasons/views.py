"""The page on which leads set the reasons that reviewers choose from."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.permissions import actor, permit
from review_app.accounts.rules import Permission
from review_app.base.answers import see_other
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Conflict, Invalid
from review_app.base.languages import flash
from review_app.base.messages import lazy_gettext as _l
from review_app.base.problems import status_of
from review_app.reviewing.forms import PlaceForm
from review_app.reviewing.queries import uses_of_reasons
from review_app.reviewing.reasons.actions import add_reason, edit_reason, move_reason, retire_reason
from review_app.reviewing.reasons.forms import KINDS, ReasonForm, WordingForm
from review_app.reviewing.reasons.models import CannedReason
from review_app.reviewing.reasons.queries import current_reasons, get_reason
from review_app.reviewing.reasons.rules import MOST_USES, ReasonKind

blueprint = Blueprint("reasons", __name__, url_prefix="/admin/reasons")


@blueprint.get("")
@permit(Permission.SET_POLICY)
def index() -> Response:
    """The reasons, and how often each was chosen."""
    return _page(200, ReasonForm())


def _page(status: int, form: ReasonForm) -> Response:
    reasons, uses = current_reasons(db.session()), uses_of_reasons(db.session())
    kinds = [(name, [one for one in reasons if one.kind == kind]) for kind, name in KINDS.items()]
    html = render_template("reviewing/reasons.html", kinds=kinds, uses=uses, most=MOST_USES, form=form)
    return make_response(html, status)


@blueprint.post("")
@permit(Permission.SET_POLICY)
def add() -> AnyResponse:
    """Add a reason."""
    form = ReasonForm(request.form)
    if not form.validate():
        return _page(422, form)
    try:
        with transaction() as session:
            kind = ReasonKind(form.kind.data)
            reason = add_reason(session, kind, form.wording, actor=actor(), now=utc_now())
    except (Conflict, Invalid) as error:
        form.tell(error)
        return _page(status_of(error), form)
    return _done(_("Reviewers can choose this reason now."), reason.id)


def _done(text: str, reason_id: int | None = None) -> AnyResponse:
    flash(text, "success")
    return see_other(url_for("reasons.index", _anchor=f"reason-{reason_id}" if reason_id else None))


@blueprint.get("/<int:reason_id>")
@permit(Permission.SET_POLICY)
def show(reason_id: int) -> Response:
    """One reason, to be changed."""
    reason = get_reason(db.session(), reason_id)
    return _edit_page(reason, WordingForm(obj=reason), 200)


def _edit_page(reason: CannedReason, form: WordingForm, status: int) -> Response:
    return make_response(render_template("reviewing/reason.html", reason=reason, form=form), status)


@blueprint.put("/<int:reason_id>")
@permit(Permission.SET_POLICY)
def edit(reason_id: int) -> AnyResponse:
    """Change its words."""
    form = WordingForm(request.form)
    try:
        with transaction() as session:
            edit_reason(session, reason_id, form.wording, actor=actor(), now=utc_now())
    except Invalid as error:
        form.tell(error)
        return _edit_page(get_reason(db.session(), reason_id), form, 422)
    return _done(_("The reason is changed. Decisions keep the words they were made with."), reason_id)


@blueprint.put("/<int:reason_id>/position")
@permit(Permission.SET_POLICY)
def place(reason_id: int) -> AnyResponse:
    """Put it at another place."""
    form = PlaceForm(request.form)
    if not form.validate():
        raise Invalid(_l("Where to is not said."))
    with transaction() as session:
        move_reason(session, reason_id, form.to.data, actor=actor(), now=utc_now())
    return _done(_("The order is changed."), reason_id)


@blueprint.delete("/<int:reason_id>")
@permit(Permission.SET_POLICY)
def retire(reason_id: int) -> AnyResponse:
    """Take it off the list."""
    with transaction() as session:
        retire_reason(session, reason_id, actor=actor(), now=utc_now())
    return _done(_("The reason is off the list; old decisions keep it."))
