"""Publishing what is approved by itself, if the policy says so. The run it starts respects undo window and days as any other."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from review_app.articles.models import Article, Policy
from review_app.outbox.actions import Actor
from review_app.publishing.actions import Order, start_run
from review_app.publishing.rules import APPROVALS_AT_ONCE, Trigger
from review_app.reviewing.models import ApprovalToPublish, Decision

BY_ITSELF = Actor(None, "policy: published on approval")


def approvals_wait(session: Session) -> bool:
    """Whether there are approvals to publish that no run has taken on."""
    if session.execute(select(ApprovalToPublish.decision_id).limit(1)).first() is None:
        return False
    return _publishes_by_itself(session)


def _publishes_by_itself(session: Session) -> bool:
    newest = select(Policy.publish_on_approval).order_by(Policy.version.desc()).limit(1)
    return bool(session.scalar(newest))


def publish_approved(session: Session, *, now: datetime, undo: timedelta) -> int | None:
    """Start a run for what was approved and is not taken on. Returns its number, or None when there is nothing.

    What was taken back meanwhile is refused by the run, which says so.
    """
    if not _publishes_by_itself(session):
        return None
    taken = _take_some(session)
    if not taken:
        return None
    of_them = select(Article.source_id).join(Decision, Decision.article_id == Article.id)
    named = session.scalars(of_them.where(Decision.id.in_(taken)).order_by(Decision.id)).all()
    order = Order(list(named))
    return start_run(
        session, order, Trigger.APPROVAL, user_id=None, actor=BY_ITSELF, now=now, undo=undo
    ).run.id


def _take_some(session: Session) -> list[int]:
    """The next ones, which nobody else takes then: with the transaction of the run that takes them on they are gone."""
    some = (
        select(ApprovalToPublish.decision_id)
        .order_by(ApprovalToPublish.decision_id)
        .limit(APPROVALS_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.scalars(some))
    session.execute(
        delete(ApprovalToPublish)
        .where(ApprovalToPublish.decision_id.in_(ids))
        .execution_options(synchronize_session=False)
    )
    return ids
