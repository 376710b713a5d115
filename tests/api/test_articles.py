"""Articles for programs: lists, one whole, and its ETag."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.database import db
from review_app.reviewing.models import ChecklistItem
from tests.factories import make_article
from tests.support.cast import Program

ProgramOf = Callable[[User], Program]
SessionOf = Callable[[], AbstractContextManager[Session]]


@pytest.fixture
def program(program_of: ProgramOf, reviewer: User) -> Program:
    return program_of(reviewer)


@pytest.fixture
def article(session_of: SessionOf) -> str:
    with session_of() as session:
        meta = {"view_count": 10**29, "payload": {"source_id": "alphanode-1"}, "notes": ["a", "b"]}
        return make_article(session, "alphanode-1", last_reviewed_on=date(2026, 10, 3), meta=meta).source_id


def ids(program: Program, query: str = "") -> list[str]:
    answer = program.get(f"/articles{query}")
    assert answer.status_code == 200
    return [item["source_id"] for item in answer.json["items"]]


def test_an_article_has_the_shape_that_programs_count_on(
    program: Program, article: str, session_of: SessionOf
) -> None:
    with session_of() as session:
        session.query(ChecklistItem).delete()
        session.add(ChecklistItem(text="Sources named", required=True, position=1, retired_at=None))
    found = program.get(f"/articles/{article}").json
    (line,) = found.pop("checklist")
    assert line == {"id": line["id"], "text": "Sources named", "required": True}
    assert found == {
        "source_id": "alphanode-1",
        "title": "Title of alphanode-1",
        "slug": "slug-of-alphanode-1",
        "excerpt": "A first sentence.",
        "topic": "retrying jobs / flask",
        "scores": {"quality": 70, "freshness": 71, "depth": 72, "clarity": 73},
        "revision": {"status": "drafted", "version": "1.2.3", "last_reviewed": "2026-10-03"},
        "flags": {"needs_human_review": True, "has_images": False},
        "awaiting_review": True,
        "indexable": False,
        "published_version": None,
        "row_version": 1,
        "meta": {"view_count": 10**29, "payload": {"source_id": "alphanode-1"}, "notes": ["a", "b"]},
        "body_html": "<p>Some text.</p>",
        "word_count": 2,
    }


def test_an_unknown_article_is_not_found(program: Program) -> None:
    answer = program.get("/articles/alphanode-9")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert answer.json["detail"] == "There is no article alphanode-9."


def test_an_article_that_has_not_changed_is_not_sent_again(program: Program, article: str) -> None:
    etag = program.get(f"/articles/{article}").headers["ETag"]
    again = program.get(f"/articles/{article}", headers={"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)


def test_a_compressed_article_that_has_not_changed_is_not_sent_again(program: Program, article: str) -> None:
    compressed = {"Accept-Encoding": "gzip"}
    first = program.client.get(f"/api/v1/articles/{article}", headers=program.headers | compressed)
    assert first.headers["Content-Encoding"] == "gzip"
    known = compressed | {"If-None-Match": first.headers["ETag"]}
    assert (
        program.client.get(f"/api/v1/articles/{article}", headers=program.headers | known).status_code == 304
    )


@pytest.mark.parametrize(
    "change", [{"row_version": 2}, {"published_version": "1.2.3", "published_digest": "read"}]
)
def test_an_article_that_has_changed_is_sent_again(
    program: Program, article: str, session_of: SessionOf, change: dict[str, object]
) -> None:
    etag = program.get(f"/articles/{article}").headers["ETag"]
    with session_of() as session:
        found = session.query(Article).one()
        found.revision_status, found.indexable, found.awaiting_review = "approved", True, False
        found.text_digest = found.decided_digest = "read"
        for name, value in change.items():
            setattr(found, name, value)
    answer = program.get(f"/articles/{article}", headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert answer.json["indexable"] is True


def test_a_new_line_of_the_checklist_makes_the_old_etag_stale(
    program: Program, article: str, session_of: SessionOf
) -> None:
    etag = program.get(f"/articles/{article}").headers["ETag"]
    with session_of() as session:
        session.add(ChecklistItem(text="One more", required=False, position=99, retired_at=None))
    assert program.get(f"/articles/{article}", headers={"If-None-Match": etag}).status_code == 200


def test_a_list_is_narrowed_by_what_the_desk_knows(program: Program, session_of: SessionOf) -> None:
    with session_of() as session:
        make_article(session, "waits", topic="caching / redis", flags={"image_heavy": True})
        approved = {"revision_status": "approved", "indexable": True, "awaiting_review": False}
        make_article(session, "approved", primary_stack="django", batch_id=7, **approved)
        make_article(
            session, "rejected", revision_status="rejected", awaiting_review=False, difficulty="advanced"
        )
    assert ids(program) == ["waits", "approved", "rejected"]
    assert ids(program, "?awaiting_review=true") == ["waits"]
    assert ids(program, "?awaiting_review=0") == ["approved", "rejected"]
    assert ids(program, "?indexable=true") == ["approved"]
    assert ids(program, "?indexable=false&awaiting_review=false") == ["rejected"]
    assert ids(program, "?status=rejected") == ["rejected"]
    assert ids(program, "?q=caching") == ["waits"]
    assert ids(program, "?topic=caching%20/%20redis") == ["waits"]
    assert ids(program, "?stack=django") == ["approved"]
    assert ids(program, "?difficulty=advanced&code_language=python") == ["rejected"]
    assert ids(program, "?flag=image_heavy") == ["waits"]
    assert ids(program, "?batch=7") == ["approved"]
    assert ids(program, "?awaiting_review=&status=&indexable=&q=&limit=&after=") == [
        "waits",
        "approved",
        "rejected",
    ]


def test_a_list_goes_on_where_the_page_before_ended(program: Program, session_of: SessionOf) -> None:
    with session_of() as session:
        for number in range(5):
            make_article(session, f"a-{number}")
    first = program.get("/articles?limit=2").json
    second = program.get(f"/articles?limit=2&after={first['next']}").json
    third = program.get(f"/articles?limit=2&after={second['next']}").json
    found = [item["source_id"] for page in (first, second, third) for item in page["items"]]
    assert found == ["a-0", "a-1", "a-2", "a-3", "a-4"]
    assert third["next"] is None


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("limit=0", "limit", "must be at least 1"),
        ("limit=201", "limit", "must be at most 200"),
        ("limit=many", "limit", "must be a whole number"),
        ("awaiting_review=perhaps", "awaiting_review", "must be true or false"),
        (
            "status=lost",
            "status",
            "must be one of: drafted, reviewed, changes_requested, approved, rejected, archived",
        ),
        ("after=!!", "after", "is not a cursor of this list"),
        ("after=WyJhIl0", "after", "is not a cursor of this list"),
        ("batch=x", "batch", "must be a whole number"),
        ("q=a%00b", "q", "has characters that are not allowed in it"),
        ("statsu=drafted", "statsu", "is not known here"),
        ("limit=1&limit=2", "limit", "stands more than once"),
    ],
)
def test_a_wrong_parameter_is_named(program: Program, query: str, field: str, words: str) -> None:
    answer = program.get(f"/articles?{query}")
    assert answer.status_code == 422
    assert answer.json["errors"] == {field: [words]}


def statements(app: Flask, call: Callable[[], object]) -> int:
    """How often a call asks the database."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    call()
    event.remove(engine, "before_cursor_execute", note)
    return len(asked)


def test_a_longer_list_asks_the_database_no_more_often(
    program: Program, session_of: SessionOf, app: Flask
) -> None:
    with session_of() as session:
        for number in range(12):
            make_article(session, f"a-{number}")
    program.get("/articles")
    short, long = (statements(app, lambda limit=limit: ids(program, f"?limit={limit}")) for limit in (2, 12))
    assert short == long <= 6


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_what_an_address_does_not_take_is_told(program: Program, article: str, method: str) -> None:
    answer = getattr(program, method)(f"/articles/{article}")
    assert answer.status_code == 405
    assert answer.mimetype == "application/problem+json"
    assert "GET" in answer.headers["Allow"]


def test_an_unknown_address_is_a_problem_document(program: Program) -> None:
    answer = program.get("/artikel")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
