"""Imports for programs: send a file, watch it, read what it refused."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from shutil import copyfileobj

from flask import Blueprint, request, url_for
from msgspec import UNSET

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.base.api import Answer, Listing, PageQuery, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import wake
from review_app.base.security import csrf, takes_upload
from review_app.base.web import external
from review_app.importing.batches import (
    CHUNK_BYTES,
    Upload,
    add_uploads,
    check_format,
    check_readable,
    open_batch,
)
from review_app.importing.queries import get_batch, list_batches, list_errors, list_warnings
from review_app.importing.rules import storable
from review_app.importing.schemas import BatchAnswer, ImportQuery, RefusedAnswer, StartedImport

blueprint = Blueprint("importing_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.post("/imports")
@permit(Permission.IMPORT)
@takes_upload
@operation(
    {202: StartedImport},
    problems=(400, 413),
    headers={"Location": "Where its progress can be read."},
    file=True,
)
def start(query: ImportQuery) -> Answer:
    """Import a file.

    The body is the file itself, with any content type, or a form with files in it. What cannot be read at all is refused
    and not kept (422); else it is imported in the background: `status_url` tells how far it is.
    """
    format_name = check_format(None if query.format is UNSET else query.format)
    with _sent(query.name) as uploads:
        check_readable(uploads, format_name)
        with transaction() as session:
            name = uploads[0].name if len(uploads) == 1 else f"{uploads[0].name} and {len(uploads) - 1} more"
            batch = open_batch(
                session,
                name,
                "api",
                user_id=person().id,
                actor=actor(),
                now=utc_now(),
                format_name=format_name,
                dry_run=query.dry_run,
            )
            add_uploads(session, batch, uploads)
            batch_id = batch.id
    wake("import", batch_id)
    location = url_for("importing_api.show", batch_id=batch_id)
    return Answer(StartedImport(batch_id, external(location)), 202, {"Location": location})


@contextmanager
def _sent(name: str) -> Iterator[Sequence[Upload]]:
    """What was sent, as files on disk: a large one never stands in memory."""
    if request.mimetype == "multipart/form-data":
        files = chain.from_iterable(request.files.listvalues())
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
