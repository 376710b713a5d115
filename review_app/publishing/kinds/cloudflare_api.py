"""How Cloudflare's API answers: one envelope for all calls, and what is wrong with a token or a zone in plain words.

The envelope: https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/; verifying a token:
https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify/, and one that an account owns:
https://developers.cloudflare.com/api/resources/accounts/subresources/tokens/methods/verify/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from review_app.base.outbound import Answer
from review_app.publishing.kinds.face import Place

NO_SUCH_PLACE = frozenset({7000, 7003})
"""Its codes for an address of the API that leads to no zone: what is wrong then is the zone ID, not what is to be purged."""
NO_TOKEN = frozenset({6003, 6111})
"""Its codes for an `Authorization` that is no token at all, answered with 400 and not 401: what is wrong then is what was copied.
As its users report (https://github.com/libdns/cloudflare/issues/12, https://github.com/jeessy2/ddns-go/issues/916)."""
MOST_ERRORS = 3


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says. `words` are its errors, with their codes, as one line."""

    success: bool = False
    result: Mapping[str, Any] = field(default_factory=dict)
    codes: frozenset[int] = frozenset()
    words: str = ""


def headers_of(place: Place) -> dict[str, str]:
    """What every call carries; the token never goes into a log."""
    return {"Authorization": f"Bearer {place.password}", "Content-Type": "application/json"}


def said_in(answer: Answer) -> Said:
    """What an answer says, whatever it is: an answer that is not theirs says nothing."""
    try:
        whole = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Said()
    if not isinstance(whole, Mapping):
        return Said()
    errors = list(_errors(whole.get("errors")))
    result = whole.get("result")
    return Said(
        success=whole.get("success") is True,
        result=result if isinstance(result, Mapping) else {},
        codes=frozenset(code for code, _ in errors if code is not None),
        words="; ".join(text for _, text in errors[:MOST_ERRORS]),
    )


def _errors(told: Any) -> Iterator[tuple[int | None, str]]:
    for error in told if isinstance(told, list) else ():
        if isinstance(error, Mapping):
            code, message = error.get("code"), str(error.get("message", ""))[:200]
            known = code if isinstance(code, int) else None
            yield known, f"{message} ({known})" if known is not None else message


def token_trouble(answer: Answer) -> str:
    """What is wrong with the token; empty if nothing is."""
    said = said_in(answer)
    if answer.status == 429 or answer.status >= 500:
        return f"Cloudflare answered {answer.status}; try again in a while"
    if not said.success:
        return f"Cloudflare does not take the API token: {said.words or f'it answered {answer.status}'}"
    status = said.result.get("status")
    return "" if status == "active" else f"the API token is {status}, not active"


def zone_trouble(answer: Answer, host: str) -> str:
    """What is wrong with the zone, in which the pages of `host` must lie; empty if nothing is."""
    said = said_in(answer)
    if not said.success:
        words = said.words or f"it answered {answer.status}"
        return (
            f"the zone cannot be read: {words}. The token needs the permissions Zone: Zone: Read and"
            " Zone: Cache Purge: Purge for this zone"
        )
    name = str(said.result.get("name", "")).lower()
    if said.result.get("status") != "active":
        return f"the zone {name} is {said.result.get('status')}, not active"
    if host and host.lower() != name and not host.lower().endswith(f".{name}"):
        return f"the zone is {name}, but the pages of the desk are at {host}"
    return ""
