"""Coming back after a session has ended: in place, and by a second step without JavaScript."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from sqlalchemy import delete

from review_app.accounts.models import UserSession
from tests.factories import PASSWORD, make_article
from tests.reviewing.desk import retire_checklist
from tests.support.cast import Browser

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
HERE = {"Origin": "http://localhost"}
TYPED = {
    "revision_status": "reviewed",
    "row_version": "1",
    "note": "Two hours <b>of</b> work.",
    "checklist": ["1", "2"],
}


@pytest.fixture
def desk(browser_of, reviewer, session_of):
    """A reviewer's browser with an article open, whose session has just ended."""
    with session_of() as session:
        retire_checklist(session)
        make_article(session, "a")
    browser = browser_of(reviewer)
    browser.get("/articles/a/review")
    with session_of() as session:
        session.execute(delete(UserSession))
    return browser


def log_in_there(browser: Browser, user, password=PASSWORD, **more):
    """As the dialog does."""
    browser.get("/login", headers=PART)
    return browser.post(
        "/login",
        {"email": user.email, "password": password},
        headers=PART | {"X-Person": str(more.get("page_of", user).id)},
    )


def kept_in(answer) -> str:
    return unescape(re.search(r'name="kept"[^>]*value="([^"]*)"', answer.text)[1])


def test_an_open_page_is_asked_for_the_password_in_a_part_of_it(desk):
    answer = desk.get("/login", headers=PART)
    assert answer.status_code == 200
    assert answer.text.startswith('\n<dialog id="log-in-again"') or '<dialog id="log-in-again"' in answer.text
    assert "<html" not in answer.text
    assert "What you typed is still here" in answer.text


def test_the_same_person_gets_a_token_that_works(desk, reviewer):
    answer = log_in_there(desk, reviewer)
    assert answer.status_code == 200
    desk.forgery_token = answer.json["csrf_token"]
    sent = desk.post("/articles/a/draft?_method=PUT", {"row_version": "1", "note": "x"}, headers=PART)
    assert sent.status_code == 200


def test_who_has_logged_in_elsewhere_meanwhile_is_not_asked_again(browser_of, reviewer):
    answer = browser_of(reviewer).get("/login", headers=PART | {"X-Person": str(reviewer.id)})
    assert list(answer.json) == ["csrf_token"]


def test_another_person_gets_no_token_for_this_page(desk, reviewer, colleague):
    answer = log_in_there(desk, colleague, page_of=reviewer)
    assert answer.status_code == 409
    assert "csrf_token" not in answer.text
    assert "You are logged in as <b" in answer.text
    assert "is not sent as you" in answer.text


def test_a_wrong_password_and_too_many_are_said_in_place(desk, reviewer):
    wrong = log_in_there(desk, reviewer, "not the password")
    assert wrong.status_code == 422
    assert "The email or the password is not right." in wrong.text
    assert "not the password" not in wrong.text
    for _ in range(9):
        log_in_there(desk, reviewer, "not the password")
    many = log_in_there(desk, reviewer)
    assert many.status_code == 429
    assert "Too many wrong passwords" in many.text
    assert '<dialog id="log-in-again"' in many.text


def test_without_javascript_a_form_goes_through_the_login_and_is_sent_by_hand(desk, reviewer):
    answer = desk.post("/articles/a/decisions", TYPED, headers=HERE)
    assert answer.status_code == 401
    assert "What you typed is kept" in answer.text
    kept = kept_in(answer)
    assert "csrf_token" not in kept
    wrong = desk.post("/login", {"email": reviewer.email, "password": "wrong wrong", "kept": kept})
    assert kept_in(wrong) == kept, "a wrong password keeps it too"
    again = desk.post("/login", {"email": reviewer.email, "password": PASSWORD, "kept": kept})
    assert again.status_code == 200
    assert "You are logged in as" in again.text
    assert "Two hours &lt;b&gt;of&lt;/b&gt; work." in again.text
    form = again.text.split('action="/articles/a/decisions"')[1].split("</form>")[0]
    fields = {name: unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form)}
    assert fields["note"] == TYPED["note"]
    assert re.findall(r'name="checklist" value="(\d)"', form) == ["1", "2"]
    sent = desk.post("/articles/a/decisions", {**fields, "checklist": []})
    assert sent.status_code == 303


def test_a_form_that_another_site_sent_is_never_kept(desk):
    for headers in ({}, {"Origin": "https://elsewhere.example"}, {"Referer": "https://elsewhere.example/x"}):
        answer = desk.post("/articles/a/decisions", TYPED, headers=headers)
        assert answer.status_code == 401
        assert 'name="kept"' not in answer.text
        assert "Two hours" in answer.text, "but it can still be copied"


def test_passwords_and_what_is_too_large_are_never_kept(desk):
    mixed = desk.post("/articles/a/decisions", {**TYPED, "password": "hunter2222"}, headers=HERE)
    assert "hunter2222" not in mixed.text
    old = desk.post("/profile/password", {"old": "hunter2222", "new": "x", "again": "x"}, headers=HERE)
    assert (old.status_code, old.location) == (303, "/login")
    large = desk.post("/articles/a/decisions", {**TYPED, "note": "x" * 200_001}, headers=HERE)
    assert 'name="kept"' not in large.text


@pytest.mark.parametrize(
    "kept",
    [
        "nonsense",
        "[]",
        json.dumps({"path": "https://elsewhere.example/", "fields": [["note", "x"]]}),
        json.dumps({"path": "//elsewhere.example/", "fields": [["note", "x"]]}),
        json.dumps({"path": "/articles/a/decisions", "fields": []}),
    ],
)
def test_what_was_not_put_there_leads_on_as_any_login(desk, reviewer, kept):
    desk.get("/login")
    answer = desk.post("/login", {"email": reviewer.email, "password": PASSWORD, "kept": kept})
    assert (answer.status_code, answer.location) == (303, "/queue")
