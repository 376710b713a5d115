"""An export as the answer to a request: sent as it is read, its cursor in a header."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, request, stream_with_context, url_for

from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.base.web import external
from review_app.publishing.export.queries import moment_of
from review_app.publishing.export.rules import Format
from review_app.publishing.export.streams import Export, gzipped

CURSOR = "X-Export-Cursor"
MEDIA = {Format.JSONL: "application/jsonl", Format.MARKDOWN: "application/gzip"}


def download(kind: Format, since: str, *, as_file: bool) -> Response:
    """The export; `as_file` has lines gzipped into a file too, and not only for the way. Raises `Invalid` for a bad cursor."""
    export = Export(db.session(), utc_now(), moment_of(since), before_slugs())
    # What fails at once is an error and no broken file.
    stream = _begun(export.stream(kind))
    packed = as_file or kind is Format.MARKDOWN
    encoded = not packed and request.accept_encodings["gzip"] > 0
    response = Response(stream_with_context(gzipped(stream) if packed or encoded else stream))
    response.mimetype = "application/gzip" if packed else MEDIA[kind]
    if not packed:
        response.vary.add("Accept-Encoding")
    if encoded:
        response.content_encoding = "gzip"
    name = f"published-{export.started_at:%Y%m%dT%H%M%SZ}.{_suffix(kind, packed=packed)}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    response.headers[CURSOR] = export.cursor
    return response


def before_slugs() -> str:
    """The address of a public page without its slug."""
    return external(url_for("public.page", slug="x")).removesuffix("x")


def _begun(stream: Iterator[bytes]) -> Iterator[bytes]:
    first = next(stream, b"")

    def whole() -> Iterator[bytes]:
        yield first
        yield from stream

    return whole()


def _suffix(kind: Format, *, packed: bool) -> str:
    if kind is Format.MARKDOWN:
        return "tar.gz"
    return "jsonl.gz" if packed else "jsonl"
