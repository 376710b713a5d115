"""What the pages of bulk actions show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import request, url_for
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import Page
from review_app.base.web import settings
from review_app.review_queue.assignments import reviewers
from review_app.reviewing.bulk.actions import undo_is_free, why_not
from review_app.reviewing.bulk.forms import ConfirmForm, UndoForm
from review_app.reviewing.bulk.models import BulkAction
from review_app.reviewing.bulk.queries import Plan, Row, list_items, list_planned, plan_of
from review_app.reviewing.bulk.rules import (
    AT_WORK,
    DECIDES,
    VERBS,
    WORDS,
    Action,
    Left,
    State,
    in_words,
    needs_note,
)
from review_app.reviewing.models import ChecklistItem
from review_app.reviewing.queries import current_rules


def undo_window() -> timedelta:
    """How long all of it can be taken back before anything goes out."""
    return timedelta(seconds=settings().undo_seconds)


def queue_behind(bulk: BulkAction) -> str:
    """The queue that the articles were selected in: the same filters, the same page."""
    return url_for("review_queue.queue") + bulk.back


@dataclass(frozen=True, slots=True)
class Preview:
    """What it would do: how many, which, what it leaves out and why; `refused` is why it cannot be done at all."""

    bulk: BulkAction
    plan: Plan
    ready: Page[Row]
    left: Page[Row]
    reasons: Sequence[tuple[str, int]]
    refused: str
    checklist: Sequence[ChecklistItem]
    mine: bool
    form: ConfirmForm

    @property
    def verb(self) -> str:
        """The action as its button says it."""
        return VERBS[Action(self.bulk.action)]

    @property
    def takes_note(self) -> bool:
        """Whether a note goes with each article, or only into the change record."""
        return Action(self.bulk.action) in DECIDES

    @property
    def assigns(self) -> bool:
        """Whether it asks to whom."""
        return Action(self.bulk.action) is Action.ASSIGN

    @property
    def needs_note(self) -> bool:
        """Whether it must be there."""
        return needs_note(Action(self.bulk.action))


def preview_of(
    session: Session, bulk: BulkAction, user: User, form: ConfirmForm, *, now: datetime
) -> Preview:
    """How it would go now."""
    rules = current_rules(session)
    plan = plan_of(session, bulk, rules, now)
    if Action(bulk.action) is Action.ASSIGN:
        form.offer(reviewers(session))
    after, left_after = request.args.get("after"), request.args.get("left_after")
    nothing: Page[Row] = Page((), None)
    return Preview(
        bulk,
        plan,
        ready=list_planned(session, bulk, rules, now, left=False, after=after) if plan.ready else nothing,
        left=list_planned(session, bulk, rules, now, left=True, after=left_after) if plan.left else nothing,
        reasons=[(WORDS[why], count) for why, count in plan.left.items()],
        refused=why_not(bulk, user, rules),
        checklist=rules.checklist if Action(bulk.action) is Action.APPROVE else (),
        mine=bulk.user_id == user.id,
        form=form,
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far it is, and once it has ended what came of it."""

    bulk: BulkAction
    form: UndoForm
    done: Page[Row]
    left: Page[Row]
    stayed: Page[Row]
    free: bool

    @property
    def verb(self) -> str:
        """The action as its button says it."""
        return VERBS[Action(self.bulk.action)]

    @property
    def going(self) -> bool:
        """Whether a worker is at it, or soon will be."""
        return self.bulk.state in AT_WORK

    @property
    def settled(self) -> int:
        """How many articles a worker has come to."""
        return self.bulk.done + self.bulk.left_out + self.bulk.failed

    @property
    def can_undo(self) -> bool:
        """Whether anything of it stands that could be taken back."""
        standing = self.bulk.done > self.bulk.taken_back
        return standing and self.bulk.state in {State.FINISHED, State.STOPPED, State.UNDONE}


def outcome_of(session: Session, bulk: BulkAction, user: User, form: UndoForm, *, now: datetime) -> Outcome:
    """How it stands; while a worker is at it, without the articles."""
    nothing: Page[Row] = Page((), None)
    free = undo_is_free(bulk, user, now=now, undo=undo_window())
    if bulk.state in AT_WORK:
        return Outcome(bulk, form, nothing, nothing, nothing, free)
    done, left, stayed = (request.args.get(name) for name in ("after", "left_after", "stayed_after"))
    return Outcome(
        bulk,
        form,
        list_items(session, bulk, "changed", after=done) if bulk.done else nothing,
        list_items(session, bulk, "not done", after=left) if bulk.left_out or bulk.failed else nothing,
        list_items(session, bulk, "stayed", after=stayed) if bulk.stayed else nothing,
        free,
    )


def why(row: Row, reason: str | None = None) -> str:
    """Why an article was left out, or for what other reason it stayed, in words."""
    reason = reason or row.reason
    if reason == Left.HELD and row.holder:
        return _l("%(name)s is reviewing it", name=row.holder)
    return in_words(reason)
