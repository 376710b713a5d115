"""Selecting, previewing, confirming and undoing in a real browser: with JavaScript, without it, and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from review_app.accounts.models import User
from review_app.articles.models import Article
from tests.factories import make_article
from tests.reviewing.desk import Sessions, retire_checklist
from tests.support.accessibility import assert_accessible_in_each_look, log_in

pytestmark = pytest.mark.browser

Pages = Callable[..., Page]
MATCHING = 51


@pytest.fixture(autouse=True)
def three_pages(session_of: Sessions) -> None:
    """Three pages of articles that match a filter, and some that do not."""
    with session_of() as session:
        retire_checklist(session)
        for number in range(MATCHING):
            make_article(session, f"django-{number:02}", primary_stack="django")
        for number in range(3):
            make_article(session, f"flask-{number}")


def of_status(session_of: Sessions, status: str) -> set[str]:
    with session_of() as session:
        query = select(Article.source_id).where(Article.revision_status == status)
        return set(session.scalars(query))


def open_queue(page: Page, lead: User, filters: str = "?stack=django") -> None:
    log_in(page, lead)
    page.goto(f"/queue{filters}")


def came_of_it(page: Page, words: str) -> Locator:
    return page.get_by_role("region", name="What came of it").get_by_text(words)


def test_all_that_match_over_three_pages_are_as_many_as_the_filter_counts(
    watched_page: Page, lead: User, session_of: Sessions
) -> None:
    page = watched_page
    open_queue(page, lead)
    expect(page.get_by_text(f"{MATCHING} waiting match")).to_be_visible()
    expect(page.locator("#bulk-bar")).to_be_hidden()
    page.get_by_role("link", name="Next →").click()
    page.wait_for_url(re.compile("after="))
    behind = page.url
    page.get_by_role("checkbox", name="Select these 25").check()
    expect(page.locator("#bulk-bar")).to_contain_text("25 selected")
    expect(page.locator("#live")).to_have_text("25 selected")
    page.get_by_label("What to do with many articles").select_option(label="Request changes")
    page.get_by_role("button", name=f"All {MATCHING} that match").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Preview: Request changes")
    expect(
        page.get_by_text(f"This will change {MATCHING} of the {MATCHING} selected articles.")
    ).to_be_visible()
    page.get_by_role("button", name=f"Confirm: {MATCHING} articles").click()
    expect(page.locator(".summary")).to_contain_text("Note is needed")
    page.get_by_label("Note").fill("All of them lack their second step.")
    page.get_by_role("button", name=f"Confirm: {MATCHING} articles").click()
    expect(came_of_it(page, f"{MATCHING} of {MATCHING} articles were changed")).to_be_visible(timeout=30_000)
    assert of_status(session_of, "changes_requested") == {f"django-{number:02}" for number in range(MATCHING)}

    page.get_by_role("button", name="Undo all of it").click()
    done = came_of_it(page, f"{MATCHING} of {MATCHING} articles are as they were before.")
    expect(done).to_be_visible(timeout=30_000)
    assert of_status(session_of, "changes_requested") == set()
    page.get_by_role("link", name="Back to the queue").click()
    page.wait_for_url(behind)


def test_rows_are_selected_by_key_and_by_range(watched_page: Page, lead: User, session_of: Sessions) -> None:
    page = watched_page
    open_queue(page, lead)
    boxes = page.get_by_role("row").get_by_role("checkbox", name=re.compile("^Select Title"))
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.locator("#bulk-bar")).to_contain_text("4 selected")
    page.get_by_role("link", name="Title of django-00").focus()
    page.keyboard.press("x")
    expect(page.locator("#live")).to_have_text("5 selected")
    page.get_by_label("Search title, topic and text").focus()
    page.keyboard.press("x")
    expect(page.locator("#live")).not_to_have_text("4 selected")
    page.goto("/queue?stack=django")
    for number in (0, 2):
        boxes.nth(number).check()
    page.get_by_label("What to do with many articles").select_option(label="Put behind all others")
    page.get_by_role("button", name="Preview the selected").click()
    expect(page.get_by_text("This will change 2 of the 2 selected articles.")).to_be_visible()
    page.get_by_role("button", name="Confirm: 2 articles").click()
    expect(came_of_it(page, "2 of 2 articles were changed")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="Back to the queue").click()
    expect(page.get_by_role("rowheader").first).to_contain_text("django-01")


def test_it_needs_no_javascript(open_page: Pages, lead: User, session_of: Sessions) -> None:
    page = open_page(java_script_enabled=False)
    open_queue(page, lead)
    expect(page.get_by_role("checkbox", name="Select these 25")).to_be_hidden()
    page.get_by_role("checkbox", name="Select Title of django-00").check()
    page.get_by_label("What to do with many articles").select_option(label="Set to reviewed")
    page.get_by_role("button", name="Preview the selected").click()
    page.get_by_role("button", name="Confirm: 1 article").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Set to reviewed")
    page.reload()
    for _ in range(100):
        if of_status(session_of, "reviewed"):
            break
        page.reload()
    assert of_status(session_of, "reviewed") == {"django-00"}
    page.goto("/queue?stack=django")
    page.get_by_label("What to do with many articles").select_option(label="Reject")
    page.get_by_role("button", name="All 25 on this page").click()
    expect(page.get_by_text("This will change 25 of the 25 selected articles.")).to_be_visible()


def test_its_pages_are_accessible_narrow_and_light_wide_and_dark(
    open_page: Pages, lead: User, session_of: Sessions
) -> None:
    with session_of() as session:
        make_article(session, "done", revision_status="reviewed", title="Averyverylongword" * 12)
    page = open_page()
    open_queue(page, lead, "?stack=flask")
    page.get_by_role("checkbox", name=re.compile("^Select Title")).first.check()
    assert_accessible_in_each_look(page)
    page.get_by_label("What to do with many articles").select_option(label="Set to reviewed")
    page.get_by_role("button", name="All 4 on this page").click()
    expect(page.get_by_text("This will change 3 of the 4 selected articles.")).to_be_visible()
    assert_accessible_in_each_look(page)
    page.get_by_role("button", name="Confirm: 3 articles").click()
    expect(came_of_it(page, "3 of 4 articles were changed")).to_be_visible(timeout=30_000)
    assert_accessible_in_each_look(page)
    page.get_by_role("link", name="All bulk actions").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bulk actions")
    assert_accessible_in_each_look(page)
