"""Saying that one is here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.reviewing.presence.models import Presence
from review_app.reviewing.presence.rules import GONE_AFTER


def be_here(session: Session, article: Article, user: User, now: datetime) -> None:
    """Note that this person has the article open. Where they were before is forgotten, so the table stays small."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    seen = insert(Presence).values(article_id=article.id, user_id=user.id, seen_at=now)
    session.execute(
        seen.on_conflict_do_update(index_elements=["article_id", "user_id"], set_={"seen_at": now})
    )
    session.execute(delete(Presence).where(Presence.user_id == user.id, Presence.seen_at <= now - GONE_AFTER))
