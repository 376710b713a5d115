"""Reasons for programs: which there are. A decision names one by its `reason_id`."""

from __future__ import annotations

from flask import Blueprint

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.base.api import Listing, operation
from review_app.base.database import db
from review_app.base.security import csrf
from review_app.reviewing.reasons.queries import current_reasons
from review_app.reviewing.reasons.schemas import ReasonAnswer, ReasonQuery

blueprint = Blueprint("reasons_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.get("/reasons")
@permit(Permission.REVIEW)
@operation({200: Listing[ReasonAnswer]})
def reasons(query: ReasonQuery) -> Listing[ReasonAnswer]:
    """All reasons that can be chosen, requests before rejections, in the order of the desk; there is never a next page."""
    found = current_reasons(db.session(), query.kind or None)
    return Listing([ReasonAnswer.of(reason) for reason in found], None)
