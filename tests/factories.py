"""Makes what tests need, with plain defaults; name only what the test is about."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.accounts.rules import Role
from review_app.articles.actions import rank_of
from review_app.articles.models import Article, ArticleBody, ArticleFlag, ArticleMeta
from review_app.articles.search import index_article
from review_app.importing.sources.models import ImportSource

PASSWORD = "a long enough password"
LONG_AGO = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
_numbers = itertools.count(1)
# As weak as argon2 can be: every test that logs in checks it, and nobody attacks it.
_hash = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def make_user(session: Session, role: Role = Role.REVIEWER, email: str | None = None, **changes: Any) -> User:
    """A person whose password is `PASSWORD`. The hash is shared."""
    email = email or f"{role.value}{next(_numbers)}@example.com"
    user = User(
        email=email,
        name=email.split("@")[0],
        password_hash=_hash,
        role=role.value,
        is_active=True,
        is_demo=False,
        time_zone="UTC",
        theme="",
        created_at=LONG_AGO,
    )
    for name, value in changes.items():
        setattr(user, name, value)
    session.add(user)
    session.flush()
    return user


def make_article(
    session: Session, source_id: str | None = None, html: str = "<p>Some text.</p>", **changes: Any
) -> Article:
    """An article that waits for a person, unless `changes` say otherwise."""
    number = next(_numbers)
    source_id = source_id or f"article-{number:05}"
    values: dict[str, Any] = {
        "source_id": source_id,
        "slug": f"slug-of-{source_id}".lower(),
        "title": f"Title of {source_id}",
        "excerpt": "A first sentence.",
        "topic": "retrying jobs / flask",
        "primary_stack": "flask",
        "difficulty": "beginner",
        "code_language": "python",
        "reading_minutes": 4,
        "view_count": 1200,
        "quality": 70,
        "freshness": 71,
        "depth": 72,
        "clarity": 73,
        "revision_status": "drafted",
        "revision_version": "1.2.3",
        "last_reviewed_on": None,
        "needs_human_review": True,
        "awaiting_review": True,
        "queue_rank": rank_of(LONG_AGO) + number,
        "waiting_since": LONG_AGO,
        "indexable": False,
        "published_version": None,
        "content_digest": f"content {number}",
        "row_version": 1,
        "batch_id": None,
        "imported_at": LONG_AGO,
        "updated_at": LONG_AGO,
        "decided_at": None,
        "text_digest": changes.pop("text_digest", f"text {number}"),
    }
    decided = {"decided_digest": values["text_digest"], "affirmed": True}
    if changes.get("decided_at") or changes.get("indexable"):
        values |= decided
    if changes.get("published_version"):
        values["published_digest"] = values["text_digest"]
    flags = changes.pop("flags", {"needs_human_review": True, "has_images": False})
    meta = changes.pop("meta", {"score": {"quality": 70, "freshness": 71, "depth": 72, "clarity": 73}})
    article = Article(**values | changes)
    session.add(article)
    session.flush()
    text = "Some text."
    session.add(
        ArticleBody(
            article_id=article.id,
            html=html,
            plain_text=text,
            word_count=2,
            image_count=0,
            sanitiser_version=1,
        )
    )
    session.add(ArticleMeta(article_id=article.id, imported=meta))
    session.add_all(
        ArticleFlag(article_id=article.id, name=name, value=value) for name, value in flags.items()
    )
    index_article(session, article, text)
    session.flush()
    return article


def make_source(session: Session, user: User, **changes: Any) -> ImportSource:
    """A WordPress site that is not due before long."""
    values: dict[str, Any] = {
        "kind": "wordpress",
        "name": "Some site",
        "address": "https://blog.example.com",
        "username": "editor",
        "every_minutes": 60,
        "user_id": user.id,
        "created_at": LONG_AGO,
        "last_read_at": LONG_AGO,
        "next_read_at": LONG_AGO + timedelta(days=36_500),
    }
    source = ImportSource(**values | changes)
    session.add(source)
    session.flush()
    return source
