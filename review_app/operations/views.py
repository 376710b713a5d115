"""Is the desk up."""

from __future__ import annotations

import time

import structlog
from flask import Blueprint, Response, jsonify, make_response, render_template, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.base.database import db
from review_app.outbox.changes import list_changes

blueprint = Blueprint("operations", __name__)
log = structlog.get_logger()


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


@blueprint.get("/admin/changes")
@permit(Permission.SET_POLICY)
def changes() -> str:
    """What touched many articles or the policy: who wanted it and why, what was expected, what was observed."""
    page = list_changes(db.session(), request.args.get("after"))
    return render_template("operations/changes.html", page=page)
