"""Who may read the metrics."""

from __future__ import annotations

import hmac
import re
from ipaddress import ip_address

from flask import Request

FORWARDED = ("Forwarded", "Via", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto")
"""What proxies add. Whoever sends one speaks for somebody else, whether that proxy is trusted or not."""

PORT = re.compile(r"(?<=[^:]):\d*$")


def comes_from_this_machine(request: Request) -> bool:
    """Whether a program here asks for itself: by a loopback address, under a name of it, and for nobody behind it.

    Without the name, a page of another site could have a browser on this machine ask, by letting its own name lead here.
    """
    if any(name in request.headers for name in FORWARDED):
        return False
    name = PORT.sub("", request.headers.get("Host", "")).lower()
    return _is_loopback(request.remote_addr or "") and (name == "localhost" or _is_loopback(name.strip("[]")))


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def holds_token(request: Request, token: str | None) -> bool:
    """Whether the request carries this token, compared in a time that tells nothing of it. Without a token nobody does."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if token is None or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode(), token.encode())
