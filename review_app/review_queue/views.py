"""The queue's pages: look at it, take the next, hold, release, skip, put in."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.forms import storable
from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.base.answers import asks_for_part, see_other
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Conflict
from review_app.base.languages import flash
from review_app.review_queue import listing, pages
from review_app.review_queue.actions import ClaimHeld, hold, put_into_queue, release, skip
from review_app.review_queue.models import Claim
from review_app.review_queue.queries import choices
from review_app.review_queue.rules import HEARTBEAT_SECONDS, MOST_CLAIMS
from review_app.review_queue.saved_views import tastes_of

blueprint = Blueprint("review_queue", __name__)


@blueprint.get("/queue")
@permit(Permission.REVIEW)
def queue() -> AnyResponse:
    """What waits, in the desk's order; to htmx the results alone, with the address that leads back to them."""
    session, user = db.session(), person()
    tastes = tastes_of(session, user)
    if (elsewhere := listing.view_instead(request.args, tastes, user)) is not None:
        return see_other(elsewhere)
    found = listing.listing_of(session, user, tastes, request.args)
    status = 422 if found.wrong else 200
    if asks_for_part():
        response = make_response(render_template("review_queue/results.html", **found.context(), part=True))
        here = pages.queue_url(found.filters)
        if not request.headers.get("HX-Current-URL", "").endswith(here):
            response.headers["HX-Push-Url"] = here
        return response
    page = render_template(
        "review_queue/queue.html",
        **found.context(),
        held=pages.held_by(user, utc_now()),
        own_drafts=pages.own_drafts(),
        most=MOST_CLAIMS,
        choices=choices(session),
        tabs=listing.tabs(session, user, tastes, found.filters),
        time_of_day=pages.time_of_day,
    )
    return make_response(page, status)


@blueprint.post("/queue/next")
@permit(Permission.REVIEW)
def next_article() -> AnyResponse:
    """Claim the next article within the filters of the address or the form, and go to it."""
    return pages.open_next(pages.asked_for(request.values))


@blueprint.put("/articles/<string:source_id>/claim")
@permit(Permission.REVIEW)
def claim(source_id: str) -> AnyResponse:
    """Claim an article, or renew the lease on it. `row_version`, if it is sent, is that of the page that asks."""
    try:
        with transaction() as session:
            article = lock_article(session, source_id)
            _check_fresh(article)
            held = hold(session, article, person(), now=utc_now(), lease=pages.lease())
    except Conflict as error:
        return _not_claimed(source_id, error)
    return _claim_answer(source_id, claim=held) if asks_for_part() else _back_to_review(source_id)


def _check_fresh(article: Article) -> None:
    """A page left open elsewhere must not claim again, for ever, what has been decided since."""
    seen = request.form.get("row_version")
    if seen is not None and seen != str(article.row_version):
        raise Conflict(
            _("This article has changed since you opened it. Open it again to see how it stands now.")
        )


def _not_claimed(source_id: str, error: Conflict) -> AnyResponse:
    refusal = pages.refusal_of(error)
    if asks_for_part():
        return _claim_answer(source_id, refusal=refusal)
    flash(refusal, "warning")
    return _back_to_review(source_id)


def _claim_answer(source_id: str, claim: Claim | None = None, refusal: str | None = None) -> Response:
    line = pages.ClaimLine(
        source_id,
        request.form.get("row_version"),
        pages.filters_behind().query(),
        claim,
        mine=claim is not None,
        refusal=refusal,
    )
    html = render_template("review_queue/_claim.html", line=line, heartbeat_seconds=HEARTBEAT_SECONDS)
    return make_response(html, 409 if refusal else 200)


def _back_to_review(source_id: str) -> AnyResponse:
    return see_other(url_for("reviewing.review", source_id=source_id) + pages.filters_behind().query())


@blueprint.delete("/articles/<string:source_id>/claim")
@permit(Permission.REVIEW)
def release_claim(source_id: str) -> AnyResponse:
    """Give the article back, and return to the queue."""
    with transaction() as session:
        release(session, lock_article(session, source_id), person())
    flash(_("Released: others can take it now."), "success")
    return see_other(pages.queue_url(pages.filters_behind()))


@blueprint.post("/articles/<string:source_id>/skip")
@permit(Permission.REVIEW)
def skip_article(source_id: str) -> AnyResponse:
    """Pass an article over and open the next one of the same filters."""
    reason = storable(request.form.get("reason"))
    try:
        with transaction() as session:
            article = lock_article(session, source_id)
            skip(session, article, person(), reason, actor=actor(), now=utc_now())
    except ClaimHeld as error:
        flash(pages.refusal_of(error), "warning")
    else:
        title = pages.short(article.title)
        flash(_("Skipped “%(title)s”; it comes again after the others.", title=title), "info")
    return pages.open_next(pages.filters_behind())


@blueprint.put("/articles/<string:source_id>/queue-entry")
@permit(Permission.REORDER_QUEUE)
def queue_entry(source_id: str) -> AnyResponse:
    """Let an article wait for a person."""
    with transaction() as session:
        put_into_queue(session, lock_article(session, source_id), actor=actor(), now=utc_now())
    flash(_("Put into the queue."), "success")
    return see_other(url_for("articles.show", source_id=source_id))
