"""A receiver of webhooks: checks every signature by itself, keeps a ledger, and behaves as badly as it is told to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "whsec_" + base64.b64encode(b"a secret of the receiver's tests").decode()
TOLERANCE_SECONDS = 300


@dataclass(frozen=True)
class Call:
    """One call as it came in; `signed_by` are the secrets (by their place in the list) that made a signature in it."""

    id: str
    sent_at: float
    body: dict[str, Any]
    size: int
    signed_by: tuple[int, ...]
    headers: dict[str, str]

    @property
    def subject(self) -> str:
        """What it is about."""
        data = self.body["data"]
        return data.get("source_id") or str(data.get("id") or data.get("run_id") or "")

    @property
    def sequence(self) -> int:
        """Its place among all events."""
        return self.body["data"]["sequence"]


Behaviour = Callable[[Call], Any]
"""What to do with a call: a status; a status with headers and body; or a word: `reset`, `hang`, `drip`."""


@dataclass
class Receiver:
    """What came in, in its order. `accepted` is what it said yes to."""

    url: str = ""
    secrets: Sequence[str] = (SECRET,)
    behave: Behaviour = lambda _call: 204
    calls: list[Call] = field(default_factory=list)
    accepted: list[Call] = field(default_factory=list)
    forged: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    awake: threading.Event = field(default_factory=threading.Event)

    def ledger(self) -> dict[str, list[int]]:
        """Of each subject the sequences that were accepted, each once, in the order of their first acceptance."""
        found: dict[str, list[int]] = {}
        seen = set()
        for call in self.accepted:
            if call.id not in seen:
                seen.add(call.id)
                found.setdefault(call.subject, []).append(call.sequence)
        return found


def signatures_by(secrets: Sequence[str], headers: dict[str, str], body: bytes) -> tuple[int, ...]:
    """Which of the secrets signed this, by the text of the standard: HMAC-SHA256 of `id.timestamp.body`, in Base64."""
    given = {
        part.partition(",")[2] for part in headers["webhook-signature"].split(" ") if part.startswith("v1,")
    }
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    made_by = []
    for place, secret in enumerate(secrets):
        key = base64.b64decode(secret.removeprefix("whsec_"))
        digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if digest in given:
            made_by.append(place)
    return tuple(made_by)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        made_by = signatures_by(self.receiver.secrets, headers, body)
        call = Call(
            headers["webhook-id"],
            float(headers["webhook-timestamp"]),
            json.loads(body),
            len(body),
            made_by,
            headers,
        )
        with self.receiver.lock:
            self.receiver.calls.append(call)
            if not made_by:
                self.receiver.forged += 1
            behaviour = self.receiver.behave(call)
        self.answer(call, behaviour)

    def do_GET(self) -> None:
        with self.receiver.lock:
            self.receiver.forged += 1
        self.reply(200, {}, b"you followed me")

    def answer(self, call: Call, behaviour: Any) -> None:
        if behaviour == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif behaviour == "hang":
            self.receiver.awake.wait(30)
            self.close_connection = True
        elif behaviour == "drip":
            self.drip()
        else:
            status, headers, body = behaviour if isinstance(behaviour, tuple) else (behaviour, {}, b"")
            if 200 <= status < 300:
                with self.receiver.lock:
                    self.receiver.accepted.append(call)
            self.reply(status, headers, body)

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def drip(self) -> None:
        """A byte now and then, for ever: no single read takes long."""
        self.close_connection = True
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not self.receiver.awake.wait(0.05):
                self.wfile.write(b"x")
                self.wfile.flush()
        except OSError:
            pass

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A connection that broke off is what the tests are about."""


@contextmanager
def receiving(**options: Any) -> Iterator[Receiver]:
    """A receiver on the loopback interface."""
    receiver = Receiver(**options)
    handler = type("Handler", (_Handler,), {"receiver": receiver})
    with _Server(("127.0.0.1", 0), handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.awake.set()
            server.shutdown()
            thread.join()


def until(found: Callable[[], Any], seconds: float = 30) -> None:
    """Wait until something is so. Raises `TimeoutError`."""
    last = time.monotonic() + seconds
    while not found():
        if time.monotonic() > last:
            raise TimeoutError("it never came to be so")
        time.sleep(0.02)
