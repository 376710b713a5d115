"""The verbs on reasons; each leaves an entry in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from review_app.base.errors import Conflict, Invalid
from review_app.base.messages import Figure
from review_app.base.messages import lazy_gettext as _l
from review_app.outbox.actions import Actor, log_event
from review_app.reviewing.ordering import move
from review_app.reviewing.reasons.models import CannedReason
from review_app.reviewing.reasons.queries import current_reasons, get_reason
from review_app.reviewing.reasons.rules import MOST_REASONS, TEXT_LENGTH, TITLE_LENGTH, ReasonKind


@dataclass(frozen=True, slots=True)
class Wording:
    """What a reason is called in the list, and what it puts into the note."""

    title: str
    text: str


def add_reason(
    session: Session, kind: ReasonKind, wording: Wording, *, actor: Actor, now: datetime
) -> CannedReason:
    """Add a reason, the last of its kind. Raises `Invalid`, or `Conflict` for too many."""
    _check(wording)
    others = current_reasons(session, kind)
    if len(others) >= MOST_REASONS:
        raise Conflict(
            _l("There are %(most)s reasons of this kind. Please retire one first.", most=MOST_REASONS)
        )
    position = max((other.position for other in others), default=0) + 1
    reason = CannedReason(kind=kind.value, position=position, retired_at=None)
    reason.title, reason.text = wording.title.strip(), wording.text.strip()
    session.add(reason)
    session.flush()
    _log(session, "added", reason, actor=actor, now=now, after=_as_logged(reason))
    return reason


def edit_reason(
    session: Session, reason_id: int, wording: Wording, *, actor: Actor, now: datetime
) -> CannedReason:
    """Change the words of a reason; decisions keep those they were made with. Raises `Invalid` or `NotFound`."""
    reason = get_reason(session, reason_id)
    _check(wording)
    before = _as_logged(reason)
    reason.title, reason.text = wording.title.strip(), wording.text.strip()
    _log(session, "edited", reason, actor=actor, now=now, before=before, after=_as_logged(reason))
    return reason


def move_reason(session: Session, reason_id: int, to: int, *, actor: Actor, now: datetime) -> None:
    """Put a reason at another place among those of its kind, counted from 0. Raises `NotFound`."""
    reason = get_reason(session, reason_id)
    before = {"position": reason.position}
    move(current_reasons(session, ReasonKind(reason.kind)), reason, to)
    _log(session, "moved", reason, actor=actor, now=now, before=before, after={"position": reason.position})


def retire_reason(session: Session, reason_id: int, *, actor: Actor, now: datetime) -> None:
    """Take a reason off the list; old decisions keep it. Raises `NotFound`."""
    reason = get_reason(session, reason_id)
    reason.retired_at = now
    _log(session, "retired", reason, actor=actor, now=now, before=_as_logged(reason))


def _check(wording: Wording) -> None:
    bounds = {"title": (wording.title, TITLE_LENGTH), "text": (wording.text, TEXT_LENGTH)}
    wrong: dict[str, list[str]] = {
        name: [_l("must have 1 to %(most)s characters", most=Figure(most))]
        for name, (text, most) in bounds.items()
        if not text.strip() or len(text.strip()) > most
    }
    if wrong:
        raise Invalid(_l("A reason needs a title and a text."), wrong)


def _log(session: Session, what: str, reason: CannedReason, **entry: Any) -> None:
    log_event(session, f"reason.{what}", ("canned_reason", str(reason.id)), **entry)


def _as_logged(reason: CannedReason) -> dict[str, Any]:
    return {"kind": reason.kind, "title": reason.title, "text": reason.text}
