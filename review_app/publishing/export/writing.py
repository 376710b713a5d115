"""An export into a folder, one file an article, or into one file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from review_app.publishing.export.folder import open_folder
from review_app.publishing.export.pages import page
from review_app.publishing.export.records import line
from review_app.publishing.export.rules import SUFFIX, Format, file_name
from review_app.publishing.export.streams import Export, gzipped, source_id_of


def write_folder(export: Export, kind: Format, export_dir: Path | None, name: str) -> None:
    """Write each article's file and take away those of what was withdrawn; files of others stay.

    Raises `folder.BadFolder` and `OSError`.
    """
    with open_folder(export_dir, name) as folder:
        for record in export.records():
            content = line(record) if kind is Format.JSONL else page(record)
            folder.write(file_name(source_id_of(record), SUFFIX[kind]), content)
        for source_id in export.gone():
            folder.remove(file_name(source_id, SUFFIX[kind]))
        folder.keep()


def write_file(export: Export, kind: Format, path: Path) -> None:
    """Write all into one file, which is there whole or as it was before; gzipped if its name ends so. Raises `OSError`."""
    stream = export.stream(kind)
    packed = gzipped(stream) if path.name.endswith((".gz", ".tgz")) else stream
    handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=".export-")
    try:
        _write(handle, packed)
        Path(fresh).replace(path)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise


def _write(handle: int, stream: Iterator[bytes]) -> None:
    with os.fdopen(handle, "wb") as out:
        for piece in stream:
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
