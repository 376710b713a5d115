"""Publishing in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from review_app.base.clock import utc_now
from tests.publishing.conftest import approved_article
from tests.support.accessibility import assert_accessible, log_in

pytestmark = pytest.mark.browser


@pytest.fixture
def some_runs(session_of, start, work):
    """A run that has ended with refusals, and one that waits."""
    with session_of() as session:
        approved_article(session, "good", last_reviewed_on=utc_now().date())
        approved_article(session, "long", title="A very long title " * 12)
        approved_article(session, "waiting", decided_at=utc_now() + timedelta(hours=1))
    work(start("good", "long", "unknown").run.id)
    start("waiting", "good")


def test_an_empty_desk_is_accessible_too(watched_page, lead):
    log_in(watched_page, lead)
    watched_page.goto("/publications")
    expect(watched_page.get_by_text("Nothing was published yet")).to_be_visible()
    assert_accessible(watched_page)


def test_a_run_ends_before_the_leads_eyes(watched_page, lead, session_of, page_watch):
    decided = utc_now() - timedelta(seconds=15)
    with session_of() as session:
        approved_article(session, "good", decided_at=decided)
    log_in(watched_page, lead)
    watched_page.goto("/publications")
    watched_page.get_by_role("button", name="Publish").click()
    watched_page.wait_for_url("**/publications/1")
    run = watched_page.get_by_role("region", name="Progress")
    expect(run.get_by_text("until then its approval can be undone")).to_be_visible()
    expect(run.get_by_text("1 published.")).to_be_visible(timeout=15_000)
    expect(watched_page.locator("#live")).to_contain_text("1 published.")
    asked = []
    watched_page.on("request", lambda request: asked.append(request.url))
    watched_page.wait_for_timeout(2500)
    assert asked == []
    run.get_by_role("link", name="public page").click()
    expect(watched_page.get_by_role("heading", name="Title of good")).to_be_visible()


def test_the_focus_stays_where_it_is_while_the_run_goes_on(watched_page, lead, some_runs):
    log_in(watched_page, lead)
    watched_page.goto("/publications/2")
    link = watched_page.get_by_role("link", name="Title of waiting")
    link.focus()
    with watched_page.expect_response("**/publications/2"):
        pass
    with watched_page.expect_response("**/publications/2"):
        pass
    expect(link).to_be_focused()


def test_without_javascript_a_link_looks_again(open_page, lead, some_runs):
    page = open_page(java_script_enabled=False)
    log_in(page, lead)
    page.goto("/publications/2")
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", name="Publish run 2")).to_be_visible()
