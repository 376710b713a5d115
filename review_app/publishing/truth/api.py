"""The truth check for programs."""

from __future__ import annotations

from flask import Blueprint

from review_app.accounts.permissions import actor, permit
from review_app.accounts.rules import Permission
from review_app.base.api import Answer, Listing, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import wake
from review_app.base.security import csrf
from review_app.base.web import settings
from review_app.publishing.truth.actions import mend
from review_app.publishing.truth.jobs import site_url_of
from review_app.publishing.truth.queries import get_check, list_checks
from review_app.publishing.truth.schemas import CheckAnswer, TruthQuery

blueprint = Blueprint("truth_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.get("/truth")
@permit(Permission.PUBLISH)
@operation({200: Listing[CheckAnswer]})
def index(query: TruthQuery) -> Listing[CheckAnswer]:
    """Where what the public sees differs from what the desk says, the newest check first."""
    page = list_checks(db.session(), query.as_state, query.after, query.limit)
    return Listing([CheckAnswer.of(check) for check in page.rows], page.next)


@blueprint.post("/truth/<int:check_id>/mend")
@permit(Permission.PUBLISH)
@operation({202: CheckAnswer}, problems=(409,))
def mend_one(check_id: int) -> Answer:
    """Publish or withdraw there again, as the desk says now, and read the page after that.

    409 when nothing differs there any more, it is being mended, the target is off, what was decided last can still be undone, or
    no run has sent it there.
    """
    site_url = site_url_of(settings())
    with transaction() as session:
        _, target_id = mend(session, check_id, actor=actor(), now=utc_now(), site_url=site_url)
    if target_id is not None:
        wake("delivery", target_id)
    return Answer(CheckAnswer.of(get_check(db.session(), check_id)), 202)
