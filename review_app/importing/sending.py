"""What the page and the API of imports share of a request and an answer."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO

from flask import Response

from review_app.base.database import db
from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.web import settings
from review_app.importing.queries import get_batch
from review_app.importing.receiving import Quota
from review_app.importing.refused import write_again

BLOCK_BYTES = 256 * 1024


def quota() -> Quota:
    """How much one person may import by browser or API."""
    return Quota(settings().imports_at_once, settings().imports_an_hour)


def refused_file(batch_id: int) -> Response:
    """The refused records as a file to send. Raises `NotFound` if none was kept."""
    session = db.session()
    batch = get_batch(session, batch_id)
    file = tempfile.TemporaryFile()  # noqa: SIM115 — the answer closes it
    suffix = write_again(session, batch_id, file)
    if suffix is None:
        file.close()
        raise NotFound(_l("Import %(id)s has no refused record whose text could be kept.", id=batch_id))
    answer = Response(_blocks(file), mimetype="application/octet-stream")
    answer.call_on_close(file.close)
    name = f"import-{batch.id}-refused.{suffix}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while block := file.read(BLOCK_BYTES):
            yield block
