"""What the outside hears of a decision, and when: nothing before the undo window has passed."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from review_app.articles.actions import State
from review_app.articles.models import Article
from review_app.articles.rules import is_indexable
from review_app.outbox.actions import announce, cancel
from review_app.reviewing.models import Decision

APPROVED, WITHDRAWN = "article.approved", "article.withdrawn"


def tell_outside(
    session: Session,
    article: Article,
    decision: Decision,
    *,
    was: State,
    becomes: State,
    now: datetime,
    undo: timedelta,
    reverted: Decision | None,
) -> None:
    """Put the event of this decision into the outbox, or take back the one that it undoes in time."""
    if not is_indexable(was.status) and not is_indexable(becomes.status):
        return
    if reverted is not None and cancel(session, cause_of(reverted), now):
        return
    announce(
        session,
        APPROVED if is_indexable(becomes.status) else WITHDRAWN,
        f"article:{article.source_id}",
        cause=cause_of(decision),
        payload={
            "source_id": article.source_id,
            "version": article.revision_version,
            "decision_id": decision.id,
        },
        now=now,
        release_at=now if reverted is not None else now + undo,
    )


def cause_of(decision: Decision) -> str:
    """What names this decision in the outbox."""
    return f"decision:{decision.id}"
