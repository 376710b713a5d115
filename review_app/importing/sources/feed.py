"""The address of a file, in any import format: fetched only if the server says that it changed (RFC 9110, 13.1)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import unquote, urlsplit

from review_app.base.errors import Invalid
from review_app.base.outbound import Bounds, Fetched, Unreachable, fetch, guarded_client
from review_app.importing.batches import Upload, check_readable
from review_app.importing.rules import MEBIBYTE
from review_app.importing.sources.fetching import CannotRead, Found, Reading

NOT_MODIFIED = 304
SAYS = {
    401: "asks for a password, which the desk does not send to such addresses",
    403: "does not let the desk in (403)",
    404: "is not there (404)",
    410: "is gone for good (410)",
    429: "was asked too often (429)",
}


def read(reading: Reading) -> Found:
    """The file, if it is another than last time."""
    file = reading.folder / "fetched"
    try:
        answer = _fetched(reading, file)
    except Unreachable as error:
        raise CannotRead(f"The file {error}.") from error
    if answer.status == NOT_MODIFIED:
        return Found()
    if answer.status != 200:
        raise CannotRead(f"The file {SAYS.get(answer.status, f'was answered with {answer.status}')}.")
    memory = {
        "etag": answer.headers.get("ETag"),
        "last_modified": answer.headers.get("Last-Modified"),
        "digest": _digest(file),
    }
    if memory["digest"] == reading.source.digest:
        return Found(memory=memory)
    upload = Upload(_name(str(answer.url), reading.source.name), file.open("rb"))
    _check(upload, reading.source.format)
    name = f"{reading.source.name}: {upload.name}"
    return Found(1, name, [upload], format_name=reading.source.format, memory=memory)


def _fetched(reading: Reading, file: Path) -> Fetched:
    source, settings = reading.source, reading.settings
    given = {"If-None-Match": source.etag, "If-Modified-Since": source.last_modified}
    headers = {name: value for name, value in given.items() if value}
    bounds = Bounds(settings.max_upload_bytes, reading.alive)
    with (
        guarded_client(source.address, allow_private=settings.allow_private_targets) as client,
        file.open("wb") as into,
    ):
        return fetch(client, source.address, into, bounds=bounds, headers=headers)


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(MEBIBYTE):
            digest.update(block)
    return digest.hexdigest()


def _check(upload: Upload, format_name: str | None) -> None:
    """A page that says sorry with status 200 is no file to import, and must not be remembered as read."""
    try:
        check_readable([upload], format_name)
    except Invalid as error:
        upload.stream.close()
        raise CannotRead(f"What came cannot be imported: {error.detail}") from error


def _name(url: str, otherwise: str) -> str:
    last = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2], errors="replace")
    return last.replace("\0", "")[:200] or otherwise
