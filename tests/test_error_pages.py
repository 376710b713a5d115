"""What goes wrong, in words people use: as a page of the desk, as a part of one, and with what was typed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from review_app.accounts.models import User
from review_app.base.errors import Conflict, TooMany
from tests.factories import make_article
from tests.reviewing.desk import Sessions
from tests.support.cast import Browser

Browsers = Callable[[User], Browser]
Fails = Callable[[Browser, dict[str, str]], TestResponse]
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
WHOLE = {"Origin": "http://localhost", "Referer": "http://localhost/articles/a/review"}
NOTE = {"note": "Two hours <b>of</b> work."}
WORDS = {
    400: "That request could not be read",
    403: "You may not do that",
    404: "Nothing here",
    409: "Somebody was faster",
    413: "That is too large",
    429: "Too many tries",
    500: "The desk made a mistake",
}


@pytest.fixture
def desk(
    app: Flask, browser_of: Browsers, reviewer: User, session_of: Sessions, monkeypatch: pytest.MonkeyPatch
) -> Browser:
    """A browser on a desk where saving a draft of one article fails in a way that the article's name says."""
    with session_of() as session:
        make_article(session, "a")
    app.config["ANSWER_UNEXPECTED"] = True
    raised = {
        "conflict": Conflict("Somebody had this a moment ago."),
        "many": TooMany("Wait a little.", retry_seconds=60),
        "broken": RuntimeError("a secret of the machine"),
    }

    def keep_sent(source_id: str) -> None:
        raise raised[source_id]

    monkeypatch.setattr("review_app.reviewing.drafts.pages.keep_sent", keep_sent)
    browser = browser_of(reviewer)
    browser.get("/articles/a/review")
    return browser


def sent(browser: Browser, status: int, headers: dict[str, str]) -> TestResponse:
    """A form that is answered with this status."""
    paths = {
        404: "/articles/none/decisions",
        403: "/admin/policy",
        409: "/articles/conflict/draft?_method=PUT",
    }
    paths |= {429: "/articles/many/draft?_method=PUT", 500: "/articles/broken/draft?_method=PUT"}
    if status == 400:
        browser.forgery_token = "of another session"
    typed = {**NOTE, "row_version": "1", "revision_status": "reviewed"}
    if status == 413:
        typed["note"] = "x" * 3_000_000
    return browser.post(paths.get(status, "/articles/a/decisions"), typed, headers=headers)


@pytest.mark.parametrize("status", WORDS)
def test_a_page_says_what_happened_keeps_what_was_typed_and_leads_on(desk: Browser, status: int) -> None:
    answer = sent(desk, status, WHOLE)
    assert answer.status_code == status
    assert f"<h1>{WORDS[status]}</h1>" in answer.text
    assert 'href="/articles/a/review">Back to where you were</a>' in answer.text
    assert "Back to the desk" in answer.text
    assert "a secret of the machine" not in answer.text
    if status != 413:
        assert "Two hours &lt;b&gt;of&lt;/b&gt; work.</textarea>" in answer.text
    # One that nobody expected may come from the database, which the desk's own frame would ask.
    assert ('aria-label="Main"' in answer.text) == (status != 500)
    assert ("Send it again</button>" in " ".join(answer.text.split()).replace(" </button>", "</button>")) == (
        status in {400, 429, 500}
    )


@pytest.mark.parametrize("status", WORDS)
def test_a_part_of_a_page_is_answered_in_the_message_area_alone(desk: Browser, status: int) -> None:
    answer = sent(desk, status, PART)
    assert answer.status_code == status
    if status == 404 or status != 400:
        assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("#messages", "outerHTML")
    assert '<div id="messages" class="messages">' in answer.text
    assert WORDS[status] in answer.text
    assert "<form" not in answer.text
    assert "<html" not in answer.text
    assert "a secret of the machine" not in answer.text


def test_a_page_that_is_not_there_stands_in_the_desk_and_for_a_stranger_by_itself(
    desk: Browser, app: Flask
) -> None:
    assert 'aria-label="Main"' in desk.get("/nothing/here").text
    strange = app.test_client().get("/nothing/here")
    assert strange.status_code == 404
    assert "Nothing here" in strange.text
    assert 'aria-label="Main"' not in strange.text


def test_what_is_sent_again_after_an_old_page_is_taken(desk: Browser) -> None:
    old = sent(desk, 400, WHOLE)
    assert 'name="note" value="Two hours &lt;b&gt;of&lt;/b&gt; work."' in old.text
    # `Browser` took over the token of that page, as its form would.
    typed = {**NOTE, "row_version": "1", "revision_status": "reviewed"}
    assert desk.post("/articles/a/decisions", typed).status_code == 303


def test_another_site_s_form_is_not_offered_to_be_sent_again(desk: Browser) -> None:
    answer = sent(desk, 400, {"Origin": "https://elsewhere.example"})
    assert answer.status_code == 400
    assert "Send it again" not in answer.text
