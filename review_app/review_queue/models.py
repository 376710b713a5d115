"""Who holds an article, who skipped it, to whom it or a whole view was given, and how people like to see their queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
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
    """Who gave a waiting article to whom, and when. It stands as long as the article itself names the same reviewer.

    `standing` is the assignment of a view by which it came, if it came by one.
    """

    __tablename__ = "assignment"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    assigned_by: Mapped[str]
    assigned_at: Mapped[datetime]
    standing_id: Mapped[int | None] = mapped_column(
        ForeignKey("standing_assignment.id", ondelete="SET NULL"), index=True
    )
    standing: Mapped[StandingAssignment | None] = relationship(lazy="raise")


LIVE, OPEN = text("ended_at IS NULL"), text("freed_at IS NULL")


class StandingAssignment(Base):
    """A shared view whose articles, now and later, are given to one reviewer, until it ends (`ended_at`).

    From then on what it gave is freed, which is done at `freed_at`; the row stays, so that an article that comes back by a
    rollback is not given to them again. `untold` articles were given since the reviewer was last told. A view that is gone
    for good leaves no `view`.
    """

    __tablename__ = "standing_assignment"
    __table_args__ = (
        CheckConstraint("freed_at IS NULL OR ended_at IS NOT NULL", name="ended_before_freed"),
        Index(
            "uq_standing_assignment_live", "view_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE
        ),
        Index("ix_standing_assignment_open", "id", sqlite_where=OPEN, postgresql_where=OPEN),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    view_id: Mapped[int | None] = mapped_column(ForeignKey("saved_view.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    assigned_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    assigned_at: Mapped[datetime]
    untold: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None]
    freed_at: Mapped[datetime | None]
    view: Mapped[SavedView | None] = relationship(lazy="raise")
    user: Mapped[User] = relationship(lazy="raise", foreign_keys=user_id)
    assigned_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=assigned_by_id)


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
