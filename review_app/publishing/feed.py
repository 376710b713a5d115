"""What the feed holds: the articles that came to our own pages last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from review_app.articles.models import Article, ArticleVersion
from review_app.publishing.models import Publication, Target
from review_app.publishing.queries import changed_at, is_published

MOST_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One article of the feed, in the words that the public reads. `published_at` is when this version came out."""

    source_id: str
    slug: str
    title: str
    excerpt: str
    topic: str
    published_at: datetime
    changed_at: datetime

    @property
    def identity(self) -> str:
        """What the entry is called for ever, wherever the desk moves (RFC 4287, 4.2.6)."""
        return uuid5(NAMESPACE_URL, f"review-desk:{self.source_id}").urn


def newest_entries(session: Session) -> Sequence[FeedEntry]:
    """The published articles whose published version came out last, the newest first, at most `MOST_ENTRIES`."""
    kept = Article.published_digest == ArticleVersion.text_digest
    stands = and_(Publication.article_id == Article.id, Publication.version == Article.published_version)
    rows = session.execute(
        select(
            Article.source_id,
            Article.slug,
            func.coalesce(ArticleVersion.title, Article.title),
            func.coalesce(ArticleVersion.excerpt, Article.excerpt),
            func.coalesce(ArticleVersion.topic, Article.topic),
            Publication.delivered_at,
            changed_at(),
        )
        .select_from(Publication)
        .join(Target, and_(Target.id == Publication.target_id, Target.kind == "site"))
        .join(Article, stands)
        .outerjoin(ArticleVersion, and_(ArticleVersion.article_id == Article.id, kept))
        .where(is_published(), Publication.delivered_at.is_not(None))
        .order_by(Publication.delivered_at.desc(), Publication.id.desc())
        .limit(MOST_ENTRIES)
    )
    return [FeedEntry(*row) for row in rows]  # type: ignore[arg-type]  # those without a time are left out
