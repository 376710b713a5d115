"""Who may reach a route: named once, beside it, and asked before every request. What is not named is shut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, redirect, request, url_for
from flask_login import LoginManager, current_user
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.again import login_page
from review_app.accounts.forms import LoginForm
from review_app.accounts.models import User
from review_app.accounts.queries import user_of_session, user_of_token
from review_app.accounts.rules import ANONYMOUS, Permission, Role
from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.base.errors import Forbidden
from review_app.base.kept import kept_form, sent_form
from review_app.base.messages import lazy_gettext as _l
from review_app.base.problems import answer, wants_json
from review_app.base.web import settings
from review_app.outbox.actions import Actor

View = TypeVar("View", bound=Callable[..., Any])
NAMED = "_permission"
SESSION_ENDED = _l(
    "Your session has ended, so this was not sent. What you typed still stands on this page: send it once more, and you "
    "are asked for your password."
)
"""Said in place, since leaving a page by itself would take with it what somebody typed."""


class Logins(LoginManager):  # type: ignore[misc]  # Flask-Login has no types
    """Flask-Login without its cookie that remembers people for months: the desk gives none."""

    def _update_remember_cookie(self, response: Response) -> Response:
        """Leave the session alone: looking into it would make every answer, also the public ones, vary by cookie."""
        return response


login_manager = Logins()


def permit(permission: Permission) -> Callable[[View], View]:
    """Name the one permission a view asks for."""

    def name(view: View) -> View:
        setattr(view, NAMED, permission)
        return view

    return name


def permission_of(endpoint: str) -> Permission | None:
    """The permission an endpoint names."""
    found: Permission | None = getattr(current_app.view_functions[endpoint], NAMED, None)
    return found


def person() -> User:
    """The person who is logged in, or as whom the token acts."""
    found: User = current_user._get_current_object()
    return found


def actor() -> Actor:
    """The same, as the log names them."""
    return person().as_actor(g.get("request_id"))


def single_keys() -> bool:
    """Whether keys act on the page, for the person who is logged in: the templates print no key otherwise."""
    return bool(current_user and current_user.is_authenticated and person().single_keys)


def guard(app: Flask) -> None:
    """Ask for the named permission before every request."""
    app.jinja_env.globals["single_keys"] = single_keys
    login_manager.init_app(app)
    login_manager.session_protection = None
    app.before_request(_ask)
    app.after_request(_never_store)


@login_manager.user_loader  # type: ignore[untyped-decorator]  # Flask-Login has no types
def _of_session(token: str) -> User | None:
    """A browser's session. Programs must send a token: a cookie never opens the API."""
    user = None if wants_json() else user_of_session(db.session(), token, utc_now())
    if user is not None:
        # Here, for an error's page is theirs as well, where no permission was asked for.
        g.zone, g.language = user.zone, user.language
    return user


@login_manager.request_loader  # type: ignore[untyped-decorator]  # Flask-Login has no types
def _of_token(_request: object) -> User | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not request.path.startswith("/api/") or scheme.lower() != "bearer":
        return None
    return user_of_token(db.session(), token.strip())


def _ask() -> AnyResponse | None:
    if request.endpoint is None:
        return None
    permission = permission_of(request.endpoint)
    if permission is None:
        raise Forbidden(_l("This route names no permission, so nobody may use it."))
    g.is_for_all = permission is Permission.PUBLIC
    if permission in ANONYMOUS:
        return None
    if not current_user.is_authenticated:
        return _log_in_first()
    g.zone, g.language = person().zone, person().language
    g.show_timing = not settings().production or Role(person().role).includes(Role.LEAD)
    if not person().may(permission):
        raise Forbidden(_l("Your role does not include this."))
    return None


def _log_in_first() -> AnyResponse:
    if wants_json():
        response = answer(401, "Send a valid token: Authorization: Bearer …")
        response.headers["WWW-Authenticate"] = 'Bearer realm="review desk"'
        return response
    if request.headers.get("HX-Request-Type") == "partial":
        return answer(401, SESSION_ENDED)
    if (kept := kept_form()) is not None:
        return login_page(LoginForm(data={"kept": kept.as_text()}), 401)
    if sent_form() is not None:
        return answer(
            401, _l("Your session has ended, so this was not saved. Log in again and send it once more.")
        )
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    login = url_for("accounts.login", next=here)
    if request.headers.get("HX-Request"):
        return Response(status=204, headers={"HX-Redirect": login})
    return redirect(login, 303)


def _never_store(response: Response) -> Response:
    """Only public answers may be kept, and of those no error: its page greets by name who is logged in."""
    public = request.endpoint is not None and permission_of(request.endpoint) is Permission.PUBLIC
    if not public or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    return response
