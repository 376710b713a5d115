"""A folder that articles are written to, one file each. It lies below one that the settings name, and no link leads out of it.

Each part of the path is opened by itself without following a link, and everything within by the open folder, so that nobody
who may write below can lead the desk elsewhere, also not while it writes. A file is there whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from review_app.base.messages import lazy_gettext as _l

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class BadFolder(Exception):
    """Why nothing can be written there, in plain words."""


@dataclass(frozen=True, slots=True)
class Folder:
    """An open folder."""

    handle: int

    def write(self, name: str, content: bytes) -> None:
        """Put a file there, or another in its place. Raises `OSError`."""
        fresh = f".{name}.part"
        with suppress(FileNotFoundError):
            os.unlink(fresh, dir_fd=self.handle)
        file = os.open(fresh, NEW_FILE, 0o644, dir_fd=self.handle)
        try:
            with os.fdopen(file, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            os.rename(fresh, name, src_dir_fd=self.handle, dst_dir_fd=self.handle)
        except OSError:
            with suppress(OSError):
                os.unlink(fresh, dir_fd=self.handle)
            raise

    def remove(self, name: str) -> bool:
        """Take a file away; returns whether it was there. Raises `OSError`."""
        try:
            os.unlink(name, dir_fd=self.handle)
        except FileNotFoundError:
            return False
        return True

    def keep(self) -> None:
        """Make what was done last through a power failure. Raises `OSError`."""
        os.fsync(self.handle)


def parts_below(export_dir: Path | None, folder: str) -> tuple[str, ...]:
    """The parts of the path from the folder of the settings to the one that is named. Raises `BadFolder`."""
    if export_dir is None:
        raise BadFolder(_l("The setting REVIEW_EXPORT_DIR names no folder, so none may be written to."))
    named = PurePosixPath(folder)
    parts = folder.split("/")
    if named.is_absolute():
        if not named.is_relative_to(export_dir):
            raise BadFolder(_l("The folder must lie below that of REVIEW_EXPORT_DIR."))
        parts = list(named.relative_to(export_dir).parts)
    if ".." in named.parts or "\0" in folder:
        raise BadFolder(_l("The folder must be named without '..'."))
    found = tuple(part for part in parts if part not in {"", "."})
    if not found:
        raise BadFolder(_l("The folder must lie below that of REVIEW_EXPORT_DIR."))
    return found


@contextmanager
def open_folder(export_dir: Path | None, folder: str) -> Iterator[Folder]:
    """The folder, made if it is not there: `folder` is a path from `export_dir`, or a whole one below it.

    Raises `BadFolder`, and `OSError` for what the system refuses.
    """
    parts = parts_below(export_dir, folder)
    handle = os.open(export_dir or "", DIRECTORY)
    try:
        for part in parts:
            outer, handle = handle, _inner(handle, part)
            os.close(outer)
        yield Folder(handle)
    finally:
        os.close(handle)


def _inner(outer: int, part: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(part, 0o755, dir_fd=outer)
    try:
        return os.open(part, DIRECTORY | os.O_NOFOLLOW, dir_fd=outer)
    except NotADirectoryError as error:
        raise BadFolder(
            _l("%(part)s in the path of the folder is a link or a file, not a folder.", part=part)
        ) from error
