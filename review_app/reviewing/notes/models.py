"""Notes of the team."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.database import Base
from review_app.reviewing.notes.rules import Selector


class Note(Base):
    """What somebody wrote about an article, or in reply to another note of it.

    A note on a passage has its words (`quote`) with those around them, and the digest of the text in which they stood. What
    its author removed stays, and is no longer shown.
    """

    __tablename__ = "note"
    __table_args__ = (
        CheckConstraint("(quote IS NULL) = (text_digest IS NULL)", name="passage_has_its_text"),
        CheckConstraint("quote IS NULL OR reply_to_id IS NULL", name="reply_has_no_passage"),
        CheckConstraint("resolved_at IS NULL OR reply_to_id IS NULL", name="only_threads_are_resolved"),
        Index("ix_note_article_id_reply_to_id_id", "article_id", "reply_to_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    text: Mapped[str]
    written_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    removed_at: Mapped[datetime | None]
    reply_to_id: Mapped[int | None] = mapped_column(ForeignKey("note.id", ondelete="CASCADE"))
    quote: Mapped[str | None]
    prefix: Mapped[str] = mapped_column(default="")
    suffix: Mapped[str] = mapped_column(default="")
    text_digest: Mapped[str | None]
    author: Mapped[User] = relationship(foreign_keys=[author_id], lazy="raise")
    resolved_by: Mapped[User | None] = relationship(foreign_keys=[resolved_by_id], lazy="raise")
    article: Mapped[Article] = relationship(lazy="raise")

    @property
    def selector(self) -> Selector | None:
        """The passage that it is about, if any."""
        return None if self.quote is None else Selector(self.quote, self.prefix, self.suffix)

    @property
    def stands(self) -> bool:
        """Whether it is open: neither resolved nor removed."""
        return self.resolved_at is None and self.removed_at is None
