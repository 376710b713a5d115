"""Imports for programs: a file in the body or in a form, its progress, and what it refused."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import FileMultiDict
from werkzeug.test import encode_multipart

from review_app.accounts.models import User
from review_app.app import create_app
from review_app.articles.models import Article
from review_app.base.database import db
from review_app.base.settings import Settings
from review_app.importing.models import ImportBatch
from review_app.worker import run_pending
from tests.importing.records import lines, record
from tests.support.application import closing
from tests.support.cast import Program

ProgramOf = Callable[[User], Program]
TWO = lines(record("a-1"), record("a-2"))


@pytest.fixture
def program(program_of: ProgramOf, lead: User) -> Program:
    return program_of(lead)


@pytest.fixture
def small_app(settings: Settings) -> Iterator[Flask]:
    """The same desk, where an upload may have one mebibyte."""
    with closing(create_app(replace(settings, max_upload_mb=1))) as app:
        app.testing = True
        yield app


def held(app: Flask) -> tuple[int, int]:
    """How many batches and articles there are."""
    with app.app_context():
        counts = [
            db.session.scalar(select(func.count()).select_from(kind)) for kind in (ImportBatch, Article)
        ]
        return counts[0] or 0, counts[1] or 0


def test_a_file_in_the_body_is_imported_in_the_background(program: Program, app: Flask) -> None:
    answer = program.post("/imports?name=pages.jsonl", data=TWO, content_type="application/x-ndjson")
    assert answer.status_code == 202
    number = answer.json["id"]
    assert answer.json == {"id": number, "status_url": f"http://localhost/api/v1/imports/{number}"}
    assert answer.headers["Location"] == f"/api/v1/imports/{number}"
    assert app.extensions["jobs"].huey.pending_count() == 1
    queued = program.get(f"/imports/{number}").json
    assert (queued["state"], queued["name"], queued["total"]) == ("queued", "pages.jsonl", 0)
    run_pending(app)
    done = program.get(f"/imports/{number}").json
    counts = ("created", "updated", "unchanged", "rejected", "skipped", "total")
    assert {name: done[name] for name in counts} == dict.fromkeys(counts, 0) | {"created": 2, "total": 2}
    assert (done["state"], done["origin"], done["format"], done["imported_by"]) == (
        "finished",
        "api",
        None,
        "lead@example.com",
    )
    assert done["finished_at"] >= done["created_at"]
    (twin,) = done["warnings"]
    assert (twin["source_id"], twin["field"]) == ("a-2", "hash")
    assert "a-1" in twin["message"]


@pytest.mark.parametrize(
    "content_type",
    [None, "application/octet-stream", "application/json", "text/plain", "application/x-www-form-urlencoded"],
)
def test_any_content_type_will_do(program: Program, app: Flask, content_type: str | None) -> None:
    assert program.post("/imports", data=TWO, content_type=content_type).status_code == 202
    run_pending(app)
    assert held(app) == (1, 2)


def test_files_in_a_form_are_one_import(program: Program, app: Flask) -> None:
    files = [
        (io.BytesIO(lines(record("a-1"))), "one.jsonl"),
        (io.BytesIO(lines(record("a-2"))), "two.jsonl"),
    ]
    answer = program.post("/imports", data={"file": files})
    assert answer.status_code == 202
    run_pending(app)
    assert program.get(f"/imports/{answer.json['id']}").json["name"] == "one.jsonl and 1 more"
    assert held(app) == (1, 2)


def test_importing_the_same_again_changes_nothing(program: Program, app: Flask) -> None:
    for _ in range(2):
        number = program.post("/imports", data=TWO).json["id"]
        run_pending(app)
    again = program.get(f"/imports/{number}").json
    assert (again["created"], again["unchanged"]) == (0, 2)


def test_a_dry_run_writes_no_article(program: Program, app: Flask) -> None:
    number = program.post("/imports?dry_run=1", data=TWO).json["id"]
    run_pending(app)
    tried = program.get(f"/imports/{number}").json
    assert (tried["dry_run"], tried["created"]) == (True, 2)
    assert held(app) == (1, 0)


def test_refused_records_are_kept_with_line_and_reason(program: Program, app: Flask) -> None:
    content = lines(record("a-1"), "not a record", record("a-2", title=""), record("a-3"))
    number = program.post("/imports?format=jsonl", data=content).json["id"]
    run_pending(app)
    assert (program.get(f"/imports/{number}").json["created"], held(app)[1]) == (2, 2)
    first = program.get(f"/imports/{number}/errors?limit=1").json
    second = program.get(f"/imports/{number}/errors?limit=1&after={first['next']}").json
    refused = first["items"] + second["items"]
    assert [(item["line"], item["item"], item["file"]) for item in refused] == [
        (2, 2, "upload"),
        (3, 3, "upload"),
    ]
    assert refused[0]["raw"] == "not a record"
    assert (refused[1]["field"], refused[1]["source_id"]) == ("title", "a-2")
    assert json.loads(refused[1]["raw"])["payload"]["source_id"] == "a-2"
    assert all(item["reason"] for item in refused)
    assert second["next"] is None


def test_what_was_odd_about_a_record_is_told(program: Program, app: Flask) -> None:
    number = program.post("/imports", data=lines(record("a-1", **{"revision.status": "brilliant"}))).json[
        "id"
    ]
    run_pending(app)
    (warning,) = program.get(f"/imports/{number}").json["warnings"]
    assert (warning["line"], warning["source_id"], warning["field"]) == (1, "a-1", "revision.status")
    assert "brilliant" in warning["message"]


@pytest.mark.parametrize(
    ("content", "query", "words"),
    [
        (b"", "", "The file is empty"),
        (b" \n\n", "", "The file is empty"),
        (b"", "?format=jsonl", "The file is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), "", "image"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), "?format=jsonl", "image"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(2000), "?format=text", "7z"),
        (bytes(range(256)) * 9, "", "it is no text"),
    ],
)
def test_what_cannot_be_read_is_refused_and_not_kept(
    program: Program, app: Flask, content: bytes, query: str, words: str
) -> None:
    answer = program.post(f"/imports{query}", data=content)
    assert answer.status_code == 422
    assert words in answer.json["detail"] or words in json.dumps(answer.json["errors"])
    assert list(answer.json["errors"]) == ["file"]
    assert held(app) == (0, 0)


@pytest.mark.parametrize(
    ("query", "field"),
    [("format=pdf", "format"), ("dry_run=perhaps", "dry_run"), ("name=a%00", "name"), ("dryrun=1", "dryrun")],
)
def test_a_wrong_parameter_is_named_and_nothing_kept(
    program: Program, app: Flask, query: str, field: str
) -> None:
    answer = program.post(f"/imports?{query}", data=TWO)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert held(app) == (0, 0)


def test_a_form_without_a_file_is_refused(program: Program) -> None:
    answer = program.post("/imports", data={"file": "no file"}, content_type="multipart/form-data")
    assert (answer.status_code, answer.json["errors"]) == (422, {"file": ["is needed"]})


def test_a_broken_form_is_refused(program: Program) -> None:
    answer = program.post("/imports", data=b"--x", content_type="multipart/form-data; boundary=y")
    assert answer.status_code in {400, 422}


def test_a_file_that_is_too_large_is_refused(small_app: Flask, program: Program) -> None:
    program.client = small_app.test_client()
    size = 1024 * 1024
    most = TWO.ljust(size, b"\n")
    assert program.post("/imports", data=most).status_code == 202
    answer = program.post("/imports", data=most + b"\n")
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"
    files = FileMultiDict()
    files.add_file("file", io.BytesIO(most + b"\n"), "large.jsonl")
    boundary, form = encode_multipart(files)
    kind = f"multipart/form-data; boundary={boundary}"
    assert program.post("/imports", data=form, content_type=kind).status_code == 413
    assert held(small_app)[0] == 1


def test_a_large_file_is_never_held_in_memory_whole(program: Program, tmp_path: Path) -> None:
    size = 24 * 1024 * 1024
    file = tmp_path / "large.jsonl"
    file.write_bytes(b"{}\n".ljust(size, b"\n"))
    with file.open("rb") as stream:
        tracemalloc.start()
        answer = program.post("/imports", input_stream=stream, content_length=size)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert answer.status_code == 202
    assert peak < size / 3


def test_imports_are_listed_the_newest_first(program: Program) -> None:
    numbers = [program.post("/imports", data=TWO).json["id"] for _ in range(3)]
    first = program.get("/imports?limit=2").json
    second = program.get(f"/imports?limit=2&after={first['next']}").json
    assert [item["id"] for item in first["items"] + second["items"]] == sorted(numbers, reverse=True)
    assert second["next"] is None


def test_an_unknown_import_is_not_found(program: Program) -> None:
    assert program.get("/imports/99").status_code == 404
    assert program.get("/imports/99/errors").status_code == 404


def test_a_reviewer_may_not_import(program_of: ProgramOf, reviewer: User, app: Flask) -> None:
    program = program_of(reviewer)
    assert program.post("/imports", data=TWO).status_code == 403
    assert program.get("/imports").status_code == 403
    assert held(app) == (0, 0)
