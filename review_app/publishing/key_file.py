"""The file by which IndexNow knows that a host is ours: `/<key>.txt` holds the key of a target of that kind.

The protocol: https://www.indexnow.org/documentation, "Verifying ownership via key".
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator

import structlog
from flask import Blueprint, Response, make_response
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.base.errors import NotFound
from review_app.base.secrets import CannotOpen
from review_app.base.settings import Settings
from review_app.base.web import settings
from review_app.publishing.content import place_of
from review_app.publishing.models import Target

blueprint = Blueprint("key_file", __name__)
log = structlog.get_logger()
FRESH = "public, max-age=300"
"""A rotated key is served beside its successor for days; five minutes are nothing to that."""


@blueprint.get("/<string(minlength=8, maxlength=128):key>.txt")
@permit(Permission.PUBLIC)
def show(key: str) -> Response:
    """The key, if it is one of ours; 404 for anything else."""
    if not any(hmac.compare_digest(key.encode(), one.encode()) for one in _keys(db.session(), settings())):
        raise NotFound("There is no such file.")
    answer = make_response(key)
    answer.mimetype = "text/plain"
    answer.headers["Cache-Control"] = FRESH
    return answer


def _keys(session: Session, chosen: Settings) -> Iterator[str]:
    """Of each target that is on, or was: an engine may come long after it was told."""
    for target in session.scalars(select(Target).where(Target.kind == "indexnow").order_by(Target.id)):
        try:
            yield from place_of(target, chosen, utc_now()).secrets
        except CannotOpen:
            log.warning("indexnow_key_cannot_be_opened", target=target.id)
