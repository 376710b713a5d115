"""Who holds an article, who skipped it, and to whom it was given."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
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
