"""The page of the truth check: what differs, since when, and a button that mends it."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from review_app.accounts.permissions import actor, permit
from review_app.accounts.rules import Permission
from review_app.base.answers import see_other
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import wake
from review_app.base.languages import flash
from review_app.base.web import settings
from review_app.publishing.truth.actions import mend
from review_app.publishing.truth.jobs import site_url_of
from review_app.publishing.truth.queries import last_checked_at, list_checks, open_counts
from review_app.publishing.truth.words import differences

blueprint = Blueprint("truth", __name__)


@blueprint.get("/publications/truth")
@permit(Permission.PUBLISH)
def index() -> str:
    """Every page of which the public sees something else than the desk says, or that cannot be read."""
    session, after = db.session(), request.args.get("after")
    page = list_checks(session, after=after)
    return render_template(
        "publishing/truth/index.html",
        page=page,
        after=after,
        counts=open_counts(session),
        checked_at=last_checked_at(session),
        site_url=site_url_of(settings()),
        differences={check.id: list(differences(check)) for check in page.rows},
    )


@blueprint.post("/publications/truth/<int:check_id>/mendings")
@permit(Permission.PUBLISH)
def mend_one(check_id: int) -> Response:
    """Publish or withdraw there again; the page is read after that."""
    site_url = site_url_of(settings())
    with transaction() as session:
        _check, target_id = mend(session, check_id, actor=actor(), now=utc_now(), site_url=site_url)
    if target_id is not None:
        wake("delivery", target_id)
    flash(_("It is being sent there again. The page is read anew in a moment."), "success")
    return see_other(url_for("truth.index", after=request.args.get("after")))
