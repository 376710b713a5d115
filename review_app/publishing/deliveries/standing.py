"""How a target stands after a batch: well, failing, resting for a moment, or switched off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from review_app.base.messages import lazy_gettext as _l
from review_app.notifications.actions import notify
from review_app.notifications.rules import Kind as Told
from review_app.outbox.actions import SYSTEM, log_event
from review_app.publishing.deliveries.rules import GIVEN_UP_AFTER, HOPELESS_SECONDS, rest
from review_app.publishing.deliveries.sending import Tried
from review_app.publishing.kinds.face import Result
from review_app.publishing.models import Target

GONE = _l("The place is no more: %(reason)s.")
SILENT = _l("Nothing arrived for %(days)s days; last: %(reason)s.")
WHY_OFF = (GONE, SILENT)
"""Why the desk switches a target off, kept in English with it; the reason in it is what the kind of the target said."""


def note_standing(session: Session, target: Target, tried: Sequence[Tried], now: datetime) -> None:
    """Note whether anything arrived, and switch a target off that is gone or has failed for too long."""
    if not tried:
        return
    if any(one.outcome.result is Result.DONE for one in tried):
        target.last_success_at, target.failing_since, target.resting_until = now, None, None
    else:
        _note_failure(session, target, tried, now)
    gone = [one.outcome.reason for one in tried if one.outcome.result is Result.GONE]
    if gone:
        switch_off(session, target, GONE % {"reason": gone[0]}, now)


def _note_failure(session: Session, target: Target, tried: Sequence[Tried], now: datetime) -> None:
    target.failing_since = target.failing_since or min(one.started_at for one in tried)
    failing_for = now - target.failing_since
    if max(one.milliseconds for one in tried) >= HOPELESS_SECONDS * 1000:
        target.resting_until = now + rest(failing_for)
    if failing_for >= GIVEN_UP_AFTER:
        reason = tried[-1].outcome.reason
        switch_off(session, target, SILENT % {"days": _days(failing_for), "reason": reason}, now)


def _days(span: timedelta) -> int:
    return span // timedelta(days=1)


def switch_off(session: Session, target: Target, reason: str, now: datetime) -> None:
    """Send nothing more there, and tell its owner; what is to go there waits until somebody switches it on."""
    if not target.enabled:
        return
    target.enabled, target.off_reason = False, reason
    target.row_version += 1
    subject = ("target", str(target.id))
    log_event(session, "target.off", subject, actor=SYSTEM, now=now, after={"reason": reason})
    notify(
        session,
        target.owner_id,
        Told.TARGET_OFF,
        text=_l("Your target %(name)s is switched off. %(why)s", name=target.name, why=reason),
        subject=subject,
        by=SYSTEM,
        now=now,
    )
