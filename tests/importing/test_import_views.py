"""The imports page: upload, progress, refused records."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import FileMultiDict
from werkzeug.test import TestResponse, encode_multipart

from review_app.accounts.models import User
from review_app.app import create_app
from review_app.articles.models import Article
from review_app.base.database import db
from review_app.base.settings import Settings
from review_app.importing.models import ImportBatch
from review_app.worker import run_pending
from tests.importing.records import lines, record
from tests.support.application import closing
from tests.support.cast import Browser

BrowserOf = Callable[[User], Browser]
LARGE = lines(record("a-1", body="<p>" + "word " * 190_000 + "</p>")) * 4


def send(browser: Browser, *files: tuple[str, bytes], **fields: str) -> TestResponse:
    """Open the page and upload files."""
    browser.get("/imports")
    form = FileMultiDict([("csrf_token", browser.forgery_token), *fields.items()])
    for name, content in files:
        form.add_file("files", io.BytesIO(content), name)
    boundary, body = encode_multipart(form)
    return browser.client.post(
        "/imports", data=body, content_type=f"multipart/form-data; boundary={boundary}"
    )


def count_articles(app: Flask) -> int:
    """How many articles there are."""
    with app.app_context():
        found = db.session.scalar(select(func.count()).select_from(Article))
        db.session.remove()
        return found or 0


def test_a_lead_uploads_a_file_and_sees_what_became_of_it(
    app: Flask, lead: User, browser_of: BrowserOf
) -> None:
    browser = browser_of(lead)
    sent = send(browser, ("articles.jsonl", lines(record("a-1"), record("a-2", **{"score.depth": 700}))))
    assert sent.status_code == 303
    assert "Queued" in browser.get(sent.location).text
    run_pending(app)
    page = browser.get(sent.location).text
    assert "Finished" in page
    assert "articles.jsonl" in page
    assert "depth" in page
    assert "a-2" in page
    assert count_articles(app) == 1
    assert "articles.jsonl" in browser.get("/imports").text


def test_several_files_make_one_import(app: Flask, lead: User, browser_of: BrowserOf) -> None:
    sent = send(browser_of(lead), ("one.jsonl", lines(record("a-1"))), ("two.jsonl", lines(record("a-2"))))
    assert sent.status_code == 303
    run_pending(app)
    assert count_articles(app) == 2


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "empty"), (b"\x89PNG\x00\x1a", "no text"), (b"<rss></rss>", "XML")]
)
def test_a_file_that_is_none_is_refused_in_place(
    app: Flask, lead: User, browser_of: BrowserOf, content: bytes, words: str
) -> None:
    sent = send(browser_of(lead), ("odd.bin", content))
    assert sent.status_code == 422
    assert words in sent.text
    assert "There is a problem" in sent.text
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ImportBatch)) == 0
        db.session.remove()


def test_sending_no_file_says_so(lead: User, browser_of: BrowserOf) -> None:
    sent = send(browser_of(lead))
    assert sent.status_code == 422
    assert "Choose a file first." in sent.text


def test_a_dry_run_from_the_page_changes_nothing(app: Flask, lead: User, browser_of: BrowserOf) -> None:
    browser = browser_of(lead)
    sent = send(browser, ("articles.jsonl", lines(record("a-1"))), dry_run="y")
    run_pending(app)
    assert "Dry run" in browser.get(sent.location).text
    assert count_articles(app) == 0


def test_refused_records_come_as_csv_without_formulas(app: Flask, lead: User, browser_of: BrowserOf) -> None:
    browser = browser_of(lead)
    sent = send(browser, ("bad.jsonl", lines(record("ok-1"), '=cmd|"/c calc"!A1')), format="jsonl")
    run_pending(app)
    rows = list(csv.DictReader(io.StringIO(browser.get(f"{sent.location}/errors.csv").text)))
    assert [row["line"] for row in rows] == ["2"]
    assert rows[0]["raw"].startswith("'=cmd")
    with app.app_context():
        assert (
            db.engine.pool.checkedout() == 0
        )  # what is sent while it is read gives its connection back at the end


def test_the_upload_may_be_larger_than_a_form(lead: User, browser_of: BrowserOf) -> None:
    assert len(LARGE) > 3_000_000
    assert send(browser_of(lead), ("large.jsonl", LARGE)).status_code == 303


def test_the_upload_may_not_be_larger_than_the_setting(settings: Settings, lead: User) -> None:
    with closing(create_app(replace(settings, max_upload_mb=3))) as small:
        browser = Browser(small.test_client())
        browser.log_in(lead.email)
        refused = send(browser, ("large.jsonl", LARGE))
    assert refused.status_code == 413
    assert "too large" in refused.text


def test_a_reviewer_may_not_import(reviewer: User, browser_of: BrowserOf) -> None:
    browser = browser_of(reviewer)
    assert browser.get("/imports").status_code == 403
    assert browser.post("/imports").status_code == 403


def test_an_import_that_is_none_is_not_found(lead: User, browser_of: BrowserOf) -> None:
    browser = browser_of(lead)
    assert browser.get("/imports/99").status_code == 404
    assert browser.get("/imports/99/errors.csv").status_code == 404
