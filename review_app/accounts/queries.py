"""Who is who."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review_app.accounts.models import ApiToken, LoginAttempt, User, UserSession
from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import Page, decode_cursor, encode_cursor, page_of


def token_digest(token: str) -> str:
    """What is kept of a session's or a program's token: its SHA-256. The tokens are random, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_user(session: Session, email: str) -> User | None:
    """The person with this address, in any case."""
    return session.scalar(select(User).where(User.email == email.strip().lower()))


def get_user(session: Session, email: str) -> User:
    """The person with this address. Raises `NotFound`."""
    user = find_user(session, email)
    if user is None:
        raise NotFound(_l("Nobody here has the address %(email)s.", email=email))
    return user


def user_by_id(session: Session, user_id: int) -> User:
    """The person of this id. Raises `NotFound`."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound(_l("There is no such account."))
    return user


def user_of_session(session: Session, token: str, now: datetime) -> User | None:
    """Who is logged in with this session token, if the session lives and the person may come in."""
    found = session.scalar(
        select(UserSession).where(
            UserSession.token_digest == token_digest(token), UserSession.expires_at > now
        )
    )
    return found.user if found and found.user.is_active else None


def user_of_token(session: Session, token: str) -> User | None:
    """As whom this API token acts, if it was not revoked and the person may come in."""
    found = session.scalar(
        select(ApiToken).where(ApiToken.token_digest == token_digest(token), ApiToken.revoked_at.is_(None))
    )
    return found.user if found and found.user.is_active else None


def failures_since(session: Session, account: str, address: str, since: datetime) -> tuple[int, int]:
    """How many wrong passwords an account and an address have had since then."""
    count = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.attempted_at > since)
    for_account = session.scalar(count.where(LoginAttempt.email == account)) or 0
    from_address = session.scalar(count.where(LoginAttempt.address == address)) or 0
    return for_account, from_address


def list_users(session: Session, after: str | None = None, size: int = 50) -> Page[User]:
    """People by address, a page at a time; `after` is the cursor of the page before. Raises `Invalid` for another."""
    query = select(User).order_by(User.email).limit(size + 1)
    if after:
        query = query.where(User.email > decode_cursor(after, str)[0])
    rows: Sequence[User] = session.scalars(query).all()
    return page_of(rows, size, lambda user: encode_cursor(user.email))


def tokens_of(session: Session, user: User) -> Sequence[ApiToken]:
    """The API tokens of a person, the newest first, revoked ones too."""
    return session.scalars(
        select(ApiToken).where(ApiToken.user_id == user.id).order_by(ApiToken.id.desc())
    ).all()


def token_by_id(session: Session, token_id: int, owner: User | None = None) -> ApiToken:
    """The API token of this id, if it is the owner's (None: anybody's). Raises `NotFound`."""
    token = session.get(ApiToken, token_id)
    if token is None or (owner is not None and token.user_id != owner.id):
        raise NotFound(_l("There is no such token."))
    return token


def anybody(session: Session) -> bool:
    """Whether there is any account yet."""
    return session.scalar(select(User.id).limit(1)) is not None
