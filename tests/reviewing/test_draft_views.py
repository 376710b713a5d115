"""Drafts on the pages: saved, given back, held against a changed article, discarded, listed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from review_app.accounts.models import User
from review_app.articles.queries import lock_article
from review_app.base.clock import utc_now
from review_app.review_queue.actions import hold
from review_app.review_queue.queries import claim_of
from tests.factories import make_article
from tests.reviewing.desk import Sessions, import_again, judge, retire_checklist
from tests.reviewing.test_query_counts import counted
from tests.support.cast import Browser

Browsers = Callable[[User], Browser]
SEEN = {"quality": 70, "freshness": 71, "depth": 72, "clarity": 73, "revision_status": "drafted"}
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(autouse=True)
def an_article(session_of: Sessions) -> None:
    with session_of() as session:
        retire_checklist(session)
        make_article(session, "a", title="Leases that end")


@pytest.fixture
def desk(browser_of: Browsers, reviewer: User) -> Browser:
    return browser_of(reviewer)


def save(desk: Browser, source_id: str = "a", headers: Any = HTMX, **fields: str) -> TestResponse:
    """What the autosave sends."""
    data = {"quality": "55", "revision_status": "drafted", "note": "My words.", "row_version": "1", **fields}
    data = {
        "draft_tab": "one",
        "draft_sequence": "",
        **{f"seen_{name}": str(SEEN[name]) for name in SEEN},
        **data,
    }
    return desk.post(f"/articles/{source_id}/draft?_method=PUT", data, headers=headers)


def opened(desk: Browser, source_id: str = "a") -> str:
    return desk.get(f"/articles/{source_id}/review").text


def note_in(page: str) -> str:
    return re.search(r'<textarea[^>]*name="note"[^>]*>\s*(.*?)</textarea>', page, re.DOTALL)[1]


def score_in(page: str, name: str = "quality") -> str:
    return re.search(rf'id="{name}"\s+name="{name}"\s+value="([^"]*)"', page)[1]


def test_what_was_typed_comes_back_right_or_wrong(desk: Browser) -> None:
    answer = save(desk, quality="about 80", clarity="12", revision_status="reviewed")
    assert answer.status_code == 200
    assert re.search(r"Saved \d\d:\d\d", answer.text)
    page = opened(desk)
    assert (score_in(page), score_in(page, "clarity"), note_in(page)) == ("about 80", "12", "My words.")
    assert score_in(page, "depth") == ""
    assert re.search(r"Your draft of \d\d:\d\d is here\.", page)
    assert re.search(r'<option selected value="reviewed"', page)


def test_a_whole_form_comes_back_whole(desk: Browser, session_of: Sessions) -> None:
    save(desk, freshness="1", depth="2", clarity="3")
    page = opened(desk)
    assert [score_in(page, name) for name in ("freshness", "depth", "clarity")] == ["1", "2", "3"]


def test_ticks_come_back(browser_of: Browsers, reviewer: User, session_of: Sessions, lead: User) -> None:
    browser_of(lead).post("/admin/policy/checklist", {"text": "Read to the end"})
    desk = browser_of(reviewer)
    number = re.search(r'name="checklist"\s+value="(\d+)"', opened(desk))[1]
    save(desk, checklist=number)
    assert re.search(rf'value="{number}"\s+checked', opened(desk))


def test_without_javascript_a_button_saves_it(desk: Browser) -> None:
    page = opened(desk)
    assert 'formaction="/articles/a/draft?_method=PUT">Save draft' in page
    answer = save(desk, headers=None)
    assert (answer.status_code, answer.location) == (303, "/articles/a/review")
    page = opened(desk)
    assert "Your draft is saved." in page
    assert note_in(page) == "My words."


def test_nobody_else_is_shown_a_draft(desk: Browser, browser_of: Browsers, colleague: User) -> None:
    save(desk)
    other = browser_of(colleague)
    assert "My words." not in opened(other)
    assert "My words." not in other.get("/drafts").text
    assert other.post("/articles/a/draft?_method=DELETE").status_code == 303
    assert "My words." in opened(desk)


def test_discarding_shows_the_article_as_it_stands(desk: Browser) -> None:
    save(desk)
    opened(desk)
    answer = desk.post("/articles/a/draft?_method=DELETE", {"draft_tab": "one"})
    assert answer.status_code == 303
    page = opened(desk)
    assert (score_in(page), note_in(page)) == ("70", "")
    assert "Your draft of" not in page


def test_a_draft_of_an_article_that_changed_shows_both(
    desk: Browser, session_of: Sessions, lead: User
) -> None:
    save(desk, quality="55", freshness="71", clarity="66", note="Mine.")
    with session_of() as session:
        said = {"quality": 91, "freshness": 40}
        judge(session, "a", session.get_one(User, lead.id), "request_changes", scores=said, note="Theirs.")
    page = opened(desk)
    assert "It has changed meanwhile" in page
    assert note_in(page) == "Mine."
    assert "Theirs." in page
    assert re.search(r'value="mine"\s+checked>\s*<span><b>Yours</b>55', page)
    assert re.search(r'value="theirs"\s+checked>\s*<span><b>Theirs</b>40', page), "what I did not touch"
    assert re.search(r'value="theirs"\s+checked>\s*<span><b>Theirs</b>changes requested', page)


def test_what_is_saved_on_the_conflict_page_is_still_a_conflict(
    desk: Browser, session_of: Sessions, lead: User
) -> None:
    save(desk)
    with session_of() as session:
        judge(session, "a", session.get_one(User, lead.id), "save", scores={"quality": 91})
    page = opened(desk)
    made_on = re.search(r'name="made_on" value="(\d+)"', page)[1]
    save(desk, row_version="2", made_on=made_on, note="More.", keep_quality="theirs", draft_tab="two")
    page = opened(desk)
    assert "It has changed meanwhile" in page
    assert note_in(page) == "More."
    assert re.search(r'value="theirs"\s+checked>\s*<span><b>Theirs</b>91', page), "the choice stands too"


def test_a_new_text_is_shown_with_what_changed_in_it(desk: Browser, session_of: Sessions) -> None:
    with session_of() as session:
        import_again(session, "b", body="<p>One plain sentence.</p>")
    page = opened(desk, "b")
    digest = re.search(r'name="text_digest" value="([^"]+)"', page)[1]
    save(desk, "b", text_digest=digest, note="Mine.")
    with session_of() as session:
        import_again(session, "b", body="<p>One other sentence.</p>")
    page = opened(desk, "b")
    assert "Its text has changed too." in page
    assert "How the text has changed" in page
    assert re.search(r"<del>.*?plain\s*</del>", page, re.DOTALL)
    assert re.search(r"<ins>.*?other\s*</ins>", page, re.DOTALL)
    assert note_in(page) == "Mine."


def test_a_change_that_a_draft_is_not_about_is_no_conflict(desk: Browser, session_of: Sessions) -> None:
    page = opened(desk)
    save(desk, text_digest=re.search(r'name="text_digest" value="([^"]+)"', page)[1])
    with session_of() as session:
        lock_article(session, "a").row_version += 1
    page = opened(desk)
    assert "It has changed meanwhile" not in page
    assert note_in(page) == "My words."
    assert 'name="row_version" value="2"' in page


def test_a_refused_decision_is_a_draft_too(desk: Browser) -> None:
    data = {"quality": "101", "revision_status": "approved", "row_version": "1", "note": "Two hours of work."}
    opened(desk)
    assert desk.post("/articles/a/decisions", data).status_code == 422
    page = opened(desk)
    assert (score_in(page), note_in(page)) == ("101", "Two hours of work.")


def test_a_decision_ends_it_and_a_skip_does_not(desk: Browser) -> None:
    save(desk)
    desk.post("/articles/a/skip")
    assert note_in(opened(desk)) == "My words."
    data = {"revision_status": "reviewed", "row_version": "1", "note": "Done."}
    assert desk.post("/articles/a/decisions", data).status_code == 303
    assert note_in(opened(desk)) == ""


def test_a_draft_outlives_the_lease_and_renews_none(
    desk: Browser, session_of: Sessions, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        past = utc_now() - timedelta(minutes=30)
        hold(session, lock_article(session, "a"), reviewer, now=past, lease=timedelta(minutes=15))
    assert save(desk, note="Before.").status_code == 200
    with session_of() as session:
        assert claim_of(session, lock_article(session, "a"), utc_now()) is None, "an autosave claims nothing"
        now = utc_now()
        hold(session, lock_article(session, "a"), colleague, now=now, lease=timedelta(minutes=15))
    assert save(desk, note="And after.").status_code == 200
    with session_of() as session:
        assert claim_of(session, lock_article(session, "a"), utc_now()).user_id == colleague.id
    assert note_in(opened(desk)) == "And after."


def test_another_window_of_the_same_person_is_told(desk: Browser) -> None:
    save(desk, draft_sequence="10")
    told = save(desk, draft_sequence="20", draft_tab="two", note="Other words.")
    assert "in place of what another window of yours saved" in told.text
    late = save(desk, draft_sequence="15")
    assert "Not kept: newer text of yours was saved in another window" in late.text
    assert note_in(opened(desk)) == "Other words."


def test_a_form_without_a_version_is_refused(desk: Browser) -> None:
    assert save(desk, row_version="").status_code == 422
    assert save(desk, "nowhere").status_code == 404


def test_one_s_drafts_stand_on_the_queue_and_on_a_page(desk: Browser, session_of: Sessions) -> None:
    assert "Your drafts" not in desk.get("/queue").text
    with session_of() as session:
        for number in range(6):
            make_article(session, f"b{number}", title=f"Title number {number}")
    for number in range(6):
        save(desk, f"b{number}", draft_sequence=str(number + 1))
    own = desk.get("/queue").text.split('id="own-drafts"')[1].split("</section>")[0]
    assert re.findall(r"Title number (\d)", own) == ["5", "4", "3", "2", "1"]
    assert "All your drafts" in own
    assert re.findall(r"Title number (\d)", desk.get("/drafts").text) == ["5", "4", "3", "2", "1", "0"]


def test_the_page_of_drafts_says_when_there_is_none(desk: Browser) -> None:
    assert "No drafts" in desk.get("/drafts").text
    assert desk.get("/drafts?after=nonsense").status_code == 422


def test_an_autosave_costs_so_many_statements(desk: Browser) -> None:
    opened(desk)
    with counted() as statements:
        assert save(desk).status_code == 200
    assert len(statements) == 5, "\n".join(statements)
