"""Network streams whose every step ends when the whole call must, for `outbound.py`.

httpcore bounds each step by itself, so that a byte every few seconds would hold a call for ever; here a clock of the thread
says how much is left of the whole.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore
from ssrfguard.httpx import SafeBackend

CONNECT_SECONDS = 5.0
"""How long connecting, and finding the addresses of a name, may take."""
PIECE_BYTES = 16 * 1024
"""So much is written before the time is looked at again."""


class Clock(threading.local):
    """When the call that this thread makes must be over, by the monotonic clock."""

    last = float("inf")

    def left(self, wanted: float | None, error: type[Exception]) -> float:
        """Of the seconds wanted those that are left. Raises `error` when none are."""
        seconds = self.last - time.monotonic()
        if seconds <= 0:
            raise error("the whole time is over")
        return seconds if wanted is None else min(seconds, wanted)


clock = Clock()


class InTime(httpcore.NetworkBackend):
    """Opens streams whose every step ends when the whole call must: else a byte every few seconds would hold us for ever."""

    def __init__(self, backend: SafeBackend) -> None:
        self.backend = backend

    def connect_tcp(  # noqa: PLR0917  # as httpcore calls it
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """As the guarded backend, within the time."""
        seconds = clock.left(timeout, httpcore.ConnectTimeout)
        return StreamInTime(self.backend.connect_tcp(host, port, seconds, local_address, socket_options))


class StreamInTime(httpcore.NetworkStream):
    """A stream of httpcore's own, each of whose steps gets the time that is left.

    What is written goes out when something is to be read: head and body of a small request in one packet.
    """

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self.stream, self.kept = stream, b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._flush(timeout)
        return self.stream.read(max_bytes, clock.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.kept += buffer
        if len(self.kept) > PIECE_BYTES:
            self._flush(timeout)

    def _flush(self, timeout: float | None) -> None:
        kept, self.kept = self.kept, b""
        for start in range(0, len(kept), PIECE_BYTES):
            seconds = clock.left(timeout, httpcore.WriteTimeout)
            self.stream.write(kept[start : start + PIECE_BYTES], seconds)

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The name is the one that was asked for, whatever address it led to: the certificate must be for it."""
        seconds = clock.left(timeout, httpcore.ConnectTimeout)
        return StreamInTime(self.stream.start_tls(ssl_context, server_hostname, seconds))

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def look_up(*question: Any) -> Any:
    """`socket.getaddrinfo` within the time for connecting: it knows none of its own, and a name server may never answer."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(*question))
        except Exception as error:
            found.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(clock.left(CONNECT_SECONDS, httpcore.ConnectTimeout))
    if not found:
        raise TimeoutError("the name was not found in time")
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]
