"""The list of the queue in a real browser: filters as one types, a view saved, and Back to the row that was opened."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from tests.factories import make_article
from tests.support.accessibility import assert_accessible, log_in

pytestmark = pytest.mark.browser
Sessions = Callable[[], AbstractContextManager[Session]]
Pages = Callable[..., Page]


@pytest.fixture(autouse=True)
def long_queue(session_of: Sessions) -> None:
    with session_of() as session:
        for number in range(60):
            make_article(session, f"n{number:02}", primary_stack=("flask", "nginx")[number % 2])


def test_filters_answer_as_they_are_set_and_become_a_view(
    watched_page: Page, page_watch: object, lead: User
) -> None:
    page = watched_page
    log_in(page, lead)
    page.goto("/queue")
    page.get_by_label("Search title, topic and text").fill("n0")
    expect(page.locator("mark").first).to_have_text("n00")
    page.get_by_text("More filters").click()
    page.get_by_role("spinbutton", name="Clarity from").fill("73")
    page.get_by_role("spinbutton", name="Clarity from").press("Tab")
    page.wait_for_url("**/queue?q=n0&clarity_min=73")
    expect(page.locator("tbody tr")).to_have_count(10)
    page.get_by_role("spinbutton", name="Clarity from").fill("101")
    page.get_by_role("spinbutton", name="Clarity from").press("Tab")
    expect(page.get_by_role("alert")).to_contain_text("Lowest clarity must be a whole number from 0 to 100.")
    expect(page.locator("tbody tr")).to_have_count(10)
    page.get_by_role("spinbutton", name="Clarity from").fill("73")
    page.get_by_role("spinbutton", name="Clarity from").press("Tab")
    page.wait_for_url("**/queue?q=n0&clarity_min=73")
    page.get_by_text("Save as a view").click()
    page.get_by_label("Name").fill("Clear ones")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Clear ones 10")).to_have_attribute("aria-current", "page")
    for at in (page.url, "/queue/views"):
        page.goto(at)
        for fold in page.locator("main summary").all():
            if fold.evaluate("fold => !fold.parentElement.open"):
                fold.click()
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)
            assert_accessible(page)


@pytest.mark.parametrize("way", ["browser", "link"])
def test_back_from_an_article_leads_to_the_same_list_and_the_row_that_was_opened(
    watched_page: Page, reviewer: User, way: str
) -> None:
    page = watched_page
    log_in(page, reviewer)
    page.goto("/queue")
    page.get_by_role("combobox", name="Stack").select_option("nginx")
    page.wait_for_url("**/queue?stack=nginx")
    page.get_by_role("link", name="Next →").click()
    page.wait_for_url(re.compile(r"stack=nginx&after="))
    listed = page.url
    title = page.locator("#results").get_by_role("link", name="Title of n59")
    title.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Title of n59")
    if way == "browser":
        page.go_back()
    else:
        page.get_by_role("link", name="← Queue").click()
    page.wait_for_url(listed)
    expect(title).to_be_focused()
    expect(title).to_be_in_viewport()
    expect(page.locator("tbody tr")).to_have_count(5)


def test_without_javascript_all_of_it_works_by_its_buttons(open_page: Pages, reviewer: User) -> None:
    page = open_page(java_script_enabled=False)
    log_in(page, reviewer)
    page.goto("/queue")
    page.get_by_text("More filters").click()
    page.get_by_label("Waiting for days, at least").fill("1")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Remove the filter Waiting for a day or more")).to_be_visible()
    page.get_by_text("Save as a view").click()
    page.get_by_label("Name").fill("Old")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Old 60")).to_be_visible()
