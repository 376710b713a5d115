"""Imports for programs: send a file, watch it, read what it refused."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from shutil import copyfileobj

from flask import Blueprint, Response, request, url_for

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.base.api import Answer, Download, Listing, PageQuery, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import wake
from review_app.base.security import csrf, takes_upload
from review_app.base.web import external
from review_app.importing.batches import CHUNK_BYTES, Upload, cancel_batch, lock_batch
from review_app.importing.queries import (
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
from review_app.importing.rules import storable
from review_app.importing.schemas import (
    BatchAnswer,
    DifferenceAnswer,
    ImportQuery,
    LeftAnswer,
    RefusedAnswer,
    StartedImport,
    UndoImport,
)
from review_app.importing.sending import quota, refused_file
from review_app.importing.undo import request_undo

blueprint = Blueprint("importing_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.post("/imports")
@permit(Permission.IMPORT)
@takes_upload
@operation(
    {202: StartedImport},
    problems=(400, 413, 429),
    headers={"Location": "Where its progress can be read."},
    file=True,
)
def start(query: ImportQuery) -> Answer:
    """Import a file.

    The body is the file itself, with any content type, or a form with files in it, one of which may be the `mapping`.
    What cannot be read at all is refused and not kept (422); else it is imported in the background: `status_url` tells
    how far it is.
    """
    wishes = Wishes(
        format=query.format or None,
        encoding=query.encoding or None,
        mapping=_mapping(),
        reason=query.reason,
        expected=query.expected,
        dry_run=query.dry_run,
    )
    with _sent(query.name) as uploads:
        check_uploads(uploads, wishes)
        with transaction() as session:
            batch = receive(
                session,
                uploads,
                wishes,
                origin="api",
                user=person(),
                quota=quota(),
                actor=actor(),
                now=utc_now(),
            )
            batch_id = batch.id
    wake("import", batch_id)
    location = url_for("importing_api.show", batch_id=batch_id)
    return Answer(StartedImport(batch_id, external(location)), 202, {"Location": location})


def _mapping() -> str:
    """The mapping file among the files of a form."""
    file = request.files.get("mapping") if request.mimetype == "multipart/form-data" else None
    return mapping_text(file.stream.read(MOST_MAPPING_BYTES + 1)) if file else ""


@contextmanager
def _sent(name: str) -> Iterator[Sequence[Upload]]:
    """What was sent, as files on disk: a large one never stands in memory."""
    if request.mimetype == "multipart/form-data":
        named = request.files.lists()
        files = chain.from_iterable(found for field, found in named if field != "mapping")
        yield [Upload(storable(file.filename or name), file.stream) for file in files]
        return
    with tempfile.TemporaryFile() as file:
        copyfileobj(request.stream, file, CHUNK_BYTES)
        file.seek(0)
        yield [Upload(name, file)]


@blueprint.get("/imports")
@permit(Permission.IMPORT)
@operation({200: Listing[BatchAnswer]})
def index(query: PageQuery) -> Listing[BatchAnswer]:
    """Imports, the newest first."""
    page = list_batches(db.session(), query.after, query.limit)
    return Listing([BatchAnswer.of(batch) for batch in page.rows], page.next)


@blueprint.get("/imports/<int:batch_id>")
@permit(Permission.IMPORT)
@operation({200: BatchAnswer})
def show(batch_id: int) -> BatchAnswer:
    """One import: its state, its counts, and what was odd about records that were taken."""
    session = db.session()
    return BatchAnswer.of(get_batch(session, batch_id), list_warnings(session, batch_id))


@blueprint.get("/imports/<int:batch_id>/errors")
@permit(Permission.IMPORT)
@operation({200: Listing[RefusedAnswer]})
def errors(batch_id: int, query: PageQuery) -> Listing[RefusedAnswer]:
    """The refused records, in the order in which they stood."""
    session = db.session()
    page = list_errors(session, get_batch(session, batch_id).id, query.after, query.limit)
    return Listing([RefusedAnswer.of(error) for error in page.rows], page.next)


@blueprint.post("/imports/<int:batch_id>/cancel")
@permit(Permission.IMPORT)
@operation({200: BatchAnswer}, problems=(409,))
def cancel(batch_id: int) -> BatchAnswer:
    """Stop an import where it is; what is in stays in."""
    with transaction() as session:
        cancel_batch(session, lock_batch(session, batch_id), actor=actor(), now=utc_now())
    return BatchAnswer.of(get_batch(db.session(), batch_id))


@blueprint.post("/imports/<int:batch_id>/undo")
@permit(Permission.IMPORT)
@operation({202: BatchAnswer}, problems=(409,), example={"reason": "The wrong file was taken."})
def undo(batch_id: int, body: UndoImport) -> Answer:
    """Take back, in the background, what nobody has worked on since; the state is then `undone`."""
    with transaction() as session:
        batch = lock_batch(session, batch_id)
        request_undo(session, batch, body.reason, actor=actor(), user_id=person().id, now=utc_now())
    wake("import_undo", batch_id)
    return Answer(BatchAnswer.of(get_batch(db.session(), batch_id)), 202)


@blueprint.get("/imports/<int:batch_id>/left")
@permit(Permission.IMPORT)
@operation({200: Listing[LeftAnswer]})
def left(batch_id: int, query: PageQuery) -> Listing[LeftAnswer]:
    """What an undo left alone, and why."""
    session = db.session()
    page = list_left(session, get_batch(session, batch_id).id, query.after, query.limit)
    return Listing([LeftAnswer.of(row) for row in page.rows], page.next)


@blueprint.get("/imports/<int:batch_id>/differences")
@permit(Permission.IMPORT)
@operation({200: Listing[DifferenceAnswer]})
def differences(batch_id: int) -> Listing[DifferenceAnswer]:
    """What the first articles of an import are changed in, or would be by a dry run."""
    session = db.session()
    found = list_differences(session, get_batch(session, batch_id).id)
    return Listing([DifferenceAnswer.of(difference) for difference in found], None)


@blueprint.get("/imports/<int:batch_id>/refused")
@permit(Permission.IMPORT)
@operation({200: Download})
def refused(batch_id: int) -> Response:
    """The refused records as a file in the format they came in, to be corrected and sent again."""
    return refused_file(batch_id)
