"""The description of the JSON API, which anybody may read."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

from flask import Blueprint, current_app
from msgspec import Meta, Raw

from review_app.accounts.permissions import permission_of, permit
from review_app.accounts.rules import ANONYMOUS, LEAST_ROLE, Permission
from review_app.base.api import Answer, encode, operation
from review_app.base.openapi import document
from review_app.base.security import csrf

blueprint = Blueprint("operations_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.get("/openapi.json")
@permit(Permission.PUBLIC)
@operation({200: Annotated[Raw, Meta(extra_json_schema={"type": "object"})]})
def openapi() -> Answer:
    """This document."""
    kept = current_app.extensions
    if "openapi" not in kept:
        kept["openapi"] = Raw(encode(document(current_app, version("review-desk"), _least_role)))
    return Answer(kept["openapi"])


def _least_role(endpoint: str) -> str | None:
    permission = permission_of(endpoint)
    return None if permission is None or permission in ANONYMOUS else LEAST_ROLE[permission].value
