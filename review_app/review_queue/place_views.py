"""The page that tells where one article stands in the queue and why; there leads choose its day and its reviewer."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.articles.queries import get_article, lock_article
from review_app.base.answers import see_other
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Conflict, Invalid
from review_app.base.languages import flash
from review_app.base.messages import lazy_gettext as _l
from review_app.base.problems import status_of
from review_app.review_queue import pages
from review_app.review_queue.assignments import assign, assignment_of, person_to_assign, reviewers
from review_app.review_queue.due_dates import set_due
from review_app.review_queue.forms import AssignForm, DueForm
from review_app.review_queue.reasons import reason_of

blueprint = Blueprint("places", __name__)


@blueprint.get("/articles/<string:source_id>/place")
@permit(Permission.REVIEW)
def place(source_id: str) -> Response:
    """Why the article stands where it stands."""
    return _page(source_id, 200)


def _page(
    source_id: str, status: int, due: DueForm | None = None, assigning: AssignForm | None = None
) -> Response:
    session = db.session()
    article = get_article(session, source_id)
    may_steer = person().may(Permission.REORDER_QUEUE) and article.awaiting_review
    assigning = assigning or AssignForm()
    if may_steer:
        assigning.offer(reviewers(session), article.assigned_to.email if article.assigned_to else None)
    html = render_template(
        "review_queue/place.html",
        article=article,
        reason=reason_of(session, article, pages.today()),
        assignment=assignment_of(session, article),
        due=due or DueForm(data={"due_on": article.due_on}),
        assigning=assigning,
        may_steer=may_steer,
        today=pages.today(),
        filters=pages.filters_behind(),
    )
    return make_response(html, status)


def _back(source_id: str) -> AnyResponse:
    return see_other(url_for("places.place", source_id=source_id) + pages.filters_behind().query())


@blueprint.put("/articles/<string:source_id>/due-date")
@permit(Permission.REORDER_QUEUE)
def choose_due(source_id: str) -> AnyResponse:
    """Choose the day by which an article is due."""
    form = DueForm(request.form)
    if not form.validate():
        return _page(source_id, 422, due=form)
    try:
        _set_due(source_id, form.due_on.data)
    except (Conflict, Invalid) as error:
        form.tell(error)
        return _page(source_id, status_of(error), due=form)
    flash(_("The due date is set."), "success")
    return _back(source_id)


@blueprint.delete("/articles/<string:source_id>/due-date")
@permit(Permission.REORDER_QUEUE)
def leave_due_to_policy(source_id: str) -> AnyResponse:
    """Let the policy say by when it is due."""
    _set_due(source_id, None)
    flash(_("The policy says by when it is due."), "success")
    return _back(source_id)


def _set_due(source_id: str, day: date | None) -> None:
    with transaction() as session:
        set_due(session, lock_article(session, source_id), day, actor=actor(), now=utc_now())


@blueprint.put("/articles/<string:source_id>/assignment")
@permit(Permission.REORDER_QUEUE)
def assign_article(source_id: str) -> AnyResponse:
    """Give the article to a reviewer, or to nobody."""
    form = AssignForm(request.form)
    try:
        with transaction() as session:
            user = person_to_assign(session, form.reviewer.data or "")
            article = lock_article(session, source_id)
            assign(session, article, user, actor=actor(), now=utc_now())
            name = user.name if user else None
    except (Conflict, Invalid) as error:
        form.tell(error)
        return _page(source_id, status_of(error), assigning=form)
    flash(_("Assigned to %(name)s.", name=name) if name else _to_nobody(), "success")
    return _back(source_id)


def _to_nobody() -> str:
    return _l("Assigned to nobody: whoever comes next takes it.")


@blueprint.delete("/articles/<string:source_id>/assignment")
@permit(Permission.REORDER_QUEUE)
def unassign_article(source_id: str) -> AnyResponse:
    """Give the article to nobody."""
    with transaction() as session:
        assign(session, lock_article(session, source_id), None, actor=actor(), now=utc_now())
    flash(_to_nobody(), "success")
    return _back(source_id)
