"""Targets, runs, what was sent where, and the hook calls that were answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.database import Base

UNFINISHED = text("state IN ('queued', 'running')")


class Target(Base):
    """A place that publications go. `site` is our own public pages."""

    __tablename__ = "target"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(unique=True)
    enabled: Mapped[bool] = mapped_column(default=True)


class PublishRun(Base):
    """One request to publish: by whom or what, which articles it accepted, which it refused and why, how far it is."""

    __tablename__ = "publish_run"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'finished')", name="state"),
        Index(
            "ix_publish_run_unfinished", "due_at", "id", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    trigger: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    requested: Mapped[dict[str, Any]]
    accepted: Mapped[int]
    refused: Mapped[list[Any]]
    published: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default="queued")
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    user: Mapped[User | None] = relationship(lazy="raise")


class Publication(Base):
    """One version of one article to one target, once, however many runs ask for it.

    `run_id` is the run that asked last. It goes out at `due_at`, and never within the undo window of its approval.
    """

    __tablename__ = "publication"
    __table_args__ = (
        UniqueConstraint("article_id", "version", "target_id"),
        CheckConstraint("state IN ('waiting', 'delivering', 'delivered', 'failed', 'dead')", name="state"),
        Index("ix_publication_target_id_article_id", "target_id", "article_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    version: Mapped[str]
    target_id: Mapped[int] = mapped_column(ForeignKey("target.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("publish_run.id"))
    state: Mapped[str] = mapped_column(default="waiting")
    reason: Mapped[str] = mapped_column(default="")
    due_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    article: Mapped[Article] = relationship(lazy="raise")
    target: Mapped[Target] = relationship(lazy="raise")


class PublishRunItem(Base):
    """That a run took on a publication. Two runs may have taken on the same one; whichever is due first sends it."""

    __tablename__ = "publish_run_item"

    run_id: Mapped[int] = mapped_column(ForeignKey("publish_run.id"), primary_key=True)
    publication_id: Mapped[int] = mapped_column(
        ForeignKey("publication.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class HookCall(Base):
    """A signed call that was answered: its id, what it said, and the answer, so that a repeat does nothing twice."""

    __tablename__ = "hook_call"

    webhook_id: Mapped[str] = mapped_column(primary_key=True)
    body_digest: Mapped[str]
    answer: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(index=True)
