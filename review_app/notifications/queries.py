"""Reading what a person is told."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import PAGE_ROWS, Page, decode_cursor, encode_cursor, page_of
from review_app.notifications.models import MutedKind, Notification
from review_app.notifications.rules import MOST_COUNTED, Kind


def unread_count(session: Session, user_id: int) -> int:
    """How many a person has not read, counted to one more than `MOST_COUNTED`."""
    unread = select(Notification.id).where(Notification.user_id == user_id, Notification.read_at.is_(None))
    return session.scalar(select(func.count()).select_from(unread.limit(MOST_COUNTED + 1).subquery())) or 0


def list_notifications(
    session: Session, user_id: int, after: str | None = None, *, unread: bool = False, size: int = PAGE_ROWS
) -> Page[Notification]:
    """What a person was told, the newest first, a page at a time."""
    query = select(Notification).where(Notification.user_id == user_id)
    if unread:
        query = query.where(Notification.read_at.is_(None))
    if after:
        query = query.where(Notification.id < decode_cursor(after, int)[0])
    rows = session.scalars(query.order_by(Notification.id.desc()).limit(size + 1)).all()
    return page_of(rows, size, lambda row: encode_cursor(row.id))


def get_notification(session: Session, user_id: int, notification_id: int) -> Notification:
    """One of a person's own. Raises `NotFound` for another's too."""
    found = session.get(Notification, notification_id)
    if found is None or found.user_id != user_id:
        raise NotFound(_l("There is no such notification."))
    return found


def muted_kinds(session: Session, user_id: int) -> frozenset[Kind]:
    """What a person has switched off."""
    kinds = session.scalars(select(MutedKind.kind).where(MutedKind.user_id == user_id))
    return frozenset(Kind(kind) for kind in kinds)
