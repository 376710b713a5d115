"""The one place that turns errors into answers: a page for people, `application/problem+json` (RFC 9457) for programs."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from review_app.base.database import db
from review_app.base.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, TooMany
from review_app.base.kept import kept_form, sent_form
from review_app.base.messages import lazy_gettext as _l
from review_app.base.web import same_site_referrer

log = structlog.get_logger()

LOADED_PERSON = "_login_user"
"""Where Flask-Login keeps whom it has loaded for this request."""

STATUS: dict[type[DomainError], int] = {
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Invalid: 422,
    TooMany: 429,
}

SEND_AGAIN = frozenset({400, 429, 500, 502, 503})
"""After these the same form may well be taken when it is sent once more."""

WORDS = {
    400: (
        _l("That request could not be read"),
        _l("The form may be too old. Go back, reload the page and send it again."),
    ),
    401: (_l("Please log in"), _l("This needs a person who is logged in, or a valid token.")),
    403: (
        _l("You may not do that"),
        _l("Your role does not include this. A team lead or an administrator can help."),
    ),
    404: (_l("Nothing here"), _l("The address may be mistyped, or what it named is gone.")),
    405: (_l("That does not work here"), _l("This address does not take that kind of request.")),
    409: (
        _l("Somebody was faster"),
        _l("What you worked on has changed since you opened it. Nothing you typed was saved over it."),
    ),
    410: (_l("No longer here"), _l("This page was withdrawn.")),
    413: (_l("That is too large"), _l("The file or form is larger than the desk accepts.")),
    422: (_l("Something is missing or wrong"), _l("Please correct what is named and send it again.")),
    429: (_l("Too many tries"), _l("Please wait a few minutes and try again.")),
    500: (
        _l("The desk made a mistake"),
        _l("It is not your fault. Your last step was not saved; please try it again."),
    ),
}


TOO_OLD = _l(
    "The page that sent this is from before you last logged in, or another site sent it. Nothing was saved. "
    "Look at it once more and send it again."
)


def status_of(error: DomainError) -> int:
    """The HTTP status for a domain error."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def wants_json() -> bool:
    """Whether a program is asking."""
    return request.path.startswith(("/api/", "/hooks/", "/healthz"))


def problem(status: int, title: str, detail: str, **extra: Any) -> Response:
    """An RFC 9457 answer."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail} | extra
    response = make_response(jsonify(body), status)
    response.mimetype = "application/problem+json"
    return response


def error_page(status: int, title: str, detail: str) -> Response:
    """The same for a person: a page, or a message above the page whose part was asked for."""
    form = sent_form()
    words = {
        "status": status,
        "title": title,
        "detail": detail,
        "typed": form.typed if form else [],
        "again": kept_form() if status in SEND_AGAIN else None,
        "back_url": same_site_referrer() if status != 401 else None,
    }
    if status >= 500:
        # The database may be what failed: the page is for a stranger, who needs nothing from it.
        setattr(g, LOADED_PERSON, None)
    if request.headers.get("HX-Request-Type") != "partial":
        return make_response(render_template("errors/error.html", **words), status)
    response = make_response(render_template("errors/message.html", **words), status)
    response.headers.update({"HX-Retarget": "#messages", "HX-Reswap": "outerHTML"})
    return response


def answer(status: int, detail: str | None = None, title: str | None = None, **extra: Any) -> Response:
    """The answer to a failed request, in the form the caller reads."""
    default_title, default_detail = WORDS.get(status, (HTTP_STATUS_CODES.get(status, "Error"), ""))
    if wants_json():
        return problem(status, title or default_title, detail or default_detail, **extra)
    return error_page(status, default_title, detail or default_detail)


def handle_errors(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def _domain_error(error: DomainError) -> Response:
    extra = dict(error.extra)
    if isinstance(error, Invalid) and error.fields:
        extra["errors"] = error.fields
    response = answer(status_of(error), error.detail, error.title, **extra)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.extra["retry_seconds"])
    return response


def _http_error(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return make_response(error.get_response())
    response = answer(error.code, TOO_OLD if isinstance(error, CSRFError) else None)
    for name, value in error.get_headers(request.environ):
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    log.error("unexpected", exc_info=error, path=request.path)
    db.session.rollback()
    if current_app.testing and not current_app.config.get("ANSWER_UNEXPECTED"):
        raise error
    return answer(500, request_id=g.get("request_id"))
