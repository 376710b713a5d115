"""The verbs on the policy: each change is a new version with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Policy
from review_app.articles.rules import SCORES
from review_app.base.errors import Conflict, Invalid, NotFound
from review_app.outbox.actions import Actor, log_event
from review_app.outbox.changes import note_change, observe_change
from review_app.reviewing.models import ChecklistItem
from review_app.reviewing.queries import current_rules
from review_app.reviewing.rules import says_something

ITEM_LENGTH = 300


def set_floors(
    session: Session,
    user: User,
    floors: dict[str, int],
    reason: str,
    *,
    based_on: int,
    keep_indexable: bool | None = None,
    actor: Actor,
    now: datetime,
) -> Policy:
    """Set the least score an approval needs, and whether it outlives a change of the text (None: as it was).

    Raises `Invalid`, or `Conflict` when somebody set another meanwhile.
    """
    _check(floors, reason)
    before = current_rules(session)
    if before.version != based_on:
        raise Conflict("Somebody else changed the policy since you opened it. Please look at theirs first.")
    kept = {name: floor for name, floor in floors.items() if floor}
    policy = Policy(
        version=before.version + 1,
        floors=kept,
        keep_indexable=before.keep_indexable if keep_indexable is None else keep_indexable,
        reason=reason.strip(),
        changed_by_id=user.id,
        changed_at=now,
    )
    session.add(policy)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(
            "Somebody else changed the policy at the same moment. Please look at theirs first."
        ) from error
    subject = ("policy", str(policy.version))
    was = before.floors | {"keep_indexable": before.keep_indexable}
    becomes = kept | {"keep_indexable": policy.keep_indexable}
    log_event(session, "policy.set", subject, actor=actor, now=now, before=was, after=becomes)
    _note(session, policy, was, becomes, actor=actor)
    return policy


def _check(floors: Mapping[str, int], reason: str) -> None:
    if not says_something(reason):
        raise Invalid("Please say why.", {"reason": ["is needed to change the policy"]})
    wrong = {
        name: ["must be from 0 to 100"]
        for name, floor in floors.items()
        if name in SCORES and not 0 <= floor <= 100
    }
    if wrong or set(floors) - set(SCORES):
        raise Invalid("A floor is a whole number from 0 to 100.", wrong)


def _note(
    session: Session,
    policy: Policy,
    was: Mapping[str, int | bool],
    becomes: Mapping[str, int | bool],
    *,
    actor: Actor,
) -> None:
    note_change(
        session,
        ("policy", str(policy.version)),
        user_id=policy.changed_by_id,
        actor=actor,
        reason=policy.reason,
        expected=f"{_in_words(was)} becomes {_in_words(becomes)}, for decisions and imports from now on.",
        rollback=f"Set the policy as version {policy.version - 1} had it.",
        now=policy.changed_at,
    )
    observe_change(
        session, ("policy", str(policy.version)), f"Version {policy.version} holds.", policy.changed_at
    )


def _in_words(rules: Mapping[str, int | bool]) -> str:
    floors = [f"{name} at least {floor}" for name, floor in rules.items() if name in SCORES]
    kept = "approved articles stay indexable" if rules["keep_indexable"] else "changed texts leave the index"
    return f"“{', '.join(floors) or 'no floors'}; {kept}”"


def add_item(session: Session, text: str, *, required: bool, actor: Actor, now: datetime) -> ChecklistItem:
    """Add a line to the checklist. Raises `Invalid`."""
    if not says_something(text) or len(text.strip()) > ITEM_LENGTH:
        raise Invalid("A line is needed.", {"text": [f"must have 1 to {ITEM_LENGTH} characters"]})
    position = (session.scalar(select(func.max(ChecklistItem.position))) or 0) + 1
    item = ChecklistItem(text=text.strip(), required=required, position=position, retired_at=None)
    session.add(item)
    session.flush()
    after = {"text": item.text, "required": required}
    log_event(session, "checklist.added", ("checklist_item", str(item.id)), actor=actor, now=now, after=after)
    return item


def retire_item(session: Session, item_id: int, *, actor: Actor, now: datetime) -> None:
    """Take a line off the checklist; old decisions keep it. Raises `NotFound`."""
    item = session.get(ChecklistItem, item_id)
    if item is None or item.retired_at is not None:
        raise NotFound("There is no such line on the checklist.")
    item.retired_at = now
    log_event(session, "checklist.retired", ("checklist_item", str(item.id)), actor=actor, now=now)
