"""The signed publish hook: verification (Standard Webhooks, https://www.standardwebhooks.com), idempotency, limits, log."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session
from standardwebhooks import Webhook, WebhookVerificationError

from review_app.base.errors import Conflict, TooMany
from review_app.base.messages import lazy_gettext as _l
from review_app.publishing.models import HookCall, HookLog
from review_app.publishing.rules import FORGOTTEN_AT_ONCE, HOOK_CALLS_KEPT, HOOK_LOG_KEPT

SIGNED_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
GOOD_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
LOGGED_ID, LOGGED_REASON = 128, 300
MINUTE = timedelta(minutes=1)
NOT_SIGNED = (401, 413)
"""How a call is answered that nobody who knows a secret need have made."""

TOO_OFTEN = 429


class BadSignature(Exception):
    """The call was not signed by one of our secrets within the last five minutes."""


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> str:
    """The call's `webhook-id`, if one of the secrets signed these very bytes at most 5 minutes ago.

    `headers` are the three of `SIGNED_HEADERS`, by their names in lower case.
    Raises `BadSignature`. The bytes are verified before anything of them is parsed.
    """
    signed = {name: headers.get(name, "") for name in SIGNED_HEADERS}
    webhook_id = signed["webhook-id"]
    if not all(signed.values()) or not GOOD_ID.fullmatch(webhook_id):
        raise BadSignature
    if not any(_signed_by(secret, body, signed) for secret in secrets):
        raise BadSignature
    return webhook_id


def _signed_by(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    # The library raises ValueError (binascii.Error and UnicodeDecodeError are kinds of it) for what is malformed. It must not
    # parse the body: what is no JSON would look wrongly signed, and what is nested deeply would end in RecursionError.
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True


def remember(session: Session, webhook_id: str, body: bytes, now: datetime) -> HookCall | None:
    """Note the call. None when it is new; else the earlier call, whose answer is to be given again.

    Of many deliveries of one id at the same moment one inserts the row, and the others wait for its transaction to end.
    Raises `Conflict` when the same id came with another body.
    """
    digest = hashlib.sha256(body).hexdigest()
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    fresh = insert(HookCall).values(webhook_id=webhook_id, body_digest=digest, answer={}, received_at=now)
    if session.scalar(fresh.on_conflict_do_nothing().returning(HookCall.webhook_id)) is not None:
        return None
    earlier = session.scalars(select(HookCall).where(HookCall.webhook_id == webhook_id)).one()
    if earlier.body_digest != digest:
        raise Conflict(_l("This webhook-id was used before with another body."))
    return earlier


def keep_answer(session: Session, webhook_id: str, answer: dict[str, Any]) -> None:
    """Keep what was answered, in the transaction of its effect."""
    session.get_one(HookCall, webhook_id).answer = answer


def check_rate(session: Session, *, signed: bool, address: str, most: int, now: datetime) -> None:
    """Raise `TooMany` when there were `most` calls within the last minute: of all that are signed, or of this address's others.

    Calls that are answered at this very moment are not counted yet, so a few more may pass.
    """
    query = select(HookLog.called_at).where(*_is_recent(now))
    if signed:
        query = query.where(HookLog.status.not_in((*NOT_SIGNED, TOO_OFTEN)))
    else:
        query = query.where(HookLog.address == address, HookLog.status.in_(NOT_SIGNED))
    last = query.order_by(HookLog.called_at.desc()).limit(most).subquery()
    count, first = session.execute(select(func.count(), func.min(last.c.called_at)).select_from(last)).one()
    if count >= most:
        wait = max(1, math.ceil((first + MINUTE - now).total_seconds()))
        raise TooMany(
            _l("The hook was called too often. Wait as long as Retry-After says."), retry_seconds=wait
        )


def _is_recent(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Within a minute, also of a machine whose clock is ahead by less; what was noted before a clock was set back is not."""
    return HookLog.called_at > now - MINUTE, HookLog.called_at < now + MINUTE


def log_call(
    session: Session,
    webhook_id: str,
    address: str,
    *,
    status: int,
    reason: str,
    run_id: int | None,
    now: datetime,
) -> None:
    """Note a call and its answer. What came too often is counted in one row a minute and address, lest a flood fill the table."""
    if status == TOO_OFTEN and _counted(session, address, now):
        return
    shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in webhook_id[:LOGGED_ID])
    session.add(
        HookLog(
            called_at=now,
            webhook_id=shown,
            address=address,
            status=status,
            reason=reason[:LOGGED_REASON],
            run_id=run_id,
        )
    )


def _counted(session: Session, address: str, now: datetime) -> bool:
    latest = select(func.max(HookLog.id)).where(
        HookLog.address == address, *_is_recent(now), HookLog.status == TOO_OFTEN
    )
    more = update(HookLog).where(HookLog.id == latest.scalar_subquery()).values(times=HookLog.times + 1)
    return bool(session.execute(more.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


def has_old_calls(session: Session, now: datetime) -> bool:
    """Whether anything has been kept for long enough."""
    answered = select(HookCall.webhook_id).where(HookCall.received_at < now - HOOK_CALLS_KEPT)
    logged = select(HookLog.id).where(HookLog.called_at < now - HOOK_LOG_KEPT)
    return any(session.execute(query.limit(1)).first() is not None for query in (answered, logged))


def forget_calls(session: Session, now: datetime) -> None:
    """Forget some of the answers that were kept for 7 days, and of the log of 30 days."""
    answered = select(HookCall.webhook_id).where(HookCall.received_at < now - HOOK_CALLS_KEPT)
    logged = select(HookLog.id).where(HookLog.called_at < now - HOOK_LOG_KEPT)
    old_answers = HookCall.webhook_id.in_(answered.limit(FORGOTTEN_AT_ONCE))
    session.execute(delete(HookCall).where(old_answers).execution_options(synchronize_session=False))
    old_lines = HookLog.id.in_(logged.limit(FORGOTTEN_AT_ONCE))
    session.execute(delete(HookLog).where(old_lines).execution_options(synchronize_session=False))
