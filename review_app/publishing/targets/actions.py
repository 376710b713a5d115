"""What leads do with targets: add, change, switch off and on, give a new secret, send a test, remove.

None of it ever writes a secret into the log, nor gives one back but at the moment when it is made.
"""

from __future__ import annotations

import hmac
import secrets as random
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from review_app.base.errors import Conflict, Invalid, NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.messages import lazy_ngettext as _ln
from review_app.base.secrets import CannotOpen, seal, unseal
from review_app.base.settings import Settings
from review_app.outbox.actions import Actor, announce, log_event
from review_app.publishing.kinds.webhook import TEST_KIND
from review_app.publishing.models import Delivery, Publication, Target
from review_app.publishing.targets.checks import checked
from review_app.publishing.targets.places import check_place_is_free, is_another_place
from review_app.publishing.targets.queries import SecretInfo, articles_left, good_secrets
from review_app.publishing.targets.rules import (
    OPTIONS,
    SHAPES,
    TargetKind,
    made_secret,
)
from review_app.publishing.targets.wanted import Wanted

LOGGED = ("name", "url", "username", "events", "options")


@dataclass(frozen=True, slots=True)
class Added:
    """A target and its secret, if it has one: the only time that it can be read."""

    target: Target
    secret: str | None = None


def add_target(
    session: Session, wanted: Wanted, settings: Settings, *, owner_id: int | None, actor: Actor, now: datetime
) -> Added:
    """A new target, which its owner is told of when it fails for days. Raises `Invalid`."""
    wanted = checked(wanted, settings, has_password=False)
    target = Target(
        kind=wanted.kind.value,
        enabled=wanted.enabled,
        owner_id=owner_id,
        created_at=now,
        last_success_at=None,
        failing_since=None,
        sealed_password=None,
        sealed_secrets=[],
    )
    check_place_is_free(session, wanted, settings)
    _take(target, wanted, settings)
    secret = _fresh_secret(target, wanted.secret, settings, now) if SHAPES[wanted.kind].has_secret else None
    _keep(session, target)
    log_event(session, "target.added", _subject(target), actor=actor, now=now, after=_logged(target))
    return Added(target, secret)


def change_target(
    session: Session,
    target: Target,
    changes: dict[str, Any],
    settings: Settings,
    *,
    actor: Actor,
    now: datetime,
    row_version: int | None = None,
    leave_articles: bool = False,
) -> None:
    """Change what `changes` names; an empty password stays as it is.

    Raises `Invalid`, and `Conflict` for a stale page; also for another place while articles stand at the old one, unless
    `leave_articles` says that they have moved along or may stay.
    """
    if row_version is not None and row_version != target.row_version:
        raise Conflict(
            _l("Somebody else has changed this target since you opened it. Nothing of yours was saved.")
        )
    old = Wanted.of(target)
    foreign = set(changes) - {"name", *SHAPES[old.kind].fields}
    if foreign:
        raise Invalid(
            _l("This target has no such setting."), {name: [_l("is not for this kind")] for name in foreign}
        )
    wanted = replace(old, **changes)
    has_password = target.sealed_password is not None
    if has_password and not wanted.password and wanted.leads_elsewhere(old):
        needed = _l("is needed again, for another site must not get the password of this one")
        raise Invalid(_l("The password is needed again."), {"password": [needed]})
    wanted = checked(wanted, settings, has_password=has_password)
    check_place_is_free(session, wanted, settings, but=target.id)
    moves = is_another_place(wanted, old, settings)
    left = _check_may_be_left(session, target, leave_articles=leave_articles) if moves else 0
    before = _logged(target) | ({"articles_left": left} if moves else {})
    _take(target, wanted, settings)
    target.row_version += 1
    _keep(session, target)
    after = _logged(target) | ({"password": "changed"} if wanted.password else {})
    log_event(session, "target.changed", _subject(target), actor=actor, now=now, before=before, after=after)


def enable_target(session: Session, target: Target, *, actor: Actor, now: datetime) -> None:
    """Send there again, what has waited first, and count its failures anew."""
    if not target.enabled:
        target.enabled, target.off_reason = True, ""
        target.failing_since = target.resting_until = None
        target.row_version += 1
        log_event(session, "target.enabled", _subject(target), actor=actor, now=now)


def disable_target(session: Session, target: Target, *, actor: Actor, now: datetime) -> None:
    """Send nothing there; what is due waits."""
    if target.enabled:
        target.enabled, target.off_reason = False, ""
        target.row_version += 1
        log_event(session, "target.disabled", _subject(target), actor=actor, now=now)


def rotate_secret(
    session: Session,
    target: Target,
    overlap: timedelta,
    settings: Settings,
    *,
    actor: Actor,
    now: datetime,
    secret: str = "",
) -> str:
    """Give it a new secret (one is made if none is given); the one it had stays good for `overlap`. Returns the new one.

    Two are good at once, never three: of those before, only the newest stays. Raises `Invalid`, also for the one that is
    in use, or `Conflict` for a kind that has none.
    """
    if not SHAPES[TargetKind(target.kind)].has_secret:
        raise Conflict(_l("A target of this kind has no secret that the desk makes."))
    if secret:
        secret = checked(replace(Wanted.of(target), secret=secret), settings, has_password=True).secret
        _check_is_new(target, secret, settings, now)
    kept = []
    if overlap > timedelta(0) and (current := good_secrets(target, now)):
        kept = [_ending(target, current[0], now + overlap)]
    target.sealed_secrets = kept
    fresh = _fresh_secret(target, secret, settings, now)
    target.row_version += 1
    after = {"overlap_hours": overlap / timedelta(hours=1)}
    log_event(session, "target.secret_rotated", _subject(target), actor=actor, now=now, after=after)
    return fresh


def _check_is_new(target: Target, secret: str, settings: Settings, now: datetime) -> None:
    """Raise `Invalid` for the newest secret. The one before it may come back: who could not use the new one needs that."""
    entries = {one["id"]: one["sealed"] for one in target.sealed_secrets}
    newest = [entries[one.id] for one in good_secrets(target, now)[:1]]
    with suppress(CannotOpen):  # what cannot be opened is not in use
        if any(hmac.compare_digest(unseal(sealed, settings.secret_key), secret) for sealed in newest):
            same = _l("is the one that is in use already")
            raise Invalid(_l("Please correct what is named."), {"secret": [same]})


def _ending(target: Target, secret: SecretInfo, until: datetime) -> dict[str, Any]:
    entry: dict[str, Any]
    (entry,) = (one for one in target.sealed_secrets if one["id"] == secret.id)
    return entry | {"until": min(until, secret.until or until).isoformat()}


def end_secret(session: Session, target: Target, secret_id: str, *, actor: Actor, now: datetime) -> None:
    """End an old secret before its time. Raises `NotFound`, and `Conflict` for the newest, which must be rotated."""
    ids = [secret.id for secret in good_secrets(target, now)]
    if secret_id not in ids:
        raise NotFound(_l("There is no such secret, or it has ended."))
    if secret_id == ids[0]:
        raise Conflict(
            _l("This is the newest secret. Make a new one instead; this one can end at once then.")
        )
    target.sealed_secrets = [one for one in target.sealed_secrets if one["id"] != secret_id]
    target.row_version += 1
    after = {"secret": secret_id}
    log_event(session, "target.secret_ended", _subject(target), actor=actor, now=now, after=after)


def remove_target(
    session: Session, target: Target, *, actor: Actor, now: datetime, leave_articles: bool = False
) -> None:
    """Forget a target, its secrets and its deliveries.

    Raises `Conflict` for our own pages, and while articles stand there that nobody could take down afterwards, unless
    `leave_articles` says that they may.
    """
    if target.kind == TargetKind.SITE:
        raise Conflict(_l("The pages of the desk itself cannot be removed. They can be switched off."))
    left = _check_may_be_left(session, target, leave_articles=leave_articles)
    log_event(
        session,
        "target.removed",
        _subject(target),
        actor=actor,
        now=now,
        before=_logged(target) | {"articles_left": left},
    )
    session.execute(delete(Publication).where(Publication.target_id == target.id))
    session.delete(target)


def _check_may_be_left(session: Session, target: Target, *, leave_articles: bool) -> int:
    """How many articles stand or may stand there. Raises `Conflict` if there are some and nobody says that they may."""
    left = articles_left(session, target.id)
    if left and not leave_articles:
        raise Conflict(
            _ln(
                "%(num)s article stands there, or may, and the desk could not take it down any more. Withdraw it first, or "
                "say that it may stay.",
                "%(num)s articles stand there, or may, and the desk could not take them down any more. Withdraw them "
                "first, or say that they may stay.",
                left,
            )
        )
    return left


def send_test(session: Session, target: Target, *, actor: Actor, now: datetime) -> Delivery:
    """Send a webhook an event that tells of nothing, by the same way as all others. Raises `Conflict`."""
    if target.kind != TargetKind.WEBHOOK:
        raise Conflict(_l("Only webhooks are sent test events."))
    if not target.enabled:
        raise Conflict(_l("This target is switched off, so a test would only wait. Switch it on first."))
    cause = f"{TEST_KIND}:{target.id}:{random.token_hex(8)}"
    subject = f"target:{target.id}"
    payload = {"target": target.name, "sent_by": actor.name}
    event = announce(session, TEST_KIND, subject, cause=cause, payload=payload, now=now)
    # Handed over by ourselves: the relay would ask every target whether it wants to hear of it.
    event.state = "delivered"
    session.flush()
    delivery = Delivery(
        target_id=target.id,
        outbox_id=event.id,
        message_id=f"msg_{random.token_hex(12)}",
        subject=subject,
        action="tell",
        created_at=now,
        due_at=now,
    )
    session.add(delivery)
    session.flush()
    log_event(session, "target.test_sent", _subject(target), actor=actor, now=now)
    return delivery


def note_check(
    session: Session, target: Target, *, fine: bool, reason: str, actor: Actor, now: datetime
) -> None:
    """Write down what a test of the target said."""
    after = {"fine": fine, "reason": reason}
    log_event(session, "target.checked", _subject(target), actor=actor, now=now, after=after)


def _take(target: Target, wanted: Wanted, settings: Settings) -> None:
    target.name, target.url, target.username = wanted.name, wanted.url, wanted.username
    target.events = None if wanted.events is None else list(wanted.events)
    given = {name: value for name in OPTIONS if (value := getattr(wanted, name))}
    target.options = {
        name: value for name, value in (target.options or {}).items() if name not in OPTIONS
    } | given
    if wanted.password:
        target.sealed_password = seal(wanted.password, settings.secret_key)


def _fresh_secret(target: Target, given: str, settings: Settings, now: datetime) -> str:
    secret = given or made_secret(TargetKind(target.kind))
    entry = {
        "id": random.token_hex(4),
        "sealed": seal(secret, settings.secret_key),
        "created_at": now.isoformat(),
        "until": None,
    }
    target.sealed_secrets = [entry, *target.sealed_secrets]
    return secret


def _keep(session: Session, target: Target) -> None:
    """Write it now, so that a name that is taken is told at its field."""
    try:
        with session.begin_nested():
            session.add(target)
            session.flush()
    except IntegrityError as error:
        taken = _l("is taken by another target")
        raise Invalid(_l("The name is taken by another target."), {"name": [taken]}) from error


def _subject(target: Target) -> tuple[str, str]:
    return "target", str(target.id)


def _logged(target: Target) -> dict[str, Any]:
    return {"kind": target.kind, "enabled": target.enabled} | {name: getattr(target, name) for name in LOGGED}
