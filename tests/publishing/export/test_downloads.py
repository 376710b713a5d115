"""The download of a lead and of a program: streamed, its cursor told, only for who may."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from datetime import timedelta

import pytest
from sqlalchemy import update

from review_app.articles.models import Article
from review_app.base.clock import utc_now
from review_app.publishing.export import queries
from review_app.publishing.export.queries import cursor_of
from review_app.publishing.export.rules import OVERLAP
from tests.publishing.conftest import approved_article


def items(answer):
    assert answer.status_code == 200
    text = gzip.decompress(answer.data) if answer.headers.get("Content-Encoding") == "gzip" else answer.data
    return [json.loads(line) for line in text.splitlines()]


def ids(answer):
    return [item.get("source_id") or item["payload"]["source_id"] for item in items(answer)]


@pytest.fixture
def program(program_of, lead):
    return program_of(lead)


def test_a_program_gets_lines_and_a_cursor(program, approve, publish):
    approve("a-1", "a-2", "not-published")
    publish("a-1", "a-2")
    answer = program.get("/export")
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("application/jsonl", "no-store")
    assert ids(answer) == ["a-1", "a-2"]
    first = items(answer)[0]
    assert first["score"] == {"quality": 70, "freshness": 71, "depth": 72, "clarity": 73}
    assert first["publication"]["url"] == "http://localhost/p/slug-of-a-1"
    assert first["body"] == "<p>Some text.</p>"
    assert answer.headers["X-Export-Cursor"]


def test_who_takes_gzip_gets_gzip(program, approve, publish):
    approve("a-1")
    publish("a-1")
    answer = program.get("/export", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert ids(answer) == ["a-1"]


def test_since_a_cursor_come_what_changed_and_what_is_gone(
    program, approve, publish, session_of, withdraw, monkeypatch
):
    approve("a-1", "a-2", "a-3", "a-4")
    publish("a-1", "a-2", "a-3")
    with session_of() as session:
        session.execute(update(Article).values(updated_at=utc_now() - 2 * OVERLAP))
    cursor = program.get("/export").headers["X-Export-Cursor"]
    assert ids(program.get(f"/export?since={cursor}")) == []
    withdraw("a-1")
    with session_of() as session:
        session.execute(update(Article).where(Article.source_id == "a-1").values(updated_at=utc_now()))
    publish("a-4")
    found = items(program.get(f"/export?since={cursor}"))
    assert [item.get("withdrawn", False) for item in found] == [False, True]
    assert found[1] == {"source_id": "a-1", "withdrawn": True}
    assert found[0]["payload"]["source_id"] == "a-4"


def test_what_was_stamped_before_the_cursor_and_committed_after_it_is_not_lost(
    program, approve, publish, session_of
):
    cursor = cursor_of(utc_now())
    approve("a-1")
    publish("a-1")
    with session_of() as session:
        session.execute(update(Article).values(updated_at=utc_now() - OVERLAP + timedelta(minutes=1)))
    assert ids(program.get(f"/export?since={cursor}")) == ["a-1"]


@pytest.mark.parametrize(
    "cursor", ["x", "WyJhIl0", "WzEsMl0", "Wy0xXQ", "WzkyMjMzNzIwMzY4NTQ3NzU4MDdd", "%00"]
)
def test_a_cursor_that_is_none_is_told(program, browser_of, lead, cursor):
    answer = program.get(f"/export?since={cursor}")
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["since"]
    page = browser_of(lead).get(f"/publications/export/file?since={cursor}")
    assert page.status_code == 422
    assert "Since is not a cursor of an export." in page.text or "null" in page.text.lower()


def test_a_lead_downloads_a_file(browser_of, lead, approve, publish):
    approve("a-1")
    publish("a-1")
    browser = browser_of(lead)
    page = browser.get("/publications/export")
    assert page.status_code == 200
    assert "Markdown with front matter" in page.text
    answer = browser.get("/publications/export/file?format=jsonl&since=")
    assert answer.mimetype == "application/gzip"
    assert answer.headers["Content-Disposition"].endswith('.jsonl.gz"')
    assert "a-1" in gzip.decompress(answer.data).decode()
    archive = browser.get("/publications/export/file?format=markdown")
    assert archive.headers["Content-Disposition"].endswith('.tar.gz"')
    assert browser.get("/publications/export/file?format=odd").status_code == 422


def test_a_reviewer_gets_nothing(browser_of, program_of, reviewer):
    assert program_of(reviewer).get("/export").status_code == 403
    browser = browser_of(reviewer)
    assert {
        browser.get(path).status_code for path in ("/publications/export", "/publications/export/file")
    } == {403}


def test_memory_holds_a_batch_and_not_the_corpus(app, lead, program_of, session_of, publish, monkeypatch):
    monkeypatch.setattr(queries, "BATCH", 5)
    body = "<p>" + "word " * 20_000 + "</p>"
    with session_of() as session:
        for number in range(100):
            approved_article(session, f"a-{number:02}", html=body)
    publish()
    program = program_of(lead)
    program.get("/export?since=" + cursor_of(utc_now() + 2 * OVERLAP))
    tracemalloc.start()
    answer = program.get("/export", buffered=False)
    size = sum(map(len, answer.response))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 100 * len(body)
    assert peak < 30 * len(body), f"{peak:,} bytes of memory for {size:,}"
