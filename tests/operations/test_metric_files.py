"""What several processes measured is one sum, whichever answers, and whichever of them has ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from review_app.operations.gunicorn_hooks import child_exit
from review_app.operations.metric_files import ENDED, VARIABLE, Summed, fold, metrics_folder
from tests.operations.test_serving import children_of, eventually, port, serving

__all__ = ["port"]
ANSWERS = "review_http_request_duration_seconds_count"
PROCESS = """
import sys
from review_app.base.metrics import observe_request
for seconds in sys.argv[1:]:
    observe_request("/queue", "GET", 200, seconds=float(seconds), statements=3)
print(__import__("os").getpid())
"""


@pytest.fixture
def measure(tmp_path: Path) -> Callable[..., int]:
    """A process of a server that answers in so many seconds each, and ends. Returns its number."""

    def run(*seconds: float) -> int:
        variables = os.environ | {VARIABLE: str(tmp_path)}
        words = [sys.executable, "-c", PROCESS, *map(str, seconds)]
        return int(subprocess.run(words, env=variables, check=True, capture_output=True, text=True).stdout)

    return run


def sums(folder: Path) -> dict[str, float]:
    """The answers, their seconds, and how many of them took at most a tenth of one."""
    samples = [one for family in Summed(folder).collect() for one in family.samples]
    of_seconds = [one for one in samples if one.name.startswith("review_http_request_duration_seconds")]
    found = {one.name.rpartition("_")[2]: one.value for one in of_seconds if "le" not in one.labels}
    return found | {"quick": next(one.value for one in of_seconds if one.labels.get("le") == "0.1")}


def test_what_an_ended_process_counted_stays_and_its_file_goes(
    tmp_path: Path, measure: Callable[..., int]
) -> None:
    first, second = measure(0.05, 0.5), measure(0.05)
    expected = {"count": 3.0, "sum": pytest.approx(0.6), "quick": 2.0}
    assert sums(tmp_path) == expected
    for pid in (first, second):
        fold(tmp_path, pid)
        assert sums(tmp_path) == expected
    fold(tmp_path, first)
    assert sums(tmp_path) == expected
    assert [file.name for file in tmp_path.glob("*.db*")] == [f"histogram_{ENDED}.db"]


@pytest.mark.parametrize("length", [0, 3, 8, 100, 1500])
def test_a_file_that_a_killed_process_left_half_written_harms_no_other(
    tmp_path: Path, measure: Callable[..., int], length: int
) -> None:
    kept, killed = measure(0.05), measure(0.5)
    fold(tmp_path, kept)
    file = tmp_path / f"histogram_{killed}.db"
    os.truncate(file, length)
    fold(tmp_path, killed)
    assert not file.exists()
    assert sums(tmp_path)["quick"] == 1


def test_the_master_survives_whatever_keeps_it_from_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/nowhere/at/all")
    said: list[object] = []
    child_exit(
        SimpleNamespace(log=SimpleNamespace(exception=lambda *words: said.extend(words))),
        SimpleNamespace(pid=17),
    )
    assert said[-1] == 17


def test_each_server_begins_with_an_empty_folder_and_takes_it_away(tmp_path: Path) -> None:
    left_behind = tmp_path / "metrics" / "server-killed"
    left_behind.mkdir(parents=True)
    (left_behind / "histogram_17.db").touch()
    with metrics_folder(tmp_path) as one, metrics_folder(tmp_path) as other:
        assert not left_behind.exists()
        assert one != other
        assert not list(one.glob("*.db"))
        assert one.stat().st_mode & 0o077 == 0
    assert not list((tmp_path / "metrics").glob("server-*"))


# --- a server of two processes ----------------------------------------------------------------------------------------


def scrape(port: int) -> float:
    """How often `/robots.txt` was answered. Nothing else asks for it while a server starts."""
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    found = [one.value for one in samples if one.name == ANSWERS and one.labels["route"] == "/robots.txt"]
    return sum(found)


def get(port: int) -> None:
    """Ask once, by a connection of its own."""
    with urlopen(f"http://127.0.0.1:{port}/robots.txt") as answer:
        answer.read()


@pytest.mark.slow
def test_two_processes_are_one_sum_and_one_that_is_killed_is_not_forgotten(tmp_path: Path, port: int) -> None:
    with serving(tmp_path, port, processes=2) as desk:
        asked = 0
        (folder,) = (tmp_path / "metrics").glob("server-*")

        def both_have_answered() -> bool:
            nonlocal asked
            get(port)
            asked += 1
            return len(list(folder.glob("histogram_*.db"))) == 2

        assert eventually(both_have_answered)
        assert {scrape(port) for _ in range(12)} == {asked}

        one, _other = sorted(folder.glob("histogram_*.db"))
        pid = int(re.findall(r"\d+", one.name)[0])
        assert pid in {child for server in children_of(desk.pid) for child in children_of(server)}
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: not one.exists())
        assert scrape(port) == asked
        desk.send_signal(signal.SIGTERM)
        assert desk.wait(60) == 0
        assert not folder.exists()
