"""Saved views: kept, shown as tabs with counts, shared, changed, removed and taken back; and the columns of rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.base.clock import utc_now
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.models import SavedView
from review_app.review_queue.rules import MOST_VIEWS
from review_app.review_queue.saved_views import add_view
from tests.factories import make_article
from tests.reviewing.test_query_counts import counted
from tests.support.cast import Browser

Sessions = Callable[[], AbstractContextManager[Session]]
Browsers = Callable[[User], Browser]
TAB = re.compile(r'<a href="([^"]+)" (aria-current="page")?>\s*([^<]+?)\s*<span class="count">([^<]+)')
ROW = re.compile(r'<tr id="row-([^"]+)"')


@pytest.fixture
def desk(session_of: Sessions) -> None:
    with session_of() as session:
        for number in range(3):
            make_article(session, f"flask-{number}")
        make_article(session, "nginx-0", primary_stack="nginx")


def keep(session_of: Sessions, user: User, name: str, *, shared: bool = False, **filters: str) -> int:
    with session_of() as session:
        person = session.get_one(User, user.id)
        found = QueueFilters.of(filters)
        return add_view(session, person, name, found, now=utc_now(), shared=shared).id


def tabs(page: str) -> list[tuple[str, str, str, str]]:
    return [
        (url.replace("&amp;", "&"), current, name, count) for url, current, name, count in TAB.findall(page)
    ]


def names(session_of: Sessions) -> list[str]:
    with session_of() as session:
        return list(session.scalars(select(SavedView.name).where(SavedView.removed_at.is_(None))))


def test_filters_are_kept_as_a_view_and_stand_as_a_tab_with_their_count(
    desk: None, browser_of: Browsers, reviewer: User
) -> None:
    browser = browser_of(reviewer)
    assert "Saved views" not in browser.get("/queue").text
    assert "Save as a view" in browser.get("/queue?stack=flask&sort=newest").text
    saved = browser.post("/queue/views", {"name": " Only  Flask ", "filters": "?stack=flask&sort=newest"})
    assert saved.location == "/queue?stack=flask&sort=newest&view=1"
    page = browser.get(saved.location).text
    assert "Saved as “Only Flask”." in page
    assert tabs(page) == [("/queue?stack=flask&sort=newest&view=1", 'aria-current="page"', "Only Flask", "3")]


@pytest.mark.parametrize(
    ("name", "told"),
    [("", "must not be empty"), ("x" * 61, "may have 60 characters"), ("mine", "is the name of another")],
)
def test_a_name_that_will_not_do_is_said_at_the_field(
    browser_of: Browsers, session_of: Sessions, reviewer: User, name: str, told: str
) -> None:
    keep(session_of, reviewer, "Mine", stack="flask")
    browser = browser_of(reviewer)
    refused = browser.post("/queue/views", {"name": name, "filters": "?stack=nginx"})
    assert refused.status_code == 422
    assert told in refused.text
    assert f'value="{name}"' in refused.text
    assert 'name="filters" value="?stack=nginx"' in refused.text
    renamed = browser.post("/queue/views/1?_method=PUT", {"name": "", "position": "1"})
    assert (renamed.status_code, "must not be empty" in renamed.text) == (422, True)
    moved = browser.post("/queue/views/1?_method=PUT", {"name": "Mine", "position": "-1"})
    assert (moved.status_code, "The place must be a whole number" in moved.text) == (422, True)
    assert names(session_of) == ["Mine"]


def test_one_has_so_many_views_at_most(session_of: Sessions, browser_of: Browsers, reviewer: User) -> None:
    with session_of() as session:
        for number in range(MOST_VIEWS):
            values = {"name": f"n{number}", "query": "", "position": number, "created_at": utc_now()}
            session.add(SavedView(owner_id=reviewer.id, **values))
    browser = browser_of(reviewer)
    assert "is one more than 50 views" in browser.post("/queue/views", {"name": "one more"}).text


def test_a_lead_shares_a_view_and_nobody_else_can(
    desk: None, session_of: Sessions, browser_of: Browsers, reviewer: User, lead: User
) -> None:
    keep(session_of, lead, "Everybody’s", stack="nginx")
    own, others = browser_of(lead), browser_of(reviewer)
    assert "Everybody’s" not in others.get("/queue/views").text
    own.post("/queue/views/1?_method=PUT", {"name": "Everybody’s", "position": "1", "shared": "1"})
    assert tabs(others.get("/queue").text)[0][2:] == ("Everybody’s", "1")
    page = others.get("/queue/views").text
    assert "shared by lead" in page
    assert "Remove Everybody’s" not in page
    for method, data in (("PUT", {"name": "Hers"}), ("DELETE", {})):
        assert others.post(f"/queue/views/1?_method={method}", data).status_code == 403
    assert others.post("/queue/views", {"name": "x", "filters": "", "shared": "1"}).status_code == 403
    assert names(session_of) == ["Everybody’s"]


def test_a_view_of_somebody_else_is_not_found(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    keep(session_of, colleague, "Private", stack="flask")
    browser = browser_of(reviewer)
    browser.get("/queue")
    for path in ("/queue/views/1?_method=PUT", "/queue/views/1?_method=DELETE", "/queue/views/1/restoration"):
        assert browser.post(path, {"name": "x"}).status_code == 404
    assert browser.post("/queue/views/1/default?_method=PUT").status_code == 404
    assert browser.get("/queue?view=1").status_code == 200


def test_a_removed_view_can_be_taken_back(session_of: Sessions, browser_of: Browsers, reviewer: User) -> None:
    keep(session_of, reviewer, "Mine", stack="flask")
    browser = browser_of(reviewer)
    removed = browser.post("/queue/views/1?_method=DELETE")
    page = browser.get(removed.location).text
    assert "Removed “Mine”." in page
    assert 'action="/queue/views/1/restoration"' in page
    assert names(session_of) == []
    browser.post("/queue/views/1/restoration")
    assert "“Mine” is there again." in browser.get("/queue/views").text
    assert names(session_of) == ["Mine"]


def test_a_view_takes_other_filters(session_of: Sessions, browser_of: Browsers, reviewer: User) -> None:
    keep(session_of, reviewer, "Mine", stack="flask")
    browser = browser_of(reviewer)
    assert "Let “Mine” look for this" in browser.get("/queue?stack=nginx&view=1").text
    changed = browser.post("/queue/views/1?_method=PUT", {"filters": "?stack=nginx&age=2&view=1"})
    assert changed.location == "/queue?stack=nginx&age=2&view=1"


# --- the first view ---------------------------------------------------------------------------------------------------


def test_the_queue_opens_with_the_view_that_one_prefers_and_all_is_one_click_away(
    desk: None, session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    keep(session_of, reviewer, "Mine", stack="nginx")
    browser = browser_of(reviewer)
    browser.post("/queue/views/1/default?_method=PUT")
    opened = browser.get("/queue")
    assert (opened.status_code, opened.location) == (303, "/queue?stack=nginx&view=1")
    assert ROW.findall(browser.get(opened.location).text) == ["nginx-0"]
    for everything in ("/queue?all", "/queue?view=all", "/queue?q=&stack="):
        page = browser.get(everything)
        assert len(ROW.findall(page.text)) == 4, everything
        assert 'href="/articles/nginx-0/review?view=all"' in page.text
    back = browser.get("/articles/nginx-0/review?view=all").text
    assert 'href="/queue?view=all"' in back
    browser.post("/queue/views/default?_method=DELETE")
    assert browser.get("/queue").status_code == 200


def test_a_first_view_that_narrows_nothing_leads_in_no_circle(
    desk: None, session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    keep(session_of, reviewer, "Everything")
    browser = browser_of(reviewer)
    browser.post("/queue/views/1/default?_method=PUT")
    opened = browser.get("/queue")
    assert opened.location == "/queue?view=1"
    assert len(ROW.findall(browser.get(opened.location).text)) == 4


def test_a_view_alone_in_the_address_leads_to_its_filters(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    keep(session_of, reviewer, "Mine", stack="nginx")
    assert browser_of(reviewer).get("/queue?view=1").location == "/queue?stack=nginx&view=1"


def test_taking_the_last_chip_off_shows_all_and_not_the_first_view(
    desk: None, session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    keep(session_of, reviewer, "Mine", stack="nginx")
    page = browser_of(reviewer).get("/queue?stack=nginx&view=1").text
    assert 'href="/queue?view=all" aria-label="Remove the filter Stack: nginx"' in page


# --- columns ----------------------------------------------------------------------------------------------------------


def heads(page: str) -> list[str]:
    found = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>|[↑↓]", " ", head).split()) for head in found]


def test_columns_are_kept_with_the_person_or_with_the_view(
    desk: None, session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    keep(session_of, reviewer, "Mine", stack="nginx")
    browser = browser_of(reviewer)
    usual = ["Article", "Waiting since", "Quality", "Freshness", "Depth", "Clarity", "State"]
    assert heads(browser.get("/queue").text) == usual
    data = {"filters": "?stack=flask", "column": ["words", "overall", "rubbish"]}
    assert browser.post("/queue/columns?_method=PUT", data).location == "/queue?stack=flask"
    assert heads(browser.get("/queue").text) == ["Article", "Overall", "Words"]
    with_view = {"filters": "?stack=nginx&view=1", "column": ["views"], "with_view": "1"}
    browser.post("/queue/columns?_method=PUT", with_view)
    assert heads(browser.get("/queue?stack=nginx&view=1").text) == ["Article", "Synthetic views"]
    assert heads(browser.get("/queue").text) == ["Article", "Overall", "Words"]
    browser.post("/queue/columns?_method=PUT", {"filters": "", "usual": "1"})
    assert heads(browser.get("/queue").text) == usual


def test_every_column_can_be_shown(desk: None, browser_of: Browsers, reviewer: User) -> None:
    browser = browser_of(reviewer)
    every = re.findall(r'name="column"\s+value="([^"]+)"', browser.get("/queue").text)
    browser.post("/queue/columns?_method=PUT", {"filters": "", "column": every})
    page = browser.get("/queue").text
    assert len(heads(page)) == len(every) + 1 == 17
    for text in ("1,200", "flask", "beginner", "72"):
        assert text in page[page.index('<tr id="row-flask-0"') :]


def test_the_list_costs_no_more_statements_the_more_views_there_are(
    desk: None, session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    browser, costs = browser_of(reviewer), []
    for number in range(12):
        keep(session_of, reviewer, f"n{number}", stack="flask", age="1")
        with counted() as statements:
            page = browser.get("/queue").text
        costs.append(len(statements))
    assert len(set(costs)) == 1, costs
    assert len(tabs(page)) == 8


def test_a_view_is_found_by_its_name_by_who_may_see_it(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        own = {"owner_id": reviewer.id, "shared": False, "position": 1, "created_at": utc_now()}
        session.add(SavedView(name="Mostly flask", query="stack=flask", columns=None, **own))
    mine = browser_of(reviewer).get("/find?q=mostly").text
    assert "Mostly flask" in mine
    assert "/queue?stack=flask&amp;view=" in mine
    assert "Mostly flask" not in browser_of(colleague).get("/find?q=mostly").text
