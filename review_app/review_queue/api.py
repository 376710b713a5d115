"""The queue for programs: take the next, hold, release, skip, put in."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.articles.api import checklist_now
from review_app.articles.api import shown as shown_article
from review_app.articles.models import Article
from review_app.articles.queries import get_article, lock_article
from review_app.articles.schemas import ArticleAnswer
from review_app.base.api import Answer, Listing, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.security import csrf
from review_app.base.web import settings
from review_app.review_queue.actions import claim_next, hold, put_into_queue, release, skip
from review_app.review_queue.queries import list_queue
from review_app.review_queue.rows import shown
from review_app.review_queue.rules import Column
from review_app.review_queue.schemas import (
    ClaimAnswer,
    HeldProblem,
    NextAnswer,
    QueueListQuery,
    QueueQuery,
    SkipRequest,
    WaitingAnswer,
)

blueprint = Blueprint("review_queue_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


def _lease() -> timedelta:
    return timedelta(minutes=settings().claim_minutes)


@blueprint.get("/queue")
@permit(Permission.REVIEW)
@operation({200: Listing[WaitingAnswer]})
def index(query: QueueListQuery) -> Listing[WaitingAnswer]:
    """What waits within the filters, in the order asked for."""
    session, now = db.session(), utc_now()
    filters = query.asked_by(person(), now)
    page = list_queue(
        session, filters, now=now, sort=query.sort, after=query.after, size=query.limit, with_meta=True
    )
    checklist = checklist_now()
    rows = shown(session, page.rows, {Column.REPEATED}, "")
    items = [
        WaitingAnswer(
            ArticleAnswer.of(row.article, checklist),
            row.article.waiting_since,
            row.article.due_on,
            row.article.assigned_to.email if row.article.assigned_to else None,
            row.claim.user.email if row.claim else None,
            row.repeated,
        )
        for row in rows
    ]
    return Listing(items, page.next)


@blueprint.post("/queue/next")
@permit(Permission.REVIEW)
@operation({200: NextAnswer, 204: None}, problems={409: HeldProblem})
def take_next(query: QueueQuery) -> Answer:
    """Claim the next article within the filters.

    The oldest that nobody holds; those that the caller has skipped come last. 204 when there is none. 409 at the fourth
    claim: decide, skip or release one first.
    """
    now = utc_now()
    filters = query.asked_by(person(), now)
    with transaction() as session:
        claim = claim_next(session, person(), filters, now=now, lease=_lease())
        source_id = session.get_one(Article, claim.article_id).source_id if claim else None
    if claim is None or source_id is None:
        return Answer(status=204)
    held = ClaimAnswer.of(claim, source_id, person().email)
    return Answer(NextAnswer(shown_article(get_article(db.session(), source_id)), held))


@blueprint.put("/articles/<source_id:source_id>/claim")
@permit(Permission.REVIEW)
@operation({200: ClaimAnswer}, problems={409: HeldProblem})
def claim(source_id: str) -> ClaimAnswer:
    """Claim an article, or renew the lease on it."""
    with transaction() as session:
        article = lock_article(session, source_id)
        held = hold(session, article, person(), now=utc_now(), lease=_lease())
        return ClaimAnswer.of(held, source_id, person().email)


@blueprint.delete("/articles/<source_id:source_id>/claim")
@permit(Permission.REVIEW)
@operation({204: None})
def release_claim(source_id: str) -> None:
    """Give an article back. Nothing happens if the caller does not hold it."""
    with transaction() as session:
        release(session, lock_article(session, source_id), person())


@blueprint.post("/articles/<source_id:source_id>/skip")
@permit(Permission.REVIEW)
@operation({204: None}, problems={409: HeldProblem}, example={"reason": "too close to my own work"})
def skip_article(source_id: str, body: SkipRequest) -> None:
    """Pass an article over: the claim ends, and the article comes after the others for the caller."""
    with transaction() as session:
        article = lock_article(session, source_id)
        skip(session, article, person(), body.reason, actor=actor(), now=utc_now())


@blueprint.put("/articles/<source_id:source_id>/queue-entry")
@permit(Permission.REORDER_QUEUE)
@operation({200: ArticleAnswer, 204: None}, problems=(409,))
def enter_queue(source_id: str) -> Answer:
    """Let an article wait for a person.

    204 if it waits already. 409 if it is settled: roll that decision back first.
    """
    with transaction() as session:
        article = lock_article(session, source_id)
        if article.awaiting_review:
            return Answer(status=204)
        put_into_queue(session, article, actor=actor(), now=utc_now())
    return Answer(shown_article(get_article(db.session(), source_id)), 200)
