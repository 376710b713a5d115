"""Starting a server of the system for as long as the tests run, and not a moment longer."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 30

# The shell holds the server by a pipe from us. However we end, the pipe closes, and it stops the server and cleans up.
_LEASH = '"$@" & server=$!; read -r _; kill -INT $server; wait $server; rm -rf "$0"'


@contextmanager
def own_folder(user: str | None) -> Iterator[Path]:
    """A folder that another user can reach; pytest's own are closed to all but root. Short, for socket paths."""
    folder = Path(tempfile.mkdtemp(prefix="review-test-"))
    if user:
        shutil.chown(folder, user)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def leashed(
    command: Sequence[str], folder: Path, *, user: str | None, ready: Callable[[], bool]
) -> Iterator[None]:
    """Run `command` in `folder` until the block ends. Raises with the server's own words if it does not get ready."""
    log = folder / "server.log"
    with log.open("wb") as output:
        shell = subprocess.Popen(
            ["/bin/sh", "-c", _LEASH, str(folder), *command],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,  # so that Ctrl-C reaches the tests, which then end it in order
            **as_user(user),
        )
    try:
        _wait_until(ready, log)
        yield
    finally:
        shell.communicate()


def as_user(user: str | None) -> dict[str, object]:
    """The options with which a subprocess runs as `user`, if one is given."""
    return {"user": user, "extra_groups": []} if user else {}


def _wait_until(ready: Callable[[], bool], log: Path) -> None:
    last = time.monotonic() + START_SECONDS
    while not ready():
        if time.monotonic() > last:
            raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)
