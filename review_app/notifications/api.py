"""Notifications for programs: what the token's person is told."""

from __future__ import annotations

from flask import Blueprint

from review_app.accounts.permissions import permit, person
from review_app.accounts.rules import Permission
from review_app.base.api import Listing, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.security import csrf
from review_app.notifications.actions import mark_read
from review_app.notifications.queries import get_notification, list_notifications
from review_app.notifications.schemas import NotificationAnswer, NotificationQuery

blueprint = Blueprint("notifications_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.get("/notifications")
@permit(Permission.OWN_PROFILE)
@operation({200: Listing[NotificationAnswer]})
def index(query: NotificationQuery) -> Listing[NotificationAnswer]:
    """What the caller was told, the newest first; with `unread`, only what has not been read."""
    page = list_notifications(db.session(), person().id, query.after, unread=query.unread, size=query.limit)
    return Listing(list(map(NotificationAnswer.of, page.rows)), page.next)


@blueprint.put("/notifications/<int:notification_id>/read")
@permit(Permission.OWN_PROFILE)
@operation({200: NotificationAnswer})
def read(notification_id: int) -> NotificationAnswer:
    """Mark one as read."""
    with transaction() as session:
        told = get_notification(session, person().id, notification_id)
        mark_read(told, utc_now())
        return NotificationAnswer.of(told)
