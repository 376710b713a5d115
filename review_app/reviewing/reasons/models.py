"""Reasons that can be chosen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from review_app.base.database import Base
from review_app.reviewing.reasons.rules import ReasonKind

KINDS = ", ".join(f"'{kind}'" for kind in ReasonKind)


class CannedReason(Base):
    """A reason for a request or a rejection. Retired ones stay, since decisions name them."""

    __tablename__ = "canned_reason"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="kind"),
        Index("ix_canned_reason_kind_position", "kind", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    position: Mapped[int]
    retired_at: Mapped[datetime | None]
