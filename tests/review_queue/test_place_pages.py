"""The pages say why an article stands where it stands, and let leads choose its day and its reviewer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.rules import Ranking
from review_app.base.clock import utc_now
from tests.articles.test_ordering import set_desk
from tests.factories import make_article
from tests.reviewing.desk import Sessions
from tests.support.cast import Browser

Browsers = Callable[[User], Browser]
FAR = date(2034, 11, 24)


def the(session: Session, source_id: str) -> Article:
    return session.query(Article).filter_by(source_id=source_id).one()


def test_the_page_says_what_decides_and_the_row_says_it_in_short(
    session_of: Sessions, browser_of: Browsers, reviewer: User, lead: User
) -> None:
    with session_of() as session:
        set_desk(session, lead, ranking=Ranking.LOWEST_SCORE)
        make_article(session, "a", clarity=41)
        make_article(session, "b", clarity=None)
    browser = browser_of(reviewer)
    sentence = "Its lowest score is clarity 41; the desk shows low scores first."
    queue = browser.get("/queue").text
    assert ">Clarity 41<" in queue
    assert ">No clarity score<" in queue
    for page in ("/articles/a/review", "/articles/a/place"):
        assert sentence in browser.get(page).text


def test_a_due_date_is_said_with_its_reason_and_the_place_among_its_day(
    session_of: Sessions, browser_of: Browsers, reviewer: User, lead: User
) -> None:
    with session_of() as session:
        set_desk(session, lead, ranking=Ranking.DUE, due_after_days=3)
        for number in range(12):
            make_article(session, f"n{number}", waiting_since=utc_now())
        day = the(session, "n11").due_on
    assert day is not None
    page = browser_of(reviewer).get("/articles/n11/review").text
    words = f"{day.day} {day:%b %Y}"
    assert f"Due {words}, 3 working days after it came; the desk shows first what is due first." in page
    assert "It is the 12th of those due that day." in page


def test_what_is_overdue_says_so_in_a_word(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    with session_of() as session:
        make_article(session, "late", due_on=date(2026, 11, 2), due_by_hand=True)
        make_article(session, "soon", due_on=FAR, due_by_hand=True)
    page = browser_of(reviewer).get("/queue").text
    assert page.count("Overdue since") == 1
    assert "Overdue since 2 Nov 2026" in page
    assert "Due 24 Nov 2034" in page


def test_a_lead_sets_a_due_date_and_leaves_it_to_the_policy_again(
    session_of: Sessions, browser_of: Browsers, lead: User
) -> None:
    with session_of() as session:
        make_article(session, "a")
    browser = browser_of(lead)
    browser.get("/articles/a/place")
    sent = {"due_on": FAR.isoformat(), "filters": "?stack=flask"}
    answer = browser.post("/articles/a/due-date?_method=PUT", sent)
    assert (answer.status_code, answer.location) == (303, "/articles/a/place?stack=flask")
    page = browser.get("/articles/a/place").text
    assert "Due 24 Nov 2034" in page
    assert "A team lead chose this day." in page
    assert browser.post("/articles/a/due-date?_method=DELETE").status_code == 303
    assert "It is due on no day." in browser.get("/articles/a/place").text


@pytest.mark.parametrize("day", ["", "soon", "2020-01-01", "9999-12-31"])
def test_a_day_that_cannot_be_is_refused_at_the_field(
    session_of: Sessions, browser_of: Browsers, lead: User, day: str
) -> None:
    with session_of() as session:
        make_article(session, "a")
    browser = browser_of(lead)
    browser.get("/articles/a/place")
    answer = browser.post("/articles/a/due-date?_method=PUT", {"due_on": day})
    assert answer.status_code == 422
    assert 'id="due_on-error"' in answer.text
    with session_of() as session:
        assert the(session, "a").due_on is None


def test_a_lead_assigns_an_article_and_everybody_sees_whose_it_is(
    session_of: Sessions, browser_of: Browsers, lead: User, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        make_article(session, "a")
    browser = browser_of(lead)
    browser.get("/articles/a/place")
    answer = browser.post("/articles/a/assignment?_method=PUT", {"reviewer": reviewer.email})
    assert answer.status_code == 303
    assert f"It is assigned to {reviewer.name}" in browser.get("/articles/a/place").text
    assert "Yours" in browser_of(reviewer).get("/queue").text
    assert f"For {reviewer.name}" in browser_of(colleague).get("/articles/a/review").text
    assert browser.post("/articles/a/assignment?_method=PUT", {"reviewer": ""}).status_code == 303
    assert "It is assigned to nobody" in browser.get("/articles/a/place").text


def test_somebody_unknown_gets_nothing(session_of: Sessions, browser_of: Browsers, lead: User) -> None:
    with session_of() as session:
        make_article(session, "a")
        make_article(session, "done", awaiting_review=False)
    browser = browser_of(lead)
    browser.get("/articles/a/place")
    answer = browser.post("/articles/a/assignment?_method=PUT", {"reviewer": "nobody@example.com"})
    assert answer.status_code == 422
    assert "is nobody who has a way in" in answer.text
    answer = browser.post("/articles/done/assignment?_method=PUT", {"reviewer": lead.email})
    assert answer.status_code == 409
    assert "is not in the queue" in answer.text


@pytest.mark.parametrize("path", ["due-date", "assignment"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_reviewer_steers_nothing(
    session_of: Sessions, browser_of: Browsers, reviewer: User, path: str, method: str
) -> None:
    with session_of() as session:
        make_article(session, "a")
    browser = browser_of(reviewer)
    assert "Set the due date" not in browser.get("/articles/a/place").text
    sent = {"due_on": FAR.isoformat(), "reviewer": reviewer.email}
    assert browser.post(f"/articles/a/{path}?_method={method}", sent).status_code == 403


def test_nothing_more_says_that_the_rest_is_assigned_to_others(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        make_article(session, "a", assigned_to_id=colleague.id)
    browser = browser_of(reviewer)
    browser.post("/queue/next")
    assert "What still waits is assigned to others." in browser.get("/queue").text


def test_an_article_that_does_not_wait_has_no_place(
    session_of: Sessions, browser_of: Browsers, lead: User
) -> None:
    with session_of() as session:
        make_article(session, "done", awaiting_review=False, due_on=(utc_now() - timedelta(days=9)).date())
    page = browser_of(lead).get("/articles/done/place").text
    assert "It is not in the queue." in page
    assert "Overdue" not in page
