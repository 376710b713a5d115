"""An article's place in the queue for programs: why it stands there, by when it is due, whose it is."""

from __future__ import annotations

from datetime import date

from flask import Blueprint

from review_app.accounts.permissions import actor, permit
from review_app.accounts.rules import Permission
from review_app.articles.queries import get_article, lock_article
from review_app.base.api import operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.security import csrf
from review_app.review_queue.assignments import assign, person_to_assign
from review_app.review_queue.due_dates import set_due
from review_app.review_queue.pages import today
from review_app.review_queue.reasons import reason_of
from review_app.review_queue.schemas import AssignRequest, DueRequest, PlaceAnswer

blueprint = Blueprint("places_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


def _answer(source_id: str) -> PlaceAnswer:
    session = db.session()
    article = get_article(session, source_id)
    return PlaceAnswer.of(article, reason_of(session, article, today()))


@blueprint.get("/articles/<source_id:source_id>/place")
@permit(Permission.READ_ARTICLES)
@operation({200: PlaceAnswer})
def place(source_id: str) -> PlaceAnswer:
    """Why an article stands where it stands in the queue.

    `due_place` counts those that are due on the same day, up to a thousand; null where that decides nothing.
    """
    return _answer(source_id)


@blueprint.put("/articles/<source_id:source_id>/due-date")
@permit(Permission.REORDER_QUEUE)
@operation({200: PlaceAnswer}, problems=(409,), example={"due_on": "2030-11-25"})
def choose_due(source_id: str, body: DueRequest) -> PlaceAnswer:
    """Choose the day by which an article is due. 409 when it does not wait."""
    return _with_due(source_id, body.due_on)


@blueprint.delete("/articles/<source_id:source_id>/due-date")
@permit(Permission.REORDER_QUEUE)
@operation({200: PlaceAnswer}, problems=(409,))
def leave_due_to_policy(source_id: str) -> PlaceAnswer:
    """Let the policy say by when an article is due. 409 when it does not wait."""
    return _with_due(source_id, None)


def _with_due(source_id: str, day: date | None) -> PlaceAnswer:
    with transaction() as session:
        set_due(session, lock_article(session, source_id), day, actor=actor(), now=utc_now())
    return _answer(source_id)


@blueprint.put("/articles/<source_id:source_id>/assignment")
@permit(Permission.REORDER_QUEUE)
@operation({200: PlaceAnswer}, problems=(409,), example={"reviewer": "reviewer@example.com"})
def assign_article(source_id: str, body: AssignRequest) -> PlaceAnswer:
    """Give an article to a reviewer: it comes first when they take their next, and to nobody else. 409 when it does not wait."""
    return _assigned(source_id, body.reviewer)


@blueprint.delete("/articles/<source_id:source_id>/assignment")
@permit(Permission.REORDER_QUEUE)
@operation({200: PlaceAnswer}, problems=(409,))
def unassign_article(source_id: str) -> PlaceAnswer:
    """Give an article to nobody: it comes to whoever takes the next. 409 when it does not wait."""
    return _assigned(source_id, "")


def _assigned(source_id: str, email: str) -> PlaceAnswer:
    with transaction() as session:
        user = person_to_assign(session, email)
        assign(session, lock_article(session, source_id), user, actor=actor(), now=utc_now())
    return _answer(source_id)
