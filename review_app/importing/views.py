"""Uploading files, watching an import, and reading what it refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask import Blueprint, Response, redirect, render_template, request, stream_with_context, url_for
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.base.clock import utc_now
from review_app.base.csv import harmless
from review_app.base.database import db, transaction
from review_app.base.errors import Invalid
from review_app.base.jobs import wake
from review_app.base.security import takes_upload
from review_app.base.web import settings
from review_app.importing.batches import Upload, add_uploads, check_format, check_readable, counts, open_batch
from review_app.importing.forms import UploadForm
from review_app.importing.models import ImportRowError
from review_app.importing.queries import all_errors, get_batch, list_batches, list_errors, list_warnings

blueprint = Blueprint("importing", __name__)
COLUMNS = ("file", "line", "item", "source_id", "field", "reason", "raw")


@blueprint.get("/imports")
@permit(Permission.IMPORT)
def index() -> str:
    """The upload form, and past imports."""
    return _page(UploadForm())


def _page(form: UploadForm) -> str:
    page = list_batches(db.session(), request.args.get("after"))
    most = settings().max_upload_mb
    return render_template("importing/index.html", form=form, page=page, counts=counts, most_mb=most)


@blueprint.post("/imports")
@permit(Permission.IMPORT)
@takes_upload
def upload() -> AnyResponse | tuple[str, int]:
    """Take files in, and let a worker import them."""
    form = UploadForm()
    files = [file for file in form.files.data or [] if file and file.filename]
    uploads = [Upload(file.filename, file.stream) for file in files]
    try:
        format_name = check_format(form.format.data)
        check_readable(uploads, format_name)
    except Invalid as error:
        form.files.errors = [error.detail]
        return _page(form), 422
    name = uploads[0].name if len(uploads) == 1 else f"{uploads[0].name} and {len(uploads) - 1} more"
    with transaction() as session:
        batch = open_batch(
            session,
            name,
            "page",
            user_id=person().id,
            actor=actor(),
            now=utc_now(),
            format_name=format_name,
            dry_run=form.dry_run.data,
        )
        add_uploads(session, batch, uploads)
        batch_id = batch.id
    wake("import", batch_id)
    return redirect(url_for("importing.show", batch_id=batch_id), 303)


@blueprint.get("/imports/<int:batch_id>")
@permit(Permission.IMPORT)
def show(batch_id: int) -> str:
    """One import: how far it is, and what it refused. With htmx the progress alone."""
    session = db.session()
    batch = get_batch(session, batch_id)
    if request.headers.get("HX-Target", "").endswith(f"progress-{batch_id}"):
        return render_template("importing/_progress.html", batch=batch, counts=counts(batch))
    errors = list_errors(session, batch_id, request.args.get("after"))
    warnings = list_warnings(session, batch_id)
    return render_template(
        "importing/show.html", batch=batch, counts=counts(batch), errors=errors, warnings=warnings
    )


@blueprint.get("/imports/<int:batch_id>/errors.csv")
@permit(Permission.IMPORT)
def errors_csv(batch_id: int) -> Response:
    """Every refused record as CSV; cells that a spreadsheet would run are made harmless."""
    session = db.session()
    batch = get_batch(session, batch_id)
    answer = Response(stream_with_context(_lines(all_errors(session, batch_id))), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="import-{batch.id}-refused.csv"'
    return answer


def _lines(errors: Iterator[ImportRowError]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(COLUMNS)
    for error in errors:
        writer.writerow([harmless(getattr(error, column)) for column in COLUMNS])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()
