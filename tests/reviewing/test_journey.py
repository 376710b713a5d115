"""The reviewer's way through the desk in a real browser: with JavaScript, without it, and two people at once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.clock import utc_now
from review_app.reviewing.models import Decision
from tests.factories import PASSWORD, make_article
from tests.reviewing.desk import Sessions, judge, retire_checklist
from tests.support.accessibility import log_in

pytestmark = pytest.mark.browser

Pages = Callable[..., Page]


@pytest.fixture(autouse=True)
def two_articles(session_of: Sessions) -> None:
    """Two that wait, on a desk without a checklist."""
    with session_of() as session:
        retire_checklist(session)
        make_article(session, "first", title="Leases that end")
        make_article(session, "second", title="Retrying with care", primary_stack="django")


def the_article(session_of: Sessions, source_id: str) -> Article:
    with session_of() as session:
        article = session.scalars(select(Article).filter_by(source_id=source_id)).one()
        session.expunge(article)
        return article


def press(page: Page, name: str) -> None:
    """One of the buttons that stand under the form."""
    page.locator("#actions").get_by_role("button", name=name).click()


def opened(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def note_of(page: Page) -> str:
    return page.locator("#note").input_value()


def test_a_reviewer_corrects_what_was_refused_and_goes_on_to_the_next(
    watched_page: Page, reviewer: User, session_of: Sessions
) -> None:
    page = watched_page
    page.goto("/queue")
    page.get_by_label("Email").fill(reviewer.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Review next").click()
    opened(page, "Leases that end")
    expect(page.get_by_text("You hold this until")).to_be_visible()

    page.get_by_role("spinbutton", name="Depth").fill("88")
    page.get_by_role("spinbutton", name="Quality").fill("101")
    with page.expect_response("**/decisions") as answer:
        press(page, "Approve, make indexable")
    assert answer.value.status == 422
    expect(page.locator(".summary")).to_be_focused()
    expect(page.locator(".summary")).to_contain_text("Quality must be a whole number from 0 to 100")
    expect(page.get_by_role("spinbutton", name="Quality")).to_have_value("101")
    expect(page.get_by_role("spinbutton", name="Depth")).to_have_value("88")
    expect(page).to_have_url(re.compile("/articles/first/review$"))

    page.get_by_role("spinbutton", name="Quality").fill("64")
    with page.expect_response("**/decisions") as answer:
        press(page, "Request changes")
    assert answer.value.status == 422
    expect(page.locator(".summary")).to_be_focused()
    expect(page.locator(".summary")).to_contain_text("Note is needed")
    expect(page.get_by_role("spinbutton", name="Quality")).to_have_value("64")

    page.locator("#note").fill("The second step is missing.")
    press(page, "Request changes")
    opened(page, "Retrying with care")
    expect(page.locator("#messages")).to_contain_text("Requested changes to “Leases that end”.")
    asked = the_article(session_of, "first")
    assert (asked.revision_status, asked.quality, asked.depth) == ("changes_requested", 64, 88)

    page.get_by_role("button", name="Undo").click()
    opened(page, "Leases that end")
    expect(page.locator("#messages")).to_contain_text("Rolled back")
    undone = the_article(session_of, "first")
    assert (undone.revision_status, undone.quality, undone.awaiting_review) == ("drafted", 70, True)


def test_an_approved_article_is_indexable_and_the_next_one_opens(
    watched_page: Page, reviewer: User, session_of: Sessions
) -> None:
    log_in(watched_page, reviewer)
    watched_page.goto("/queue")
    watched_page.get_by_role("button", name="Review next").click()
    opened(watched_page, "Leases that end")
    press(watched_page, "Approve, make indexable")
    opened(watched_page, "Retrying with care")
    approved, other = the_article(session_of, "first"), the_article(session_of, "second")
    assert (approved.revision_status, approved.indexable) == ("approved", True)
    assert (other.revision_status, other.indexable) == ("drafted", False)


def test_the_second_of_two_chooses_and_loses_nothing(
    open_page: Pages, reviewer: User, colleague: User, session_of: Sessions
) -> None:
    first, second = open_page(), open_page()
    log_in(first, reviewer)
    log_in(second, colleague)
    first.goto("/articles/first/review")
    expect(first.get_by_text("You hold this until")).to_be_visible()
    second.goto("/articles/first/review")
    expect(second.get_by_role("button", name="Try to claim it")).to_be_visible()
    second.get_by_role("spinbutton", name="Quality").fill("55")
    second.get_by_role("spinbutton", name="Clarity").fill("66")
    second.locator("#note").fill("My own words.")

    first.get_by_role("spinbutton", name="Quality").fill("91")
    first.locator("#note").fill("A step is missing.")
    press(first, "Request changes")
    opened(first, "Retrying with care")

    with second.expect_response("**/decisions") as answer:
        press(second, "Approve, make indexable")
    assert answer.value.status == 409
    panel = second.get_by_role("region", name="It has changed meanwhile")
    expect(panel.get_by_role("alert")).to_be_focused()
    quality = panel.get_by_role("group", name="Quality")
    expect(quality).to_contain_text("91")
    expect(quality).to_contain_text("55")
    expect(panel.locator("blockquote")).to_have_text("A step is missing.")
    assert note_of(second) == "My own words."
    quality.get_by_role("radio", name="Theirs").check()
    panel.get_by_role("button", name="Decide with these").click()
    expect(second.locator("#messages")).to_contain_text("Approved “Leases that end”.")

    merged = the_article(session_of, "first")
    assert (merged.revision_status, merged.indexable) == ("approved", True)
    assert (merged.quality, merged.clarity) == (91, 66)
    with session_of() as session:
        notes = session.scalars(select(Decision.note).order_by(Decision.id)).all()
    assert notes == ["A step is missing.", "My own words."]


def test_the_main_way_needs_no_javascript(open_page: Pages, reviewer: User, session_of: Sessions) -> None:
    page = open_page(java_script_enabled=False)
    log_in(page, reviewer)
    page.goto("/queue")
    page.get_by_role("button", name="Review next").click()
    opened(page, "Leases that end")
    expect(page.get_by_text("You hold this until")).to_be_visible()

    page.get_by_role("spinbutton", name="Quality").fill("61")
    with page.expect_response("**/decisions") as answer:
        press(page, "Request changes")
    assert answer.value.status == 422
    expect(page.locator(".summary")).to_contain_text("Note is needed")
    expect(page.get_by_role("spinbutton", name="Quality")).to_have_value("61")

    press(page, "Skip")
    opened(page, "Retrying with care")
    expect(page.locator("#messages")).to_contain_text("Skipped “Leases that end”")
    page.get_by_role("button", name="Release").click()
    expect(page.locator("#messages")).to_contain_text("Released")

    # What was refused above stands among one's drafts as well.
    page.get_by_role("region", name="Waiting articles").get_by_role("link", name="Leases that end").click()
    expect(page.get_by_role("spinbutton", name="Quality")).to_have_value("61")
    page.get_by_role("spinbutton", name="Quality").fill("62")
    page.locator("#actions").get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("Saved “Leases that end”.")
    assert the_article(session_of, "first").quality == 62

    page.goto("/articles/second/review")
    press(page, "Approve, make indexable")
    expect(page.locator("#messages")).to_contain_text("Approved “Retrying with care”.")
    assert the_article(session_of, "second").indexable


def test_a_lead_rolls_back_from_the_articles_page_without_javascript(
    open_page: Pages, reviewer: User, lead: User, session_of: Sessions
) -> None:
    with session_of() as session:
        judge(session, "first", reviewer, "approve", now=utc_now())
    page = open_page(java_script_enabled=False)
    log_in(page, lead)
    page.goto("/articles/first")
    page.locator("summary", has_text="Roll back").click()
    page.get_by_label("Why").fill("The code does not run.")
    page.get_by_role("button", name="Roll back this decision").click()
    expect(page.locator("#messages")).to_contain_text("Rolled back: “Leases that end”")
    expect(page.locator(".history")).to_contain_text("The code does not run.")
    article = the_article(session_of, "first")
    assert (article.revision_status, article.indexable, article.awaiting_review) == ("drafted", False, True)


def test_a_search_narrows_the_queue_in_place_and_back_returns_to_the_filter(
    watched_page: Page, reviewer: User
) -> None:
    page = watched_page
    log_in(page, reviewer)
    page.goto("/queue?status=drafted")
    page.evaluate("window.stillHere = true")
    rows = page.get_by_role("table").get_by_role("rowheader")
    expect(rows).to_have_count(2)
    page.get_by_label("Search title, topic and text").press_sequentially("retrying with", delay=10)
    page.wait_for_url(re.compile(r"[?&]q=retrying"))
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Retrying with care")
    expect(page.locator("#headline")).to_contain_text("1 waiting match")
    assert page.evaluate("window.stillHere")

    page.go_back()
    page.wait_for_url("**/queue?status=drafted")
    expect(rows).to_have_count(2)
    expect(page.get_by_label("Search title, topic and text")).to_have_value("")
