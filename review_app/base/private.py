"""Files that only the user may read as whom the desk runs, whatever the umask is."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FOLDER, FILE = 0o700, 0o600


def make_private(file: str | Path) -> None:
    """An empty file there, unless there is one: its mode is whose who made it. What cannot be made, its user will tell."""
    with suppress(OSError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE))
