"""Requests to addresses that somebody typed: guarded, bounded in time and size, and told in plain words when they fail.

Every connection, those that a redirect leads to as well, goes through ssrfguard: it looks a name up once, checks each
address it has, and connects to one of just these. Private and loopback addresses are open only under
`REVIEW_ALLOW_PRIVATE_TARGETS`; link-local ones, where clouds keep their credentials, never are.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv6Network, ip_network
from typing import IO, Any

import httpx
from ssrfguard import (
    BlockedAddressError,
    BlockedURLError,
    Policy,
    SSRFGuardError,
    TooManyRedirectsError,
)
from ssrfguard.httpx import Client

from review_app.base.messages import lazy_gettext as _l

MOST_REDIRECTS = 3
CONNECT_SECONDS, SILENT_SECONDS, WHOLE_SECONDS = 10.0, 30.0, 900.0
"""How long making a connection, a pause within an answer, and one whole answer may take."""
USER_AGENT = "ReviewDesk/1"

PRIVATE = (
    *map(ip_network, ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    # Unique local addresses without the one at which a cloud hands out its credentials.
    *IPv6Network("fc00::/7").address_exclude(IPv6Network("fd00:ec2::254/128")),
)

SYSTEM_WORDS = re.compile(r"\[Errno [^\]]*\] ([^;()\[]+)")
NO_ADDRESS = _l(
    "is no address that the desk can use: it must begin with http:// or https:// and hold no user or password"
)
WORDS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((BlockedURLError, httpx.InvalidURL, httpx.UnsupportedProtocol), NO_ADDRESS),
    (
        (TooManyRedirectsError, httpx.TooManyRedirects),
        f"leads on to other addresses more than {MOST_REDIRECTS} times",
    ),
    ((httpx.ConnectTimeout, httpx.PoolTimeout), f"did not answer within {CONNECT_SECONDS:.0f} seconds"),
    ((httpx.TimeoutException,), f"was silent for {SILENT_SECONDS:.0f} seconds"),
    ((httpx.ConnectError,), "cannot be reached ({cause})"),
)
"""What goes wrong on the way, and how it is told; the first that fits."""


class Unreachable(Exception):
    """It could not be fetched; the message is for a person, and begins where the name of the thing ends."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer whose body went elsewhere. `url` is where it came from in the end."""

    status: int
    headers: httpx.Headers
    url: httpx.URL
    size: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of an answer is taken, and whom to tell while it comes: what that raises ends the request."""

    most_bytes: int
    alive: Callable[[], None] = field(default=lambda: None)
    whole_seconds: float = WHOLE_SECONDS


def check_address(url: str, *, allow_private: bool) -> None:
    """Raise `Unreachable` for an address that could never be fetched. Looks nothing up."""
    with _plain_words():
        _policy(url, allow_private=allow_private).check_url(url)


@contextmanager
def guarded_client(
    url: str, *, allow_private: bool, login: tuple[str, str] | None = None
) -> Iterator[Client]:
    """A client for requests to `url`. It takes no proxy or password from the environment."""
    with (
        _plain_words(),
        Client(
            policy=_policy(url, allow_private=allow_private),
            auth=httpx.BasicAuth(*login) if login else None,
            follow_redirects=True,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
        ) as client,
    ):
        yield client


def fetch(
    client: Client,
    url: str,
    into: IO[bytes],
    *,
    bounds: Bounds,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
) -> Fetched:
    """GET `url`, its body into a file as it was sent. Raises `Unreachable`, also for a body that is too large."""
    last = time.monotonic() + bounds.whole_seconds
    size = 0
    with _plain_words(), client.stream("GET", url, headers=headers, params=params) as response:
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > bounds.most_bytes:
                raise Unreachable(f"is larger than {bounds.most_bytes / 2**20:,.0f} MiB")
            if time.monotonic() > last:
                raise Unreachable(f"was not read to its end within {bounds.whole_seconds / 60:.0f} minutes")
            into.write(chunk)
            bounds.alive()
        return Fetched(response.status_code, response.headers, response.url, size)


def _policy(url: str, *, allow_private: bool) -> Policy:
    """The port that the address names is fine, for somebody chose it; a redirect may lead to the usual ones besides."""
    try:
        port = httpx.URL(url).port or 443
    except httpx.InvalidURL as error:
        raise Unreachable(NO_ADDRESS) from error
    return Policy(
        allowed_networks=PRIVATE if allow_private else (),
        allowed_ports=frozenset({80, 443, port}),
        max_redirects=MOST_REDIRECTS,
    )


@contextmanager
def _plain_words() -> Iterator[None]:
    try:
        yield
    except (SSRFGuardError, httpx.HTTPError, httpx.InvalidURL) as error:
        # From None: the request, whose headers hold the password, must not stand in anybody's log.
        raise Unreachable(_in_words(error)) from None


def _in_words(error: Exception) -> str:
    blocked = error if isinstance(error, BlockedAddressError) else error.__cause__
    if isinstance(error, SSRFGuardError) and isinstance(blocked, BlockedAddressError):
        return _l(
            "is at %(address)s, which is no public address; the desk goes there only if the setting"
            " REVIEW_ALLOW_PRIVATE_TARGETS is on",
            address=blocked.address,
        )
    for kinds, words in WORDS:
        if isinstance(error, kinds):
            return words.format(cause=_cause(error)) if "{" in words else words
    return f"broke off while it was read ({_cause(error)})"


def _cause(error: Exception) -> str:
    """What the operating system said, without its numbers and our address: `connection refused`."""
    found = SYSTEM_WORDS.search(str(error))
    return found[1].strip().lower() if found else type(error).__name__
