"""Every page in a real browser with difficult data: axe finds nothing, light and dark, narrow and wide."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import chain
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.queries import get_article
from review_app.base.clock import utc_now
from review_app.importing.sources.models import ImportSourceRead
from review_app.importing.sources.rules import ReadState
from review_app.outbox.actions import SYSTEM
from review_app.publishing.actions import Order, start_run
from review_app.publishing.jobs import run_publish
from review_app.publishing.models import RunRollback
from review_app.publishing.rules import Trigger
from review_app.publishing.targets.rules import TargetKind
from review_app.review_queue.actions import hold
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.saved_views import add_view
from review_app.review_queue.standing import assign_view
from review_app.reviewing.notes.actions import add_note, reply, resolve_note
from review_app.reviewing.notes.queries import get_note
from review_app.reviewing.notes.rules import Selector
from tests.evidence.texts import STACK_PARAGRAPH, measured, stock
from tests.factories import make_article, make_source
from tests.importing.records import lines, record
from tests.publishing.everything import put_everything
from tests.reviewing.desk import Sessions, import_again, judge, keep_new_texts_out, retire_checklist, undo
from tests.support.accessibility import assert_accessible, log_in, looks
from tests.support.browser import PageWatch

Pages = Callable[..., Page]
UNDO = timedelta(seconds=20)
TEXT = (
    "<p>Some text.</p><h2>A heading</h2><ul><li>One<ul><li>two</li></ul></li></ul>"
    "<pre><code>print('a line of code that is much wider than any narrow window can be')</code></pre>"
    "<table><tr><th>Tool</th></tr><tr><td>Lease</td></tr></table>"
)
PICTURE = '<figure><img src="https://images.example.com/a.png" alt="A queue"><figcaption>Its caption</figcaption></figure>'
# The desk frames a picture from elsewhere. A public page would load it, which no test does, so its article has none.
BODY = TEXT + PICTURE
LONG_TITLE = "Averyverylongwordwithoutanybreak " * 14 + "and its end here"
ANYBODY = ("/login", "/p/slug-of-public", "/p/nothing")
REVIEWER = (
    "/queue",
    "/queue?q=nothing",
    "/articles",
    "/articles/past",
    "/articles/long",
    "/articles/rtl",
    "/find?q=a",
    "/help/keys",
    "/articles/past/notes",
    "/profile",
    "/notifications",
    "/articles/nothing",
    "/articles/held/review",
    "/articles/past/review",
    "/articles/long/place",
)
DRAFTS = ("/drafts", "/articles/plain/review")
MERGES = ("/merges", "/articles/again/merge", "/articles/again/review")
IMPORTS = ("/imports/1", "/imports", "/imports/sources", "/imports/sources/2", "/imports/sources/1")
LEAD = (
    "/stats",
    "/admin/reasons",
    "/admin/reasons/1",
    "/admin/policy",
    "/admin/changes",
    "/admin/users",
    "/articles/past",
    "/articles/rtl/place",
    "/queue/views",
    "/queue/views/1/assignment",
)
PUBLISHING = ("/publications", "/publications/2", "/publications/truth", "/admin/targets")
UNFOLDED = ("/admin/targets/2", "/admin/deliveries/1")
"""Pages of which everything that folds is opened first."""
MORE_PUBLISHING = (
    "/publications/1",
    "/publications/3",
    "/publications/4",
    "/publications/1/rollback",
    "/publications/4/rollback",
    "/publications/hook",
    "/publications/schedules",
    "/publications/export",
    "/admin/targets/1",
    "/admin/targets/4",
    "/admin/targets/2/deliveries",
    *(f"/admin/targets/new?kind={kind}" for kind in TargetKind if kind is not TargetKind.SITE),
)
"""Seen in two looks instead of four: their parts are those of the pages above, or of other pages."""

VISITED = (
    *chain(ANYBODY, REVIEWER, DRAFTS, MERGES, IMPORTS, LEAD, PUBLISHING, UNFOLDED, MORE_PUBLISHING),
    "/evidence/paragraphs",
    "/evidence/paragraphs/1",
)
NOT_VISITED = {
    "bulk.index": "tests/reviewing/bulk/test_browser.py looks at it",
    "bulk.show": "tests/reviewing/bulk/test_browser.py looks at it",
    "insights.reviewer": "tests/insights/test_browser.py looks at it",
    "accounts.home": "leads on to the queue",
    "articles.export_csv": "a file",
    "asset": "a file",
    "export.file": "a file",
    "importing.errors_csv": "a file",
    "importing.left_csv": "a file",
    "importing.refused": "a file",
    "insights.stats_csv": "a file",
    "key_file.show": "a file",
    "operations.healthz": "for programs",
    "operations.metrics": "for programs",
    "public.feed": "for programs",
    "public.robots": "for programs",
    "public.sitemap": "for programs",
    "public.sitemap_part": "for programs",
    "static": "a file",
    "vendor": "a file",
}
"""Addresses outside of the API that are read with GET and not looked at here, by their endpoint, each with why not."""

TWO_LOOKS = ("dark, 320 wide", "light, 1280 wide")
META = {"score": {"quality": 70}, "entities": [{"name": "queue", "parts": {"head": 1, "tail": ["a", "b"]}}]}


@pytest.fixture(autouse=True)
def difficult_data(app: Flask, session_of: Sessions, colleague: User, lead: User) -> None:
    """What breaks layouts: long and right-to-left titles, many flags, a missing score, a row that another holds."""
    with session_of() as session:
        flags = {"needs_human_review": True, "has_images": True, "ai_generated_style": True}
        make_article(session, "plain", html=BODY, meta=META, flags=flags)
        make_article(session, "stale", html=BODY)
        theirs = {"assigned_to_id": colleague.id, "due_on": date(2026, 11, 2), "due_by_hand": True}
        make_article(session, "long", title=LONG_TITLE, **theirs)
        make_article(session, "rtl", title="طابور العمل ومن يراجعه", quality=None)
        now = utc_now()
        held = make_article(session, "held", title="Held by another")
        hold(session, held, colleague, now=now, lease=timedelta(minutes=15))
        stock(session, STACK_PARAGRAPH)
        _history(session, lead)
        _notes(session, lead, colleague)
        _sources(session, lead)
        _views(session, lead, colleague)
        order = Order(["public", "unknown"], None)
        run = start_run(session, order, Trigger.PAGE, user_id=None, actor=SYSTEM, now=now, undo=UNDO).run.id
    with app.app_context():
        run_publish(run)


def _history(session: Session, lead: User) -> None:
    """A decision that was rolled back, one that stands below it, and an article that was published."""
    earlier = utc_now() - timedelta(days=1)
    measured(session, "past", f"<p>{STACK_PARAGRAPH}</p>{BODY}", meta=META)
    judge(session, "past", lead, "save", now=earlier, scores={"quality": 91}, note="A longword" + "x" * 80)
    undo(session, judge(session, "past", lead, "reject", now=earlier), lead, now=earlier)
    approved = {"revision_status": "approved", "awaiting_review": False, "indexable": True}
    make_article(
        session,
        "public",
        title=LONG_TITLE,
        html=TEXT,
        decided_at=earlier,
        last_reviewed_on=earlier.date(),
        **approved,
    )


def _notes(session: Session, lead: User, colleague: User) -> None:
    """One on a passage that goes over tags, with a reply; one on a passage that is gone; one that is resolved."""
    article, now = get_article(session, "past"), utc_now()
    longword = "Averylongword" * 20
    about = Selector("Some text. A heading One two")
    first = add_note(session, article, lead, longword, passage=about, actor=SYSTEM, now=now).note
    first_again = get_note(session, first.id)
    reply(session, first_again, colleague, f"No. {longword}", actor=SYSTEM, now=now)
    gone = add_note(session, article, colleague, "Gone.", actor=SYSTEM, now=now).note
    gone.quote, gone.text_digest = longword, "an earlier text"
    done = add_note(session, article, colleague, longword, actor=SYSTEM, now=now).note
    resolve_note(session, get_note(session, done.id), lead, actor=SYSTEM, now=now)


def _views(session: Session, lead: User, colleague: User) -> None:
    """One that everybody sees and somebody has, under a name as long as one may be."""
    now, owner = utc_now(), session.get_one(User, lead.id)
    view = add_view(session, owner, "Longword" * 7, QueueFilters(stack="nginx"), now=now, shared=True)
    assign_view(session, view, session.get_one(User, colleague.id), actor=SYSTEM, now=now)


def _come_again(session: Session, lead: User) -> None:
    """An approved article of which an import says otherwise, in another text, while the public reads the approved one."""
    retire_checklist(session)
    import_again(session, "again", body=BODY + "<p>A word was here, and it stayed.</p>")
    judge(session, "again", lead, "approve")
    keep_new_texts_out(session, lead)
    scores = {"score.quality": 12, "score.depth": None, "revision.status": "reviewed"}
    changed = (
        BODY.replace("Some text.", "Other words. " + "Averylongword" * 20)
        + "<p>A sign was here, and it stayed.</p>"
    )
    import_again(session, "again", body=changed, title="Another title " * 9, **scores)


def _sources(session: Session, user: User) -> None:
    """One that works, and one that was paused after failing; neither is due."""
    now = utc_now()
    bad = make_source(session, user, paused_at=now, failures=10, failure="The site does not accept it." * 3)
    make_source(session, user, kind="feed", address="https://articles.example.com/" + "long" * 30)
    for number, state in enumerate(ReadState):
        if state not in {ReadState.READING, ReadState.WAITING}:
            planned = now - timedelta(hours=number)
            session.add(
                ImportSourceRead(
                    source_id=bad.id, planned_at=planned, finished_at=planned, state=state, note="Why."
                )
            )


def test_every_address_with_a_page_is_visited_or_listed_with_a_reason(app: Flask) -> None:
    addresses = app.url_map.bind("localhost")
    visited = {addresses.match(urlsplit(path).path)[0] for path in VISITED}
    rules = [rule for rule in app.url_map.iter_rules() if not rule.rule.startswith("/api/")]
    unseen = {rule.endpoint for rule in rules if "GET" in (rule.methods or ())} - visited
    assert unseen - NOT_VISITED.keys() == set(), "look at it, or say in NOT_VISITED why not"
    assert NOT_VISITED.keys() - unseen == set(), "gone, or visited after all"


def settled_width(page: Page, wanted: int) -> int:
    """How wide the page is once it has had time to fit; a busy machine may lay it out in more than one step."""
    for _ in range(40):
        if page.evaluate("document.documentElement.scrollWidth") <= wanted:
            break
        page.wait_for_timeout(50)
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width


def look(page: Page, *only: str) -> None:
    """At the page as it stands, light and dark, in both widths; or only in those looks that are named."""
    expect(page.locator("h1")).to_have_count(1)
    assert page.title().strip(), page.url
    for seen in looks(page):
        if only and not seen.endswith(only):
            continue
        wanted = page.viewport_size["width"] if page.viewport_size else 0
        assert settled_width(page, wanted) <= wanted, seen
        try:
            assert_accessible(page)
        except AssertionError as error:
            raise AssertionError(f"{seen}: {error}") from error


def look_at(page: Page, *paths: str) -> None:
    for path in paths:
        page.goto(path)
        look(page)


@pytest.mark.browser
def test_what_anybody_sees(open_page: Pages, page_watch: PageWatch) -> None:
    page_watch.expected_statuses |= {404}
    page = open_page()
    look_at(page, *ANYBODY)
    page.goto("/login")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".summary")).to_be_visible()
    look(page)


@pytest.mark.browser
def test_what_a_reviewer_sees(
    open_page: Pages, page_watch: PageWatch, reviewer: User, lead: User, session_of: Sessions
) -> None:
    page_watch.expected_statuses |= {404}
    page = open_page()
    log_in(page, reviewer)
    look_at(page, *REVIEWER)
    _look_at_folds(page)
    _look_at_a_refusal(page)
    # What was refused is a draft now.
    look_at(page, *DRAFTS)
    _look_at_a_conflict(page, session_of, lead)


def _look_at_folds(page: Page) -> None:
    """Stock paragraphs open by keyboard; the pages of evidence."""
    page.goto("/articles/past")
    fold = page.locator(".prose details")
    expect(fold).to_have_js_property("open", False)
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(fold).to_have_js_property("open", True)
    page.goto("/evidence/paragraphs")
    look(page)
    page.get_by_role("link", name=STACK_PARAGRAPH).click()
    expect(page.get_by_role("heading", name="A paragraph that stands in 22 articles")).to_be_visible()
    look(page)


def _look_at_a_refusal(page: Page) -> None:
    page.goto("/articles/plain/review")
    expect(page.get_by_text("You hold this until")).to_be_visible()
    look(page)
    page.get_by_role("spinbutton", name="Quality").fill("101")
    page.locator("#actions").get_by_role("button", name="Approve").click()
    expect(page.locator(".summary")).to_be_visible()
    look(page)


def _look_at_a_conflict(page: Page, session_of: Sessions, other: User) -> None:
    page.goto("/articles/stale/review")
    expect(page.get_by_text("You hold this until")).to_be_visible()
    with session_of() as session:
        article: Article = get_article(session, "stale")
        article.quality, article.row_version = 12, article.row_version + 1
    page.get_by_role("spinbutton", name="Quality").fill("55")
    page.locator("#actions").get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="It has changed meanwhile")).to_be_visible()
    look(page)


@pytest.mark.browser
def test_what_came_again(open_page: Pages, lead: User, session_of: Sessions) -> None:
    with session_of() as session:
        _come_again(session, lead)
    page = open_page()
    log_in(page, lead)
    look_at(page, *MERGES)
    page.goto("/articles/again/merge")
    page.get_by_role("radio", name="Take imported, 12").check()
    page.get_by_role("button", name="Settle as chosen").click()
    expect(page.get_by_text("The text has changed since it was decided on.")).to_be_visible()
    expect(page.get_by_role("radio", name="Take imported, 12")).to_be_checked()
    look(page)


@pytest.mark.browser
def test_what_a_lead_and_an_administrator_see(open_page: Pages, admin: User) -> None:
    page = open_page()
    log_in(page, admin)
    page.goto("/imports")
    content = lines(record("good-1"), '{"broken', record("bad-1", **{"score.quality": 101}))
    page.get_by_label("Files to import").set_input_files(
        {"name": "some.jsonl", "mimeType": "application/jsonl", "buffer": content}
    )
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url("**/imports/1")
    expect(page.get_by_text("The import has ended.").first).to_be_attached()
    look_at(page, *IMPORTS)
    page.get_by_text("Change this source").click()
    page.get_by_text("Remove this source").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Tick that you mean it.").first).to_be_visible()
    look(page)
    page.goto("/imports/sources")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".summary")).to_be_visible()
    look(page)
    look_at(page, *LEAD)


@pytest.fixture
def all_of_publishing(app: Flask, session_of: Sessions, lead: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of everything that publishing shows. It stays as it stands, for no worker looks at any of it."""
    monkeypatch.setattr("tests.support.browser.run_pending", lambda _app: None)
    with session_of() as session:
        articles = list(session.scalars(select(Article).where(Article.source_id.in_(["long", "rtl"]))))
        put_everything(session, session.get_one(User, lead.id), articles)
        session.execute(update(RunRollback).values(state="finished"))


@pytest.mark.browser
@pytest.mark.usefixtures("all_of_publishing")
def test_what_is_seen_of_publishing(open_page: Pages, admin: User) -> None:
    page = open_page()
    log_in(page, admin)
    look_at(page, *PUBLISHING)
    for path in UNFOLDED:
        page.goto(path)
        for fold in page.locator("main summary").all():
            fold.click()
        look(page)
        expect(page.locator("main details:not([open])"), "open also when the page asked again").to_have_count(
            0
        )
    for path in MORE_PUBLISHING:
        page.goto(path)
        look(page, *TWO_LOOKS)
    _look_at_answers(page)


def _look_at_answers(page: Page) -> None:
    """A preview with something that would be refused, and forms that are refused themselves."""
    page.goto("/publications")
    page.get_by_label("Only the articles named below").check()
    page.get_by_label("Source ids").fill("long rtl unknown")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What this would publish")
    look(page)
    page.goto("/publications")
    page.get_by_label("Only the articles named below").check()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look(page, *TWO_LOOKS)
    page.goto("/admin/targets/new?kind=webhook")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".summary")).to_be_visible()
    look(page, *TWO_LOOKS)


@pytest.mark.browser
def test_a_queue_in_which_all_is_done(open_page: Pages, reviewer: User, session_of: Sessions) -> None:
    with session_of() as session:
        for article in session.query(Article):
            article.awaiting_review = False
    page = open_page()
    log_in(page, reviewer)
    page.goto("/queue")
    expect(page.get_by_role("button", name="Review next")).to_have_count(0)
    look(page)
