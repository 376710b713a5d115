"""Stand-ins of ours for Cloudflare and IndexNow: they behave as their documentation says, and note what they were asked.

Cloudflare: https://developers.cloudflare.com/cache/how-to/purge-cache/ and
https://developers.cloudflare.com/api/resources/cache/methods/purge/. IndexNow: https://www.indexnow.org/documentation.
"""

from __future__ import annotations

import json
import re
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

ZONE, ACCOUNT, TOKEN = (
    "023e105f4ecef8ad9ca31a8372d0c353",
    "f037e56e89293a057740de681ac9abbe",
    "a-token-of-tests",
)
TOKEN_SHAPE = re.compile(r"Bearer [A-Za-z0-9_-]+")
"""What is no token by its shape is told with 400, and not with 403 as one that nobody has given out."""
KEY = "26ecd1ada8034912a62634cc4e3ddd7e"


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of what went well."""


@contextmanager
def serving(application: Callable[..., Any]) -> Iterator[str]:
    """The address of a server that answers with this, while the block runs."""
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_QuietHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _envelope(status: int, result: Any = None, *errors: tuple[int, str], **headers: str) -> Response:
    body = {
        "success": not errors,
        "errors": [{"code": code, "message": message} for code, message in errors],
        "messages": [],
        "result": result,
    }
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps(body), status, headers=sent, mimetype="application/json")


@dataclass
class CloudflareStandIn:
    """One zone, its tokens and its limits. `purged` are the addresses of each call that it took; `bucket` those it takes."""

    url: str = ""
    zone_name: str = "desk.example"
    zone_status: str = "active"
    token_status: str = "active"
    token_owner: str = "user"
    may_read_zone: bool = True
    bucket: int = 25
    most: int = 100
    down: int | None = None
    purged: list[list[str]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer one WSGI call."""
        request = Request(environ)
        self.requests.append((request.method, request.path))
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if self.down is not None:
            return Response("upstream went away", self.down)
        if not TOKEN_SHAPE.fullmatch(request.headers.get("Authorization", "")):
            return _envelope(400, None, (6003, "Invalid request headers"))
        is_ours = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        # An expired token is still told of by the verifying calls.
        if not is_ours or (self.token_status != "active" and not request.path.endswith("/tokens/verify")):
            return _envelope(403, None, (9109, "Invalid access token"))
        path = request.path.removeprefix("/client/v4")
        if path == "/user/tokens/verify":
            return self._verify(owner="user")
        if path == f"/accounts/{ACCOUNT}/tokens/verify":
            return self._verify(owner="account")
        return self._zone(request, path)

    def _verify(self, owner: str) -> Response:
        if owner != self.token_owner:
            return _envelope(401, None, (1000, "Invalid API Token"))
        return _envelope(200, {"id": "ed17574386854bf78a67040be0a770b0", "status": self.token_status})

    def _zone(self, request: Request, path: str) -> Response:
        if not path.startswith(f"/zones/{ZONE}"):
            return _envelope(
                400, None, (7003, "Could not route to that path, perhaps your object identifier is invalid?")
            )
        if path == f"/zones/{ZONE}" and request.method == "GET":
            if not self.may_read_zone:
                return _envelope(403, None, (9109, "Unauthorized to access requested resource"))
            found = {
                "id": ZONE,
                "name": self.zone_name,
                "status": self.zone_status,
                "account": {"id": ACCOUNT},
            }
            return _envelope(200, found)
        if path == f"/zones/{ZONE}/purge_cache" and request.method == "POST":
            return self._purge(request)
        return _envelope(405, None, (10000, "Method not allowed"))

    def _purge(self, request: Request) -> Response:
        if self.bucket <= 0:
            return _envelope(429, None, (10429, "Rate limit exceeded"), Retry_After="60")
        self.bucket -= 1
        files = json.loads(request.get_data())["files"]
        if not 1 <= len(files) <= self.most:
            return _envelope(400, None, (1134, f"at most {self.most} files can be purged at once"))
        for file in files:
            if urlsplit(file).hostname not in {self.zone_name, f"www.{self.zone_name}"}:
                return _envelope(400, None, (1012, f"{file} is not of this zone"))
        self.purged.append(files)
        return _envelope(200, {"id": ZONE})


@dataclass
class IndexNowStandIn:
    """An engine: checks host and key file as the protocol says. `pending` it answers 202, for it has yet to look."""

    url: str = ""
    pending: bool = False
    limited: bool = False
    down: int | None = None
    fetches_key_file: bool = True
    submitted: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer one WSGI call."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if self.down is not None:
            return Response("", self.down)
        if request.method != "POST":
            return Response("", 400)
        if self.limited:
            return Response("", 429, headers={"Retry-After": "600"})
        status = self._judged(request)
        return Response("", status)

    def _judged(self, request: Request) -> int:
        try:
            told = json.loads(request.get_data())
            host, key, urls = told["host"], told["key"], told["urlList"]
        except (ValueError, KeyError):
            return 400
        if not 1 <= len(urls) <= 10_000:
            return 400
        if not 8 <= len(key) <= 128 or any(urlsplit(url).netloc != host for url in urls):
            return 422
        if self.fetches_key_file and _read(told["keyLocation"]).strip() != key:
            return 403
        self.submitted.append(told)
        return 202 if self.pending else 200


def _read(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # ours
            return answer.read().decode()
    except HTTPError as error:
        error.close()
        return ""
