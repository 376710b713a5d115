"""`webhook`: events to the programs of others, signed by Standard Webhooks.

The scheme: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. The signature is an
HMAC with SHA-256 of `id.timestamp.body`; while a secret is being rotated each of both signs, with a space between. The id is
the same in every try, the timestamp that of the try.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook as Signer

from review_app.base.clock import utc_now
from review_app.base.outbound import Answer, TargetClient, Unreachable, call, target_client
from review_app.publishing.kinds.answers import judge, response_text
from review_app.publishing.kinds.face import Action, Content, Outcome, Parcel, Place, Result, Seen

MOST_BODY_BYTES = 20_000
LONGEST_TEXT = 500
"""Characters of a text that stays in a body which would else be too large."""
SLOW_SECONDS = 10.0
"""After so long one call takes up no more parcels: others wait for the thread."""
ADDRESSES = {
    "article": "/api/v1/articles/{}",
    "import": "/api/v1/imports/{}",
    "publish_run": "/api/v1/publish-runs/{}",
}
"""Where a program reads the rest, by what the subject is."""
TEST_KIND = "desk.test"


class Webhook:
    """Posts each event by itself. What a target hears of, it chooses."""

    name = "webhook"
    at_once = 50
    senders = 4
    hears: frozenset[str] | None = None

    def check(self, place: Place) -> Outcome:
        """Send an event of the kind `desk.test`, signed like any other."""
        test = Parcel(
            delivery_id=0,
            message_id=f"msg_test_{secrets.token_hex(12)}",
            action=Action.TELL,
            kind=TEST_KIND,
            subject=f"target:{place.target_id}",
            sequence=0,
            happened_at=utc_now(),
            payload={"target": place.name},
        )
        return self.tell(place, [test])[0]

    def publish(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """As `tell`: a program of others hears of it like of anything else."""
        return self.tell(place, parcels)

    def withdraw(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """As `tell`."""
        return self.tell(place, parcels)

    def tell(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """Post one after the other over one connection; once nobody answers, those after it wait for another time."""
        if not place.secrets:
            return [Outcome(Result.RETRY, "this target has no secret to sign with")] * len(parcels)
        try:
            with target_client(place.url, allow_private=place.allow_private) as client:
                return list(_posted(client, place, parcels))
        except Unreachable as error:
            return [Outcome(Result.RETRY, f"{place.url} {error}")] * len(parcels)

    def verify(self, place: Place, content: Content) -> Seen | None:  # noqa: ARG002  # other kinds look
        """What others make of what they hear is not ours to see."""
        return None


def _posted(client: TargetClient, place: Place, parcels: Sequence[Parcel]) -> Iterator[Outcome]:
    signers = [Signer(secret) for secret in place.secrets]
    last, silent = time.monotonic() + SLOW_SECONDS, False
    for parcel in parcels:
        if silent or time.monotonic() > last:
            yield Outcome(Result.LATER)
            continue
        outcome = _post(client, place, parcel, signers)
        silent = outcome.status is None
        yield outcome


def _post(client: TargetClient, place: Place, parcel: Parcel, signers: Sequence[Signer]) -> Outcome:
    body = body_of(parcel, place.site_url)
    now = utc_now()
    headers = _headers(parcel, now)
    request = {"method": "POST", "url": place.url, "headers": headers, "body": body}
    try:
        answer = call(
            client,
            "POST",
            place.url,
            headers=headers | {"webhook-signature": _signature(parcel, now, body, signers)},
            content=body.encode(),
        )
    except Unreachable as error:
        return Outcome(Result.RETRY, f"{place.url} {error}", request=request)
    return _outcome(answer, request, now)


def _outcome(answer: Answer, request: Mapping[str, Any], now: datetime) -> Outcome:
    result, reason, retry_after = judge(answer, now)
    return Outcome(result, reason, answer.status, retry_after, request, response_text(answer))


def _headers(parcel: Parcel, now: datetime) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "webhook-id": parcel.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
    }


def _signature(parcel: Parcel, now: datetime, body: str, signers: Sequence[Signer]) -> str:
    return " ".join(signer.sign(parcel.message_id, now, body) for signer in signers)


def body_of(parcel: Parcel, site_url: str) -> str:
    """The body as JSON, at most 20 kB: of what is larger only short values stay, and `truncated` says so."""
    beside = {"sequence": parcel.sequence, "url": site_url + _path(parcel.subject)}
    body = _json(parcel, {**parcel.payload, **beside})
    if len(body.encode()) <= MOST_BODY_BYTES:
        return body
    short = {name: value for name, value in parcel.payload.items() if _is_short(value)}
    body = _json(parcel, {**short, **beside, "truncated": True})
    return body if len(body.encode()) <= MOST_BODY_BYTES else _json(parcel, beside | {"truncated": True})


def _json(parcel: Parcel, data: Mapping[str, Any]) -> str:
    whole = {"type": parcel.kind, "timestamp": parcel.happened_at.isoformat(), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def _is_short(value: Any) -> bool:
    return isinstance(value, int | float | None) or (isinstance(value, str) and len(value) <= LONGEST_TEXT)


def _path(subject: str) -> str:
    kind, _, identifier = subject.partition(":")
    return ADDRESSES.get(kind, "/api/v1/openapi.json").format(identifier)
