"""The pages of bulk actions: they work, the wrong person, a bad form, a stale page; and what each costs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.reviewing.bulk.models import BulkAction
from review_app.worker import run_pending
from tests.factories import make_article
from tests.reviewing.desk import Sessions, retire_checklist
from tests.reviewing.test_query_counts import counted
from tests.support.cast import Browser

Browsers = Callable[[User], Browser]


@pytest.fixture
def leads(session_of: Sessions, browser_of: Browsers, lead: User) -> Browser:
    """The lead's, on a desk with a few articles."""
    with session_of() as session:
        retire_checklist(session)
        for number in range(4):
            make_article(session, f"a{number}", primary_stack="django" if number else "flask")
    return browser_of(lead)


def select_all(leads: Browser, action: str = "reject", **sent: str) -> str:
    """The address of the preview."""
    answer = leads.post("/bulk", {"action": action, "scope": "all", **sent})
    assert answer.status_code == 303, answer.text
    return answer.location


def test_a_reviewer_sees_no_checkboxes_and_is_refused(
    leads: Browser, browser_of: Browsers, reviewer: User
) -> None:
    address = select_all(leads)
    other = browser_of(reviewer)
    page = other.get("/queue").text
    assert "bulk-bar" not in page
    assert other.get(address).status_code == other.get("/bulk").status_code == 403
    assert other.post("/bulk", {"action": "reject", "scope": "all"}).status_code == 403


def test_the_filter_holds_for_all_and_back_leads_to_where_they_were_selected(leads: Browser) -> None:
    page = leads.get(select_all(leads, filters="?stack=django&sort=newest")).text
    assert "This will change <b>3</b> of the 3 selected articles." in page
    assert "all that wait and match Stack: django" in page
    assert 'href="/queue?stack=django&amp;sort=newest"' in page


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"action": "", "scope": "all"}, "Choose what to do with the articles."),
        ({"action": "explode", "scope": "all"}, "Choose what to do with the articles."),
        ({"action": "reject", "scope": "rows"}, "No article is selected."),
        ({"action": "reject"}, "No article is selected."),
        (
            {"action": "reject", "scope": "all", "filters": "?status=odd"},
            "“odd” is no status: it must be one of: drafted",
        ),
        ({"action": "reject", "scope": "all", "filters": "?stack=cobol"}, "No article is selected."),
    ],
)
def test_what_cannot_be_meant_selects_nothing_and_says_so(
    leads: Browser, session_of: Sessions, sent: dict[str, str], told: str
) -> None:
    answer = leads.post("/bulk", sent, follow_redirects=True)
    assert told in answer.text
    with session_of() as session:
        assert session.scalar(select(BulkAction.id)) is None


def test_refused_the_preview_comes_again_with_what_was_typed(leads: Browser, session_of: Sessions) -> None:
    address = select_all(leads)
    answer = leads.post(f"{address}/confirm", {"note": " "})
    assert answer.status_code == 422
    assert "Note is needed" in answer.text
    answer = leads.post(f"{address}/confirm", {"note": "x" * 10_001})
    assert answer.status_code == 422
    assert "x" * 10_001 in answer.text
    assert leads.post(f"{address}/confirm", {"note": "Spam."}).status_code == 303
    assert "confirmed already" in leads.post(f"{address}/confirm", {"note": "x"}, follow_redirects=True).text


def test_somebody_elses_selection_can_be_seen_and_not_confirmed(
    leads: Browser, browser_of: Browsers, admin: User
) -> None:
    address, other = select_all(leads), browser_of(admin)
    assert "Only lead, who selected these, can confirm it." in other.get(address).text
    assert other.post(f"{address}/confirm", {"note": "x"}).status_code == 403


def test_it_is_watched_listed_and_undone_for_a_reason_once_the_window_has_passed(
    leads: Browser, session_of: Sessions, app
) -> None:
    address = select_all(leads)
    leads.post(f"{address}/confirm", {"note": "Spam."})
    assert 'hx-trigger="every 1s"' in leads.get(address).text
    run_pending(app)
    page = leads.get(address).text
    assert "4 of 4 articles were changed" in page
    assert "every 1s" not in page
    assert "Reject" in leads.get("/bulk").text
    assert f'href="{address}"' in leads.get("/admin/changes").text
    with session_of() as session:
        session.scalars(select(BulkAction)).one().ended_at -= timedelta(hours=1)
    answer = leads.post(f"{address}/undo")
    assert answer.status_code == 422
    assert "Why is it undone? is needed" in answer.text
    assert leads.post(f"{address}/undo", {"note": "Not spam."}).status_code == 303
    run_pending(app)
    assert "4 of 4 articles are as they were before." in leads.get(address).text
    assert "undone already" in leads.post(f"{address}/undo", {"note": "x"}, follow_redirects=True).text


def test_what_waits_for_a_worker_can_be_stopped(leads: Browser, session_of: Sessions, app) -> None:
    address = select_all(leads)
    leads.post(f"{address}/confirm", {"note": "Spam."})
    assert leads.post(f"{address}/stop").status_code == 303
    run_pending(app)
    with session_of() as session:
        assert set(session.scalars(select(Article.revision_status))) == {"drafted"}
    assert "nothing to stop" in leads.post(f"{address}/stop", follow_redirects=True).text


def test_a_list_of_many_is_paged(leads: Browser, session_of: Sessions) -> None:
    with session_of() as session:
        for _ in range(30):
            make_article(session)
    first = leads.get(select_all(leads)).text
    [following] = re.findall(r'href="([^"#]*after=[^"#]*)#', first)
    assert "34 selected" in first
    assert leads.get(following).text.count('<th scope="row">') == 9
    for _ in range(26):
        address = select_all(leads)
    leads.get("/bulk")
    [following] = re.findall(r'href="(/bulk\?after=[^"]*)"', leads.get("/bulk").text)
    assert leads.get(following).text.count('<th scope="row">') == 2
    assert address


@pytest.mark.parametrize("count", [2, 40])
def test_each_page_costs_so_many_statements_however_much_there_is(
    leads: Browser, session_of: Sessions, app, count: int
) -> None:
    with session_of() as session:
        for _ in range(count):
            make_article(session)
    with counted() as statements:
        address = select_all(leads)
    assert len(statements) == 7, "\n".join(statements)
    with counted() as statements:
        leads.get(address)
    assert len(statements) == 7, "\n".join(statements)
    leads.post(f"{address}/confirm", {"note": "Spam."})
    run_pending(app)
    with counted() as statements:
        leads.get(address)
    assert len(statements) == 4, "\n".join(statements)
