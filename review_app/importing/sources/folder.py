"""A folder of this machine: the files in it that are new or changed.

Only folders below those that the settings name are read, so that nobody can have any file of the machine shown in a browser.
Links are not followed, for they could lead out of there; those that do are told.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from review_app.base.messages import lazy_gettext as _l
from review_app.importing.folders import LEADS_OUT, why_left_out
from review_app.importing.rules import MEBIBYTE, NOT_STORABLE
from review_app.importing.sources.fetching import CannotRead, Found, Reading

SETTLED_SECONDS = 5
"""A file that was written to more recently may not be whole yet; it waits for the next read. One of a future time does not."""
NO_FOLDERS = _l(
    "No folder of this machine may be read. The setting REVIEW_IMPORT_FOLDERS names those that may."
)


def place_of(address: str, allowed: Iterable[Path]) -> Path:
    """The folder at an address, if it may be read. Raises `CannotRead`."""
    roots = [folder.resolve() for folder in allowed]
    if not roots:
        raise CannotRead(NO_FOLDERS)
    place = Path(address)
    if not place.is_absolute():
        raise CannotRead(_l("The folder must be given as a whole path."))
    place = place.resolve()
    if not any(place.is_relative_to(root) for root in roots):
        raise CannotRead(_l("That folder is not below one of those that REVIEW_IMPORT_FOLDERS names."))
    if not place.is_dir():
        raise CannotRead(_l("There is no such folder on this machine."))
    return place


def read(reading: Reading) -> Found:
    """The files whose size or time differ from the last read, and whose bytes do too."""
    place = place_of(reading.source.address, reading.settings.import_folders)
    found, present = Found(format_name=reading.source.format), set()
    fresh = unreadable = leading_out = 0
    for path, status in _files(place):
        if stat.S_ISLNK(status.st_mode):
            leading_out += why_left_out(path, place) == LEADS_OUT
            continue
        key, stamp = str(path.relative_to(place)), f"{status.st_size}:{status.st_mtime_ns}"
        present.add(key)
        known = reading.known.get(key)
        if NOT_STORABLE.search(key):
            unreadable += 1
        elif known is None or known[0] != stamp:
            if abs(reading.now.timestamp() - status.st_mtime) < SETTLED_SECONDS:
                fresh += 1
                continue
            digest = _digest(path, reading.alive)
            found.seen[key] = (stamp, digest)
            if known is None or known[1] != digest:
                found.paths.append(path)
    found.items, found.gone = len(found.paths), set(reading.known) - present
    found.name = _name(reading.source.name, found.paths)
    found.note = _note(fresh, unreadable, leading_out)
    return found


def _files(place: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The plain files and the links below, by their paths; what begins with a dot is left out."""
    try:
        for parent, folders, names in os.walk(place, onerror=_refuse):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted([*names, *(name for name in folders if Path(parent, name).is_symlink())]):
                path = Path(parent, name)
                status = None if name.startswith(".") else _status(path)
                if status is not None and (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
                    yield path, status
    except OSError as error:
        raise CannotRead(f"The folder cannot be read: {(error.strerror or 'an error').lower()}.") from error


def _status(path: Path) -> os.stat_result | None:
    """None for a file that was taken away since its folder was listed."""
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _refuse(error: OSError) -> None:
    """A folder that cannot be listed must not look like one whose files are gone."""
    raise error


def _digest(path: Path, alive: Callable[[], None]) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(MEBIBYTE):
                digest.update(block)
                alive()
    except OSError as error:
        raise CannotRead(
            f"The file {path.name} cannot be read: {(error.strerror or 'an error').lower()}."
        ) from error
    return digest.hexdigest()


def _name(source: str, paths: list[Path]) -> str:
    what = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
    return f"{source}: {what}"


def _note(fresh: int, unreadable: int, leading_out: int) -> str:
    notes = []
    if fresh:
        notes.append(f"Still being written, so left for the next read: {fresh}.")
    if unreadable:
        notes.append(f"Left out, since their names are no text: {unreadable}.")
    if leading_out:
        notes.append(f"Left out, since they are links that lead out of the folder: {leading_out}.")
    return " ".join(notes)
