"""Reading drafts: the one on an article, and all that somebody has not decided yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import literal, select, tuple_
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.sql.elements import Tuple

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.paging import PAGE_ROWS, Page, decode_cursor, encode_cursor, page_of
from review_app.reviewing.drafts.models import Draft


def draft_of(session: Session, article: Article, user: User) -> Draft | None:
    """What this person has typed on the article and neither decided nor discarded. Nobody else ever sees it."""
    return session.scalar(
        select(Draft).where(
            Draft.user_id == user.id, Draft.article_id == article.id, Draft.ended_at.is_(None)
        )
    )


def drafts_of(session: Session, user: User, after: str | None = None, size: int = PAGE_ROWS) -> Page[Draft]:
    """A person's drafts with their articles, the one typed last first, a page at a time."""
    query = select(Draft).where(Draft.user_id == user.id, Draft.ended_at.is_(None))
    query = query.options(joinedload(Draft.article))
    query = query.order_by(Draft.sequence.desc(), Draft.article_id.desc()).limit(size + 1)
    if after:
        query = query.where(tuple_(Draft.sequence, Draft.article_id) < _place(after))
    return page_of(
        session.scalars(query).all(), size, lambda draft: encode_cursor(draft.sequence, draft.article_id)
    )


def any_expired(session: Session, now: datetime) -> bool:
    """Whether there is a draft whose time has passed."""
    return session.scalar(select(Draft.article_id).where(Draft.keep_until <= now).limit(1)) is not None


def _place(cursor: str) -> Tuple:
    return tuple_(*(literal(part) for part in decode_cursor(cursor, int, int)))
