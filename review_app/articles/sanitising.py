"""Texts that an older sanitiser made harmless are sanitised again by the one of today."""

from __future__ import annotations

import hashlib
from datetime import datetime

from markupsafe import escape
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from review_app.articles.actions import touch
from review_app.articles.markup import SANITISER_VERSION, TooMuchMarkup, sanitise
from review_app.articles.models import Article, ArticleBody
from review_app.articles.search import index_article

AT_ONCE = 200
"""Texts of one transaction."""


def text_digest(title: str, excerpt: str, html: str) -> str:
    """What an approval holds for: every word and tag of the article that the public would read (hex SHA-256)."""
    return hashlib.sha256("\0".join((title, excerpt, html)).encode()).hexdigest()


def any_outdated(session: Session) -> bool:
    """Whether some text was made harmless by an older sanitiser."""
    return session.scalar(_outdated().limit(1)) is not None


def sanitise_some(session: Session, now: datetime) -> int:
    """Sanitise the next texts again; returns how many there were.

    A text that changes keeps its approval, for the sanitiser only takes away; but it gets a new digest, so that a rollback
    to a decision on the old text waits for a person.
    """
    ids = session.scalars(_outdated().limit(AT_ONCE).with_for_update(skip_locked=True)).all()
    query = select(Article).where(Article.id.in_(ids)).order_by(Article.id).with_for_update(of=Article)
    for article in session.scalars(query.options(joinedload(Article.body, innerjoin=True))):
        _sanitise(session, article, now)
    return len(ids)


def _outdated() -> Select[int]:
    return (
        select(ArticleBody.article_id)
        .where(ArticleBody.sanitiser_version < SANITISER_VERSION)
        .order_by(ArticleBody.sanitiser_version, ArticleBody.article_id)
    )


def _sanitise(session: Session, article: Article, now: datetime) -> None:
    body = article.body
    body.sanitiser_version = SANITISER_VERSION
    try:
        text = sanitise(body.html)
    except TooMuchMarkup:
        text = sanitise(f"<p>{escape(body.plain_text)}</p>")  # more than may be in it today: its words alone
    if text.html == body.html:
        return
    body.html, body.plain_text = text.html, text.plain_text
    body.word_count, body.image_count = text.word_count, text.image_count
    article.text_digest = text_digest(article.title, article.excerpt, text.html)
    touch(article, now)
    session.flush()
    index_article(session, article, text.plain_text)
