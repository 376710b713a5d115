"""The files of a folder that somebody named. Whatever links in it say, nothing outside of it is read, and nothing twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LEADS_OUT = "it is a link that leads out of the folder"
LEADS_NOWHERE = "it is a link to nothing"


class LeftOut(NamedTuple):
    """A link that is not followed, and why."""

    path: Path
    reason: str


def files_in(folder: Path) -> Iterator[Path | LeftOut]:
    """Each file below, once, by its path; names that begin with a dot are passed over.

    A link to a file of the same folder gives that file, at its own place; one to a folder in it gives nothing more.
    """
    seen: set[str] = set()
    for path in _below(folder):
        real, why_not = os.path.realpath(path), why_left_out(path, folder)
        if why_not:
            yield LeftOut(path, why_not)
        elif real not in seen and os.path.isfile(real):  # noqa: PTH113  # as os.path gave it
            seen.add(real)
            yield Path(real) if path.is_symlink() else path


def why_left_out(path: Path, folder: Path) -> str:
    """Why a link in the folder is not followed; empty for what is no link, or one that stays within."""
    if not path.is_symlink():
        return ""
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(folder)):
        return LEADS_OUT
    return "" if real.exists() else LEADS_NOWHERE


def _below(folder: Path) -> list[Path]:
    """Files, and links of any kind: what is no link comes first, so that a file is known by its own name."""
    found = [
        Path(parent, name)
        for parent, folders, names in os.walk(folder)
        for name in (*names, *folders)
        if not name.startswith(".") and (name in names or Path(parent, name).is_symlink())
    ]
    return sorted(found, key=lambda path: (path.is_symlink(), path))
