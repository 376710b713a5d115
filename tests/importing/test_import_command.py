"""`review-app import`: exit codes, figures, and reasons."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from review_app.importing.commands import import_command
from tests.importing.records import lines, record

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask, tmp_path: Path) -> Run:
    """Run the command in a folder that holds the given files."""

    def call(*words: str, **files: bytes) -> Result:
        for name, content in files.items():
            (tmp_path / "in").mkdir(exist_ok=True)
            (tmp_path / "in" / name).write_bytes(content)
        return app.test_cli_runner().invoke(import_command, [str(tmp_path / "in"), *words])

    return call


def test_all_in_is_0_and_the_same_again_too(run: Run) -> None:
    first = run(one=lines(record("a-1")), two=lines(record("a-2")))
    assert (first.exit_code, "2 created" in first.output) == (0, True)
    again = run()
    assert (again.exit_code, "2 unchanged" in again.output) == (0, True)


def test_some_refused_is_1_and_says_why(run: Run) -> None:
    result = run(one=lines(record("a-1"), record("a-2", title="")))
    assert result.exit_code == 1
    assert "line 2" in result.stderr
    assert "title" in result.stderr


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b'{"broken": '])
def test_nothing_in_is_2(run: Run, content: bytes) -> None:
    result = run(one=content)
    assert result.exit_code == 2
    assert "refused" in result.stderr


def test_a_path_that_is_none_is_2(app: Flask, tmp_path: Path) -> None:
    result = app.test_cli_runner().invoke(import_command, [str(tmp_path / "nowhere")])
    assert result.exit_code == 2
    assert "There is no file or folder" in result.stderr


def test_json_is_one_object_on_standard_output(run: Run) -> None:
    result = run("--json", one=lines(record("a-1"), record("a-2", title="")))
    report = json.loads(result.stdout)
    assert (report["created"], report["rejected"], report["total"], report["state"]) == (1, 1, 2, "finished")
    assert report["errors"][0]["line"] == 2


def test_a_dry_run_leaves_the_next_import_everything_to_do(run: Run) -> None:
    assert "1 created" in run("--dry-run", one=lines(record("a-1"))).output
    assert "1 created" in run().output
