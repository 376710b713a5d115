"""The publish runs of the demo data: the lead's, of all that is approved, and one that a program asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.rules import RevisionStatus
from review_app.operations.demo.queries import of_demo_import
from review_app.outbox.actions import Actor
from review_app.publishing.actions import Order, start_run
from review_app.publishing.models import PublishRun
from review_app.publishing.rules import Trigger
from review_app.publishing.running import lease_run, publish_some

WORKER = "demo data"
HOOK = Actor(None, "publish hook")
NAMED = {RevisionStatus.APPROVED: 6, RevisionStatus.DRAFTED: 1, RevisionStatus.REJECTED: 1}
"""How many articles of each status the program names; it learns that some are refused."""


def publish_approved(session: Session, lead: User, *, now: datetime, undo: timedelta) -> None:
    """The lead publishes what is approved and not yet out."""
    approved = _demo_articles(session, RevisionStatus.APPROVED, most=None)
    behind = [article for article in approved if article.published_version != article.revision_version]
    if behind:
        actor = lead.as_actor()
        started = start_run(
            session, _order(behind), Trigger.PAGE, user_id=lead.id, actor=actor, now=now, undo=undo
        )
        _do(session, started.run, now=now + undo, undo=undo)


def publish_by_hook(session: Session, *, now: datetime, undo: timedelta) -> None:
    """A program names some articles, not all of which may go out."""
    named = [article for status, most in NAMED.items() for article in _demo_articles(session, status, most)]
    started = start_run(session, _order(named), Trigger.HOOK, user_id=None, actor=HOOK, now=now, undo=undo)
    _do(session, started.run, now=now + undo, undo=undo)


def _order(articles: Sequence[Article]) -> Order:
    return Order([article.source_id for article in articles])


def _do(session: Session, run: PublishRun, *, now: datetime, undo: timedelta) -> None:
    """What the job does; here all of it in one transaction."""
    session.flush()
    lease_run(session, run.id, WORKER, now)
    session.refresh(run)
    position: int | None = 0
    while position is not None:
        position = publish_some(session, run.id, WORKER, now=now, undo=undo, after=position)


def _demo_articles(session: Session, status: RevisionStatus, most: int | None) -> list[Article]:
    """The last ones of this status."""
    query = select(Article).where(Article.revision_status == status, of_demo_import())
    return list(session.scalars(query.order_by(Article.id.desc()).limit(most)))
