"""The published corpus for programs."""

from __future__ import annotations

from flask import Blueprint, Response

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.base.api import operation
from review_app.base.security import csrf
from review_app.publishing.export.downloads import CURSOR, download
from review_app.publishing.export.rules import Format
from review_app.publishing.export.schemas import ExportFile, ExportQuery

blueprint = Blueprint("export_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.get("/export")
@permit(Permission.PUBLISH)
@operation(
    {200: ExportFile},
    headers={CURSOR: "Goes into `since` for what changes from the beginning of this export on."},
)
def export(query: ExportQuery) -> Response:
    """Everything that is published, or what changed since an earlier export.

    JSON Lines has the names that imports read; with `since`, an article that was withdrawn is a line
    `{"source_id": "…", "withdrawn": true}` at the end. An article may come again though nothing of it changed.
    """
    return download(Format(query.format), query.since, as_file=False)
