"""What a place answers is kept; what it repeats of our own secrets is not: a page of errors may echo every header."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from review_app.publishing.kinds.face import Outcome, Place

SIGNATURE = re.compile(r"v1a?,[A-Za-z0-9+/=_-]{20,}")
"""A signature of Standard Webhooks, as it stands in a header."""
HIDDEN = "[secret]"
SHORTEST = 4
"""What is shorter is no secret, and would be found in every answer."""


def without_secrets(outcome: Outcome, place: Place) -> Outcome:
    """The same outcome, with every form of the place's secrets taken out of what was answered and of the reason."""
    secrets = sorted(set(_forms(place)), key=len, reverse=True)
    return replace(
        outcome,
        reason=_hidden(outcome.reason, secrets) if outcome.reason else outcome.reason,
        response=_hidden(outcome.response, secrets),
    )


def _hidden(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return SIGNATURE.sub(f"v1,{HIDDEN}", text) if SIGNATURE.search(text) else text


def _forms(place: Place) -> Iterator[str]:
    """Each secret as it is, as the header of HTTP Basic holds it, and as JSON and addresses write it."""
    plain = [place.password, place.password.replace(" ", ""), *place.secrets]
    plain += [secret.removeprefix("whsec_") for secret in place.secrets]
    for password in plain[:2]:
        if password:
            plain.append(base64.b64encode(f"{place.username}:{password}".encode()).decode())
    for secret in plain:
        if len(secret) >= SHORTEST:
            yield from (secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe=""))
