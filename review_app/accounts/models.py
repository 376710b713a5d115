"""People, their sessions and tokens, and failed logins."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from review_app.accounts.rules import Permission, Role, may
from review_app.base.database import Base
from review_app.outbox.actions import Actor


class User(Base):
    """A person. `email` is lower case. `is_demo` marks people who came with the demo data.

    `single_keys`: whether keys act on the pages of the desk. `undo_seconds`: how long this person can take a decision back,
    5 to 60; None is as the desk is set. `language`: of the pages; empty is as the browser asks for.
    """

    __tablename__ = "user"
    __table_args__ = (
        CheckConstraint("role IN ('reviewer', 'lead', 'admin')", name="role"),
        CheckConstraint("theme IN ('', 'light', 'dark')", name="theme"),
        CheckConstraint("undo_seconds BETWEEN 5 AND 60", name="undo_seconds"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    role: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)
    is_demo: Mapped[bool] = mapped_column(default=False)
    time_zone: Mapped[str] = mapped_column(default="UTC")
    theme: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="", server_default="")
    single_keys: Mapped[bool] = mapped_column(default=True)
    undo_seconds: Mapped[int | None]
    created_at: Mapped[datetime]

    session_token: ClassVar[str | None] = None
    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    def get_id(self) -> str | None:
        """What Flask-Login keeps in the cookie: the token of the session that was opened, not who it is."""
        return self.session_token

    def may(self, permission: Permission) -> bool:
        """Whether this person has the permission."""
        return self.is_active and may(Role(self.role), permission)

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which this person reads times."""
        return ZoneInfo(self.time_zone)

    def as_actor(self, request_id: str | None = None) -> Actor:
        """This person as the log names them."""
        return Actor(self.id, self.email, request_id)


class UserSession(Base):
    """One logged-in browser. Only the SHA-256 of its token is kept; no row, no session."""

    __tablename__ = "user_session"

    token_digest: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class ApiToken(Base):
    """A program's key: it acts as its person. Only the SHA-256 of it is kept."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    token_digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class LoginAttempt(Base):
    """One wrong password: for which account (as typed, lower case), from which address."""

    __tablename__ = "login_attempt"
    __table_args__ = (
        Index("ix_login_attempt_email_attempted_at", "email", "attempted_at"),
        Index("ix_login_attempt_address_attempted_at", "address", "attempted_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    address: Mapped[str]
    attempted_at: Mapped[datetime]
