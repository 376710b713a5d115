"""Requests to addresses that somebody typed: guarded, bounded in time and size, and told in plain words when they fail.

Every connection, those that a redirect leads to as well, goes through ssrfguard: it looks a name up once, checks each
address it has, and connects to one of just these. Private and loopback addresses are open only under
`REVIEW_ALLOW_PRIVATE_TARGETS`; link-local ones, where clouds keep their credentials, never are (`networks.py`).

`guarded_client` and `fetch` are for reading what others keep (imports), `target_client` and `call` for telling others: a
target is sent to by https on its usual ports, is never followed elsewhere, and gets little time.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, ip_address
from typing import IO, Any
from urllib.parse import urlsplit

import httpcore
import httpx
from ssrfguard import (
    BlockedAddressError,
    BlockedURLError,
    Policy,
    SSRFGuardError,
    TooManyRedirectsError,
)
from ssrfguard.httpx import Client, SafeBackend

from review_app.base import in_time
from review_app.base.in_time import InTime, clock, look_up
from review_app.base.messages import lazy_gettext as _l
from review_app.base.networks import CREDENTIALS, PRIVATE, SHUT

MOST_REDIRECTS = 3
CONNECT_SECONDS, SILENT_SECONDS, WHOLE_SECONDS = 10.0, 30.0, 900.0
"""How long making a connection, a pause within an answer, and one whole answer may take."""
USER_AGENT = "ReviewDesk/1"

TARGET_PORTS = frozenset({443, 8443})
TARGET_SECONDS = 15.0
"""How long a whole call of a target may take; connecting within it, `CONNECT_SECONDS` of `in_time`."""
MOST_ANSWER_BYTES = 64 * 1024
SENT_AT_ONCE = 8
"""The connections that one client of a target keeps open."""
# Two addresses, five seconds each, and five for the name: the whole fits into the time of one call.
STRICT = Policy(
    allowed_schemes=frozenset({"https"}),
    denied_networks=SHUT,
    allowed_ports=TARGET_PORTS,
    max_connection_attempts=2,
)

NO_TARGET = _l(
    "is no address that the desk sends to: it must begin with https://, name port 443, 8443 or none,"
    " and hold no user or password"
)
CERTIFICATE_WORDS = re.compile(r"(certificate verify failed: [^(]+)")
SYSTEM_WORDS = re.compile(r"\[Errno [^\]]*\] ([^;()\[]+)")
NO_ADDRESS = _l(
    "is no address that the desk can use: it must begin with http:// or https:// and hold no user or password"
)
SEVERAL = _l(
    "has several addresses, of which at least one is no public address; the desk goes to private ones only if the"
    " setting REVIEW_ALLOW_PRIVATE_TARGETS is on, and to others never"
)
WORDS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((BlockedURLError, httpx.InvalidURL, httpx.UnsupportedProtocol), NO_ADDRESS),
    (
        (TooManyRedirectsError, httpx.TooManyRedirects),
        f"leads on to other addresses more than {MOST_REDIRECTS} times",
    ),
    ((httpcore.ConnectTimeout,), f"did not answer within {in_time.CONNECT_SECONDS:.0f} seconds"),
    ((httpcore.TimeoutException,), f"did not answer within {TARGET_SECONDS:.0f} seconds"),
    ((httpx.ConnectTimeout, httpx.PoolTimeout), f"did not answer within {CONNECT_SECONDS:.0f} seconds"),
    ((httpx.TimeoutException,), f"was silent for {SILENT_SECONDS:.0f} seconds"),
    ((httpx.ConnectError, httpcore.ConnectError), "cannot be reached ({cause})"),
)
"""What goes wrong on the way, and how it is told; the first that fits."""
HTTPCORE_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
)


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
        _check(_policy(url, allow_private=allow_private), url)


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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a target answered: the beginning of its body, as it came; `seconds` it took."""

    status: int
    headers: httpx.Headers
    body: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class TargetClient:
    """Connections to one target, kept open between calls and shared by threads."""

    policy: Policy
    allow_private: bool
    pool: httpcore.ConnectionPool
    checked: dict[str, tuple[httpcore.URL, bytes]] = field(default_factory=dict)

    def address_of(self, url: str) -> tuple[httpcore.URL, bytes]:
        """The address in its parts, and its host as a header. Each is checked once; what it leads to, at each connection."""
        if url not in self.checked:
            self.policy.check_url(url)
            parts = httpx.URL(url)
            address = httpcore.URL(
                scheme=parts.raw_scheme, host=parts.raw_host, port=parts.port, target=parts.raw_path
            )
            self.checked[url] = address, parts.netloc
        return self.checked[url]


def check_target_address(url: str, *, allow_private: bool) -> None:
    """Raise `Unreachable` for an address that could never be sent to. Looks nothing up."""
    with _plain_words(NO_ADDRESS if allow_private else NO_TARGET):
        _check(_target_policy(url, allow_private=allow_private), url)


def _check(policy: Policy, url: str) -> None:
    """As the policy does, and besides what a host that is written as a number means: the policy takes some for names."""
    meant = _meant(url)
    if meant is not None:
        policy.check_url(_with_host(url, meant))
        raise Unreachable(
            _l(
                "names its host by a number that stands for %(address)s; write %(address)s instead",
                address=meant,
            )
        )
    policy.check_url(url)


def _meant(url: str) -> str | None:
    """The address for which a hexadecimal, octal, decimal or shortened number stands, as the system's resolver reads it.

    None for a name, and for an address in its usual form.
    """
    try:
        host = (urlsplit(url).hostname or "").encode("idna").decode("ascii").removesuffix(".")
        address = str(IPv4Address(socket.inet_aton(host)))
    except (ValueError, OSError):
        return None
    return None if address == host else address


def _with_host(url: str, host: str) -> str:
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    _, colon, port = place.partition(":")
    return parts._replace(netloc=f"{user}{at}{host}{colon}{port}").geturl()


@contextmanager
def target_client(url: str, *, allow_private: bool) -> Iterator[TargetClient]:
    """A client for calls of one target. Its name is looked up, and each address checked, whenever it connects.

    It knows no redirects, cookies, proxies or `.netrc`: it has no code for them. Raises `Unreachable`.
    """
    with _plain_words(NO_TARGET):
        policy = _target_policy(url, allow_private=allow_private)
    with httpcore.ConnectionPool(
        ssl_context=_authorities(),
        max_connections=SENT_AT_ONCE,
        max_keepalive_connections=SENT_AT_ONCE,
        keepalive_expiry=5.0,
        network_backend=InTime(SafeBackend(policy=policy, resolver=look_up)),
    ) as pool:
        yield TargetClient(policy, allow_private, pool)


def call(
    client: TargetClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes = b"",
    most_bytes: int = MOST_ANSWER_BYTES,
) -> Answer:
    """One call, answered whole within `TARGET_SECONDS`. A redirect is an answer like any other. Raises `Unreachable`.

    Of the body the first `most_bytes` are taken; who has to understand an answer, not only to keep it, may need more.
    """
    began = time.monotonic()
    clock.last = began + TARGET_SECONDS
    with _plain_words(NO_ADDRESS if client.allow_private else NO_TARGET):
        address, host = client.address_of(url)
        sent = [(b"Host", host), *USUAL_HEADERS, *_encoded(headers)]
        if content:
            sent.append((b"Content-Length", b"%d" % len(content)))
        with client.pool.stream(
            method, address, headers=sent, content=content or None, extensions={"timeout": TIMEOUTS}
        ) as response:
            body = _beginning(response, most_bytes)
        return Answer(response.status, httpx.Headers(response.headers), body, time.monotonic() - began)


def _encoded(headers: Mapping[str, str]) -> Iterator[tuple[bytes, bytes]]:
    for name, value in headers.items():
        yield name.encode("ascii"), value.encode()


USUAL_HEADERS = ((b"User-Agent", USER_AGENT.encode()), (b"Accept-Encoding", b"identity"))
TIMEOUTS = {
    "connect": in_time.CONNECT_SECONDS,
    "read": TARGET_SECONDS,
    "write": TARGET_SECONDS,
    "pool": TARGET_SECONDS,
}


def _beginning(response: httpcore.Response, most_bytes: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) >= most_bytes:
            break
    return bytes(body[:most_bytes])


@lru_cache(maxsize=1)
def _authorities() -> ssl.SSLContext:
    """Whose certificates are believed. Reading them takes longer than a call, so it is done once."""
    return httpx.create_ssl_context(trust_env=False)


def _target_policy(url: str, *, allow_private: bool) -> Policy:
    return _policy(url, allow_private=True) if allow_private else STRICT


def _policy(url: str, *, allow_private: bool) -> Policy:
    """The port that the address names is fine, for somebody chose it; a redirect may lead to the usual ones besides."""
    try:
        port = urlsplit(url).port or 443
    except ValueError as error:
        raise Unreachable(NO_ADDRESS) from error
    return _policy_for(port, PRIVATE if allow_private else ())


@lru_cache(maxsize=256)
def _policy_for(port: int, networks: tuple[Any, ...]) -> Policy:
    """Made once: it takes ten milliseconds, for it compares each of our networks with all that are known."""
    return Policy(
        denied_networks=SHUT,
        allowed_networks=networks,
        allowed_ports=frozenset({80, 443, port}),
        max_redirects=MOST_REDIRECTS,
    )


@contextmanager
def _plain_words(no_address: str = NO_ADDRESS) -> Iterator[None]:
    try:
        yield
    except (SSRFGuardError, httpx.HTTPError, httpx.InvalidURL, *HTTPCORE_ERRORS) as error:
        # From None: the request, whose headers hold the password, must not stand in anybody's log.
        raise Unreachable(_in_words(error, no_address)) from None


def _in_words(error: Exception, no_address: str) -> str:
    blocked = error if isinstance(error, BlockedAddressError) else error.__cause__
    if isinstance(error, SSRFGuardError) and isinstance(blocked, BlockedAddressError):
        return _why_blocked(blocked.address)
    for kinds, words in WORDS:
        if isinstance(error, kinds):
            if words is NO_ADDRESS:
                return no_address
            return words.format(cause=_cause(error)) if "{" in words else words
    return f"broke off while it was read ({_cause(error)})"


def _why_blocked(address: str) -> str:
    """Why the desk does not go to an address, and whether a setting would change that; a name stands for several of its own."""
    try:
        found = ip_address(address)
    except ValueError:
        return SEVERAL
    if any(found in network for network in PRIVATE):
        return _l(
            "is at %(address)s, which is no public address; the desk goes there only if the setting"
            " REVIEW_ALLOW_PRIVATE_TARGETS is on",
            address=address,
        )
    if any(found in network for network in CREDENTIALS):
        return _l(
            "is at %(address)s, which is no public address but one of those where clouds keep their credentials;"
            " the desk never goes there, whatever the settings",
            address=address,
        )
    return _l(
        "is at %(address)s, which is no public address; the desk never goes there, whatever the settings",
        address=address,
    )


def _cause(error: Exception) -> str:
    """What the operating system said, without its numbers and our address: `connection refused`."""
    found = CERTIFICATE_WORDS.search(str(error)) or SYSTEM_WORDS.search(str(error))
    return found[1].strip().lower() if found else type(error).__name__
