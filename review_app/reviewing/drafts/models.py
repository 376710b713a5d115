"""The table of drafts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from review_app.articles.models import Article
from review_app.base.database import Base

KEY = ("user_id", "sequence", "article_id")
OPEN = text("ended_at IS NULL")


class Draft(Base):
    """What one reviewer has typed on one article: at most one, the newest.

    `row_version` and `text_digest` say on which version of the article it was made. `sequence` orders what was typed
    (`rules.sequence_at`); `tab` names the open page it came from. `ended_at`: it was decided or discarded; the row stays
    for a day, so that a late autosave of that very page does not bring it back.
    """

    __tablename__ = "draft"
    __table_args__ = (Index("ix_draft_open", *KEY, sqlite_where=OPEN, postgresql_where=OPEN),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    article_id: Mapped[int] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    fields: Mapped[dict[str, Any]]
    row_version: Mapped[int]
    text_digest: Mapped[str]
    tab: Mapped[str]
    sequence: Mapped[int]
    saved_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    keep_until: Mapped[datetime] = mapped_column(index=True)
    article: Mapped[Article] = relationship(lazy="raise")
