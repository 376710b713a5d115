"""The line that says who else is here; asking for it says that one is here oneself."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template

from review_app.accounts.permissions import permit, person
from review_app.accounts.rules import Permission
from review_app.articles.queries import find_article
from review_app.base.clock import utc_now
from review_app.base.database import transaction
from review_app.reviewing.presence.actions import be_here
from review_app.reviewing.presence.queries import others_here
from review_app.reviewing.presence.rules import BEAT_SECONDS

blueprint = Blueprint("presence", __name__)


@blueprint.put("/articles/<string:source_id>/presence")
@permit(Permission.REVIEW)
def here(source_id: str) -> Response:
    """An open review page asks every ten seconds."""
    now = utc_now()
    with transaction() as session:
        article = find_article(session, source_id)
        be_here(session, article, person(), now)
        others = others_here(session, article, person(), now)
    html = render_template(
        "reviewing/_presence.html", source_id=source_id, others=others, beat_seconds=BEAT_SECONDS
    )
    return make_response(html)
