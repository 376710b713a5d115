"""Deciding with the keyboard alone: how few keys it takes, where the focus is, when keys do nothing, and taking it back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.clock import utc_now
from review_app.outbox.models import OutboxEvent
from review_app.review_queue.models import Claim, SavedView
from review_app.reviewing.models import Decision
from review_app.reviewing.policy import add_item, set_floors
from tests.factories import LONG_AGO, PASSWORD, make_article
from tests.reviewing.desk import Sessions, retire_checklist
from tests.support.accessibility import log_in

pytestmark = pytest.mark.browser

Pages = Callable[..., Page]


@pytest.fixture(autouse=True)
def three_articles(session_of: Sessions, lead: User) -> None:
    """Three that wait, a checklist of one line that must be ticked, and a floor under depth."""
    with session_of() as session:
        retire_checklist(session)
        add_item(session, "It was read.", required=True, actor=lead.as_actor(), now=LONG_AGO)
        set_floors(session, lead, {"depth": 60}, "why", based_on=0, actor=lead.as_actor(), now=LONG_AGO)
        for number, title in enumerate(("Leases that end", "Retrying with care", "A queue that owes"), 1):
            make_article(session, f"n{number}", title=title)


def the_article(session_of: Sessions, source_id: str) -> Article:
    with session_of() as session:
        article = session.scalars(select(Article).filter_by(source_id=source_id)).one()
        session.expunge(article)
        return article


def released(session_of: Sessions) -> dict[str, int]:
    """How many events there are in each state of the outbox."""
    with session_of() as session:
        states = session.scalars(select(OutboxEvent.state)).all()
        return dict(Counter(states))


def decisions(session_of: Sessions) -> int:
    with session_of() as session:
        return session.scalar(select(func.count()).select_from(Decision)) or 0


def opened(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def held(page: Page) -> None:
    expect(page.get_by_text("You hold this until")).to_be_visible()


def start(page: Page, person: User, source_id: str = "n1") -> None:
    log_in(page, person)
    page.goto(f"/articles/{source_id}/review")
    held(page)


class Hand:
    """Presses keys and counts them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.presses = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.presses += 1


def test_from_the_login_to_the_next_article_in_nine_keys(
    watched_page: Page, reviewer: User, session_of: Sessions
) -> None:
    page, hand = watched_page, Hand(watched_page)
    page.goto("/login")
    page.get_by_label("Email").fill(reviewer.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    hand.press("Enter")
    expect(page.get_by_role("button", name="Review next")).to_be_visible()
    hand.press("Enter")
    opened(page, "Leases that end")
    expect(page).to_have_title("Review · Leases that end · 1 of 3 · Review Desk")
    held(page)
    hand.press("1", "PageUp", "Tab", "ArrowDown", "Enter", "Space", "a")
    opened(page, "Retrying with care")
    assert hand.presses <= 9
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page).to_have_title("Review · Retrying with care · 1 of 2 · Review Desk")
    expect(page.locator("#live")).to_have_text("Approved “Leases that end”.")
    article = the_article(session_of, "n1")
    assert (article.revision_status, article.quality, article.freshness) == ("approved", 80, 70)


def test_z_brings_the_article_back_as_it_was_typed_and_nothing_has_left_the_desk(
    watched_page: Page, reviewer: User, session_of: Sessions
) -> None:
    page = watched_page
    start(page, reviewer)
    page.keyboard.press("n")
    page.keyboard.type("All of it was tried.")
    for key in ("Escape", "2", "PageDown", "Escape", "c", "Space", "a"):
        page.keyboard.press(key)
    opened(page, "Retrying with care")
    held(page)
    assert released(session_of) == {"waiting": 1}
    page.keyboard.press("z")
    opened(page, "Leases that end")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    held(page)
    expect(page.locator("#note")).to_have_value("All of it was tried.")
    expect(page.get_by_role("spinbutton", name="Freshness")).to_have_value("61")
    expect(page).to_have_url(re.compile("/articles/n1/review$"))
    article = the_article(session_of, "n1")
    assert (article.revision_status, article.freshness, article.indexable) == ("drafted", 71, False)
    assert article.awaiting_review
    assert released(session_of) == {"cancelled": 1}
    with session_of() as session:
        claims = session.scalars(select(Article.source_id).join(Claim, Claim.article_id == Article.id)).all()
    assert claims == ["n1"]


def test_without_z_exactly_one_event_goes_out_when_the_time_has_passed(
    watched_page: Page, reviewer: User, session_of: Sessions
) -> None:
    page = watched_page
    start(page, reviewer)
    page.clock.install()
    for key in ("c", "Space", "a"):
        page.keyboard.press(key)
    opened(page, "Retrying with care")
    expect(page.locator("[data-undo-left]")).to_have_text("20")
    page.clock.fast_forward(12_000)
    expect(page.locator("[data-undo-left]")).to_have_text("8")
    page.clock.fast_forward(9_000)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    expect(page.get_by_role("link", name="History", exact=True)).to_be_visible()
    page.keyboard.press("z")
    opened(page, "Retrying with care")
    with session_of() as session:
        events = session.scalars(select(OutboxEvent)).all()
    assert [(event.kind, event.state) for event in events] == [("article.approved", "waiting")]
    assert 19 < (events[0].release_at - events[0].created_at).total_seconds() < 21


def test_no_key_acts_while_somebody_types(watched_page: Page, reviewer: User, session_of: Sessions) -> None:
    page = watched_page
    start(page, reviewer)
    for key in ("n", "a", "s", "z", "r", "d", "1", "?", "/", "g", "q"):
        page.keyboard.press(key)
    expect(page.locator("#note")).to_have_value("aszrd1?/gq")
    page.get_by_label("Status").focus()
    page.keyboard.press("a")
    page.get_by_role("spinbutton", name="Depth").focus()
    page.keyboard.press("a")
    opened(page, "Leases that end")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_focused()
    for chord in ("Alt+a", "Control+a", "Shift+A"):
        page.keyboard.press(chord)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Approve, make indexable")
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    opened(page, "Leases that end")
    page.keyboard.down("z")
    page.keyboard.down("z")
    page.keyboard.up("z")
    assert decisions(session_of) == 0


def test_a_key_that_is_kept_down_decides_once(
    watched_page: Page, reviewer: User, session_of: Sessions
) -> None:
    page = watched_page
    with session_of() as session:
        retire_checklist(session)
    start(page, reviewer)
    page.keyboard.down("a")
    opened(page, "Retrying with care")
    held(page)
    page.keyboard.down("a")
    page.keyboard.down("a")
    page.keyboard.up("a")
    opened(page, "Retrying with care")
    assert decisions(session_of) == 1


def test_switched_off_the_keys_do_nothing_and_are_not_printed(
    watched_page: Page, reviewer: User, session_of: Sessions
) -> None:
    page = watched_page
    log_in(page, reviewer)
    page.goto("/profile")
    page.get_by_label("Keys act on the page").uncheck()
    page.get_by_role("button", name="Save keys and undo").click()
    page.goto("/articles/n1/review")
    held(page)
    for key in ("a", "s", "n", "1", "?", "j", "Control+Enter"):
        page.keyboard.press(key)
    opened(page, "Leases that end")
    expect(page.locator("kbd")).to_have_count(0)
    expect(page.locator("[aria-keyshortcuts]")).to_have_count(0)
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert decisions(session_of) == 0


def test_r_and_d_open_the_note_and_decide_nothing_before_it_is_confirmed(
    watched_page: Page, reviewer: User, session_of: Sessions
) -> None:
    page = watched_page
    start(page, reviewer)
    page.keyboard.press("d")
    expect(page.locator("#note")).to_be_focused()
    expect(page.get_by_role("button", name="Reject with this note")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Reject with this note")).to_be_hidden()
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Request changes with this note")).to_be_visible()
    page.keyboard.type("The second step is missing.")
    assert decisions(session_of) == 0
    page.keyboard.press("Control+Enter")
    opened(page, "Retrying with care")
    assert the_article(session_of, "n1").revision_status == "changes_requested"


def test_scores_tell_while_they_are_typed_what_they_come_to(watched_page: Page, reviewer: User) -> None:
    page = watched_page
    start(page, reviewer)
    expect(page.locator("[data-overall]")).to_have_text("71.5")
    expect(page.get_by_text("1.2.3 → 1.3.0 if approved, 1.2.4 if saved")).to_be_visible()
    page.keyboard.press("3")
    page.keyboard.type("59")
    expect(page.locator("[data-overall]")).to_have_text("68.25")
    expect(page.get_by_text("under the floor of 60")).to_be_visible()
    expect(page.get_by_text("under a floor: Depth")).to_be_visible()
    page.keyboard.press("PageUp")
    expect(page.get_by_text("under the floor of 60")).to_be_hidden()
    expect(page.get_by_text("under a floor: Depth")).to_be_hidden()
    depth = page.get_by_role("spinbutton", name="Depth")
    for _ in range(5):
        page.keyboard.press("PageUp")
    expect(depth).to_have_value("100")
    page.keyboard.press("ArrowUp")
    expect(depth).to_have_value("100")
    expect(page.locator(".score.changed")).to_have_count(1)


def test_the_queue_is_walked_by_keys_and_back_leads_to_the_same_row(
    watched_page: Page, reviewer: User
) -> None:
    page = watched_page
    log_in(page, reviewer)
    page.goto("/queue?stack=flask")
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    row = page.locator("tr[aria-current=true]")
    expect(row).to_contain_text("Retrying with care")
    expect(row.get_by_role("link").first).to_be_focused()
    page.keyboard.press("Enter")
    opened(page, "Retrying with care")
    expect(page.locator(".path")).to_contain_text("2 of 3")
    page.get_by_role("link", name="← Previous").click()
    opened(page, "Leases that end")
    page.go_back()
    opened(page, "Retrying with care")
    page.go_back()
    page.wait_for_url("**/queue?stack=flask")
    expect(page.locator("tr[aria-current=true]")).to_contain_text("Retrying with care")
    page.keyboard.press("/")
    expect(page.get_by_label("Search title, topic and text")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url(lambda url: url.endswith("/queue"))


def test_the_last_of_a_filter_says_so_and_leads_on(
    watched_page: Page, reviewer: User, session_of: Sessions
) -> None:
    page = watched_page
    with session_of() as session:
        retire_checklist(session)
        make_article(session, "other", title="The other stack", primary_stack="django")
        shared = {"owner_id": reviewer.id, "shared": False, "position": 1, "created_at": utc_now()}
        session.add(SavedView(name="Mostly flask", query="stack=flask", columns=None, **shared))
        session.add(SavedView(name="Nothing here", query="stack=cobol", columns=None, **shared))
    log_in(page, reviewer)
    page.goto("/articles/other/review?stack=django")
    held(page)
    page.keyboard.press("a")
    expect(page.locator("#messages")).to_contain_text("That was the last of django · 1 decided today")
    expect(page.locator("#messages a")).to_have_text(
        ["History", "Show all that wait", re.compile("Mostly flask, [0-9]+")]
    )
    page.keyboard.press("z")
    opened(page, "The other stack")
    held(page)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Request changes with this note")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.get_by_role("link", name="Show all that wait").first.click()
    expect(page.get_by_role("table").get_by_role("rowheader")).to_have_count(3)


def test_control_k_goes_to_what_one_types(watched_page: Page, reviewer: User) -> None:
    page = watched_page
    log_in(page, reviewer)
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Go to an article or a page")
    expect(box).to_be_focused()
    expect(page.locator("#found-list").get_by_role("option")).to_have_text(["Queue page", "Articles page"])
    page.keyboard.type("retrying")
    option = page.locator("#found-list").get_by_role("option", name="Retrying with care")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(page.locator("#palette [role=status]")).to_have_text("1 found")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    box.fill("n3")
    expect(page.locator("#found-list").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    opened(page, "A queue that owes")


def test_all_of_it_works_without_javascript(open_page: Pages, reviewer: User, session_of: Sessions) -> None:
    page = open_page(java_script_enabled=False)
    log_in(page, reviewer)
    page.goto("/articles/n1/review?stack=flask")
    expect(page.locator(".path")).to_contain_text("1 of 3")
    expect(page.get_by_text("Overall 71.5")).to_be_visible()
    page.get_by_role("checkbox", name="It was read.").check()
    page.locator("#note").fill("Read twice.")
    page.locator("#actions").get_by_role("button", name="Approve").click()
    opened(page, "Retrying with care")
    page.get_by_role("button", name="Undo").click()
    opened(page, "Leases that end")
    expect(page.locator("#note")).to_have_value("Read twice.")
    assert the_article(session_of, "n1").awaiting_review
    page.get_by_role("link", name="Go to").click()
    page.get_by_role("searchbox", name="An article or a page").fill("owes")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="A queue that owes").click()
    opened(page, "A queue that owes")
    page.get_by_role("link", name="Keys").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Keys")


def test_the_undo_lasts_as_long_as_its_person_likes(
    watched_page: Page, reviewer: User, session_of: Sessions
) -> None:
    page = watched_page
    with session_of() as session:
        retire_checklist(session)
        session.get_one(User, reviewer.id).undo_seconds = 60
    start(page, reviewer)
    before = utc_now()
    page.keyboard.press("a")
    opened(page, "Retrying with care")
    expect(page.locator("form[data-undo='60']")).to_be_visible()
    with session_of() as session:
        event = session.scalars(select(OutboxEvent)).one()
    assert (event.release_at - before).total_seconds() >= 60
