"""The statistics in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from review_app.base.clock import utc_now
from review_app.reviewing.rules import Outcome
from tests.support.accessibility import assert_accessible_in_each_look, log_in

pytestmark = pytest.mark.browser


@pytest.fixture
def some_decisions(decided, reviewer, colleague, lead):
    """A few weeks of work by three people."""
    outcomes = [Outcome.APPROVE, Outcome.REQUEST_CHANGES, Outcome.REJECT, Outcome.SAVE]
    for number in range(24):
        user = (reviewer, colleague)[number % 2]
        decided(
            user,
            utc_now() - timedelta(days=number, minutes=5),
            outcomes[number % 4],
            wait=500_000,
            quality=40,
        )
    decided(lead, utc_now() - timedelta(minutes=5), Outcome.ARCHIVE)


def test_axe_finds_nothing_on_the_statistics(open_page, lead, reviewer, some_decisions):
    page = open_page()
    log_in(page, lead)
    for path in (
        "/stats",
        f"/stats/reviewers/{reviewer.id}",
        "/stats?from=2020-01-01&to=2020-02-01",
        "/stats?from=x",
    ):
        page.goto(path)
        assert_accessible_in_each_look(page)
    page.goto("/stats")
    page.get_by_text("As a table").click()
    expect(page.get_by_role("columnheader", name="Together")).to_be_visible()
    assert_accessible_in_each_look(page)


def test_other_days_are_chosen_by_a_form_that_needs_no_javascript(open_page, lead, some_decisions):
    page = open_page(java_script_enabled=False)
    log_in(page, lead)
    page.goto("/stats")
    day = (utc_now() - timedelta(days=2)).date().isoformat()
    page.get_by_label("From", exact=True).fill(day)
    page.get_by_label("To", exact=True).fill(day)
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(f"**/stats?from={day}&to={day}")
    expect(page.get_by_role("img", name="Decisions per day")).to_be_visible()


def test_a_bad_period_takes_the_focus_to_what_is_wrong(watched_page, lead):
    log_in(watched_page, lead)
    watched_page.goto("/stats?from=2026-11-10&to=2026-11-09")
    expect(watched_page.locator(".summary")).to_be_focused()
    watched_page.get_by_role("link", name="From: the first day must not come after the last one.").click()
    expect(watched_page.get_by_label("From", exact=True)).to_be_focused()
