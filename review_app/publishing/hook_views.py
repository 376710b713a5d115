"""The signed publish hook, and the page that tells leads how to call it and who did."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from flask import Blueprint, Response, g, jsonify, make_response, render_template, request, url_for
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestEntityTooLarge

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Invalid
from review_app.base.jobs import wake
from review_app.base.problems import problem
from review_app.base.security import HOOK_BODY_BYTES, csrf
from review_app.base.web import external, settings
from review_app.outbox.actions import Actor
from review_app.publishing.actions import Order, start_run
from review_app.publishing.hook import (
    SIGNED_HEADERS,
    BadSignature,
    check_rate,
    keep_answer,
    log_call,
    remember,
    verify,
)
from review_app.publishing.queries import list_hook_calls
from review_app.publishing.rules import Trigger
from review_app.publishing.schemas import BadBody, answer_of, read_hook_body

blueprint = Blueprint("publish_hook", __name__)
log = structlog.get_logger()


@blueprint.post("/hooks/publish")
@permit(Permission.SIGNED_HOOK)
def call() -> Response:
    """A signed request to publish: verified first, then parsed, and done once however often it is delivered."""
    body, webhook_id = _verified()
    _check_rate(signed=True)
    order = read_hook_body(body)
    with transaction() as session:
        earlier = remember(session, webhook_id, body, utc_now())
        answer = _start(session, order) if earlier is None else earlier.answer
        if earlier is None:
            keep_answer(session, webhook_id, answer)
    if earlier is None:
        wake("publish_run", answer["run_id"])
    return make_response(jsonify(answer), 202)


csrf.exempt(call)


def _verified() -> tuple[bytes, str]:
    """The raw body and its id, once they are known to be signed. Nobody may try too often."""
    try:
        request.max_content_length = HOOK_BODY_BYTES
        body = request.get_data()
        signed = {name: request.headers.get(name, "") for name in SIGNED_HEADERS}
        return body, verify(body, signed, settings().publish_hook_secrets)
    except (BadSignature, RequestEntityTooLarge):
        _check_rate(signed=False)
        raise


def _check_rate(*, signed: bool) -> None:
    most = settings().hook_calls_a_minute if signed else settings().hook_refusals_a_minute
    check_rate(db.session(), signed=signed, address=request.remote_addr or "", most=most, now=utc_now())


def _start(session: Session, order: Order) -> dict[str, Any]:
    try:
        started = start_run(
            session,
            order,
            Trigger.HOOK,
            user_id=None,
            actor=Actor(None, "publish hook", g.get("request_id")),
            now=utc_now(),
            undo=timedelta(seconds=settings().undo_seconds),
        )
    except Invalid as error:
        raise BadBody(error.detail) from error
    return answer_of(started, external(url_for("publishing_api.show", run_id=started.run.id)))


@blueprint.errorhandler(BadSignature)
def _bad_signature(_error: BadSignature) -> Response:
    if settings().publish_hook_secrets:
        log.warning("publish_hook_refused", webhook_id=request.headers.get("webhook-id", "")[:64])
    else:
        log.warning("publish_hook_without_secret", hint="set REVIEW_PUBLISH_HOOK_SECRET")
    return problem(401, "Not signed by us", "The signature is wrong, missing, or older than five minutes.")


@blueprint.errorhandler(BadBody)
def _bad_body(error: BadBody) -> Response:
    return problem(400, "The body cannot be read", str(error))


@blueprint.after_request
def _note_call(response: Response) -> Response:
    """In a transaction of its own: what failed is noted too, and what was done stays done should the note fail."""
    if request.endpoint != "publish_hook.call":
        return response
    told = response.get_json(silent=True) or {}
    try:
        with transaction() as session:
            log_call(
                session,
                request.headers.get("webhook-id", ""),
                request.remote_addr or "",
                status=response.status_code,
                reason=told.get("detail", ""),
                run_id=told.get("run_id"),
                now=utc_now(),
            )
    except OperationalError:
        log.exception("publish_hook_not_noted", status=response.status_code)
    return response


@blueprint.get("/publications/hook")
@permit(Permission.PUBLISH)
def show() -> str:
    """How to call the hook, and who called it."""
    return render_template(
        "publishing/hook.html",
        page=list_hook_calls(db.session(), request.args.get("after")),
        address=external(url_for("publish_hook.call")),
        ready=bool(settings().publish_hook_secrets),
        made_here=settings().hook_secret_made_here,
        most_signed=settings().hook_calls_a_minute,
        most_refused=settings().hook_refusals_a_minute,
    )
