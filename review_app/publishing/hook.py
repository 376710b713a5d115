"""The signed publish hook: verification (Standard Webhooks, https://www.standardwebhooks.com) and idempotency."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session
from standardwebhooks import Webhook, WebhookVerificationError

from review_app.base.errors import Conflict
from review_app.publishing.models import HookCall

SIGNED_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
LONGEST_ID = 128


class BadSignature(Exception):
    """The call was not signed by one of our secrets within the last five minutes."""


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> str:
    """The call's `webhook-id`, if one of the secrets signed these very bytes at most 5 minutes ago.

    `headers` are the three of `SIGNED_HEADERS`, by their names in lower case.
    Raises `BadSignature`. The bytes are verified before anything of them is parsed.
    """
    signed = {name: headers.get(name, "") for name in SIGNED_HEADERS}
    webhook_id = signed["webhook-id"]
    if not all(signed.values()) or len(webhook_id) > LONGEST_ID or not webhook_id.isprintable():
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
        raise Conflict("This webhook-id was used before with another body.")
    return earlier


def keep_answer(session: Session, webhook_id: str, answer: dict[str, Any]) -> None:
    """Keep what was answered, in the transaction of its effect."""
    session.get_one(HookCall, webhook_id).answer = answer
