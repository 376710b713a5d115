"""Texts that an older sanitiser made harmless are sanitised again by the one of today."""

from __future__ import annotations

import hashlib
from datetime import datetime

from markupsafe import escape
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from review_app.articles.actions import touch
from review_app.articles.markup import SANITISER_VERSION, Sanitised, TooMuchMarkup, sanitise
from review_app.articles.models import Article, ArticleBody, ArticleVersion
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
    to an earlier decision waits for a person. Texts that were kept since people decided on them change along.
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
    text = _harmless(body.html, body.plain_text)
    kept = session.scalars(select(ArticleVersion).where(ArticleVersion.article_id == article.id)).all()
    changed = [version for version in kept if _sanitise_version(article, version)]
    if text.html == body.html and not changed:
        return
    body.html, body.plain_text = text.html, text.plain_text
    body.word_count, body.image_count = text.word_count, text.image_count
    old, article.text_digest = article.text_digest, text_digest(article.title, article.excerpt, text.html)
    _move(article, old, article.text_digest)
    touch(article, now)
    session.flush()
    index_article(session, article, text.plain_text)


def _sanitise_version(article: Article, version: ArticleVersion) -> bool:
    """Sanitise a text that was kept; returns whether that changed it."""
    html = _harmless(version.html, "").html
    if html == version.html:
        return False
    old, version.html = version.text_digest, html
    version.text_digest = text_digest(version.title, version.excerpt, html)
    _move(article, old, version.text_digest)
    return True


def _move(article: Article, old: str, new: str) -> None:
    """What was decided on, and what the public reads, is still the same text."""
    if article.decided_digest == old:
        article.decided_digest = new
    if article.published_digest == old:
        article.published_digest = new


def _harmless(html: str, plain_text: str) -> Sanitised:
    try:
        return sanitise(html)
    except TooMuchMarkup:
        return sanitise(f"<p>{escape(plain_text)}</p>")  # more than may be in it today: its words alone
