"""The verbs on the lines of the checklist, beside adding and retiring one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from review_app.base.errors import Invalid, NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.outbox.actions import Actor, log_event
from review_app.reviewing.models import ChecklistItem
from review_app.reviewing.ordering import move
from review_app.reviewing.policy import ITEM_LENGTH
from review_app.reviewing.queries import current_rules
from review_app.reviewing.rules import says_something


def edit_item(
    session: Session, item_id: int, text: str, *, required: bool, actor: Actor, now: datetime
) -> ChecklistItem:
    """Change the words of a line, and whether an approval needs it. Raises `Invalid` or `NotFound`."""
    item = _standing(session, item_id)
    if not says_something(text) or len(text.strip()) > ITEM_LENGTH:
        raise Invalid(
            _l("A line needs words."), {"text": [_l("must have 1 to %(most)s characters", most=ITEM_LENGTH)]}
        )
    before = _as_logged(item)
    item.text, item.required = text.strip(), required
    subject = ("checklist_item", str(item.id))
    after = _as_logged(item)
    log_event(session, "checklist.edited", subject, actor=actor, now=now, before=before, after=after)
    return item


def move_item(session: Session, item_id: int, to: int, *, actor: Actor, now: datetime) -> None:
    """Put a line at another place, counted from 0. Raises `NotFound`."""
    item = _standing(session, item_id)
    was = item.position
    move(current_rules(session).checklist, item, to)
    subject, before, after = ("checklist_item", str(item.id)), {"position": was}, {"position": item.position}
    log_event(session, "checklist.moved", subject, actor=actor, now=now, before=before, after=after)


def _standing(session: Session, item_id: int) -> ChecklistItem:
    item = session.get(ChecklistItem, item_id)
    if item is None or item.retired_at is not None:
        raise NotFound(_l("There is no such line on the checklist."))
    return item


def _as_logged(item: ChecklistItem) -> dict[str, Any]:
    return {"text": item.text, "required": item.required}
