"""Choosing the day by which an article is due."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.articles.ordering import NO_POLICY
from review_app.articles.ranking import HORIZON
from review_app.base.errors import Conflict, Invalid
from review_app.base.messages import lazy_gettext as _l
from review_app.outbox.actions import Actor, log_event


def set_due(session: Session, article: Article, day: date | None, *, actor: Actor, now: datetime) -> None:
    """Choose the day by which an article is due; None: the one that the policy gives. The caller holds its row.

    Raises `Conflict` when it does not wait, `Invalid` for a day that has passed or is ten years off.
    """
    if not article.awaiting_review:
        raise Conflict(_l("This article is not in the queue, so it cannot be due."))
    # Where it is latest, a new day has begun half a day before it has here; where it is earliest, half a day after.
    earliest = (now - timedelta(hours=12)).date()
    if day is not None and not earliest <= day <= earliest + HORIZON:
        raise Invalid(_l("That day cannot be."), {"due_on": [_l("must be from today on, within ten years")]})
    before = article.due_on
    if day is None:
        article.due_by_hand, article.due_by = False, NO_POLICY
    else:
        article.due_on, article.due_by_hand = day, True
    session.flush()
    log_event(
        session,
        "article.due",
        ("article", article.source_id),
        actor=actor,
        now=now,
        before={"due_on": before and before.isoformat()},
        after={
            "due_on": article.due_on and article.due_on.isoformat(),
            "by": "hand" if article.due_by_hand else "policy",
        },
    )
