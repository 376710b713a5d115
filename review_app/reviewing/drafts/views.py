"""Saving and discarding a draft, and the list of one's own."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.permissions import permit, person
from review_app.accounts.rules import Permission
from review_app.articles.queries import lock_article
from review_app.base.answers import asks_for_part, see_other
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.languages import flash
from review_app.review_queue.pages import OwnDraft, filters_behind, offer_drafts
from review_app.reviewing.drafts import pages
from review_app.reviewing.drafts.actions import end_draft
from review_app.reviewing.drafts.models import Draft
from review_app.reviewing.drafts.queries import drafts_of

blueprint = Blueprint("drafts", __name__)

ON_THE_QUEUE = 5
"""So many stand on the queue's page; all of them on a page of their own."""


@blueprint.put("/articles/<string:source_id>/draft")
@permit(Permission.REVIEW)
def save(source_id: str) -> AnyResponse:
    """Keep what was typed; to the autosave, the line that says so."""
    saved = pages.keep_sent(source_id)
    if asks_for_part():
        return make_response(
            render_template("reviewing/_saved.html", saved=pages.line_of(saved), source_id=source_id)
        )
    flash(_("Your draft is saved."), "success")
    return _back_to_review(source_id)


@blueprint.delete("/articles/<string:source_id>/draft")
@permit(Permission.REVIEW)
def discard(source_id: str) -> AnyResponse:
    """Forget what was typed, and show the article as it stands."""
    with transaction() as session:
        article = lock_article(session, source_id)
        end_draft(session, article, person(), tab=request.form.get("draft_tab", ""), now=utc_now())
    flash(_("Your draft is discarded. This is the article as it stands now."), "info")
    return _back_to_review(source_id)


def _back_to_review(source_id: str) -> AnyResponse:
    return see_other(url_for("reviewing.review", source_id=source_id) + filters_behind().query())


@blueprint.get("/drafts")
@permit(Permission.REVIEW)
def drafts() -> Response:
    """All that this person has typed and not decided, the newest first."""
    page = drafts_of(db.session(), person(), request.args.get("after"))
    html = render_template(
        "reviewing/drafts.html",
        drafts=_shown(page.rows),
        next_url=page.next and url_for("drafts.drafts", after=page.next),
    )
    return make_response(html)


@blueprint.record_once
def _on_the_queue(state: BlueprintSetupState) -> None:
    offer_drafts(state.app, _some_drafts)


def _some_drafts() -> tuple[Sequence[OwnDraft], bool]:
    page = drafts_of(db.session(), person(), size=ON_THE_QUEUE)
    return _shown(page.rows), page.next is not None


def _shown(drafts: Sequence[Draft]) -> list[OwnDraft]:
    return [OwnDraft(each.article, pages.time_of(each.saved_at)) for each in drafts]
