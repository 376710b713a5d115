"""How quick deliveries are: workers that send signed events, against bare HTTP clients that post the same bytes.

    .venv/bin/python -m benchmarks.delivery [--events 12000] [--workers 4] [--database sqlite | postgresql://…/empty_database]

Both send to the same receiver, a process of its own that does next to nothing, as many processes at a time, in one run. Ours
lease, read the event, sign, send, and write each try down; the bare ones are httpx clients with a kept connection. Prints both
rates, by what the receiver saw between the first and the last call, and their ratio (goal 0.7).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

import httpx

from review_app.app import create_app
from review_app.base.clock import utc_now
from review_app.base.database import db, insert_rows, transaction, upgrade
from review_app.base.secrets import seal
from review_app.base.settings import Settings
from review_app.outbox.models import OutboxEvent
from review_app.publishing.deliveries.jobs import run_relay
from review_app.publishing.models import Target
from review_app.worker import jobs_of, work

SECRET_KEY = "s" * 32
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
GIVE_UP_SECONDS = 300


class _Receiver(asyncio.Protocol):
    """Reads calls whose head and body have arrived, notes the time, and says yes."""

    def __init__(self, times: list[float]) -> None:
        self.times, self.kept = times, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.kept += data
        while True:
            head, found, rest = self.kept.partition(b"\r\n\r\n")
            if not found:
                return
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(rest) < length:
                return
            self.kept = rest[length:]
            self.times.append(time.monotonic())
            self.transport.write(ANSWER)  # type: ignore[attr-defined]


def _receive(pipe: Connection) -> None:
    times: list[float] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Receiver(times), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        while True:
            await asyncio.sleep(0.01)
            if pipe.poll():
                if pipe.recv() == "stop":
                    return
                pipe.send((len(times), times[0] if times else 0.0, times[-1] if times else 0.0))

    asyncio.run(serve())


@contextmanager
def _receiver() -> Iterator[tuple[str, Callable[[], Any]]]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_receive, args=(there,))
    process.start()
    port = here.recv()

    def ask() -> Any:
        here.send("how many")
        return here.recv()

    try:
        yield f"http://127.0.0.1:{port}/hook", ask
    finally:
        here.send("stop")
        process.join()


def _bare_client(url: str, count: int, ready: Barrier) -> None:
    ready.wait()
    _post(url, count)


def _worker(settings: Settings, ready: Barrier) -> None:
    app = create_app(settings)
    with app.app_context():
        ready.wait()
        work(app)


def _post(url: str, count: int) -> None:
    """A bare client: the same size of body and headers, and nothing else."""
    body = json.dumps(
        {
            "type": "article.approved",
            "timestamp": utc_now().isoformat(),
            "data": {
                "source_id": "a-0000000",
                "version": "1.3.0",
                "sequence": 1,
                "url": "/api/v1/articles/a-0000000",
            },
        }
    ).encode()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": f"msg_{os.urandom(16).hex()}",
        "webhook-timestamp": "1790000000",
        "webhook-signature": "v1," + base64.b64encode(os.urandom(32)).decode(),
    }
    with httpx.Client(trust_env=False) as client:
        for _ in range(count):
            assert client.post(url, content=body, headers=headers).status_code == 204


def _wait(ask: Callable[[], Any], count: int) -> float:
    """Calls a second between the first and the last of so many."""
    last = time.monotonic() + GIVE_UP_SECONDS
    while True:
        seen, began, ended = ask()
        if seen >= count:
            return count / (ended - began)
        if time.monotonic() > last:
            raise TimeoutError(f"only {seen} of {count} arrived")
        time.sleep(0.05)


def _bare(events: int, processes: int) -> float:
    with _receiver() as (url, ask):
        spawn = multiprocessing.get_context("spawn")
        ready = spawn.Barrier(processes)
        given = (url, events // processes, ready)
        clients = [spawn.Process(target=_bare_client, args=given) for _ in range(processes)]
        for client in clients:
            client.start()
        rate = _wait(ask, events // processes * processes)
        for client in clients:
            client.join()
        return rate


def _ours(settings: Settings, events: int, workers: int) -> float:
    with _receiver() as (url, ask):
        _fill(settings, url, events)
        spawn = multiprocessing.get_context("spawn")
        ready = spawn.Barrier(workers)
        started = [spawn.Process(target=_worker, args=(settings, ready)) for _ in range(workers)]
        for process in started:
            process.start()
        try:
            return _wait(ask, events)
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.join()


def _fill(settings: Settings, url: str, events: int) -> None:
    app = create_app(settings)
    upgrade(app)
    with app.app_context():
        now = utc_now()
        kept = {
            "id": "1",
            "sealed": seal("whsec_" + base64.b64encode(b"k" * 32).decode(), SECRET_KEY),
            "until": None,
        }
        with transaction() as session:
            session.add(Target(kind="webhook", name="hook", url=url, sealed_secrets=[kept]))
            rows = [
                {
                    "cause": f"event:{number}",
                    "kind": "article.approved",
                    "subject": f"article:a-{number:07}",
                    "payload": {"source_id": f"a-{number:07}", "version": "1.3.0"},
                    "state": "waiting",
                    "created_at": now,
                    "release_at": now,
                }
                for number in range(events)
            ]
            insert_rows(session, OutboxEvent, rows)
        began = time.perf_counter()
        run_relay(0)
        print(f"handed over {events / (time.perf_counter() - began):8,.0f} a second")
        db.session.remove()
        db.engine.dispose()
    jobs_of(app).huey.flush()
    jobs_of(app).huey.storage.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=12_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--database", default="sqlite")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/review.sqlite3" if chosen.database == "sqlite" else chosen.database
        variables = {
            "REVIEW_DATA_DIR": folder,
            "REVIEW_DATABASE_URL": url,
            "REVIEW_SECRET_KEY": SECRET_KEY,
            "REVIEW_ALLOW_PRIVATE_TARGETS": "on",
        }
        bare = _bare(chosen.events, chosen.workers)
        print(f"bare client {bare:8,.0f} a second, {chosen.workers} at once")
        ours = _ours(Settings.from_environment(variables), chosen.events, chosen.workers)
        print(f"workers     {ours:8,.0f} a second, {chosen.workers} at once")
        print(f"ratio       {ours / bare:8.2f} (goal 0.7)")


if __name__ == "__main__":
    main()
