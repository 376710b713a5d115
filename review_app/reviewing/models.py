"""Decisions, the checklist they tick, and the sums that the statistics read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.database import Base
from review_app.reviewing.reasons.models import CannedReason
from review_app.reviewing.rules import Outcome

CHOSEN = text("reason_id IS NOT NULL")
OUTCOMES = ", ".join(f"'{outcome}'" for outcome in Outcome)


class Decision(Base):
    """One recorded judgement. `before` and `after` hold the article's whole state, so that it can be undone.

    `reverts_id` names the decision that a rollback undoes; it is unique, so nothing is undone twice. `reason_id` is the reason
    that was chosen, if any; its words as they were stand in the note.
    """

    __tablename__ = "decision"
    __table_args__ = (
        CheckConstraint(f"outcome IN ({OUTCOMES})", name="outcome"),
        CheckConstraint("(outcome = 'rollback') = (reverts_id IS NOT NULL)", name="rollback_reverts"),
        Index("ix_decision_article_id_id", "article_id", "id"),
        Index("ix_decision_reviewer_id_id", "reviewer_id", "id"),
        Index("ix_decision_reason_id", "reason_id", sqlite_where=CHOSEN, postgresql_where=CHOSEN),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    outcome: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    note: Mapped[str]
    override_reason: Mapped[str]
    checklist: Mapped[list[Any]]
    article_version: Mapped[int]
    policy_version: Mapped[int]
    decided_at: Mapped[datetime]
    handling_seconds: Mapped[float | None]
    wait_seconds: Mapped[float | None]
    reverts_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), unique=True)
    reason_id: Mapped[int | None] = mapped_column(ForeignKey(CannedReason.id))
    reviewer: Mapped[User] = relationship(lazy="raise")
    article: Mapped[Article] = relationship(lazy="raise")


class ApprovalToPublish(Base):
    """That an approval was given under a policy which publishes by itself, and no run has taken it on yet.

    Written in the transaction of the decision: numbers and times say nothing of the order in which decisions are committed.
    """

    __tablename__ = "approval_to_publish"

    decision_id: Mapped[int] = mapped_column(
        ForeignKey("decision.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


class ChecklistItem(Base):
    """One line a reviewer ticks. Retired ones stay, since old decisions name them."""

    __tablename__ = "checklist_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    required: Mapped[bool]
    position: Mapped[int]
    retired_at: Mapped[datetime | None]


class ReviewSlot(Base):
    """Sums over one reviewer, one quarter of an hour (UTC) and one outcome, kept in the decision's transaction.

    `handling` and `waiting` are histograms (bucket to count, see `rules.bucket_of`); `score_changes` maps each score to
    the sum of human minus imported-or-last value, and `score_counts` to how many decisions had both.
    """

    __tablename__ = "review_slot"
    __table_args__ = (
        Index("ix_review_slot_slot_start", "slot_start"),
        Index("ix_review_slot_outcome_decisions", "outcome", "decisions"),
    )

    reviewer_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    slot_start: Mapped[datetime] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    decisions: Mapped[int]
    handling: Mapped[dict[str, Any]]
    waiting: Mapped[dict[str, Any]]
    score_changes: Mapped[dict[str, Any]]
    score_counts: Mapped[dict[str, Any]]
