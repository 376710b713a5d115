"""Every security setting, in one place: headers, cookies, passwords, limits, and where a login may lead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFProtect
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from werkzeug.middleware.proxy_fix import ProxyFix

from review_app.base.settings import Network, Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TRANSPORT_SECURITY = "max-age=31536000"

SESSION_LIFETIME = timedelta(hours=12)
PASSWORD_LENGTH = (10, 200)
LOGIN_FAILURES = 10
"""This many wrong passwords for an account, or from an address, within `LOGIN_WINDOW` close the door for a while."""
LOGIN_WINDOW = timedelta(minutes=5)
LOGIN_DELAYS_SECONDS = (0.0, 0.0, 0.1, 0.2, 0.4, 0.8)
"""How long the answer to the nth wrong password in a row waits; the last figure holds from there on."""
HOOK_BODY_BYTES = 256 * 1024
FORM_BYTES = 2 * 1024 * 1024
"""The largest body of any request that is not an upload."""
FORM_PARTS = 2_000

passwords = PasswordHash((Argon2Hasher(),))
"""Argon2id with the library's parameters."""

csrf = CSRFProtect()
"""Started after the permission is asked, since checking a form means reading all of it."""

UPLOAD = "_takes_upload"
View = TypeVar("View", bound=Callable[..., Any])


def secure(app: Flask, settings: Settings) -> None:
    """Apply all of it to the application."""
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-review" if settings.production else "review",
        SESSION_COOKIE_SECURE=settings.production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
        # The session ends on the server; sent again with every stylesheet, its cookie would only get into shared caches.
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=True,
        MAX_CONTENT_LENGTH=FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=FORM_BYTES,
        MAX_FORM_PARTS=FORM_PARTS,
    )
    policy = _policy(settings)

    @app.before_request
    def limit_body() -> None:
        if getattr(app.view_functions.get(request.endpoint or ""), UPLOAD, False):
            request.max_content_length = settings.max_upload_bytes

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.production:
            response.headers.setdefault("Strict-Transport-Security", TRANSPORT_SECURITY)
        return response


def _policy(settings: Settings) -> str:
    images = " ".join(["'self'", *(f"https://{host}" for host in sorted(settings.image_hosts))])
    return policy_text({"img-src": images})


def policy_text(changes: dict[str, str]) -> str:
    """The content security policy as one header value, some directives replaced."""
    return "; ".join(f"{name} {value}" for name, value in (CONTENT_SECURITY_POLICY | changes).items())


def takes_upload(view: View) -> View:
    """Let requests to this view carry a whole import file instead of a form's few kilobytes."""
    setattr(view, UPLOAD, True)
    return view


def safe_next_path(target: str | None) -> str | None:
    r"""`target` if it is a path of ours, else None.

    A browser reads `//host`, `/\\host` and, after dropping control characters, `/<tab>/host` as another site.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(character) < 0x21 or ord(character) == 0x7F for character in target):
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None


class TrustedProxies:
    """Believe `X-Forwarded-*` only when the connection comes from a proxy that the settings name."""

    def __init__(self, app: WSGIApplication, networks: tuple[Network, ...]) -> None:
        self.direct = app
        self.networks = networks
        self.proxied = ProxyFix(app, x_for=1, x_proto=1, x_host=1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one WSGI call."""
        peer = str(environ.get("REMOTE_ADDR", ""))
        chosen = self.proxied if self._trusts(peer) else self.direct
        return chosen(environ, start_response)

    def _trusts(self, peer: str) -> bool:
        try:
            return any(ip_address(peer) in network for network in self.networks)
        except ValueError:
            return False
