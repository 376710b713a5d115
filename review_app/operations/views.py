"""Is the desk up, how is it doing, and what changed it."""

from __future__ import annotations

import time

import structlog
from flask import Blueprint, Response, abort, current_app, jsonify, make_response, render_template, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.base.web import settings
from review_app.operations.metrics import CONTENT_TYPE, exposition
from review_app.operations.scraping import comes_from_this_machine, holds_token
from review_app.outbox.changes import list_changes

blueprint = Blueprint("operations", __name__)
log = structlog.get_logger()

HOW_TO_ASK = "Send the token of REVIEW_METRICS_TOKEN: Authorization: Bearer …\n"


@blueprint.get("/healthz")
@permit(Permission.PUBLIC)
def healthz() -> Response:
    """`{"ok": true, "checked_at": <unix seconds>}`; 503 when the database does not answer."""
    ok = _database_answers()
    return make_response(jsonify(ok=ok, checked_at=int(time.time())), 200 if ok else 503)


def _database_answers() -> bool:
    try:
        db.session.execute(text("SELECT version_num FROM alembic_version")).one()
    except SQLAlchemyError:
        log.exception("database_away")
        return False
    return True


@blueprint.get("/metrics")
@permit(Permission.READ_METRICS)
def metrics() -> Response:
    """All metrics for programs on this machine and for those with the token; for others it is not there. No session helps."""
    token = settings().metrics_token
    if not comes_from_this_machine(request) and not holds_token(request, token):
        if token is None:
            abort(404)
        return Response(HOW_TO_ASK, 401, {"WWW-Authenticate": 'Bearer realm="metrics"'}, "text/plain")
    text = exposition(db.session(), current_app.extensions["jobs"], utc_now())
    return Response(text, content_type=CONTENT_TYPE)


@blueprint.get("/admin/changes")
@permit(Permission.SET_POLICY)
def changes() -> str:
    """What touched many articles or the policy: who wanted it and why, what was expected, what was observed."""
    page = list_changes(db.session(), request.args.get("after"))
    return render_template("operations/changes.html", page=page)
