"""Publishing what is approved by itself, if the policy says so. The run it starts respects undo window and days as any other."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from review_app.articles.models import Article, Policy
from review_app.outbox.actions import Actor
from review_app.publishing.actions import Order, start_run
from review_app.publishing.marks import hold_mark
from review_app.publishing.models import PublishMark
from review_app.publishing.rules import APPROVALS_AT_ONCE, SETTLED, Trigger
from review_app.reviewing.models import Decision
from review_app.reviewing.rules import Outcome

MARK = "approval"
BY_ITSELF = Actor(None, "policy: published on approval")


def approvals_wait(session: Session, now: datetime) -> bool:
    """Whether there are approvals to publish that no run has taken on."""
    if not _publishes_by_itself(session):
        return False
    seen = session.scalar(select(PublishMark.value).where(PublishMark.name == MARK)) or 0
    return session.execute(_approvals(seen, now).limit(1)).first() is not None


def _publishes_by_itself(session: Session) -> bool:
    newest = select(Policy.publish_on_approval).order_by(Policy.version.desc()).limit(1)
    return bool(session.scalar(newest))


def _approvals(seen: int, now: datetime) -> Select[int, str]:
    """The approvals since the last one seen that were given under a policy which publishes by itself."""
    return (
        select(Decision.id, Article.source_id)
        .join(Article, Article.id == Decision.article_id)
        .join(Policy, Policy.version == Decision.policy_version)
        .where(Decision.id > seen, Decision.decided_at <= now - SETTLED)
        .where(Decision.outcome == Outcome.APPROVE, Policy.publish_on_approval)
        .order_by(Decision.id)
    )


def publish_approved(session: Session, *, now: datetime, undo: timedelta) -> int | None:
    """Start a run for what was approved since the last one. Returns its number, or None when there is nothing.

    What was taken back meanwhile is refused by the run, which says so.
    """
    mark = hold_mark(session, MARK)
    if not _publishes_by_itself(session):
        return None
    found = session.execute(_approvals(mark.value, now).limit(APPROVALS_AT_ONCE)).all()
    if not found:
        return None
    mark.value = found[-1][0]
    order = Order([source_id for _, source_id in found])
    return start_run(
        session, order, Trigger.APPROVAL, user_id=None, actor=BY_ITSELF, now=now, undo=undo
    ).run.id
