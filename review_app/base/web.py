"""Web plumbing: request ids, timing, `_method`, vendored files, and the filters every template may use."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import structlog
from babel.dates import format_datetime
from babel.numbers import format_decimal
from flask import Flask, Response, current_app, g, has_app_context, request, send_from_directory
from flask_compress import Compress
from flask_htmx import HTMX
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.routing import BaseConverter, IntegerConverter, Map
from werkzeug.wrappers import Request

from review_app.base.assets import serve_assets
from review_app.base.clock import utc_now
from review_app.base.languages import SOURCE, language, speak, told
from review_app.base.messages import Day
from review_app.base.messages import lazy_gettext as _l
from review_app.base.messages import lazy_ngettext as _ln
from review_app.base.metrics import observe_request
from review_app.base.paths import VENDOR
from review_app.base.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

htmx = HTMX()
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
HTMX_FILES = VENDOR / "htmx.org" / "dist"


class WholeNumberConverter(IntegerConverter):
    """`<int:…>` in a route: a number that the databases can hold (64 bit); a larger one names nothing and is 404.

    By its digits, for what only the bound refuses is 405 on an address that takes several methods.
    """

    regex = r"\d{1,18}"

    def __init__(self, url_map: Map, **options: Any) -> None:
        super().__init__(url_map, **{"max": 2**63 - 1} | options)


class SourceIdConverter(BaseConverter):
    """`<source_id:…>` in a route: an article's identifier, such as `alphanode-018460`. Anything else is 404."""

    regex = "[A-Za-z0-9][A-Za-z0-9._:-]{0,199}"


class SlugConverter(BaseConverter):
    """`<slug:…>` in a route: the last part of a public page's address."""

    regex = "[A-Za-z0-9][A-Za-z0-9._-]{0,199}"


class MethodOverride:
    """Let a plain form say PUT or DELETE with a field `_method` in its query string or hidden input."""

    ALLOWED = frozenset({"PUT", "DELETE"})

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one WSGI call. The word stands in the address, so that no body is read before its size is checked."""
        if environ["REQUEST_METHOD"] == "POST":
            wanted = Request(environ, populate_request=False).args.get("_method", "").upper()
            if wanted in self.ALLOWED:
                environ["REQUEST_METHOD"] = wanted
        return self.app(environ, start_response)


def plumb(app: Flask) -> None:
    """Attach the plumbing to the application."""
    app.after_request(_measure)  # of those after a request the last, since it is the first here
    Compress(app)
    app.after_request(_close_what_was_compressed)
    app.url_map.converters.update(int=WholeNumberConverter, source_id=SourceIdConverter, slug=SlugConverter)
    htmx.init_app(app)
    app.before_request(_begin)
    app.after_request(_finish)
    app.add_url_rule("/vendor/htmx/<path:filename>", "vendor", _vendored)
    serve_assets(app)
    speak(app)
    app.jinja_env.filters.update(
        relative=relative, local=local, local_date=local_date, date=Day, number=number
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _vendored(filename: str) -> Response:
    return send_from_directory(HTMX_FILES, filename, max_age=31_536_000 if settings().production else None)


def _close_what_was_compressed(response: Response) -> Response:
    """Flask-Compress reads a file's bytes and forgets the file; this closes it with the answer.

    Functions after a request run last registered first: this one sees the answer before Flask-Compress replaces it.
    """
    if hasattr(response.response, "close"):
        response.call_on_close(response.response.close)
    return response


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.started = time.perf_counter()
    g.database_seconds, g.database_queries = 0.0, 0
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    if g.get("show_timing"):
        response.headers["Server-Timing"] = (
            f'db;desc="{g.database_queries} queries";dur={g.database_seconds * 1000:.1f}, '
            f"app;dur={(time.perf_counter() - g.started) * 1000:.1f}"
        )
    if not g.get("is_for_all") or response.status_code >= 400:
        # What is for all is the same whoever asks, so that shared caches need one copy of it; errors are pages of the desk.
        response.vary.add("HX-Request")
    return response


def _measure(response: Response) -> Response:
    if "started" in g:
        observe_request(
            request.url_rule.rule if request.url_rule else None,
            request.method,
            response.status_code,
            seconds=time.perf_counter() - g.started,
            statements=g.database_queries,
        )
    return response


@event.listens_for(Engine, "before_cursor_execute")
def _query_begins(conn: Any, *_: Any) -> None:
    conn.info["began"] = time.perf_counter()


@event.listens_for(Engine, "after_cursor_execute")
def _query_ends(conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
    if has_app_context() and "database_queries" in g:
        # Only on SQLite is beginning a transaction a statement; a page's number of queries is the same on both.
        g.database_queries += not statement.startswith("BEGIN")
        g.database_seconds += time.perf_counter() - conn.info["began"]


def settings() -> Settings:
    """The settings of the application that answers."""
    found: Settings = current_app.extensions["settings"]
    return found


def external(path: str) -> str:
    """`path` with the address people reach the desk under.

    Without `REVIEW_BASE_URL` that is where this server listens. It is never the `Host` of the request, which anybody can
    forge, and which would then stand in the sitemap and in what programs are told.
    """
    return (settings().base_url or _own_address()) + path


def _own_address() -> str:
    name, port = request.environ["SERVER_NAME"], request.environ["SERVER_PORT"]
    host = f"[{name}]" if ":" in name else name
    usual = {"http": "80", "https": "443"}.get(request.scheme)
    return f"{request.scheme}://{host}" + ("" if port == usual else f":{port}")


def viewer_zone() -> ZoneInfo:
    """The time zone in which the person at the screen reads times."""
    zone: ZoneInfo | None = g.get("zone") if has_app_context() else None
    return zone or ZoneInfo("UTC")


def local(moment: datetime | None) -> str:
    """A moment in the viewer's zone: `16 Nov 2026, 14:02`."""
    # TRANSLATORS: how a date with its time is written (Unicode TR 35, date format patterns)
    return _dated(moment, _l("d MMM y, HH:mm"))


def local_date(moment: datetime | None) -> str:
    """The date of a moment in the viewer's zone: `16 Nov 2026`."""
    # TRANSLATORS: how a date is written (Unicode TR 35, date format patterns)
    return _dated(moment, _l("d MMM y"))


def _dated(moment: datetime | None, pattern: str) -> str:
    if moment is None:
        return ""
    text: str = format_datetime(
        moment.astimezone(UTC), told(pattern), tzinfo=viewer_zone(), locale=language()
    )
    return text


DAY, HOUR, MINUTE = 86_400, 3_600, 60


def span(seconds: float) -> str:
    """A duration in its largest whole unit: `6 days`, `3 hours`, `1 minute`."""
    said: str = told(_span(seconds))
    return said


def _span(seconds: float) -> str:
    if seconds >= DAY:
        return _ln("%(num)s day", "%(num)s days", int(seconds // DAY))
    if seconds >= HOUR:
        return _ln("%(num)s hour", "%(num)s hours", int(seconds // HOUR))
    if seconds >= MINUTE:
        return _ln("%(num)s minute", "%(num)s minutes", int(seconds // MINUTE))
    return _l("less than a minute")


def relative(moment: datetime | None) -> str:
    """How long ago, or how far ahead, a moment is."""
    if moment is None:
        return ""
    seconds = (utc_now() - moment.astimezone(UTC)).total_seconds()
    said: str = told(_ahead(-seconds) if seconds < 0 else _ago(seconds))
    return said


def _ago(seconds: float) -> str:
    if seconds >= DAY:
        return _ln("%(num)s day ago", "%(num)s days ago", int(seconds // DAY))
    if seconds >= HOUR:
        return _ln("%(num)s hour ago", "%(num)s hours ago", int(seconds // HOUR))
    if seconds >= MINUTE:
        return _ln("%(num)s minute ago", "%(num)s minutes ago", int(seconds // MINUTE))
    return _l("less than a minute ago")


def _ahead(seconds: float) -> str:
    if seconds >= DAY:
        return _ln("in %(num)s day", "in %(num)s days", int(seconds // DAY))
    if seconds >= HOUR:
        return _ln("in %(num)s hour", "in %(num)s hours", int(seconds // HOUR))
    if seconds >= MINUTE:
        return _ln("in %(num)s minute", "in %(num)s minutes", int(seconds // MINUTE))
    return _l("in less than a minute")


def number(value: int | float | None) -> str:
    """A figure with thousands apart, or a dash for none."""
    if value is None:
        return "–"
    return f"{value:,}" if language() == SOURCE else _figure(value)


def _figure(value: int | float) -> str:
    text: str = format_decimal(value, locale=language(), decimal_quantization=False)
    return text


def comes_from_here() -> bool:
    """Whether a page of ours sent this request, by what browsers say and pages cannot forge; False if they say nothing."""
    said = request.headers.get("Origin") or request.referrer or ""
    return urlsplit(said).netloc == request.host


def same_site_referrer() -> str | None:
    """The path of ours that the request came from, if it did."""
    parts = urlsplit(request.referrer or "")
    return parts.path + (f"?{parts.query}" if parts.query else "") if parts.netloc == request.host else None
