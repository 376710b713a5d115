"""Settling a merge proposal: what a person takes of an import becomes a decision like any other; the rest stays ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.rules import RevisionStatus
from review_app.base.errors import Invalid, NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.importing.merging import STATUS, close, open_proposal, own_values
from review_app.importing.models import MergeProposal
from review_app.outbox.actions import Actor
from review_app.review_queue.actions import check_not_held_by_another
from review_app.reviewing.actions import Judgement, StaleArticle, decide
from review_app.reviewing.models import Decision
from review_app.reviewing.queries import standing_decision
from review_app.reviewing.rules import OUTCOME_OF_STATUS, Outcome


@dataclass(frozen=True, slots=True)
class Taking:
    """Which fields of a proposal somebody takes as they were imported; the others stay. `row_version` is what was seen."""

    take: frozenset[str]
    row_version: int
    note: str = ""


def settle_proposal(
    session: Session,
    article: Article,
    user: User,
    taking: Taking,
    *,
    actor: Actor,
    now: datetime,
    undo: timedelta,
) -> Decision | None:
    """Settle the open proposal of an article whose row the caller holds. Returns the decision, if anything was taken.

    Raises what `decide` raises, and `NotFound` when nothing waits to be merged.
    """
    check_not_held_by_another(session, article, user, now)
    proposal = get_proposal(session, article)
    if taking.row_version != article.row_version:
        raise StaleArticle(article)
    if unknown := taking.take - set(proposal.fields):
        names = ", ".join(sorted(unknown))
        strange = _l("names what is not to be merged: %(names)s", names=names)
        raise Invalid(_l("Please correct what is named."), {"take": [strange]})
    if not taking.take:
        close(session, article, proposal, "kept", actor=actor, now=now)
        return None
    judgement = _judgement(session, article, proposal, taking)
    decision = decide(session, article, user, judgement, actor=actor, now=now, undo=undo)
    if proposal.state == "open":
        close(session, article, proposal, "taken", actor=actor, now=now, decision_id=decision.id)
    return decision


def get_proposal(session: Session, article: Article) -> MergeProposal:
    """The open proposal of an article. Raises `NotFound`."""
    proposal = open_proposal(session, article)
    if proposal is None:
        raise NotFound(
            _l("Nothing of an import waits to be merged into %(source_id)s.", source_id=article.source_id)
        )
    return proposal


def _judgement(session: Session, article: Article, proposal: MergeProposal, taking: Taking) -> Judgement:
    """The judgement that stands, with the values taken. An approval that stands is given again, with its checklist."""
    taken = {name: proposal.fields[name]["now"] for name in sorted(taking.take)}
    status = RevisionStatus(taken.get(STATUS, article.revision_status))
    outcome = OUTCOME_OF_STATUS[status]
    standing = standing_decision(session, article) if outcome is Outcome.APPROVE else None
    return Judgement(
        outcome,
        row_version=taking.row_version,
        scores={name: value for name, value in taken.items() if name != STATUS},
        status=status,
        note=_note(article, proposal, taken, taking.note),
        checklist=frozenset(standing.checklist) if standing else frozenset(),
        of_the_text=False,
    )


def _note(article: Article, proposal: MergeProposal, taken: dict[str, int | str | None], note: str) -> str:
    own = own_values(article)
    said = "; ".join(f"{name}: {_word(own[name])} to {_word(value)}" for name, value in taken.items())
    return f"Took imported values of import {proposal.batch_id}: {said}.\n\n{note}".strip()


def _word(value: int | str | None) -> str:
    return "not scored" if value is None else str(value).replace("_", " ")
