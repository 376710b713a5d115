"""`review-app serve`: web and jobs start together, stop together, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from review_app.operations.serving import port_is_free
from tests.support.application import environment

pytestmark = pytest.mark.slow
SECONDS = 60.0


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it holds before the patience ends."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return False


def answers(port: int) -> bool:
    """Whether a desk is up there."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


def children_of(pid: int) -> set[int]:
    """The processes that this one has started."""
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and not fetched yet does not."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(data_dir: Path, port: int, processes: int = 1) -> Iterator[subprocess.Popen[str]]:
    """The command at work, until it answers."""
    variables = os.environ | environment(f"sqlite:///{data_dir / 'desk.sqlite3'}", data_dir)
    words = [sys.executable, "-m", "review_app", "serve", "--port", str(port), "--processes", str(processes)]
    with subprocess.Popen(
        words, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as desk:
        try:
            assert eventually(lambda: answers(port) or desk.poll() is not None)
            assert desk.poll() is None
            yield desk
        finally:
            desk.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_stops_everything_and_is_content(
    tmp_path: Path, port: int, how: signal.Signals
) -> None:
    with serving(tmp_path, port) as desk:
        children = children_of(desk.pid)
        assert len(children) == 2
        desk.send_signal(how)
        said, _ = desk.communicate(timeout=SECONDS)
        assert desk.returncode == 0
        assert f"http://127.0.0.1:{port}" in said
        assert "Traceback" not in said
        assert not any(alive(child) for child in children)
        assert port_is_free("127.0.0.1", port)


def test_killed_it_leaves_no_orphan(tmp_path: Path, port: int) -> None:
    with serving(tmp_path, port) as desk:
        children = children_of(desk.pid)
        desk.kill()
        assert eventually(lambda: not any(alive(child) for child in children))


def test_when_the_jobs_die_the_web_does_not_go_on_without_them(tmp_path: Path, port: int) -> None:
    with serving(tmp_path, port) as desk:
        for child in children_of(desk.pid):
            if b"worker" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                os.kill(child, signal.SIGKILL)
        assert desk.wait(SECONDS) == 1


def test_a_port_that_is_taken_is_said_at_once(tmp_path: Path, port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        variables = os.environ | environment(f"sqlite:///{tmp_path / 'desk.sqlite3'}", tmp_path)
        words = [sys.executable, "-m", "review_app", "serve", "--port", str(port)]
        refused = subprocess.run(words, env=variables, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert f"Port {port} of 127.0.0.1 is taken" in refused.stderr
