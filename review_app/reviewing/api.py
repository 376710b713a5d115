"""Decisions for programs: make one, read them, roll one back."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, url_for
from flask.blueprints import BlueprintSetupState
from sqlalchemy.orm import Session

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.articles.api import offer_checklist
from review_app.articles.queries import get_article, lock_article
from review_app.articles.schemas import ChecklistLine
from review_app.base.api import Answer, Listing, PageQuery, Problem, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.security import csrf
from review_app.reviewing.actions import decide, roll_back
from review_app.reviewing.merging import get_proposal, settle_proposal
from review_app.reviewing.models import Decision
from review_app.reviewing.onward import undo_window
from review_app.reviewing.queries import current_rules, get_decision, history, list_merges
from review_app.reviewing.schemas import (
    DecisionAnswer,
    DecisionProblem,
    MergeAnswer,
    NewDecision,
    NewMerge,
    NewRollback,
    SettledAnswer,
)

blueprint = Blueprint("reviewing_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)

CREATED = {"Location": "Where the decision can be read."}
APPROVAL = {
    "outcome": "approve",
    "row_version": 3,
    "scores": {"quality": 88, "clarity": 91},
    "note": "",
    "checklist": [1, 2],
}


@blueprint.record_once
def _with_checklist(state: BlueprintSetupState) -> None:
    offer_checklist(state.app, _checklist)


def _checklist(session: Session) -> Sequence[ChecklistLine]:
    return [ChecklistLine(item.id, item.text, item.required) for item in current_rules(session).checklist]


def _created(decision: Decision, source_id: str) -> Answer:
    location = url_for("reviewing_api.show_decision", decision_id=decision.id)
    body = DecisionAnswer.of(decision, source_id, person().email)
    return Answer(body, 201, {"Location": location})


@blueprint.post("/articles/<source_id:source_id>/decisions")
@permit(Permission.REVIEW)
@operation(
    {201: DecisionAnswer}, problems={403: Problem, 409: DecisionProblem}, headers=CREATED, example=APPROVAL
)
def decide_article(source_id: str, body: NewDecision) -> Answer:
    """Record a decision on an article.

    Nobody else may hold the article; the caller need not. 403 for an outcome that is not the caller's.
    """
    with transaction() as session:
        article = lock_article(session, source_id)
        judgement = body.judgement()
        decision = decide(
            session, article, person(), judgement, actor=actor(), now=utc_now(), undo=undo_window()
        )
    return _created(decision, source_id)


@blueprint.get("/articles/<source_id:source_id>/decisions")
@permit(Permission.READ_ARTICLES)
@operation({200: Listing[DecisionAnswer]})
def decisions(source_id: str, query: PageQuery) -> Listing[DecisionAnswer]:
    """The decisions on an article, the newest first."""
    session = db.session()
    page = history(session, get_article(session, source_id), query.after, query.limit)
    items = [DecisionAnswer.of(decision, source_id, decision.reviewer.email) for decision in page.rows]
    return Listing(items, page.next)


@blueprint.get("/articles/<source_id:source_id>/merge")
@permit(Permission.READ_ARTICLES)
@operation({200: MergeAnswer})
def show_merge(source_id: str) -> MergeAnswer:
    """What an import says of an article otherwise than people did; 404 when it says nothing."""
    session = db.session()
    article = get_article(session, source_id)
    return MergeAnswer.of(get_proposal(session, article), article)


@blueprint.post("/articles/<source_id:source_id>/merge")
@permit(Permission.REVIEW)
@operation(
    {200: SettledAnswer},
    problems={403: Problem, 409: DecisionProblem},
    example={"take": ["quality"], "row_version": 3, "note": "measured anew"},
)
def settle_merge(source_id: str, body: NewMerge) -> SettledAnswer:
    """Settle it: what is named in `take` becomes as it was imported, by a decision; all else stays ours.

    Nobody else may hold the article. Taking nothing keeps ours and makes no decision.
    """
    with transaction() as session:
        article, taking = lock_article(session, source_id), body.taking()
        decision = settle_proposal(
            session, article, person(), taking, actor=actor(), now=utc_now(), undo=undo_window()
        )
    made = DecisionAnswer.of(decision, source_id, person().email) if decision else None
    return SettledAnswer(source_id, article.row_version, made)


@blueprint.get("/merges")
@permit(Permission.READ_ARTICLES)
@operation({200: Listing[MergeAnswer]})
def merges(query: PageQuery) -> Listing[MergeAnswer]:
    """What waits to be merged, the oldest first."""
    page = list_merges(db.session(), query.after, query.limit)
    return Listing([MergeAnswer.of(proposal, proposal.article) for proposal in page.rows], page.next)


@blueprint.get("/decisions/<int:decision_id>")
@permit(Permission.READ_ARTICLES)
@operation({200: DecisionAnswer})
def show_decision(decision_id: int) -> DecisionAnswer:
    """One decision."""
    decision = get_decision(db.session(), decision_id)
    return DecisionAnswer.of(decision, decision.article.source_id, decision.reviewer.email)


@blueprint.post("/decisions/<int:decision_id>/rollback")
@permit(Permission.REVIEW)
@operation(
    {201: DecisionAnswer},
    problems={403: Problem, 409: Problem},
    headers=CREATED,
    example={"note": "the wrong article"},
)
def roll_back_decision(decision_id: int, body: NewRollback) -> Answer:
    """Undo a decision by a new one, which restores what was before.

    Its reviewer may within the undo window, a lead always. Only the last decision that stands can be undone (409).
    """
    source_id = get_decision(db.session(), decision_id).article.source_id
    # In the transaction the article is locked before anything else is read of it, or what is read could be out of date.
    with transaction() as session:
        article = lock_article(session, source_id)
        decision = get_decision(session, decision_id)
        undoing = roll_back(
            session,
            decision,
            article,
            person(),
            note=body.note,
            actor=actor(),
            now=utc_now(),
            undo=undo_window(),
        )
    return _created(undoing, source_id)
