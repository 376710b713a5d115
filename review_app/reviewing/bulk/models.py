"""A bulk action and the articles it was frozen with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.database import Base
from review_app.reviewing.bulk.rules import AT_WORK, Result, State

STATES = ", ".join(f"'{state}'" for state in State)
RESULTS = ", ".join(f"'{result}'" for result in Result)
WORKING = text(f"state IN ({', '.join(repr(str(state)) for state in AT_WORK)})")


class BulkAction(Base):
    """One action on many articles. `selection` says in words what was selected, `back` is the query string of the queue behind.

    `params` holds the note and the ticked lines of the checklist. `total` articles were frozen;
    `done + left_out + failed` of them are settled, and of the done ones `taken_back + stayed` by an undo. Whoever works on it
    holds `leased_by` until `lease_until`. `failure` says why it stopped by itself.
    """

    __tablename__ = "bulk_action"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        CheckConstraint("done + left_out + failed <= total", name="sum"),
        Index("ix_bulk_action_working", "id", sqlite_where=WORKING, postgresql_where=WORKING),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    action: Mapped[str]
    selection: Mapped[str]
    back: Mapped[str] = mapped_column(default="")
    params: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default=State.PREVIEW.value)
    failure: Mapped[str] = mapped_column(default="")
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    taken_back: Mapped[int] = mapped_column(default=0)
    stayed: Mapped[int] = mapped_column(default=0)
    undo_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    undo_note: Mapped[str] = mapped_column(default="")
    leased_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    user: Mapped[User] = relationship(foreign_keys=user_id, lazy="raise")


class BulkItem(Base):
    """One frozen article and its version then. The key makes it impossible that it is settled twice.

    `result` is written in the transaction of the decision it tells of, `reason` says why it is not `done`.
    `decision_id` is that decision; what was only moved in the queue has `before` instead, and `after_version` to tell
    whether anybody worked on it since. `undo` is empty, `back`, or `left` with its reason.
    """

    __tablename__ = "bulk_item"
    __table_args__ = (
        CheckConstraint(f"result IN ({RESULTS})", name="result"),
        CheckConstraint("undo IN ('', 'back', 'left')", name="undo"),
        Index("ix_bulk_item_article_id", "article_id"),
    )

    bulk_id: Mapped[int] = mapped_column(ForeignKey("bulk_action.id", ondelete="CASCADE"), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    row_version: Mapped[int]
    result: Mapped[str] = mapped_column(default=Result.WAITING.value)
    reason: Mapped[str] = mapped_column(default="")
    decision_id: Mapped[int | None]
    before: Mapped[dict[str, Any] | None]
    after_version: Mapped[int | None]
    undo: Mapped[str] = mapped_column(default="")
    undo_reason: Mapped[str] = mapped_column(default="")
    article: Mapped[Article] = relationship(lazy="raise")
