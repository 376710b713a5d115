"""What the tests of the truth check share: the desk behind a proxy that can lie, and somebody who looks."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from review_app.articles.models import Article
from review_app.base.clock import utc_now
from review_app.base.settings import Settings
from review_app.publishing.truth import visiting
from review_app.publishing.truth.jobs import check_pages
from review_app.publishing.truth.models import PublicCheck
from review_app.publishing.truth.sitemaps import Sitemaps
from tests.publishing.deliveries.conftest import deliver, hand_over, send_to, target_at, tell
from tests.publishing.outside.stand_ins import serving
from tests.support.application import environment

__all__ = ["deliver", "hand_over", "send_to", "target_at", "tell"]

Lie = Callable[[Request, Response], Response]


@dataclass
class Proxy:
    """Stands before the desk as the public reaches it. `lie` may change what anybody is answered."""

    url: str = ""
    app: Any = None
    lie: Lie = lambda _request, answer: answer
    requests: list[tuple[str, int]] = field(default_factory=list)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer one WSGI call."""
        request = Request(environ)
        environ = dict(environ)
        environ["wsgi.input"] = io.BytesIO()
        body, status, headers = run_wsgi_app(self.app, environ, buffered=True)
        answer = self.lie(request, Response(b"".join(body), status, headers))
        self.requests.append((request.path, answer.status_code))
        return answer(environ, start_response)

    def asked_for(self, path: str) -> int:
        """How often."""
        return sum(1 for asked, _ in self.requests if asked == path)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """The proxy, before there is a desk behind it."""
    found = Proxy()
    with serving(found) as url:
        found.url = url
        yield found


@pytest.fixture
def settings(database_url: str, tmp_path, proxy: Proxy) -> Settings:
    """The public reaches the desk through the proxy, on this machine."""
    usual = Settings.from_environment(environment(database_url, tmp_path))
    return replace(usual, allow_private_targets=True, base_url=proxy.url)


@pytest.fixture(autouse=True)
def _behind(app: Flask, proxy: Proxy, monkeypatch) -> None:
    """The desk stands behind the proxy, requests need not be apart, and nothing is known of any sitemap."""
    proxy.app = app
    monkeypatch.setattr(visiting, "MOST_A_SECOND", 10_000)
    monkeypatch.setattr(Sitemaps, "_kept", {})


@pytest.fixture
def look(app: Flask) -> Callable[..., None]:
    """A worker looks, by default a minute from now, when all has settled."""

    def check(later: timedelta = timedelta(minutes=1)) -> None:
        with time_machine.travel(utc_now() + later), app.app_context():
            check_pages(20)

    return check


@pytest.fixture
def checks_of(session_of) -> Callable[[str], list[PublicCheck]]:
    """The checks of an article."""

    def read(source_id: str) -> list[PublicCheck]:
        with session_of() as session:
            query = select(PublicCheck).join(Article).where(Article.source_id == source_id)
            query = query.options(joinedload(PublicCheck.article), joinedload(PublicCheck.target))
            return list(session.scalars(query.order_by(PublicCheck.target_id)))

    return read


@pytest.fixture
def check_of(checks_of) -> Callable[[str], PublicCheck]:
    """The one check of an article."""

    def read(source_id: str) -> PublicCheck:
        (check,) = checks_of(source_id)
        return check

    return read


@pytest.fixture
def published(approve, publish, look) -> Callable[..., None]:
    """Articles that were approved, published and seen to agree."""

    def make(*source_ids: str) -> None:
        approve(*source_ids)
        publish(*source_ids)
        look()

    return make


def with_header(name: str, value: str) -> Lie:
    """A proxy that sets a header on every page."""

    def lie(request: Request, answer: Response) -> Response:
        if request.path.startswith("/p/"):
            answer.headers[name] = value
        return answer

    return lie


def with_text(old: str, new: str, path: str = "/p/") -> Lie:
    """A proxy that changes what a page, or a sitemap, says."""

    def lie(request: Request, answer: Response) -> Response:
        if request.path.startswith(path) and answer.status_code == 200:
            assert old in answer.get_data(as_text=True)
            answer.set_data(answer.get_data(as_text=True).replace(old, new))
        return answer

    return lie


def with_status(status: int, path: str = "/p/") -> Lie:
    """A proxy that answers something else."""

    def lie(request: Request, answer: Response) -> Response:
        return Response("", status) if request.path.startswith(path) else answer

    return lie


def stale(path: str, kept: Response) -> Lie:
    """A cache that goes on showing what it has."""

    def lie(request: Request, answer: Response) -> Response:
        return kept if request.path == path else answer

    return lie
