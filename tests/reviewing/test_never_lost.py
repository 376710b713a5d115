"""In a real browser: the session ends, the network goes, the page crashes, two people are at it. Nothing typed is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import delete, select

from review_app.accounts.models import User, UserSession
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.reviewing.drafts.models import Draft
from review_app.reviewing.models import Decision
from tests.factories import PASSWORD, make_article
from tests.reviewing.desk import Sessions, judge, retire_checklist
from tests.support.accessibility import assert_accessible, log_in
from tests.support.browser import PageWatch

pytestmark = pytest.mark.browser

Pages = Callable[..., Page]
REVIEW = "/articles/first/review"


@pytest.fixture(autouse=True)
def two_articles(session_of: Sessions) -> None:
    with session_of() as session:
        retire_checklist(session)
        make_article(session, "first", title="Leases that end")
        make_article(session, "second", title="Retrying with care")


def end_all_sessions(session_of: Sessions) -> None:
    with session_of() as session:
        session.execute(delete(UserSession))


def notes_kept(session_of: Sessions) -> list[str]:
    with session_of() as session:
        return [
            draft.fields["note"][-1]
            for draft in session.scalars(select(Draft).where(Draft.ended_at.is_(None)))
        ]


def arrived(page: Page, session_of: Sessions, note: str) -> None:
    """What a page sends while it is left has no answer that anybody could wait for."""
    for _ in range(100):
        if notes_kept(session_of) == [note]:
            return
        page.wait_for_timeout(50)
    assert notes_kept(session_of) == [note]


def opened(page: Page) -> Page:
    page.goto(REVIEW)
    expect(page.locator("#claim")).not_to_contain_text("Nobody holds this")
    return page


def press(page: Page, name: str) -> None:
    page.locator("#actions").get_by_role("button", name=name, exact=True).click()


def saved(page: Page) -> None:
    expect(page.locator("[data-saved]")).to_be_visible()
    expect(page.locator("[data-saved]")).to_contain_text(re.compile(r"Saved \d\d:\d\d"))


def test_a_session_that_ends_while_typing_is_renewed_in_place_and_the_form_is_sent_once(
    watched_page: Page, page_watch: PageWatch, reviewer: User, session_of: Sessions
) -> None:
    page_watch.expected_statuses |= {401}
    page = watched_page
    log_in(page, reviewer)
    opened(page)
    page.get_by_role("spinbutton", name="Quality").fill("64")
    page.locator("#note").press_sequentially("Before")
    end_all_sessions(session_of)
    page.locator("#note").press_sequentially(" and after.")

    dialog = page.get_by_role("dialog", name="Please log in again")
    password = dialog.get_by_label("Password", exact=True)
    expect(password).to_be_focused()
    expect(dialog.get_by_label("Email")).to_have_value(reviewer.email)
    assert_accessible(page)
    page.keyboard.type("not my password")
    page.keyboard.press("Enter")
    expect(dialog.locator(".summary")).to_be_focused()
    expect(dialog).to_contain_text("The email or the password is not right.")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("[data-unsaved]")).to_be_visible()
    expect(page.locator("#note")).to_have_value("Before and after.")

    press(page, "Request changes")
    password.fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Retrying with care")
    with session_of() as session:
        decisions = session.scalars(select(Decision)).all()
        assert [(each.outcome, each.note) for each in decisions] == [("request_changes", "Before and after.")]
        assert decisions[0].after["scores"]["quality"] == 64
    assert notes_kept(session_of) == []
    assert page.evaluate("localStorage.length") == 0


def test_another_person_who_logs_in_sends_nothing_of_mine(
    open_page: Pages, page_watch: PageWatch, reviewer: User, colleague: User, session_of: Sessions
) -> None:
    page_watch.expected_statuses |= {400, 401}
    page = open_page()
    log_in(page, reviewer)
    opened(page)
    end_all_sessions(session_of)
    page.locator("#note").press_sequentially("My own words.")
    dialog = page.get_by_role("dialog", name="Please log in again")
    dialog.get_by_label("Email").fill(colleague.email)
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    told = page.get_by_role("dialog", name="Somebody else is logged in")
    expect(told).to_contain_text("You are logged in as colleague")
    told.get_by_role("button", name="Stay on this page").click()
    press(page, "Request changes")
    expect(told).to_be_visible()
    told.get_by_role("button", name="Stay on this page").click()
    expect(page.locator("#note")).to_have_value("My own words.")
    assert notes_kept(session_of) == []
    with session_of() as session:
        assert session.scalars(select(Decision)).all() == []

    opened(page)
    expect(page.locator("#note")).to_have_value("")
    log_out = page.get_by_role("button", name="Log out")
    log_out.click()
    log_in(page, reviewer)
    opened(page)
    expect(page.locator("#draft")).to_contain_text("Your draft of")
    expect(page.locator("#note")).to_have_value("My own words.")
    assert notes_kept(session_of) == ["My own words."]


def test_a_page_that_crashes_comes_back_with_what_was_typed(
    open_page: Pages, reviewer: User, session_of: Sessions
) -> None:
    page = open_page()
    log_in(page, reviewer)
    opened(page)
    page.locator("#note").press_sequentially("Saved by itself.")
    saved(page)
    assert notes_kept(session_of) == ["Saved by itself."]

    # Neither the pause is over nor is the page asked to leave: only the browser itself has these words.
    page.evaluate("() => { window.sendDraft = () => new Promise(() => {}); }")
    page.locator("#note").press_sequentially(" And more.")
    context = page.context
    page.close(run_before_unload=False)
    assert notes_kept(session_of) == ["Saved by itself."]

    again = context.new_page()
    again.goto(REVIEW)
    expect(again.locator("#note")).to_have_value("Saved by itself. And more.")
    expect(again.locator("#draft")).to_contain_text("Your draft of")
    assert notes_kept(session_of) == ["Saved by itself. And more."]
    assert again.evaluate("localStorage.length") == 0
    again.get_by_role("button", name="Discard it").click()
    expect(again.locator("#note")).to_have_value("")
    assert notes_kept(session_of) == []


def test_a_network_that_is_away_is_said_and_tried_again(
    watched_page: Page, page_watch: PageWatch, reviewer: User, session_of: Sessions
) -> None:
    page_watch.expected_statuses |= {503}
    page = watched_page
    log_in(page, reviewer)
    opened(page)
    answers = [503, 503]

    def answer(route: Route) -> None:
        if answers:
            route.fulfill(status=answers.pop(), body="away")
        else:
            route.continue_()

    page.route("**/draft", answer)
    page.locator("#note").press_sequentially("Words")
    expect(page.locator("[data-unsaved]")).to_be_visible()
    expect(page.locator("#live")).to_have_text("Not saved yet, trying again")
    assert "Words" in json.dumps(page.evaluate("({...localStorage})"))
    page.locator("#note").press_sequentially(" and more")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    saved(page)
    assert notes_kept(session_of) == ["Words and more"]


def test_two_windows_of_one_person_are_told_of_each_other_and_the_newest_is_kept(
    open_page: Pages, reviewer: User, session_of: Sessions
) -> None:
    first = open_page()
    log_in(first, reviewer)
    opened(first)
    second = opened(first.context.new_page())
    first.locator("#note").press_sequentially("In the first.")
    expect(second.get_by_text("You type on this article in another window too")).to_be_visible()
    saved(first)
    second.locator("#note").press_sequentially("In the second.")
    second.keyboard.press("Control+s")
    expect(second.locator("#saved")).to_contain_text("in place of what another window of yours saved")
    assert notes_kept(session_of) == ["In the second."]
    first.locator("#note").press_sequentially(" And on.")
    first.keyboard.press("Control+s")
    expect(first.locator("#saved")).to_contain_text("in place of what another window of yours saved")
    assert notes_kept(session_of) == ["In the first. And on."]


def test_my_own_autosaves_are_never_a_conflict_and_the_second_of_two_people_sees_both_texts(
    open_page: Pages, reviewer: User, colleague: User, session_of: Sessions
) -> None:
    first, second = open_page(), open_page()
    log_in(first, reviewer)
    log_in(second, colleague)
    opened(first)
    opened(second)
    for words in ("One. ", "Two. ", "Three."):
        second.locator("#note").press_sequentially(words)
        with second.expect_response("**/draft") as answer:
            second.keyboard.press("Control+s")
        assert answer.value.status == 200
    with session_of() as session:
        assert lock_article(session, "first").row_version == 1
    second.get_by_role("spinbutton", name="Quality").fill("55")
    saved(second)

    first.locator("#note").fill("A step is missing.")
    first.get_by_role("spinbutton", name="Quality").fill("91")
    press(first, "Request changes")
    expect(first.get_by_role("heading", level=1)).to_have_text("Retrying with care")

    opened(second)
    panel = second.get_by_role("region", name="It has changed meanwhile")
    expect(panel.get_by_role("group", name="Quality")).to_contain_text("91")
    expect(panel.get_by_role("group", name="Quality")).to_contain_text("55")
    expect(panel.locator("blockquote")).to_have_text("A step is missing.")
    expect(second.locator("#note")).to_have_value("One. Two. Three.")
    panel.get_by_role("button", name="Discard mine").click()
    expect(second.locator("#note")).to_have_value("")
    expect(second.get_by_role("spinbutton", name="Quality")).to_have_value("91")
    assert notes_kept(session_of) == []


def test_leaving_asks_only_when_something_is_unsent(
    watched_page: Page, page_watch: PageWatch, reviewer: User, session_of: Sessions
) -> None:
    page_watch.expected_statuses |= {503}
    page = watched_page
    log_in(page, reviewer)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    opened(page)
    page.locator("#note").press_sequentially("Left at once.")
    # The page says it while it goes, and may be overtaken by the one that comes.
    page.get_by_role("link", name="Queue", exact=True).click()
    page.wait_for_url("**/queue")
    arrived(page, session_of, "Left at once.")
    page.reload()
    expect(page.get_by_role("heading", name="Your drafts")).to_be_visible()
    assert asked == []

    opened(page)
    page.route("**/draft", lambda route: route.fulfill(status=503, body="away"))
    page.locator("#note").press_sequentially(" More.")
    expect(page.locator("[data-unsaved]")).to_be_visible()
    page.get_by_role("link", name="Queue", exact=True).click()
    page.wait_for_url("**/queue")
    assert asked == ["beforeunload"]


def test_who_else_is_here_is_said_once(open_page: Pages, reviewer: User, colleague: User) -> None:
    first, second = open_page(), open_page()
    log_in(first, reviewer)
    log_in(second, colleague)
    opened(first)
    before = first.locator("h1").bounding_box()
    opened(second)
    line = second.locator("#presence")
    expect(line).to_have_text(re.compile(r"Also here:\s+reviewer\s+\(holds it\)"))
    expect(second.locator("#live")).to_contain_text("Also here: reviewer (holds it)")
    second.evaluate("document.getElementById('live').textContent = ''")
    second.evaluate("document.getElementById('presence').dispatchEvent(new Event('every'))")
    first.evaluate("document.getElementById('presence').dispatchEvent(new Event('every'))")
    expect(first.locator("#presence")).to_contain_text("colleague", timeout=15_000)
    assert first.locator("h1").bounding_box() == before
    assert second.locator("#live").inner_text() == ""


def test_without_javascript_a_form_goes_through_the_login(
    open_page: Pages, page_watch: PageWatch, reviewer: User, session_of: Sessions
) -> None:
    page = open_page(java_script_enabled=False)
    log_in(page, reviewer)
    page.goto(REVIEW)
    page.get_by_role("spinbutton", name="Quality").fill("61")
    page.locator("#note").fill("Typed before the end.")
    page_watch.expected_statuses |= {401}
    end_all_sessions(session_of)
    press(page, "Reject")
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    page.get_by_label("Email").fill(reviewer.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Send it again")
    expect(page.get_by_label("Note")).to_have_value("Typed before the end.")
    page.get_by_role("button", name="Send it now").click()
    expect(page.locator("#messages")).to_contain_text("Rejected “Leases that end”.")
    with session_of() as session:
        article = session.scalars(select(Article).filter_by(source_id="first")).one()
        assert (article.revision_status, article.quality) == ("rejected", 61)


def test_a_decision_of_a_colleague_does_not_touch_my_draft(
    watched_page: Page, reviewer: User, lead: User, session_of: Sessions
) -> None:
    """While the page stays open the autosave goes on, and the decision meets both versions."""
    page = watched_page
    log_in(page, reviewer)
    opened(page)
    with session_of() as session:
        judge(session, "second", lead, "save")
        article = lock_article(session, "first")
        article.quality, article.row_version = 12, 2
    page.locator("#note").press_sequentially("Still mine.")
    saved(page)
    press(page, "Save")
    panel = page.get_by_role("region", name="It has changed meanwhile")
    expect(panel.get_by_role("group", name="Quality").get_by_role("radio", name="Theirs")).to_be_checked()
    expect(page.locator("#note")).to_have_value("Still mine.")
    panel.get_by_role("button", name="Decide with these").click()
    expect(page.locator("#messages")).to_contain_text("Saved “Leases that end”.")
    assert notes_kept(session_of) == []
