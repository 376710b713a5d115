"""The articles of a bulk action, some at a time: settle them, or take them back. Each is decided on as by a single person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.errors import DomainError, Invalid
from review_app.outbox.actions import Actor
from review_app.review_queue.actions import (
    ClaimHeld,
    check_not_held_by_another,
    place_of,
    put_back,
    put_behind,
    put_into_queue,
)
from review_app.review_queue.assignments import assign
from review_app.reviewing.actions import Judgement, StaleArticle, decide, roll_back
from review_app.reviewing.bulk.actions import Params, end, may_not, why_not
from review_app.reviewing.bulk.models import BulkAction, BulkItem
from review_app.reviewing.bulk.queries import reasons_of
from review_app.reviewing.bulk.rules import (
    ARTICLES_AT_ONCE,
    DECIDES,
    HOLD,
    MISTAKE,
    Action,
    Left,
    Result,
    State,
)
from review_app.reviewing.models import Decision
from review_app.reviewing.queries import current_rules

log = structlog.get_logger()
Rows = list[tuple[BulkItem, Article]]


def run_some(session: Session, bulk: BulkAction, after: int, *, now: datetime, undo: timedelta) -> int | None:
    """Settle the next articles, those after this id. Returns the last one's id, or None when it has ended.

    Roles and policy are asked again each time: what held in the preview may hold no more.
    """
    user, rules = session.get_one(User, bulk.user_id), current_rules(session)
    if refused := why_not(bulk, user, rules):
        end(session, bulk, State.STOPPED, now=now, undo=undo, failure=refused)
        return None
    rows = _next(session, bulk, after, BulkItem.result == Result.WAITING.value)
    if not rows:
        end(session, bulk, State.FINISHED, now=now, undo=undo)
        return None
    reasons = reasons_of(session, bulk, [item.article_id for item, _ in rows], rules, now=now)
    hand = _Hand(session, bulk, user, user.as_actor(), now, undo)
    for item, article in rows:
        reason = reasons.get(article.id)
        result, why = (Result.LEFT, reason) if reason else hand.attempt(partial(hand.settle, item, article))
        item.result, item.reason = result.value, why
    _count(bulk, rows)
    return rows[-1][0].article_id


def undo_some(
    session: Session, bulk: BulkAction, after: int, *, now: datetime, undo: timedelta
) -> int | None:
    """Take the next articles back, those after this id. Returns the last one's id, or None when it has ended."""
    user = session.get_one(User, bulk.undo_user_id)
    if refused := may_not(user):
        end(session, bulk, State.STOPPED, now=now, undo=undo, failure=refused)
        return None
    rows = _next(session, bulk, after, (BulkItem.result == Result.DONE.value) & (BulkItem.undo == ""))
    if not rows:
        end(session, bulk, State.UNDONE, now=now, undo=timedelta(0))
        return None
    hand = _Hand(session, bulk, user, user.as_actor(), now, undo)
    decisions = _decisions(session, rows)
    for item, article in rows:
        decision = decisions.get(item.decision_id or 0)
        result, item.undo_reason = hand.attempt(partial(hand.take_back, item, article, decision))
        item.undo = "back" if result is Result.DONE else "left"
    bulk.taken_back += sum(item.undo == "back" for item, _ in rows)
    bulk.stayed += sum(item.undo == "left" for item, _ in rows)
    return rows[-1][0].article_id


def _next(session: Session, bulk: BulkAction, after: int, condition: ColumnElement[bool]) -> Rows:
    """Some items and their articles, whose rows are held in the order of their ids, as every run does."""
    query = (
        select(BulkItem, Article)
        .join(Article, Article.id == BulkItem.article_id)
        .where(BulkItem.bulk_id == bulk.id, BulkItem.article_id > after, condition)
        .order_by(BulkItem.article_id)
        .limit(ARTICLES_AT_ONCE)
        .with_for_update(of=Article)
    )
    return [(item, article) for item, article in session.execute(query)]


def _count(bulk: BulkAction, rows: Rows) -> None:
    results = [Result(item.result) for item, _ in rows]
    bulk.done += results.count(Result.DONE)
    bulk.left_out += results.count(Result.LEFT)
    bulk.failed += results.count(Result.FAILED)


def _decisions(session: Session, rows: Rows) -> dict[int, Decision]:
    query = select(Decision).where(
        Decision.id.in_([item.decision_id for item, _ in rows if item.decision_id])
    )
    return {decision.id: decision for decision in session.scalars(query)}


@dataclass(frozen=True, slots=True)
class _Hand:
    """Who does it to single articles, for which bulk action, and when."""

    session: Session
    bulk: BulkAction
    user: User
    actor: Actor
    now: datetime
    undo: timedelta

    def attempt(self, work: Callable[[], None]) -> tuple[Result, str]:
        """Do it to one article; whatever stands against that one stops no other."""
        try:
            with self.session.begin_nested():
                work()
                self.session.flush()
        except ClaimHeld:
            return Result.LEFT, Left.HELD.value
        except StaleArticle:
            return Result.LEFT, Left.CHANGED.value
        except DomainError as error:
            return Result.LEFT, _said(error)
        except OperationalError:
            raise  # the database is away or busy, which is not about this article: the job comes again
        except Exception:
            log.exception("bulk_article_failed", bulk=self.bulk.id)
            return Result.FAILED, MISTAKE
        return Result.DONE, ""

    def settle(self, item: BulkItem, article: Article) -> None:
        """Decide on it, or move it in the queue."""
        if Action(self.bulk.action) in DECIDES:
            self._decide(item, article)
        else:
            self._move(item, article)

    def _decide(self, item: BulkItem, article: Article) -> None:
        """By the gate, on the version that was frozen. What it announces waits until the run has ended."""
        outcome, status = DECIDES[Action(self.bulk.action)]
        params = Params.of(self.bulk)
        judgement = Judgement(
            outcome, item.row_version, status=status, note=params.note, checklist=params.checklist
        )
        decision = decide(
            self.session, article, self.user, judgement, actor=self.actor, now=self.now, undo=HOLD
        )
        item.decision_id = decision.id

    def _move(self, item: BulkItem, article: Article) -> None:
        before = place_of(article)
        if Action(self.bulk.action) is Action.ASSIGN:
            before = {"assigned_to_id": article.assigned_to_id}
            self._assign(article, self.bulk.params["reviewer_id"])
            item.before, item.after_version = before, article.row_version
            return
        verb = put_behind if Action(self.bulk.action) is Action.PUT_BEHIND else put_into_queue
        verb(self.session, article, actor=self.actor, now=self.now)
        item.before, item.after_version = before, article.row_version

    def _assign(self, article: Article, reviewer_id: int | None) -> None:
        """Told once for all of it, when the run has ended."""
        reviewer = self.session.get_one(User, reviewer_id) if reviewer_id else None
        assign(self.session, article, reviewer, actor=self.actor, now=self.now, tell=False)

    def take_back(self, item: BulkItem, article: Article, decision: Decision | None) -> None:
        """Roll its decision back, or give it the place back that it had."""
        check_not_held_by_another(self.session, article, self.user, self.now)
        actor, now = self.actor, self.now
        if decision is not None:
            note = self.bulk.undo_note or f"Undone with bulk action {self.bulk.id}."
            roll_back(
                self.session,
                decision,
                article,
                self.user,
                note=note,
                actor=actor,
                now=now,
                undo=self.undo,
                tell=False,  # once for all of it, when it was asked for
            )
        elif item.before is not None and "assigned_to_id" in item.before:
            if article.assigned_to_id != self.bulk.params["reviewer_id"]:
                raise StaleArticle(article)
            self._assign(article, item.before["assigned_to_id"])
        elif item.before is None or article.row_version != item.after_version:
            raise StaleArticle(article)
        else:
            put_back(self.session, article, item.before, actor=actor, now=now)


def _said(error: DomainError) -> str:
    fields = error.fields if isinstance(error, Invalid) else {}
    told = [f"{name} {message}" for name, messages in fields.items() for message in messages]
    return "; ".join(told) or error.detail
