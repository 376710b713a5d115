"""Who else is at an article."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.review_queue.models import Claim
from review_app.review_queue.queries import live
from review_app.reviewing.presence.models import Presence
from review_app.reviewing.presence.rules import GONE_AFTER

MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody who has the article open, and whether they hold the claim on it."""

    user_id: int
    name: str
    holds: bool


def others_here(session: Session, article: Article, user: User, now: datetime) -> Sequence[Other]:
    """Everybody else who has the article open just now, by name; the first ten."""
    held = and_(Claim.article_id == article.id, Claim.user_id == User.id, live(now))
    query = (
        select(User.id, User.name, Claim.article_id.is_not(None))
        .join(Presence, Presence.user_id == User.id)
        .outerjoin(Claim, held)
        .where(Presence.article_id == article.id, Presence.seen_at > now - GONE_AFTER, User.id != user.id)
        .order_by(User.name, User.id)
        .limit(MOST_NAMED)
    )
    return [Other(*row) for row in session.execute(query)]
