"""A notification as programs read it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from review_app.base.api import PageQuery
from review_app.notifications.models import Notification
from review_app.notifications.rules import Kind


class Subject(Struct, frozen=True):
    """What it tells of, such as `article` and its `source_id`."""

    kind: str
    id: str


class NotificationAnswer(Struct, frozen=True):
    """One thing a person is told."""

    id: int
    kind: Kind
    text: str
    subject: Subject
    by: str
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, told: Notification) -> NotificationAnswer:
        """As it stands."""
        subject = Subject(told.subject_kind, told.subject_id)
        return cls(told.id, Kind(told.kind), told.text, subject, told.by, told.created_at, told.read_at)


class NotificationQuery(PageQuery, frozen=True, kw_only=True):
    """Which to list."""

    unread: bool = False
