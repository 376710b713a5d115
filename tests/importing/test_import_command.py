"""`review-app import`: exit codes, figures, and reasons."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask_migrate import downgrade as migrate_downgrade

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


def test_links_that_lead_out_of_a_folder_are_skipped_and_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.jsonl").write_bytes(lines(record("secret-1")))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "more.jsonl").write_bytes(lines(record("secret-2")))
    (tmp_path / "in" / "file").symlink_to(tmp_path / "secret.jsonl")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "in" / "nothing").symlink_to(tmp_path / "in" / "not there")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in" / "loop")
    result = run(one=lines(record("a-1")))
    assert (result.exit_code, "1 created" in result.output, "of 1" in result.output) == (0, True, True)
    for name, reason in {
        "file": "it is a link that leads out of the folder",
        "folder": "it is a link that leads out of the folder",
        "nothing": "it is a link to nothing",
        "loop": "it is a link to nothing",
    }.items():
        assert f"skipped: {tmp_path / 'in' / name}: {reason}" in result.stderr


def test_links_within_a_folder_give_each_file_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in" / "below").mkdir(parents=True)
    (tmp_path / "in" / "below" / "two").write_bytes(lines(record("a-2")))
    (tmp_path / "in" / ".kept").write_bytes(lines(record("a-3")))
    (tmp_path / "in" / "again").symlink_to("below/two")
    (tmp_path / "in" / "below" / "up").symlink_to("..", target_is_directory=True)
    (tmp_path / "in" / "a link to what is hidden").symlink_to(".kept")
    result = run(one=lines(record("a-1")))
    assert "3 created, 0 updated, 0 unchanged" in result.output
    assert "skipped:" not in result.stderr


def test_json_is_one_object_on_standard_output(run: Run) -> None:
    result = run("--json", one=lines(record("a-1"), record("a-2", title="")))
    report = json.loads(result.stdout)
    assert (report["created"], report["rejected"], report["total"], report["state"]) == (1, 1, 2, "finished")
    assert report["errors"][0]["line"] == 2


def test_a_dry_run_leaves_the_next_import_everything_to_do(run: Run) -> None:
    assert "1 created" in run("--dry-run", one=lines(record("a-1"))).output
    assert "1 created" in run().output


def test_a_file_name_that_is_no_utf8_is_imported_like_any_other(app: Flask, tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/b\xff.jsonl"
    Path(os.fsdecode(odd)).write_bytes(lines(record("a-1"), record("a-2", title="")))
    result = app.test_cli_runner().invoke(import_command, [str(tmp_path)])
    assert (result.exit_code, result.exception.__class__) == (1, SystemExit)
    assert "1 created" in result.output


def test_a_mapping_that_is_no_utf8_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mapping.toml").write_bytes(b"# caf\xe9\n")
    result = run("--mapping", str(tmp_path / "mapping.toml"), one=lines(record("a-1")))
    assert result.exit_code == 2
    assert "no UTF-8 text" in result.output


def test_a_database_without_tables_is_told(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_bytes(lines(record("a-1")))
    with app.app_context():
        migrate_downgrade(revision="0004")
    result = app.test_cli_runner().invoke(import_command, [str(tmp_path / "one.jsonl")])
    assert result.exit_code == 1
    assert "review-app db upgrade" in result.output
