"""The page from which a lead downloads what is published."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.base.clock import utc_now
from review_app.base.errors import Invalid
from review_app.publishing.export.downloads import download
from review_app.publishing.export.forms import ExportForm
from review_app.publishing.export.queries import cursor_of
from review_app.publishing.export.rules import Format

blueprint = Blueprint("export", __name__)


@blueprint.get("/publications/export")
@permit(Permission.PUBLISH)
def index() -> str:
    """What can be downloaded, and the cursor for the next time."""
    return _page(ExportForm(request.args))


@blueprint.get("/publications/export/file")
@permit(Permission.PUBLISH)
def file() -> Response | tuple[str, int]:
    """The download itself; nothing is changed by it."""
    form = ExportForm(request.args)
    if not form.validate():
        return _page(form), 422
    try:
        return download(Format(form.format.data), (form.since.data or "").strip(), as_file=True)
    except Invalid as error:
        form.tell(error)
        return _page(form), 422


def _page(form: ExportForm) -> str:
    """The cursor is of the moment at which the page is shown: what is downloaded from it then is newer."""
    return render_template("publishing/export/index.html", form=form, cursor=cursor_of(utc_now()))
