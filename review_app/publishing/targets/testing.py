"""Testing a target: whether its place can be reached and takes our credentials, told in plain words."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session

from review_app.base.messages import lazy_gettext as _l
from review_app.base.secrets import CannotOpen
from review_app.base.settings import Settings
from review_app.publishing.content import place_of
from review_app.publishing.kinds import KINDS
from review_app.publishing.kinds.face import Outcome, Result
from review_app.publishing.targets.queries import get_target
from review_app.publishing.targets.rules import TargetKind, harmless

log = structlog.get_logger()

FINE = _l("It can be reached and takes what the desk sends.")
FINE_SITE = _l("These are pages of the desk itself.")
SEALED_ELSEWHERE = _l(
    "Its secret cannot be opened: it was sealed under another REVIEW_SECRET_KEY. Give it a new one."
)
OUR_MISTAKE = _l("The desk made a mistake while it tested this; the server's log says which.")
NO_WORDS = _l("It does not take what the desk sends, and did not say why.")


@dataclass(frozen=True, slots=True)
class Trial:
    """What a test found. `response` is what the place answered, as it came."""

    fine: bool
    reason: str
    status: int | None = None
    response: str = ""


def try_target(session: Session, target_id: int, settings: Settings) -> Trial:
    """Try a target, without changing anything there. Takes up to the time of an outbound call. Raises `NotFound`."""
    target = get_target(session, target_id)
    try:
        place = place_of(target, settings)
    except CannotOpen:
        return Trial(fine=False, reason=SEALED_ELSEWHERE)
    session.rollback()  # no transaction stays open while others are waited for
    try:
        outcome = KINDS[place.kind].check(place)
    except Exception:
        log.exception("target_test_failed", target=target_id)
        return Trial(fine=False, reason=OUR_MISTAKE)
    return _told(outcome, TargetKind(place.kind))


def _told(outcome: Outcome, kind: TargetKind) -> Trial:
    fine = outcome.result is Result.DONE
    usual = (FINE_SITE if kind is TargetKind.SITE else FINE) if fine else NO_WORDS
    said = outcome.reason and harmless(outcome.reason)
    return Trial(fine, said or usual, outcome.status, outcome.response)
