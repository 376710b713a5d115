"""Tests talk to this machine only. An attempt to reach further raises, and fails the test even where it is caught."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

_attempts: list[str] = []


class NetworkForbidden(RuntimeError):
    """A test tried to reach another machine."""


def _is_here(host: Any) -> bool:
    text = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if text == "localhost":
        return True
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse(host: Any) -> None:
    _attempts.append(str(host))
    raise NetworkForbidden(f"a test tried to reach {host}")


def _checked(method: Callable[..., Any]) -> Callable[..., Any]:
    """`connect`, `connect_ex` or `sendto`, whose last argument is the address."""

    def guarded(self: socket.socket, *arguments: Any) -> Any:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_here(arguments[-1][0]):
            _refuse(arguments[-1])
        return method(self, *arguments)

    return guarded


def _checked_lookup(lookup: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(host: Any, *arguments: Any, **options: Any) -> Any:
        if not _is_here(host):
            _refuse(host)
        return lookup(host, *arguments, **options)

    return guarded


def pytest_configure() -> None:
    """Put the guard in place before anything is imported that might keep the originals."""
    for name in ("connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, _checked(getattr(socket.socket, name)))
    socket.getaddrinfo = _checked_lookup(socket.getaddrinfo)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[list[str]]:
    """Fail a test that tried. One that means to try empties this list of attempts."""
    _attempts.clear()
    yield _attempts
    assert not _attempts, f"tried to reach {_attempts}"
