"""Coming in and going out."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from review_app.accounts.models import LoginAttempt, UserSession
from review_app.base.security import LOGIN_DELAYS_SECONDS, LOGIN_FAILURES
from review_app.outbox.models import Event
from tests.factories import PASSWORD
from tests.support.cast import Browser


@pytest.fixture
def stranger(client):
    return Browser(client)


def test_the_right_password_leads_to_the_queue(stranger, reviewer):
    answer = stranger.log_in(reviewer.email)
    assert (answer.status_code, answer.location) == (303, "/queue")
    assert reviewer.email in stranger.get("/profile").text


def test_the_email_may_be_typed_in_any_case(stranger, reviewer):
    assert stranger.log_in(f"  {reviewer.email.upper()} ").status_code == 303


def test_a_login_leads_to_where_one_wanted_to_go(stranger, reviewer):
    asked = stranger.get("/profile?tab=tokens")
    assert (asked.status_code, asked.location) == (303, "/login?next=/profile?tab%3Dtokens")
    page = stranger.get(asked.location)
    wanted = re.search(r'name="next"[^>]*value="([^"]*)"', page.text).group(1)
    answer = stranger.post("/login", {"email": reviewer.email, "password": PASSWORD, "next": wanted})
    assert answer.location == "/profile?tab=tokens"


def test_a_wrong_password_gets_the_page_again_with_the_email_kept(stranger, reviewer):
    answer = stranger.log_in(reviewer.email, "not the password")
    assert answer.status_code == 422
    assert "The email or the password is not right." in answer.text
    assert f'value="{reviewer.email}"' in answer.text
    assert "not the password" not in answer.text


def test_the_answers_to_wrong_passwords_wait_longer_and_longer_outside_the_transaction(
    stranger, reviewer, pauses, session_of
):
    for _ in range(8):
        stranger.log_in(reviewer.email, "wrong")
    last = LOGIN_DELAYS_SECONDS[-1]
    assert pauses == [*LOGIN_DELAYS_SECONDS, last, last]
    assert pauses == sorted(pauses)
    with session_of() as session:
        assert session.scalar(select(func.count()).select_from(LoginAttempt)) == 8


def test_a_failure_is_recorded_before_its_answer_waits(stranger, reviewer, monkeypatch, session_of):
    seen = []

    def look(_seconds):
        with session_of() as session:
            seen.append(session.scalar(select(func.count()).select_from(LoginAttempt)))

    monkeypatch.setattr("review_app.accounts.views.pause", look)
    stranger.log_in(reviewer.email, "wrong")
    assert seen == [1]


def test_an_empty_form_is_refused_and_counts_as_no_failure(stranger, session_of):
    answer = stranger.log_in("", "")
    assert answer.status_code == 422
    assert "Type your email address." in answer.text
    assert "Type your password." in answer.text
    with session_of() as session:
        assert session.scalar(select(func.count()).select_from(LoginAttempt)) == 0


def test_too_many_failures_are_answered_with_429_on_the_same_page(stranger, reviewer):
    for _ in range(LOGIN_FAILURES):
        assert stranger.log_in(reviewer.email, "wrong").status_code == 422
    answer = stranger.log_in(reviewer.email)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "Too many wrong passwords." in answer.text
    assert f'value="{reviewer.email}"' in answer.text


@pytest.mark.parametrize(
    "email", ["nobody", "nul\0@example.com", "a@b" * 500, "👩@example.com", "' OR 1=1 --"]
)
def test_a_strange_address_is_just_a_wrong_one(stranger, email):
    answer = stranger.log_in(email, "wrong\0")
    assert answer.status_code == 422
    assert "The email or the password is not right." in answer.text


def test_who_is_inside_already_goes_on(browser_of, reviewer):
    browser = browser_of(reviewer)
    assert browser.get("/login").location == "/queue"
    assert browser.get("/login?next=/profile").location == "/profile"
    answer = browser.post("/login", {"email": "other@example.com", "password": "x", "next": "/profile"})
    assert (answer.status_code, answer.location) == (303, "/profile")


def test_the_front_door_leads_in_or_to_the_login(browser_of, reviewer, client):
    assert (client.get("/").status_code, client.get("/").location) == (303, "/login")
    assert browser_of(reviewer).get("/").location == "/queue"


def test_logging_out_ends_the_session_and_clears_the_cookie(browser_of, reviewer):
    browser = browser_of(reviewer)
    answer = browser.post("/logout")
    assert (answer.status_code, answer.location) == (303, "/login")
    assert re.match(r"review=;.*Max-Age=0", answer.headers["Set-Cookie"])
    assert browser.get("/profile").location.startswith("/login")


def test_logging_out_needs_a_post(browser_of, reviewer):
    browser = browser_of(reviewer)
    assert browser.get("/logout").status_code == 405
    assert browser.get("/profile").status_code == 200


def test_logging_out_twice_is_no_error(browser_of, reviewer):
    browser = browser_of(reviewer)
    browser.post("/logout")
    browser.get("/login")
    assert browser.post("/logout").status_code == 303


def test_htmx_is_told_to_open_the_login_page_whole(client):
    answer = client.get("/profile", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/login?next=/profile"


def test_a_part_of_a_page_is_told_in_place_that_the_session_has_ended(client):
    answer = client.put("/articles/any/claim", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 401
    assert "Your session has ended" in answer.text
    assert "<html" not in answer.text
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("#messages", "outerHTML")
    assert "HX-Redirect" not in answer.headers


def test_a_page_tells_what_the_database_cost(browser_of, reviewer):
    assert "queries" in browser_of(reviewer).get("/queue").headers["Server-Timing"]


def test_the_short_way_in_that_other_tests_take_leaves_what_the_door_leaves(
    app, reviewer, browser_of, session_of
):
    """`browser_of` saves every test the pages of the door; both ways must end alike."""
    short, door = browser_of(reviewer), Browser(app.test_client())
    assert door.log_in(reviewer.email).status_code == 303
    door.get("/profile")
    cookies = []
    for browser in (short, door):
        with browser.client.session_transaction() as cookie:
            cookies.append(dict(cookie))
        assert browser.post("/profile/theme", {"theme": "dark"}).status_code == 303
    assert [{**cookie, "_user_id": "", "csrf_token": ""} for cookie in cookies] == [
        {"_fresh": True, "_permanent": True, "_id": cookies[1]["_id"], "_user_id": "", "csrf_token": ""}
    ] * 2
    with session_of() as session:
        entered = session.scalars(select(Event).filter_by(kind="user.logged_in")).all()
        assert len(entered) == 2
        assert session.scalar(select(func.count()).select_from(UserSession)) == 2
