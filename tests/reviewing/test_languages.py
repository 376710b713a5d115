"""What reviewing says, in another language than it was written in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from review_app.accounts.models import User
from review_app.base.languages import told
from review_app.base.messages import Figure, lazy_gettext
from review_app.reviewing.bulk.rules import all_outside, all_that_wait, selected
from tests.factories import make_article
from tests.reviewing.desk import Sessions
from tests.support.cast import Browser

Browsers = Callable[[User], Browser]
GERMAN = {"Accept-Language": "de"}


def test_a_decision_is_asked_for_and_refused_in_the_reader_s_language(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    with session_of() as session:
        make_article(session, "a")
    desk = browser_of(reviewer)
    page = desk.get("/articles/a/review", headers=GERMAN).text
    assert "Ihre Entscheidung" in page
    assert "Freigeben, indexierbar machen" in page
    sent = {"row_version": "1", "revision_status": "drafted", "depth": "1000"}
    answer = desk.post("/articles/a/decisions", sent, headers=GERMAN)
    assert answer.status_code == 422
    assert "Tiefe muss eine ganze Zahl von 0 bis 100 sein, nicht „1000“." in answer.text


@pytest.mark.parametrize(
    ("kept", "german"),
    [
        (all_that_wait("Stack: flask"), "alles, was wartet und zu Stack: flask passt"),
        (all_outside("Stack: flask"), "alles außerhalb der Warteschlange, was zu Stack: flask passt"),
        (all_that_wait(""), "alles, was wartet"),
        ("as an older desk said it", "as an older desk said it"),
    ],
)
def test_a_selection_that_is_kept_in_english_is_told_in_the_reader_s_language(
    app: Flask, kept: str, german: str
) -> None:
    with app.test_request_context(headers=GERMAN):
        assert told(selected(str(kept))) == german


def test_a_number_in_a_message_has_its_thousands_apart_as_the_language_does_it(app: Flask) -> None:
    message = lazy_gettext("must have 1 to %(most)s characters", most=Figure(10_000))
    assert message == "must have 1 to 10,000 characters"
    with app.test_request_context(headers=GERMAN):
        assert told(message) == "muss 1 bis 10.000 Zeichen haben"
