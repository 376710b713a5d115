"""What people are told, and what they do not want to hear."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from review_app.accounts.models import User
from review_app.base.database import Base
from review_app.base.kept_messages import made_again
from review_app.notifications.rules import Kind

KINDS = ", ".join(f"'{kind}'" for kind in Kind)
UNREAD = text("read_at IS NULL")


class Notification(Base):
    """One thing one person is told: `text` in a sentence, the subject it leads to, and by whom it came.

    `text` is in English, for programs. `message` is what it was made from (`base.kept_messages`), by which people are told it in
    their own language; none of what was kept before it was noted.
    """

    __tablename__ = "notification"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="kind"),
        Index("ix_notification_user_id_id", "user_id", "id"),
        Index("ix_notification_unread", "user_id", "id", sqlite_where=UNREAD, postgresql_where=UNREAD),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    kind: Mapped[str]
    text: Mapped[str]
    message: Mapped[dict[str, Any] | None]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    by: Mapped[str]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]

    @property
    def words(self) -> str:
        """What people are told: a message, to be told in their language, if it is known of what it was made."""
        return made_again(self.message) if self.message else self.text


class MutedKind(Base):
    """A kind that a person has switched off."""

    __tablename__ = "muted_kind"
    __table_args__ = (CheckConstraint(f"kind IN ({KINDS})", name="kind"),)

    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
