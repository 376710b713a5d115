"""What a person is told: read it, go to what it tells of, choose what to hear."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from review_app.accounts.permissions import permit, person
from review_app.accounts.rules import Permission
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.languages import flash
from review_app.notifications.actions import choose_kinds, mark_all_read, mark_read
from review_app.notifications.forms import wanted_kinds
from review_app.notifications.queries import get_notification, list_notifications, muted_kinds
from review_app.notifications.rules import WORDS, address_of

blueprint = Blueprint("notifications", __name__)


@blueprint.get("/notifications")
@permit(Permission.OWN_PROFILE)
def index() -> Response:
    """What one was told, the newest first, and the switches."""
    session, after = db.session(), request.args.get("after")
    page = list_notifications(session, person().id, after)
    return make_response(
        render_template(
            "notifications/index.html",
            rows=page.rows,
            next_url=page.next and url_for("notifications.index", after=page.next),
            after=after,
            words=WORDS,
            muted=muted_kinds(session, person().id),
            address_of=address_of,
        )
    )


@blueprint.post("/notifications/<int:notification_id>/visit")
@permit(Permission.OWN_PROFILE)
def visit(notification_id: int) -> Response:
    """Go to what it tells of; that counts as read."""
    with transaction() as session:
        told = get_notification(session, person().id, notification_id)
        mark_read(told, utc_now())
        address = address_of(told.subject_kind, told.subject_id)
    return redirect(address or url_for("notifications.index"), 303)


@blueprint.post("/notifications/read")
@permit(Permission.OWN_PROFILE)
def read_all() -> Response:
    """Mark all of them as read."""
    with transaction() as session:
        mark_all_read(session, person().id, utc_now())
    return redirect(url_for("notifications.index"), 303)


@blueprint.post("/notifications/kinds")
@permit(Permission.OWN_PROFILE)
def choose() -> Response:
    """Choose what one wants to hear of."""
    with transaction() as session:
        choose_kinds(session, person().id, wanted_kinds(request.form))
    flash(_("Saved. It holds for what happens from now on."), "success")
    return redirect(url_for("notifications.index"), 303)
