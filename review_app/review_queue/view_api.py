"""Saved views for programs: those that the caller sees, to keep, change and remove."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint
from msgspec import UNSET

from review_app.accounts.permissions import permit, person
from review_app.accounts.rules import Permission
from review_app.base.api import Answer, Listing, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.security import csrf
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.models import SavedView
from review_app.review_queue.saved_views import (
    add_view,
    change_view,
    get_view,
    prefer_view,
    remove_view,
    tastes_of,
)
from review_app.review_queue.schemas import NewView, ViewAnswer, ViewChange

blueprint = Blueprint("saved_views_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)
EXAMPLE = {"name": "Old ones in Python", "query": "code_language=python&age=7"}


@blueprint.get("/views")
@permit(Permission.REVIEW)
@operation({200: Listing[ViewAnswer]})
def index() -> Listing[ViewAnswer]:
    """The caller's own views, then those that others share. There is one page of them."""
    tastes = tastes_of(db.session(), person())
    return Listing([ViewAnswer.of(view, default=view is tastes.default) for view in tastes.views], None)


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
@operation({200: ViewAnswer}, problems=(403, 404), example={"name": "Another name"})
def change(view_id: int, body: ViewChange) -> ViewAnswer:
    """Change a view of the caller's, or, with a lead's token, a shared one. `default` is the caller's own in any case."""
    with transaction() as session:
        view = get_view(session, person(), view_id)
        if changes := _changes(body):
            change_view(session, person(), view, changes)
        if body.default is not UNSET:
            _prefer(session, view, body.default)
        return ViewAnswer.of(view, default=tastes_of(session, person()).default is view)


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
