"""Notes, reasons and the text of an article in a real browser: by mouse, by keyboard, without JavaScript, printed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from review_app.accounts.models import User
from review_app.articles.markup import sanitise
from review_app.reviewing.models import Decision
from tests.factories import make_article
from tests.reviewing.desk import Sessions, judge, retire_checklist
from tests.support.accessibility import assert_accessible, log_in

pytestmark = pytest.mark.browser

Pages = Callable[..., Page]
CODE = (
    "print('a line of code that is much wider than any narrow window can ever be, or a wide one')  # "
    + "x" * 99
)
BODY = sanitise(
    "<p>A lease ends by itself. Nobody ends it.</p><p>A lease <b>ends by</b> itself, says the "
    f'<a href="https://example.com/manual">manual</a>.</p><pre><code>{CODE}</code></pre>'
    '<figure><img src="https://images.example.com/a.png" alt="A queue"><figcaption>Its caption.</figcaption></figure>'
).html
ARABIC = sanitise(
    "<h2>ما العمل</h2><p>طابور العمل يبدو بسيطا.</p><ul><li>واحد</li></ul><p>An English one.</p>"
    f"<pre><code>{CODE}</code></pre>"
).html


@pytest.fixture(autouse=True)
def article(session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        retire_checklist(session)
        make_article(session, "a", BODY, title="Leases that end")
        make_article(session, "rtl", ARABIC, title="طابور العمل")
        judge(session, "a", lead, "save", note="A first look.")


def choose(page: Page, start: str, end: str) -> None:
    """Select from the last place of one text to the end of the last of the other, as a mouse would."""
    page.evaluate(
        """([from, to]) => {
            const box = document.querySelector("[data-passages]"), range = document.createRange();
            const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
            for (let node; (node = walker.nextNode());) {
                const [first, last] = [node.data.lastIndexOf(from), node.data.lastIndexOf(to)];
                if (first >= 0) range.setStart(node, first);
                if (last >= 0) range.setEnd(node, last + to.length);
            }
            getSelection().removeAllRanges();
            getSelection().addRange(range);
        }""",
        [start, end],
    )


def test_a_selected_passage_is_commented_on_and_marked_where_it_was_selected(
    watched_page: Page, reviewer: User, colleague: User
) -> None:
    page = watched_page
    log_in(page, reviewer)
    page.goto("/articles/a/review")
    expect(page.get_by_text("You hold this until")).to_be_visible()
    page.locator("#note").fill("Half a thought.")
    comment = page.get_by_role("button", name="Comment")
    expect(comment).to_be_hidden()
    choose(page, "A lease ", " itself")
    comment.click()
    words = page.get_by_label("New note")
    expect(words).to_be_focused()
    expect(page.get_by_label("The passage")).to_have_value("A lease ends by itself")
    words.fill("Is that so, @colleague?")
    page.get_by_role("button", name="Add the note").click()
    expect(page.get_by_text("Told: colleague.", exact=True)).to_be_visible()
    expect(page.locator("#note-1")).to_be_focused()
    expect(page.locator("[data-passages] p").nth(1).locator("mark")).to_have_text(
        ["A lease", "ends by", "itself"]
    )
    expect(page.locator("[data-passages] p").nth(0).locator("mark")).to_have_count(0)
    expect(page.locator("#note")).to_have_value("Half a thought.")

    page.get_by_role("link", name="Note on this passage").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#note-1")).to_be_in_viewport()
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("Resolved by reviewer")).to_be_visible()
    expect(page.locator("mark")).to_have_count(0)


def test_a_passage_is_commented_on_by_keyboard_and_a_refused_note_keeps_what_was_typed(
    watched_page: Page, reviewer: User
) -> None:
    page = watched_page
    log_in(page, reviewer)
    page.goto("/articles/a")
    choose(page, "Its cap", "tion.")
    page.keyboard.press("Control+Alt+m")
    words = page.get_by_label("New note")
    expect(words).to_be_focused()
    page.get_by_label("The passage").fill("Nothing like it")
    words.focus()
    page.keyboard.type("Which?")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    with page.expect_response("**/notes") as answer:
        page.keyboard.press("Enter")
    assert answer.value.status == 422
    expect(page.get_by_role("alert")).to_contain_text("does not stand in the article")
    expect(words).to_have_value("Which?")
    expect(words).to_be_focused()
    page.get_by_label("The passage").fill("Its caption.")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("figcaption mark")).to_have_text("Its caption.")


def test_notes_need_no_javascript(open_page: Pages, reviewer: User) -> None:
    page = open_page(java_script_enabled=False)
    log_in(page, reviewer)
    page.goto("/articles/a/review")
    page.get_by_text("About a passage").click()
    page.get_by_label("The passage").fill("Nobody ends it.")
    page.get_by_label("New note").fill("Who does?")
    page.get_by_role("button", name="Add the note").click()
    page.wait_for_url("**/articles/a/review#note-1")
    expect(page.locator("#messages")).to_contain_text("Your note stands.")
    expect(page.locator("mark")).to_have_text("Nobody ends it.")
    page.locator("summary", has_text="Reply").click()
    page.get_by_label("Reply", exact=True).fill("The clock.")
    page.get_by_role("button", name="Reply", exact=True).click()
    expect(page.locator("#note-2")).to_contain_text("The clock.")


def test_a_reason_is_chosen_by_keyboard_and_its_text_can_be_changed(
    watched_page: Page, reviewer: User, session_of: Sessions
) -> None:
    page = watched_page
    log_in(page, reviewer)
    page.goto("/articles/a/review")
    expect(page.get_by_text("You hold this until")).to_be_visible()
    note = page.locator("#note")
    page.get_by_label("Reason").focus()
    page.keyboard.press("ArrowDown")
    expect(note).to_have_value(
        "The code does not run as it stands. Please correct it and say with which versions it was tried."
    )
    page.keyboard.press("ArrowDown")
    expect(note).to_have_value(
        "It claims something without a source or a figure. Please give one, or leave it out."
    )
    page.keyboard.press("Enter")
    expect(note).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.type(" See step 2.")
    page.locator("#actions").get_by_role("button", name="Request changes").click()
    expect(page.locator("#messages")).to_contain_text("Requested changes to")
    with session_of() as session:
        made = session.scalars(select(Decision).where(Decision.outcome == "request_changes")).one()
        assert made.note.count("without a source") == 1
        assert made.note.endswith("leave it out. See step 2.")
        assert made.reason_id is not None


def style_of(page: Page, selector: str, name: str) -> str:
    found: str = page.locator(selector).first.evaluate(f"node => getComputedStyle(node)['{name}']")
    return found


def test_an_article_that_runs_from_right_to_left_does_so_and_the_form_beside_it_does_not(
    watched_page: Page, reviewer: User
) -> None:
    page = watched_page
    log_in(page, reviewer)
    page.goto("/articles/rtl/review")
    directions = {
        selector: style_of(page, selector, "direction")
        for selector in (
            "h1",
            "#body",
            "#body h2",
            "#body ul",
            "#body p:last-of-type",
            "#body pre",
            "#panel",
            "#notes",
        )
    }
    assert directions == dict(
        zip(directions, ("rtl", "rtl", "rtl", "rtl", "ltr", "ltr", "ltr", "ltr"), strict=True)
    )
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_accessible(page)


def test_long_code_scrolls_in_its_box_by_keyboard_and_lines_have_a_comfortable_measure(
    watched_page: Page, reviewer: User
) -> None:
    page = watched_page
    log_in(page, reviewer)
    page.goto("/articles/a")
    code = page.get_by_role("group", name="Code")
    code.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("pre").first).not_to_have_js_property("scrollLeft", 0)
    assert (style_of(page, "#body p", "fontSize"), style_of(page, "#body p", "lineHeight")) == (
        "18px",
        "28px",
    )
    letters = page.locator("#body").evaluate(
        "node => { const probe = document.createElement('span');"
        " probe.textContent = 'The quick brown fox jumps over the lazy dog and goes on to the next one. ';"
        " node.append(probe); const one = probe.getBoundingClientRect().width / probe.textContent.length;"
        " probe.remove(); return node.clientWidth / one; }"
    )
    assert 60 <= letters <= 78


def test_what_is_printed_is_the_article_its_scores_and_its_decision_with_addresses(
    watched_page: Page, reviewer: User
) -> None:
    page = watched_page
    log_in(page, reviewer)
    page.goto("/articles/a")
    page.emulate_media(media="print")
    for shown in ("#body", "#standing", "text=A first look."):
        expect(page.locator(shown).first).to_be_visible()
    for hidden in ("header.top", "footer.foot", "#notes", ".path", ".history details"):
        expect(page.locator(hidden)).to_be_hidden()
    after = page.locator("#body a[href='https://example.com/manual']").evaluate(
        "node => getComputedStyle(node, '::after').content"
    )
    assert "https://example.com/manual" in after or "attr(href)" in after
    assert style_of(page, "pre", "whiteSpace") == "pre-wrap"


def test_a_passage_is_told_apart_in_forced_colours_and_nothing_moves_for_those_who_mind(
    open_page: Pages, reviewer: User
) -> None:
    page = open_page(forced_colors="active", reduced_motion="reduce")
    log_in(page, reviewer)
    page.goto("/articles/a")
    page.get_by_text("About a passage").click()
    page.get_by_label("The passage").fill("Nobody ends it.")
    page.get_by_label("New note").fill("Who does?")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("mark")).to_have_count(1)
    assert style_of(page, "mark", "borderBottomStyle") == "solid"
    assert style_of(page, "mark", "backgroundColor") != style_of(page, "#body p", "backgroundColor")
    assert style_of(page, ".button", "transitionDuration") == "0s"
    assert_accessible(page)


def test_a_lead_orders_the_checklist_and_the_reasons_by_keyboard(watched_page: Page, lead: User) -> None:
    page = watched_page
    log_in(page, lead)
    page.goto("/admin/reasons")
    page.get_by_role("button", name="Move up: Out of date").press("Enter")
    expect(page.locator("#messages")).to_contain_text("The order is changed.")
    expect(page.locator("section").first.locator("b").nth(1)).to_have_text("Out of date")
    page.wait_for_load_state()  # only then the browser stands where the address says
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Move up: Out of date")).to_be_focused()
    page.goto("/admin/policy")
    page.get_by_label("New line").fill("Read the code")
    page.get_by_label("New line").press("Enter")
    page.locator("summary", has_text="Read the code").press("Enter")
    page.locator("#items li").last.get_by_label("Must be ticked").press("Space")
    page.get_by_role("button", name="Save the line").press("Enter")
    expect(page.locator("#items")).to_contain_text("(required)")
