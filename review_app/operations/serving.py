"""Running web and jobs beside each other, and stopping both when either ends or somebody presses Ctrl-C."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

WEB_THREADS = 12
START_SECONDS, STOP_SECONDS = 60.0, 25.0
PR_SET_PDEATHSIG = 1
"""`prctl(2)`: send this process a signal when its parent dies, so that `kill -9` leaves no orphan (Linux only)."""


def web_command(host: str, port: int, processes: int) -> list[str]:
    """The command line of the web server."""
    options = {
        "--bind": f"{host}:{port}",
        "--worker-class": "gthread",
        "--workers": str(processes),
        "--threads": str(WEB_THREADS),
        "--graceful-timeout": "15",
        "--log-level": "warning",
        "--config": "python:review_app.operations.gunicorn_hooks",
    }
    words = [word for option in options.items() for word in option]
    return [sys.executable, "-m", "gunicorn", "--no-control-socket", *words, "review_app.app:create_app()"]


def worker_command() -> list[str]:
    """The command line of the job worker."""
    return [sys.executable, "-m", "review_app", "worker"]


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def run_all(
    commands: Sequence[list[str]],
    when_ready: Callable[[], None],
    *,
    health: str,
    variables: Mapping[str, str],
) -> int:
    """Run the commands until one ends or this process is asked to stop. Returns the exit code.

    `when_ready` is called once `health` answers 200. The children get `variables` on top of the environment, and have
    their own process group, so that Ctrl-C reaches only this process, which then stops them in order.
    """
    stopping = False

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, ask_to_stop)
    children = [_start(command, variables) for command in commands]
    deadline, ready = time.monotonic() + START_SECONDS, False
    while not stopping and all(child.poll() is None for child in children):
        if not ready and (ready := _answers(health)):
            when_ready()
        if not ready and time.monotonic() > deadline:
            break
        time.sleep(0.1)
    _stop(children)
    return 0 if stopping else 1


def _start(command: list[str], variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=os.environ | variables,
        start_new_session=True,
        preexec_fn=_die_with_parent,  # noqa: PLW1509  # our own commands; nothing else runs in this process
    )


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=2) as response:  # noqa: S310  # our own address
            return bool(response.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False
