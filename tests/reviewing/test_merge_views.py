"""The pages of a merge: field by field, refused in place, listed; and what changed in the text since the decision."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from review_app.accounts.models import User
from review_app.articles.models import Article, Policy
from review_app.articles.queries import get_article, lock_article
from review_app.base.clock import utc_now
from review_app.outbox.models import Event
from review_app.review_queue.actions import hold
from tests.reviewing.desk import NOW, Sessions, import_again, judge, keep_new_texts_out, retire_checklist
from tests.support.cast import Browser

Browsers = Callable[[User], Browser]
HERE = "/articles/a/merge"


@pytest.fixture(autouse=True)
def desk(session_of: Sessions, colleague: User) -> None:
    """An article `a` that was approved, and of which an import says otherwise."""
    with session_of() as session:
        retire_checklist(session)
        import_again(session, title="The title")
        judge(session, "a", colleague, "approve", scores={"depth": 60}, now=utc_now())
        import_again(session, title="The title", **{"score.quality": 90, "score.depth": 5})


def the_article(session_of: Sessions) -> Article:
    with session_of() as session:
        return get_article(session, "a")


def send(browser: Browser, session_of: Sessions, **said: Any) -> Any:
    return browser.post(HERE, {"row_version": the_article(session_of).row_version, **said})


def test_the_page_shows_three_values_a_field_and_keeps_ours_unless_told(
    browser_of: Browsers, reviewer: User
) -> None:
    page = browser_of(reviewer).get(HERE).text
    assert '<td data-label="Imported before">81</td>' in page
    assert '<td data-label="Imported now">90</td>' in page
    assert page.count("checked") == 2
    assert "Keep ours, 60" in page
    assert "Take imported, 5" in page


def test_taking_one_field_is_a_decision_and_the_page_says_so(
    browser_of: Browsers, session_of: Sessions, reviewer: User
) -> None:
    browser = browser_of(reviewer)
    answer = send(browser, session_of, take_quality="imported", take_depth="ours", note="Measured anew.")
    assert (answer.status_code, answer.location) == (303, "/articles/a")
    page = browser.get("/articles/a").text
    assert "Approved “The title”." in page
    assert "Undo" in page
    assert "quality: 81 to 90." in page
    assert "Measured anew." in page
    assert (the_article(session_of).quality, the_article(session_of).depth) == (90, 60)
    assert browser.get(HERE).status_code == 404


def test_taking_nothing_keeps_ours_without_a_decision(
    browser_of: Browsers, session_of: Sessions, reviewer: User
) -> None:
    browser, before = browser_of(reviewer), the_article(session_of)
    assert send(browser, session_of, take_quality="ours").status_code == 303
    assert "Kept ours" in browser.get("/articles/a").text
    assert the_article(session_of).revision_version == before.revision_version
    with session_of() as session:
        event = session.scalars(select(Event).where(Event.kind == "merge.kept")).one()
        assert event.actor == reviewer.email
        assert event.after is not None
        assert event.after["fields"]["quality"] == {"before": 81, "now": 90}


def test_a_stale_page_is_told_what_stands_now_and_keeps_the_choice(
    browser_of: Browsers, session_of: Sessions, reviewer: User, colleague: User
) -> None:
    browser = browser_of(reviewer)
    seen = the_article(session_of).row_version
    with session_of() as session:
        judge(session, "a", colleague, "approve", scores={"depth": 61}, now=utc_now())
    answer = browser.post(HERE, {"row_version": seen, "take_quality": "imported", "seen_depth": "60"})
    assert answer.status_code == 409
    assert "changed this article since you opened it" in answer.text
    assert "60 when you opened the page" in answer.text
    assert 'id="take-quality-imported"' in answer.text
    assert the_article(session_of).quality == 81
    again = {"row_version": the_article(session_of).row_version, "take_quality": "imported"}
    assert browser.post(HERE, again).status_code == 303
    assert (the_article(session_of).quality, the_article(session_of).depth) == (90, 61)


def test_what_a_colleague_holds_is_refused_in_place(
    browser_of: Browsers, session_of: Sessions, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        hold(session, lock_article(session, "a"), colleague, now=utc_now(), lease=timedelta(minutes=15))
    answer = send(browser_of(reviewer), session_of, take_quality="imported", note="two hours of work")
    assert answer.status_code == 409
    assert "colleague is reviewing this article." in answer.text
    assert "two hours of work" in answer.text


def test_a_floor_is_told_in_place(
    browser_of: Browsers, session_of: Sessions, reviewer: User, lead: User
) -> None:
    browser_of(lead).post("/admin/policy", {"depth": "40", "reason": "test", "version": "0"})
    answer = send(browser_of(reviewer), session_of, take_depth="imported")
    assert answer.status_code == 422
    assert "is under the floor of 40" in answer.text


@pytest.mark.parametrize("version", [None, "", "x"])
def test_a_form_without_its_version_is_refused(
    browser_of: Browsers, reviewer: User, version: str | None
) -> None:
    said = {"take_quality": "imported"} | ({} if version is None else {"row_version": version})
    answer = browser_of(reviewer).post(HERE, said)
    assert answer.status_code == 422
    assert "Reload the page" in answer.text


def test_nothing_to_merge_is_404_and_nothing_is_listed(
    browser_of: Browsers, session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        import_again(session, "b")
    browser = browser_of(reviewer)
    assert browser.get("/articles/b/merge").status_code == 404
    assert browser.get("/articles/nothing/merge").status_code == 404
    send(browser, session_of)
    assert "Nothing to merge" in browser.get("/merges").text


def test_the_pages_of_the_article_say_that_something_waits(browser_of: Browsers, reviewer: User) -> None:
    browser = browser_of(reviewer)
    for path in ("/articles/a", "/articles/a/review"):
        page = browser.get(path).text
        assert "says otherwise of quality and depth. Ours holds." in page
        assert 'href="/articles/a/merge"' in page
    assert 'href="/merges"' in browser.get("/queue").text


def test_the_list_goes_on_where_the_page_ends(
    browser_of: Browsers, session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        for number in range(26):
            import_again(session, f"b-{number:02}", title=f"Number {number:02}")
            judge(session, f"b-{number:02}", reviewer, "reject")
            import_again(session, f"b-{number:02}", title=f"Number {number:02}", **{"score.quality": 1})
    browser = browser_of(reviewer)
    first = browser.get("/merges").text
    assert "Number 23" in first
    assert "Number 24" not in first
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    second = browser.get(following.replace("&amp;", "&")).text
    assert "Number 24" in second
    assert "Number 23" not in second


# --- the text -----------------------------------------------------------------------------------------------------------


def test_the_review_page_shows_what_changed_in_the_text_until_it_is_decided_on(
    browser_of: Browsers, session_of: Sessions, reviewer: User
) -> None:
    browser = browser_of(reviewer)
    assert "Changed since the decision" not in browser.get("/articles/a/review").text
    with session_of() as session:
        import_again(session, title="The <b>title</b>", body="<p>Some <em>other</em> &lt;i&gt; text.</p>")
    page = browser.get("/articles/a/review").text
    assert "Changed since the decision" in page
    assert '<ins><span class="visually-hidden">added: </span>other &lt;i&gt;</ins>' in page
    assert "&lt;b&gt;title&lt;/b&gt;" in page
    assert "<b>title</b>" not in page
    assert "The public still reads" not in page
    with session_of() as session:
        judge(session, "a", reviewer, "approve", now=utc_now())
    assert "Changed since the decision" not in browser.get("/articles/a/review").text


def test_the_review_page_says_when_the_public_reads_the_earlier_text(
    browser_of: Browsers, session_of: Sessions, reviewer: User, lead: User
) -> None:
    with session_of() as session:
        keep_new_texts_out(session, lead)
        import_again(session, title="The title", body="<p>Unread.</p>")
    browser = browser_of(reviewer)
    assert "The public still reads the text that was approved." in browser.get("/articles/a/review").text
    assert "The title" in browser.get("/queue").text
    assert '<option selected value="drafted">' in browser.get("/articles/a/review").text


def test_the_text_is_compared_with_the_one_that_was_read_also_after_a_merge(
    browser_of: Browsers, session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        import_again(session, "b", body="<p>Read.</p>")
        judge(session, "b", reviewer, "reject", now=NOW)
        import_again(session, "b", body="<p>Unread.</p>", **{"score.quality": 90})
    browser = browser_of(reviewer)
    version = browser.get("/articles/b/merge").text.split('name="row_version" value="')[1].split('"')[0]
    taken = browser.post("/articles/b/merge", {"row_version": version, "take_quality": "imported"})
    assert taken.status_code == 303
    page = browser.get("/articles/b/review").text
    assert '<span class="muted">of 2 Nov 2026, 09:00</span>' in page
    assert "</span>Read.</del>" in page


def test_a_text_that_is_too_large_is_told_with_both_sizes(
    browser_of: Browsers, session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        import_again(session, title="The title", body="<p>a</p>" * 20_001)
    page = browser_of(reviewer).get("/articles/a/review").text
    assert "too large to compare: 17 characters before, 160,008 now." in page


# --- the policy -----------------------------------------------------------------------------------------------------------


def test_the_policy_for_new_texts_is_set_with_a_reason_and_kept_with_the_floors(
    browser_of: Browsers, session_of: Sessions, lead: User
) -> None:
    browser = browser_of(lead)
    said = {"keep_indexable": "y", "quality": "40", "version": "0"}
    assert browser.post("/admin/policy", said).status_code == 422
    assert browser.post("/admin/policy", said | {"reason": "The feed is edited daily."}).status_code == 303
    page = browser.get("/admin/policy").text
    assert "kept indexable" in page
    assert "The feed is edited daily." in page
    assert 'name="keep_indexable" type="checkbox" value="y"' in page
    with session_of() as session:
        assert session.scalars(select(Policy.keep_indexable)).all() == [True]
        event = session.scalars(select(Event).where(Event.kind == "policy.set")).one()
        assert (event.after or {}).items() >= {"quality": 40, "keep_indexable": True}.items()
    off = {"quality": "40", "version": "1", "reason": "No more."}
    assert browser.post("/admin/policy", off).status_code == 303
    with session_of() as session:
        assert session.scalars(select(Policy.keep_indexable).order_by(Policy.version)).all() == [True, False]
