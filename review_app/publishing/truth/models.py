"""What the public was last seen to get of each page, and how far the job has come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from review_app.articles.models import Article
from review_app.base.database import Base
from review_app.publishing.models import Target

OPEN = text("state IN ('differs', 'unreadable')")


class PublicCheck(Base):
    """One article at one content target: what it should be there, and what the public got when it was last read.

    `should_since` is since when the desk says so. `findings` are codes of `rules.Finding`; `found_at` is when the state it is
    in began, if that is no good one. `failures` are those in a row to read it. `mended_at` is when somebody had it mended
    and it has not been read since.
    """

    __tablename__ = "public_check"
    __table_args__ = (
        UniqueConstraint("article_id", "target_id"),
        CheckConstraint("state IN ('waiting', 'agrees', 'differs', 'unreadable')", name="state"),
        Index("ix_public_check_due", "due_at", "id"),
        Index("ix_public_check_open", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_public_check_target_id_id", "target_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    target_id: Mapped[int] = mapped_column(ForeignKey("target.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(default="")
    should_index: Mapped[bool]
    should_since: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="waiting")
    findings: Mapped[list[Any]] = mapped_column(default=list)
    reason: Mapped[str] = mapped_column(default="")
    found_at: Mapped[datetime | None]
    status: Mapped[int | None]
    robots_meta: Mapped[str | None]
    robots_header: Mapped[str | None]
    canonical: Mapped[str | None]
    in_sitemap: Mapped[bool | None]
    cache_control: Mapped[str | None]
    failures: Mapped[int] = mapped_column(default=0)
    checked_at: Mapped[datetime | None]
    mended_at: Mapped[datetime | None]
    due_at: Mapped[datetime]
    article: Mapped[Article] = relationship(lazy="raise")
    target: Mapped[Target] = relationship(lazy="raise")


class TruthMark(Base):
    """The one row that says how far the job has come, and who does it: one at a time, so that hosts are asked gently.

    `last_event_id` is the last event of the outbox that was looked at; `last_article_id` where the daily look for pages that
    no event told of stands, and `swept_at` when it last ended.
    """

    __tablename__ = "truth_mark"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    last_event_id: Mapped[int] = mapped_column(default=0)
    last_article_id: Mapped[int] = mapped_column(default=0)
    swept_at: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
