"""The verbs on people: add, log in, log out, change, disable; tokens."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from review_app.accounts.models import ApiToken, LoginAttempt, User, UserSession
from review_app.accounts.queries import failures_since, find_user, token_digest
from review_app.accounts.rules import UNDO_SECONDS, Role
from review_app.base.errors import Conflict, Invalid, TooMany
from review_app.base.messages import lazy_gettext as _l
from review_app.base.security import (
    LOGIN_DELAYS_SECONDS,
    LOGIN_FAILURES,
    LOGIN_WINDOW,
    PASSWORD_LENGTH,
    SESSION_LIFETIME,
    passwords,
)
from review_app.outbox.actions import Actor, log_event

NAME_LENGTH = 100
"""The most characters in the name of a person or a token."""
MOST_EMAIL_CHARACTERS = 320
ONE_AT_A_TIME = 0x5244_0002
"""The advisory lock under which PostgreSQL counts failed logins."""


class WrongPassword(Invalid):
    """The email or the password is wrong; nobody is told which. `delay_seconds` is how long the answer waits."""

    def __init__(self, delay_seconds: float) -> None:
        super().__init__(_l("The email or the password is not right."))
        self.delay_seconds = delay_seconds


class TooManyFailures(TooMany):
    """The account or the address has failed too often."""

    def __init__(self) -> None:
        seconds = int(LOGIN_WINDOW.total_seconds())
        super().__init__(
            _l("Too many wrong passwords. Please wait a few minutes and try again."), retry_seconds=seconds
        )


def normal_email(email: str) -> str:
    """An address as it is kept: checked and lower case. Raises `Invalid`."""
    try:
        return validate_email(email, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise Invalid(_l("That is not an email address."), {"email": [str(error)]}) from error


def check_password(password: str) -> None:
    """Raises `Invalid` for a password that is too short or too long."""
    least, most = PASSWORD_LENGTH
    if not least <= len(password) <= most:
        raise Invalid(
            _l("That password cannot be used."), {"password": [f"must have {least} to {most} characters"]}
        )


def random_password() -> str:
    """A password of 96 random bits, to be told once and changed by its person."""
    return secrets.token_urlsafe(12)


def add_user(
    session: Session,
    email: str,
    password: str,
    role: Role,
    *,
    actor: Actor,
    now: datetime,
    name: str = "",
    is_demo: bool = False,
) -> User:
    """Add a person. Raises `Invalid` for a bad address or password, `Conflict` if the address is taken."""
    address = normal_email(email)
    check_password(password)
    user = User(
        email=address,
        name=name.strip() or address.split("@")[0],
        password_hash=passwords.hash(password),
        role=role.value,
        is_demo=is_demo,
        is_active=True,
        time_zone="UTC",
        theme="",
        created_at=now,
    )
    session.add(user)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(_l("%(address)s has an account already.", address=address)) from error
    log_event(session, "user.added", ("user", address), actor=actor, now=now, after={"role": role.value})
    return user


def account_of(email: str) -> str:
    """Whose failures count together: the address as it was typed, in lower case, whether anybody has it or not."""
    return email.strip().lower()[:MOST_EMAIL_CHARACTERS]


def fitting_hash(user: User | None, password: str) -> str | None:
    """The hash of this person's that the password fits, if it does.

    It takes a tenth of a second, for nobody as for somebody. It is asked before the transaction that records the outcome:
    SQLite lets nobody else write meanwhile.
    """
    known = user if user and user.is_active else None
    hashed = known.password_hash if known else _dummy_hash()
    right = passwords.verify(password[: PASSWORD_LENGTH[1]], hashed)
    return hashed if known and right else None


def attempt_login(
    session: Session, account: str, fits: str | None, *, address: str, now: datetime
) -> tuple[User, str]:
    """Open a session for the person whose `fitting_hash` was found. Returns the person and the session's token.

    Raises `TooManyFailures` (for the right password too, while that lasts) or `WrongPassword`; the edge must commit in
    both cases, since the failure is what is recorded.
    """
    _one_at_a_time(session)
    refuse_after_failures(session, account, address, now)
    user = find_user(session, account)
    if user is None or not user.is_active or user.password_hash != fits:
        raise _record_failure(session, account, address, now)
    session.execute(delete(LoginAttempt).where(LoginAttempt.email == account))
    log_event(session, "user.logged_in", ("user", user.email), actor=user.as_actor(), now=now)
    return user, open_session(session, user, now)


def confirm_password(session: Session, user: User, fits: str | None, *, address: str, now: datetime) -> None:
    """Make sure that it is the person who asks, and not somebody at their open browser.

    Failures count, are refused and must be committed as at the login. Raises `WrongPassword`, `TooManyFailures`.
    """
    _one_at_a_time(session)
    refuse_after_failures(session, user.email, address, now)
    if user.password_hash != fits:
        raise _record_failure(session, user.email, address, now)


def _one_at_a_time(session: Session) -> None:
    """Guesses sent at the same moment are counted one after the other. SQLite has one writer anyhow."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})


def _record_failure(session: Session, account: str, address: str, now: datetime) -> WrongPassword:
    """Keep the failure for as long as it counts, and say how the person is answered."""
    since = now - LOGIN_WINDOW
    session.execute(delete(LoginAttempt).where(LoginAttempt.attempted_at <= since))
    session.add(LoginAttempt(email=account, address=address, attempted_at=now))
    session.flush()
    return WrongPassword(delay_after(max(failures_since(session, account, address, since))))


def refuse_after_failures(session: Session, account: str, address: str, now: datetime) -> None:
    """Raises `TooManyFailures` when either has failed too often within the window."""
    if max(failures_since(session, account, address, now - LOGIN_WINDOW)) >= LOGIN_FAILURES:
        raise TooManyFailures


def delay_after(failures: int) -> float:
    """How many seconds the answer to this many wrong passwords in a row waits."""
    return LOGIN_DELAYS_SECONDS[min(failures, len(LOGIN_DELAYS_SECONDS)) - 1]


@cache
def _dummy_hash() -> str:
    return passwords.hash(secrets.token_urlsafe(16))


def open_session(session: Session, user: User, now: datetime) -> str:
    """Begin a session for a person. Returns its token; only a digest is kept."""
    token = secrets.token_urlsafe(32)
    session.execute(delete(UserSession).where(UserSession.expires_at < now))
    session.add(
        UserSession(
            token_digest=token_digest(token),
            user_id=user.id,
            created_at=now,
            expires_at=now + SESSION_LIFETIME,
        )
    )
    return token


def close_session(session: Session, token: str) -> None:
    """End one session, for good."""
    session.execute(delete(UserSession).where(UserSession.token_digest == token_digest(token)))


def close_all_sessions(session: Session, user: User) -> None:
    """End every session of a person, in every browser."""
    session.execute(delete(UserSession).where(UserSession.user_id == user.id))


def change_password(session: Session, user: User, password: str, *, actor: Actor, now: datetime) -> None:
    """Set a new password and end all sessions of that person. Raises `Invalid`."""
    check_password(password)
    user.password_hash = passwords.hash(password)
    close_all_sessions(session, user)
    log_event(session, "user.password_changed", ("user", user.email), actor=actor, now=now)


def change_role(session: Session, user: User, role: Role, *, actor: Actor, now: datetime) -> None:
    """Promote or demote. A demotion ends all sessions. Raises `Conflict` for the last administrator."""
    before = Role(user.role)
    if before is Role.ADMIN and role is not Role.ADMIN:
        _keep_an_administrator(session, user)
    user.role = role.value
    if not role.includes(before):
        close_all_sessions(session, user)
    change = {"before": {"role": before.value}, "after": {"role": role.value}}
    log_event(session, "user.role_changed", ("user", user.email), actor=actor, now=now, **change)


def disable_user(session: Session, user: User, *, actor: Actor, now: datetime) -> None:
    """Shut a person out: no login, no session, no token. Raises `Conflict` for the last administrator."""
    if Role(user.role) is Role.ADMIN:
        _keep_an_administrator(session, user)
    user.is_active = False
    close_all_sessions(session, user)
    log_event(session, "user.disabled", ("user", user.email), actor=actor, now=now)


def enable_user(session: Session, user: User, *, actor: Actor, now: datetime) -> None:
    """Let a person in again. Tokens made before work again too."""
    user.is_active = True
    log_event(session, "user.enabled", ("user", user.email), actor=actor, now=now)


def _keep_an_administrator(session: Session, leaving: User) -> None:
    others = select(User.id).where(User.role == Role.ADMIN, User.is_active, User.id != leaving.id).limit(1)
    if session.scalar(others.with_for_update()) is None:
        raise Conflict(_l("This is the last administrator. Make somebody else one first."))


def set_profile(user: User, *, name: str, time_zone: str, theme: str, language: str | None = None) -> None:
    """Change how a person is named and what they see. No `language` leaves it. Raises `Invalid`."""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(
            _l("That time zone is not known."), {"time_zone": ["is not a known time zone"]}
        ) from error
    user.name, user.time_zone, user.theme = name.strip() or user.email, time_zone, theme
    user.language = user.language if language is None else language


def set_handling(user: User, *, single_keys: bool, undo_seconds: int | None) -> None:
    """Change how a person decides: by single keys or not, and how long a decision can be taken back. Raises `Invalid`."""
    least, most = UNDO_SECONDS
    if undo_seconds is not None and not least <= undo_seconds <= most:
        raise Invalid(
            _l("That is too short or too long."), {"undo_seconds": [f"must be from {least} to {most}"]}
        )
    user.single_keys, user.undo_seconds = single_keys, undo_seconds


def add_token(session: Session, user: User, name: str, *, actor: Actor, now: datetime) -> str:
    """Make a token that acts as `user`. Returns it; it is not kept and cannot be shown again. Raises `Invalid`."""
    name = name.strip()
    if not 0 < len(name) <= NAME_LENGTH:
        message = f"must have 1 to {NAME_LENGTH} characters"
        raise Invalid(_l("A token needs a name, and not too long a one."), {"name": [message]})
    token = "rd_" + secrets.token_urlsafe(32)
    session.add(ApiToken(user_id=user.id, name=name, token_digest=token_digest(token), created_at=now))
    log_event(session, "token.added", ("user", user.email), actor=actor, now=now, after={"name": name})
    return token


def revoke_token(session: Session, token: ApiToken, *, actor: Actor, now: datetime) -> None:
    """End a token."""
    session.execute(
        update(ApiToken).where(ApiToken.id == token.id, ApiToken.revoked_at.is_(None)).values(revoked_at=now)
    )
    log_event(
        session, "token.revoked", ("user", token.user.email), actor=actor, now=now, after={"name": token.name}
    )
