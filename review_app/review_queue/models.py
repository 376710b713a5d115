"""Who holds an article, who skipped it, to whom it was given, and how people like to see their queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.database import Base


class Claim(Base):
    """One reviewer's lease on one article. The key makes two claims of an article impossible."""

    __tablename__ = "claim"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    claimed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    user: Mapped[User] = relationship(lazy="raise")
    article: Mapped[Article] = relationship(lazy="raise")


class Skip(Base):
    """An article that a reviewer passed over: it goes behind the others for that reviewer."""

    __tablename__ = "skip"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    article_id: Mapped[int] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    reason: Mapped[str]
    skipped_at: Mapped[datetime]


class Assignment(Base):
    """Who gave a waiting article to whom, and when. It stands as long as the article itself names the same reviewer."""

    __tablename__ = "assignment"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    assigned_by: Mapped[str]
    assigned_at: Mapped[datetime]


SHARED, SHARED_ON_SQLITE = text("shared"), text("shared = 1")


class SavedView(Base):
    """Filters and an order under a name: its owner's, or everybody's once a lead has shared it.

    `query` is that of the address, without `?`; `columns` those of the rows, or none for the reader's own. One that was
    removed (`removed_at`) can be taken back until its owner removes another.
    """

    __tablename__ = "saved_view"
    __table_args__ = (
        Index("ix_saved_view_owner_id_position", "owner_id", "position"),
        Index(
            "ix_saved_view_shared", "position", "id", sqlite_where=SHARED_ON_SQLITE, postgresql_where=SHARED
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    name: Mapped[str]
    query: Mapped[str]
    columns: Mapped[list[Any] | None]
    shared: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    owner: Mapped[User] = relationship(lazy="raise")


class QueueTaste(Base):
    """How a person likes the queue: the view that it opens with, and the columns of its rows where the view names none."""

    __tablename__ = "queue_taste"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    default_view_id: Mapped[int | None] = mapped_column(ForeignKey("saved_view.id", ondelete="SET NULL"))
    columns: Mapped[list[Any] | None]
