"""Saved views for programs: those that the caller sees, to keep, change, assign and remove."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint
from msgspec import UNSET
from sqlalchemy.orm import Session

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.base.api import Answer, Listing, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Invalid, NotFound
from review_app.base.security import csrf
from review_app.review_queue.assignments import person_to_assign
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.models import SavedView
from review_app.review_queue.rules import COUNTED_ON_TABS
from review_app.review_queue.saved_views import (
    add_view,
    change_view,
    get_view,
    prefer_view,
    remove_view,
    tastes_of,
)
from review_app.review_queue.schemas import AssignRequest, NewView, ViewAnswer, ViewChange
from review_app.review_queue.standing import assign_view, count_given, standings_of, unassign_view

blueprint = Blueprint("saved_views_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)
EXAMPLE = {"name": "Old ones in Python", "query": "code_language=python&age=7"}


@blueprint.get("/views")
@permit(Permission.REVIEW)
@operation({200: Listing[ViewAnswer]})
def index() -> Listing[ViewAnswer]:
    """The caller's own views, then those that others share. There is one page of them."""
    tastes = tastes_of(db.session(), person())
    return Listing(_answers(db.session(), tastes.views, tastes.default), None)


def _answers(session: Session, views: Sequence[SavedView], default: SavedView | None) -> list[ViewAnswer]:
    standings = standings_of(session, views)
    given = count_given(session, standings.values(), COUNTED_ON_TABS)
    return [
        ViewAnswer.of(view, standing, given[standing.id] if standing else 0, default=view is default)
        for view in views
        for standing in [standings.get(view.id)]
    ]


def _answer(session: Session, view: SavedView) -> ViewAnswer:
    return _answers(session, [view], tastes_of(session, person()).default)[0]


@blueprint.post("/views")
@permit(Permission.REVIEW)
@operation({201: ViewAnswer}, problems=(403,), example=EXAMPLE)
def create(body: NewView) -> Answer:
    """Keep a view. Sharing it asks for a lead's token."""
    with transaction() as session:
        view = add_view(
            session,
            person(),
            body.name,
            _filters(body.query),
            now=utc_now(),
            columns=body.columns,
            shared=body.shared,
        )
        return Answer(ViewAnswer.of(view, default=False), 201)


@blueprint.patch("/views/<int:view_id>")
@permit(Permission.REVIEW)
@operation({200: ViewAnswer}, problems=(403, 404, 409), example={"name": "Another name"})
def change(view_id: int, body: ViewChange) -> ViewAnswer:
    """Change a view of the caller's, or, with a lead's token, a shared one. `default` is the caller's own in any case.

    409 when one that is assigned were to look for an assignment.
    """
    with transaction() as session:
        view = get_view(session, person(), view_id)
        if changes := _changes(body):
            change_view(session, person(), view, changes)
        if body.default is not UNSET:
            _prefer(session, view, body.default)
        return _answer(session, view)


def _changes(body: ViewChange) -> dict[str, Any]:
    names = ("name", "columns", "shared", "position")
    found = {name: getattr(body, name) for name in names if getattr(body, name) is not UNSET}
    return found if body.query is UNSET else found | {"filters": _filters(body.query)}


def _prefer(session: Any, view: SavedView, wanted: bool) -> None:
    if wanted:
        prefer_view(session, person(), view)
    elif tastes_of(session, person()).default is view:
        prefer_view(session, person(), None)


def _filters(query: str) -> QueueFilters:
    return QueueFilters.of(dict(parse_qsl(query.lstrip("?"))))


@blueprint.delete("/views/<int:view_id>")
@permit(Permission.REVIEW)
@operation({204: None}, problems=(403, 404))
def remove(view_id: int) -> None:
    """Remove a view."""
    with transaction() as session:
        remove_view(session, person(), get_view(session, person(), view_id), utc_now())


@blueprint.put("/views/<int:view_id>/assignment")
@permit(Permission.REORDER_QUEUE)
@operation({200: ViewAnswer}, problems=(404, 409), example={"reviewer": "reviewer@example.com"})
def assign_it(view_id: int, body: AssignRequest) -> ViewAnswer:
    """Give what waits in a shared view, now and later, to a reviewer. 409 when it is not shared or looks for an assignment.

    What is assigned to nobody and held by nobody else becomes theirs within seconds.
    """
    with transaction() as session:
        view = get_view(session, person(), view_id)
        try:
            reviewer = person_to_assign(session, body.reviewer)
        except Invalid as error:
            raise NotFound(error.detail) from error
        if reviewer is None:
            unassign_view(session, view, actor=actor(), now=utc_now())
        else:
            assign_view(session, view, reviewer, actor=actor(), now=utc_now())
        return _answer(session, view)


@blueprint.delete("/views/<int:view_id>/assignment")
@permit(Permission.REORDER_QUEUE)
@operation({200: ViewAnswer}, problems=(404,))
def unassign_it(view_id: int) -> ViewAnswer:
    """Take a view back. What it gave, still waits and is not held becomes nobody's within seconds."""
    with transaction() as session:
        view = get_view(session, person(), view_id)
        unassign_view(session, view, actor=actor(), now=utc_now())
        return _answer(session, view)
