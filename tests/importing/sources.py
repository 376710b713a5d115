"""Adding sources and reading them, as tests do it, and a server of ours that counts what is asked of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.importing.models import ImportBatch, ImportFile
from review_app.importing.sources.actions import Wanted, add_source, ask_for_read
from review_app.importing.sources.jobs import read_source
from review_app.importing.sources.models import ImportSource, ImportSourceRead
from review_app.importing.sources.queries import get_source, list_reads
from review_app.importing.sources.rules import Kind
from review_app.outbox.actions import SYSTEM
from review_app.worker import run_pending
from tests.support.browser import _in_thread, _QuietHandler

PASSWORD = "abcd EFGH 1234 ijkl"


def add(app: Flask, kind: Kind, address: str, **more: Any) -> int:
    """A new source; its id."""
    wanted = Wanted(kind=kind, name="Night", address=address, **more)
    settings = app.extensions["settings"]
    with app.app_context(), transaction() as session:
        return add_source(session, wanted, settings, user_id=None, actor=SYSTEM, now=utc_now()).id


def read(app: Flask, source_id: int) -> ImportSourceRead:
    """Read it now, and import what was found."""
    with app.app_context():
        with transaction() as session:
            asked = ask_for_read(session, get_source(session, source_id), actor=SYSTEM, now=utc_now()).id
        read_source(source_id)
        db.session.remove()
    run_pending(app)
    return next(one for one in reads_of(app, source_id) if one.id == asked)


def reads_of(app: Flask, source_id: int) -> list[ImportSourceRead]:
    """Its reads, the newest first."""
    with app.app_context():
        rows = list(list_reads(db.session(), source_id, size=100).rows)
        db.session.remove()
    return rows


def state_of(app: Flask, source_id: int) -> ImportSource:
    """The source as it stands."""
    with app.app_context():
        found = get_source(db.session(), source_id)
        db.session.remove()
    return found


def batches(app: Flask) -> list[tuple[list[str], int, int]]:
    """Of each import so far: the names of its files, and how many articles it created and updated."""
    with app.app_context():
        session = db.session()
        rows = [
            (
                list(
                    session.scalars(
                        select(ImportFile.name)
                        .where(ImportFile.batch_id == batch.id)
                        .order_by(ImportFile.position)
                    )
                ),
                batch.created,
                batch.updated,
            )
            for batch in session.scalars(select(ImportBatch).order_by(ImportBatch.id))
        ]
        db.session.remove()
    return rows


@dataclass
class Server:
    """A web server of ours on the loopback interface: `answers` by path, and every request that came."""

    url: str = ""
    answers: dict[str, Callable[[Request], Response]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer one WSGI call."""
        request = Request(environ)
        with self.lock:
            self.requests.append(request)
        answer = self.answers.get(request.path, lambda _: Response("nothing here", 404))
        return answer(request)(environ, start_response)

    def serve(self, path: str, content: bytes | str, status: int = 200, **headers: str) -> str:
        """Answer so from now on, and honour conditions; the whole address."""

        def answer(request: Request) -> Response:
            response = Response(content, status, headers=headers)
            if etag := headers.get("ETag"):
                response.set_etag(etag)
            return response.make_conditional(request) if status == 200 else response

        self.answers[path] = answer
        return self.url + path


@contextmanager
def served() -> Iterator[Server]:
    """The server, while the block runs."""
    ours = Server()
    server = make_server("127.0.0.1", 0, ours, threaded=True, request_handler=_QuietHandler)
    ours.url = f"http://127.0.0.1:{server.port}"
    with _in_thread(server.serve_forever, server.shutdown):
        yield ours
    server.server_close()
