"""A real Chromium against a running server. Whatever the browser complains about fails the test."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, ViewportSize
from werkzeug.serving import WSGIRequestHandler, make_server

from review_app.worker import jobs_of, run_pending

JOB_SECONDS = 0.05
SWEEP_SECONDS = 1.0
"""As in the worker: what was woken is done at once, what is due without having been woken is found by and by."""
VIEWPORT = {"width": 1280, "height": 900}
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the system's Chromium: none is downloaded."""
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if not program:
        pytest.fail("Chromium is not installed; `make test` installs it")
    return {
        **browser_type_launch_args,
        "executable_path": program,
        "chromium_sandbox": False,
        "args": CHROMIUM_FLAGS,
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """The same window, language and time zone on every machine."""
    return {**browser_context_args, "viewport": VIEWPORT, "locale": "en-GB", "timezone_id": "UTC"}


@dataclass(frozen=True)
class LiveServer:
    """The application as a browser reaches it."""

    url: str
    app: Flask


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of what went well."""


@pytest.fixture
def live_server(app: Flask) -> Iterator[LiveServer]:
    """The application served on a free port, its jobs done beside it."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_QuietHandler)
    failures: list[BaseException] = []
    with _in_thread(server.serve_forever, server.shutdown), _doing_jobs(app, failures):
        yield LiveServer(f"http://127.0.0.1:{server.port}", app)
    server.server_close()
    assert not failures, f"a job failed: {failures[0]!r}"


@contextmanager
def _in_thread(work: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()


@contextmanager
def _doing_jobs(app: Flask, failures: list[BaseException]) -> Iterator[None]:
    stopped, jobs = threading.Event(), jobs_of(app)

    def work() -> None:
        swept = 0.0
        try:
            while not stopped.wait(JOB_SECONDS):
                if time.monotonic() - swept > SWEEP_SECONDS:
                    run_pending(app)
                    swept = time.monotonic()
                elif woken := jobs.huey.dequeue():
                    jobs.look_at(*woken.args)
        except BaseException as failure:
            failures.append(failure)
            raise
        finally:
            jobs.huey.storage.close()

    with _in_thread(work, stopped.set):
        yield


@dataclass
class PageWatch:
    """What went wrong on a page. A test that provokes an answer of another status adds it to `expected_statuses`."""

    origin: str
    expected_statuses: set[int] = field(default_factory=lambda: {409, 422})
    complaints: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        """Listen from now on."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not self._is_expected(message.text):
            self.complaints.append(f"console: {message.text} ({message.location.get('url')})")

    def _is_expected(self, text: str) -> bool:
        """Chromium logs every answer from 400 up; a refused form is no fault of the page."""
        failed = text.startswith("Failed to load resource")
        return failed and any(f"status of {status} " in text for status in self.expected_statuses)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.complaints.append(f"request to another origin: {request.url}")


@pytest.fixture
def page_watch(live_server: LiveServer) -> Iterator[PageWatch]:
    """The watch over the pages of this test."""
    watch = PageWatch(live_server.url)
    yield watch
    assert not watch.complaints, "\n".join(watch.complaints)


@pytest.fixture
def open_page(
    live_server: LiveServer, page_watch: PageWatch, new_context: Callable[..., BrowserContext]
) -> Callable[..., Page]:
    """Open a page in a context of its own; takes what a context takes, such as `color_scheme` or `viewport`."""

    def open_one(*, viewport: ViewportSize | None = None, **options: Any) -> Page:
        page = new_context(base_url=live_server.url, **options).new_page()
        if viewport:  # pytest-playwright's fixture takes none beside its own
            page.set_viewport_size(viewport)
        page_watch.follow(page)
        return page

    return open_one


@pytest.fixture
def watched_page(open_page: Callable[..., Page]) -> Page:
    """A page on the running server. An error in its console or a request to elsewhere fails the test."""
    return open_page()
