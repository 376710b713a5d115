"""Bulk actions for programs: select and preview, confirm, watch, stop, undo."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, url_for
from msgspec import UNSET
from sqlalchemy.orm import Session

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.base.api import Answer, Listing, PageQuery, Problem, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Invalid
from review_app.base.jobs import wake
from review_app.base.security import csrf
from review_app.base.web import settings
from review_app.reviewing.bulk.actions import Params, Selection, confirm, freeze, request_undo, stop
from review_app.reviewing.bulk.models import BulkAction
from review_app.reviewing.bulk.queries import get_bulk, list_bulks, list_items, lock_bulk, plan_of
from review_app.reviewing.bulk.rules import State
from review_app.reviewing.bulk.schemas import (
    BulkAnswer,
    BulkItemAnswer,
    BulkParams,
    ItemQuery,
    NewBulk,
    UndoBulk,
    answers,
)
from review_app.reviewing.bulk.selecting import all_that_match, those_named
from review_app.reviewing.queries import current_rules

blueprint = Blueprint("bulk_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)

CREATED = {"Location": "Where its progress can be read."}
EXAMPLE = {
    "action": "request_changes",
    "filters": {"stack": "flask", "status": "drafted"},
    "params": {"note": "The second step is missing."},
    "dry_run": True,
}


def _undo() -> timedelta:
    return timedelta(seconds=settings().undo_seconds)


def _answer(bulk_id: int, status: int, headers: dict[str, str] | None = None) -> Answer:
    session = db.session()
    bulk = get_bulk(session, bulk_id)
    plan = None
    if bulk.state == State.PREVIEW:
        plan = plan_of(session, bulk, current_rules(session), utc_now())
    return Answer(BulkAnswer.of(bulk, plan), status, headers or {})


@blueprint.get("/bulk")
@permit(Permission.CHANGE_MANY)
@operation({200: Listing[BulkAnswer]})
def index(query: PageQuery) -> Listing[BulkAnswer]:
    """Bulk actions, the newest first."""
    page = list_bulks(db.session(), query.after, query.limit)
    return Listing([BulkAnswer.of(bulk) for bulk in page.rows], page.next)


@blueprint.post("/bulk")
@permit(Permission.CHANGE_MANY)
@operation(
    {202: BulkAnswer, 201: BulkAnswer},
    problems={403: Problem, 409: Problem},
    headers=CREATED,
    example=EXAMPLE,
)
def create(body: NewBulk) -> Answer:
    """Do one thing to many articles.

    201 with what it would do for a dry run, which waits to be confirmed; else 202, and a worker does it. 409 when nothing
    would be done, or for more approvals than the policy allows at once.
    """
    with transaction() as session:
        params = body.params.params()
        bulk = freeze(session, person(), body.action, _selection(session, body), params=params, now=utc_now())
        bulk_id = bulk.id
        if not body.dry_run:
            _confirm(session, bulk, params)
    if not body.dry_run:
        wake("bulk", bulk_id)
    location = {"Location": url_for("bulk_api.show", bulk_id=bulk_id)}
    return _answer(bulk_id, 201 if body.dry_run else 202, location)


def _selection(session: Session, body: NewBulk) -> Selection:
    if (body.source_ids is UNSET) == (body.filters is UNSET):
        why = ["is needed, or filters; one of them"]
        raise Invalid("Say which articles: either source_ids or filters.", {"source_ids": why})
    if body.filters is not UNSET:
        return all_that_match(session, body.filters.asked_by(person(), utc_now()), body.action)
    return those_named(body.source_ids or ())


def _confirm(session: Session, bulk: BulkAction, params: Params) -> None:
    confirm(session, bulk, person(), params, rules=current_rules(session), actor=actor(), now=utc_now())


@blueprint.get("/bulk/<int:bulk_id>")
@permit(Permission.CHANGE_MANY)
@operation({200: BulkAnswer})
def show(bulk_id: int) -> Answer:
    """How a bulk action stands; before it is confirmed, what it would do."""
    return _answer(bulk_id, 200)


@blueprint.get("/bulk/<int:bulk_id>/items")
@permit(Permission.CHANGE_MANY)
@operation({200: Listing[BulkItemAnswer]})
def items(bulk_id: int, query: ItemQuery) -> Listing[BulkItemAnswer]:
    """The selected articles in the order of their import, and what came of each."""
    session = db.session()
    bulk = get_bulk(session, bulk_id)
    result = None if query.result is UNSET else query.result
    page = list_items(session, bulk, result, after=query.after, size=query.limit)
    return Listing(answers(page.rows), page.next)


@blueprint.post("/bulk/<int:bulk_id>/confirm")
@permit(Permission.CHANGE_MANY)
@operation(
    {202: BulkAnswer}, problems={403: Problem, 409: Problem}, example={"note": "The second step is missing."}
)
def confirm_bulk(bulk_id: int, body: BulkParams) -> Answer:
    """Let a worker do it. Only who selected the articles can; what is sent here replaces what was sent with them."""
    with transaction() as session:
        bulk = lock_bulk(session, bulk_id)
        _confirm(session, bulk, body.params() if body != BulkParams() else Params.of(bulk))
    wake("bulk", bulk_id)
    return _answer(bulk_id, 202)


@blueprint.post("/bulk/<int:bulk_id>/stop")
@permit(Permission.CHANGE_MANY)
@operation({200: BulkAnswer}, problems=(409,))
def stop_bulk(bulk_id: int) -> Answer:
    """Stop it where it is: what is done stays done, and can be undone."""
    with transaction() as session:
        stop(session, lock_bulk(session, bulk_id), actor=actor(), now=utc_now(), undo=_undo())
    return _answer(bulk_id, 200)


@blueprint.post("/bulk/<int:bulk_id>/undo")
@permit(Permission.CHANGE_MANY)
@operation({202: BulkAnswer}, problems=(409,), example={"note": "These were the wrong ones."})
def undo_bulk(bulk_id: int, body: UndoBulk) -> Answer:
    """Take back all of it that still stands.

    Who did it need not say why within the undo window, during which nothing has gone out; later, and for others, a note is
    needed. What somebody has worked on since stays, and can be asked for (`result=stayed`).
    """
    with transaction() as session:
        bulk = lock_bulk(session, bulk_id)
        request_undo(session, bulk, person(), body.note, actor=actor(), now=utc_now(), undo=_undo())
    wake("bulk", bulk_id)
    return _answer(bulk_id, 202)
