"""The places that publications go, one class a kind."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.publishing.models import Publication


class TargetKind(Protocol):
    """What every kind of target can do."""

    def publish(self, session: Session, article: Article, publication: Publication, now: datetime) -> None:
        """Bring this version of the article there."""


class Site:
    """Our own public pages: they show an article from the moment its published version is set."""

    def publish(self, session: Session, article: Article, publication: Publication, now: datetime) -> None:  # noqa: ARG002  # other kinds write
        """Show it under `/p/<slug>` and in the sitemap, in the text that was approved."""
        article.published_version, article.published_digest = publication.version, article.decided_digest
        article.updated_at = now


TARGETS: dict[str, TargetKind] = {"site": Site()}
