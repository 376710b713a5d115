"""Uploading files, watching an import, reading what it refused, cancelling and undoing it."""

from __future__ import annotations

from collections.abc import Iterator

from flask import (
    Blueprint,
    Response,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Invalid
from review_app.base.jobs import wake
from review_app.base.kept_messages import known_again
from review_app.base.languages import told
from review_app.base.messages import lazy_gettext as _l
from review_app.base.messages import lazy_ngettext as _ln
from review_app.base.security import takes_upload
from review_app.base.web import number, settings, span
from review_app.importing import sentences
from review_app.importing.batches import Upload, cancel_batch, counts, lock_batch
from review_app.importing.forms import UndoForm, UploadForm
from review_app.importing.models import ImportBatch
from review_app.importing.queries import (
    all_errors,
    all_left,
    get_batch,
    list_batches,
    list_differences,
    list_errors,
    list_left,
    list_warnings,
)
from review_app.importing.receiving import (
    MOST_MAPPING_BYTES,
    Wishes,
    check_uploads,
    mapping_text,
    receive,
)
from review_app.importing.refused import as_csv, left_as_csv
from review_app.importing.rules import pace
from review_app.importing.sending import quota, refused_file
from review_app.importing.undo import request_undo
from review_app.outbox.changes import changes_of

blueprint = Blueprint("importing", __name__)
ORIGIN_WORDS = {
    "page": _l("page"),
    "api": "api",
    "command": _l("command"),
    "source": _l("source"),
    "demo": "demo",
}
"""Where an import came from, if no person stands beside it."""


@blueprint.app_template_filter("kept_of_change")
def kept_of_change(text: str) -> str:
    """What stands in a change record of an import: a sentence of ours in the reader's language, else as it was typed."""
    return known_again(text, sentences.OF_CHANGES)


@blueprint.app_template_filter("kept_of_undo")
def kept_of_undo(text: str) -> str:
    """The same of why an undo left an article alone."""
    return known_again(text, sentences.OF_WHAT_IS_LEFT)


@blueprint.app_template_filter("kept_of_record")
def kept_of_record(text: str) -> str:
    """The same of what is worth a note on a record that was accepted."""
    return known_again(text, [sentences.SAME_HASH])


@blueprint.app_template_filter("origin")
def origin(name: str) -> str:
    """Where an import came from."""
    return ORIGIN_WORDS.get(name, name)


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
        wishes = _wishes(form)
        check_uploads(uploads, wishes)
    except Invalid as error:
        _place(error, form)
        return _page(form), 422
    with transaction() as session:
        batch = receive(
            session,
            uploads,
            wishes,
            origin="page",
            user=person(),
            quota=quota(),
            actor=actor(),
            now=utc_now(),
        )
        batch_id = batch.id
    wake("import", batch_id)
    return redirect(url_for("importing.show", batch_id=batch_id), 303)


def _wishes(form: UploadForm) -> Wishes:
    short = (form.encoding, form.reason, form.expected)
    wrong = {field.name: list(field.errors) for field in short if not field.validate(form)}
    if wrong:
        raise Invalid(_l("Something in the form is too long."), wrong)
    mapping = form.mapping.data.stream.read(MOST_MAPPING_BYTES + 1) if form.mapping.data else b""
    return Wishes(
        format=form.format.data,
        encoding=(form.encoding.data or "").strip() or None,
        mapping=mapping_text(mapping),
        reason=form.reason.data or "",
        expected=form.expected.data or "",
        dry_run=form.dry_run.data,
    )


def _place(error: Invalid, form: UploadForm) -> None:
    """Show each message at its field; what has none is about the files."""
    named = {name: messages for name, messages in error.fields.items() if name in form and name != "file"}
    for name, messages in named.items():
        form[name].errors = [_begun(told(message)) for message in messages]
    if not named:
        form.files.errors = [error.detail]


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


@blueprint.get("/imports/<int:batch_id>")
@permit(Permission.IMPORT)
def show(batch_id: int) -> str:
    """One import: how far it is, and what came of it. With htmx the progress alone."""
    if request.headers.get("HX-Target", "").endswith(f"progress-{batch_id}"):
        batch = get_batch(db.session(), batch_id)
        return render_template(
            "importing/_progress.html", batch=batch, counts=counts(batch), pace=_pace(batch)
        )
    return _shown(batch_id, UndoForm())


def _shown(batch_id: int, form: UndoForm) -> str:
    session = db.session()
    batch = get_batch(session, batch_id)
    return render_template(
        "importing/show.html",
        batch=batch,
        counts=counts(batch),
        pace=_pace(batch),
        form=form,
        errors=list_errors(session, batch_id, request.args.get("after")),
        warnings=list_warnings(session, batch_id),
        differences=list_differences(session, batch_id),
        left=list_left(session, batch_id, request.args.get("left_after")),
        changes=changes_of(session, ("import", str(batch_id))),
    )


def _pace(batch: ImportBatch) -> str:
    """How much was read, how quickly, and how long the rest may take, in words."""
    elapsed = (utc_now() - batch.started_at).total_seconds() if batch.started_at else 0
    a_second, seconds_left = pace(elapsed, batch.total, (batch.bytes_done, batch.bytes_total))
    records = _ln("%(shown)s record", "%(shown)s records", batch.total, shown=number(batch.total))
    if not a_second:
        return records
    parts = {"records": records, "speed": number(round(a_second))}
    if not seconds_left:
        return _l("%(records)s, %(speed)s a second", **parts)
    return _l("%(records)s, %(speed)s a second, about %(time)s left", time=span(seconds_left), **parts)


@blueprint.post("/imports/<int:batch_id>/cancel")
@permit(Permission.IMPORT)
def cancel(batch_id: int) -> AnyResponse:
    """Stop an import where it is."""
    with transaction() as session:
        cancel_batch(session, lock_batch(session, batch_id), actor=actor(), now=utc_now())
    return redirect(url_for("importing.show", batch_id=batch_id), 303)


@blueprint.post("/imports/<int:batch_id>/undo")
@permit(Permission.IMPORT)
def undo(batch_id: int) -> AnyResponse | tuple[str, int]:
    """Take back what nobody has worked on since."""
    form = UndoForm()
    try:
        with transaction() as session:
            batch = lock_batch(session, batch_id)
            request_undo(
                session, batch, form.reason.data or "", actor=actor(), user_id=person().id, now=utc_now()
            )
    except Invalid as error:
        form.reason.errors = [error.detail]
        return _shown(batch_id, form), 422
    wake("import_undo", batch_id)
    return redirect(url_for("importing.show", batch_id=batch_id), 303)


@blueprint.get("/imports/<int:batch_id>/errors.csv")
@permit(Permission.IMPORT)
def errors_csv(batch_id: int) -> Response:
    """Every refused record as CSV."""
    session = db.session()
    return _table(get_batch(session, batch_id), "refused", as_csv(all_errors(session, batch_id)))


@blueprint.get("/imports/<int:batch_id>/left.csv")
@permit(Permission.IMPORT)
def left_csv(batch_id: int) -> Response:
    """Everything that an undo left alone, as CSV."""
    session = db.session()
    return _table(get_batch(session, batch_id), "left", left_as_csv(all_left(session, batch_id)))


def _table(batch: ImportBatch, of: str, lines: Iterator[str]) -> Response:
    answer = Response(stream_with_context(_to_the_end(lines, db.session())), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="import-{batch.id}-{of}.csv"'
    return answer


def _to_the_end(lines: Iterator[str], session: Session) -> Iterator[str]:
    """The lines, and then the connection is given back: Flask ends the session before the first of them, which reads on."""
    try:
        yield from lines
    finally:
        session.close()


@blueprint.get("/imports/<int:batch_id>/refused")
@permit(Permission.IMPORT)
def refused(batch_id: int) -> Response:
    """The refused records in the format they came in, to be corrected and imported again."""
    return refused_file(batch_id)
