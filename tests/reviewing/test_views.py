"""The pages of one article as a browser without JavaScript and as htmx see them: read, decide, go on, undo."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import delete, select
from werkzeug.test import TestResponse

from review_app.accounts.models import User, UserSession
from review_app.articles.models import Article
from review_app.base.clock import utc_now
from review_app.review_queue.models import Claim
from review_app.reviewing.models import Decision
from review_app.reviewing.policy import add_item, set_floors
from tests.factories import LONG_AGO, make_article
from tests.reviewing.desk import Sessions, judge, retire_checklist
from tests.support.cast import Browser

Browsers = Callable[[User], Browser]
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
SCORES = {"quality": "80", "freshness": "81", "depth": "82", "clarity": "83"}


@pytest.fixture(autouse=True)
def no_checklist(session_of: Sessions) -> None:
    with session_of() as session:
        retire_checklist(session)


def add(session_of: Sessions, *source_ids: str, **changes: Any) -> None:
    with session_of() as session:
        for source_id in source_ids:
            make_article(session, source_id, **changes)


def hold_for(session_of: Sessions, user: User, source_id: str) -> None:
    with session_of() as session:
        article = session.scalars(select(Article).filter_by(source_id=source_id)).one()
        now = utc_now()
        expires = now + timedelta(minutes=10)
        session.add(Claim(article_id=article.id, user_id=user.id, claimed_at=now, expires_at=expires))


def send(browser: Browser, source_id: str = "a", headers: Any = None, **fields: Any) -> TestResponse:
    """What the form sends when it is opened now and filled in so."""
    browser.get(f"/articles/{source_id}/review")
    data = {**SCORES, "revision_status": "approved", "row_version": "1", "note": "", **fields}
    return browser.post(f"/articles/{source_id}/decisions", data, headers=headers)


def errors(response: TestResponse) -> list[str]:
    """The lines of the error summary."""
    summary = response.text[response.text.index('class="summary"') :].split("</ul>")[0]
    return [
        unescape(re.sub("<[^>]+>", "", line).strip())
        for line in re.findall("<li>(.*?)</li>", summary, re.DOTALL)
    ]


def typed(response: TestResponse, name: str) -> str | None:
    """What stands in an input of the answer."""
    found = re.search(rf'<input[^>]*\bname="{name}"[^>]*>', response.text)
    value = found and re.search(r'value="([^"]*)"', found[0])
    return unescape(value[1]) if value else None


def the_article(session_of: Sessions, source_id: str = "a") -> Article:
    with session_of() as session:
        article = session.scalars(select(Article).filter_by(source_id=source_id)).one()
        session.expunge(article)
        return article


# --- reading ----------------------------------------------------------------------------------------------------------


def test_opening_the_page_claims_nothing(session_of: Sessions, browser_of: Browsers, reviewer: User) -> None:
    add(session_of, "a")
    page = browser_of(reviewer).get("/articles/a/review")
    assert page.status_code == 200
    assert 'hx-trigger="load, submit"' in page.text
    with session_of() as session:
        assert session.scalars(select(Claim)).all() == []


def test_the_page_shows_text_metadata_and_the_scores_filled_in(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    meta = {"score": {"quality": 94, "freshness": "n/a"}, "stack": ["flask", "redis"], "view_count": 12345}
    add(session_of, "a", html="<p>The very text.</p>", quality=71, clarity=None, meta=meta)
    page = browser_of(reviewer).get("/articles/a/review")
    assert "<p>The very text.</p>" in page.text
    assert (typed(page, "quality"), typed(page, "clarity")) == ("71", "")
    assert re.search(r'data-imported="94".*?data-imported=""', page.text, re.DOTALL)
    assert "<li><bdi>redis</bdi>" in re.sub(r"\s+(?=<)", "", page.text)
    assert "synthetic" in page.text


@pytest.mark.parametrize("score", [{"quality": "94"}, {"quality": True}, [1], "94", None])
def test_imported_scores_that_are_no_numbers_are_none(
    session_of: Sessions, browser_of: Browsers, reviewer: User, score: Any
) -> None:
    add(session_of, "a", meta={"score": score})
    page = browser_of(reviewer).get("/articles/a/review").text
    assert 'data-imported="' in page
    assert re.search(r'data-imported="[^"]', page) is None


def test_last_scores_and_floors_stand_beside_the_inputs(
    session_of: Sessions, browser_of: Browsers, reviewer: User, lead: User
) -> None:
    add(session_of, "a")
    with session_of() as session:
        judge(session, "a", lead, "save", scores={"depth": 47})
        set_floors(session, lead, {"depth": 60}, "why", based_on=0, actor=lead.as_actor(), now=LONG_AGO)
    page = browser_of(reviewer).get("/articles/a/review").text
    assert "last 47" in page
    assert '<span class="below" data-under >under the floor of 60</span>' in page
    assert "under a floor: <span data-under-names>Depth</span>" in page


def test_remote_images_are_frames_and_no_img(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    html = '<figure><img alt="A chart" src="https://pictures.example/x.png"><figcaption>So it grew.</figcaption></figure>'
    add(session_of, "a", html=html)
    for path in ("/articles/a/review", "/articles/a"):
        page = browser_of(reviewer).get(path).text
        assert "<img" not in page
        assert "So it grew." in page
        assert 'href="https://pictures.example/x.png"' in page


def test_imported_text_stands_where_htmx_does_not_look(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a", html="<p>The very text.</p>")
    for path in ("/articles/a/review", "/articles/a"):
        assert (
            "<div data-passages hx-ignore hx-disable><p>The very text.</p></div>"
            in browser_of(reviewer).get(path).text
        )


def test_titles_and_metadata_are_never_markup(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    evil = "<script>alert(1)</script>"
    add(session_of, "a", title=evil, topic=evil, excerpt=evil, meta={evil: [evil, {"x": evil}]})
    for path in ("/articles/a/review", "/articles/a"):
        assert evil not in browser_of(reviewer).get(path).text


def test_what_another_holds_says_so_and_does_not_try_to_claim(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    add(session_of, "a")
    hold_for(session_of, colleague, "a")
    page = browser_of(reviewer).get("/articles/a/review").text
    assert "colleague is reviewing this article. The lease runs until" in page
    assert 'hx-trigger="submit"' in page


def test_what_i_hold_is_renewed_every_minute(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a")
    hold_for(session_of, reviewer, "a")
    page = browser_of(reviewer).get("/articles/a/review").text
    assert 'hx-trigger="every 60s"' in page
    assert "You hold this until" in page


def test_only_leads_are_offered_to_archive(
    session_of: Sessions, browser_of: Browsers, reviewer: User, lead: User
) -> None:
    add(session_of, "a")
    assert 'value="archived"' not in browser_of(reviewer).get("/articles/a/review").text
    assert 'value="archived"' in browser_of(lead).get("/articles/a/review").text


def test_what_is_archived_offers_nothing_to_decide(
    session_of: Sessions, browser_of: Browsers, lead: User
) -> None:
    add(session_of, "a", revision_status="archived", awaiting_review=False)
    page = browser_of(lead).get("/articles/a/review").text
    assert "This article is archived." in page
    assert "/articles/a/decisions" not in page
    assert "/articles/a/claim" not in page


def test_an_article_that_is_not_there_is_not_found(browser_of: Browsers, reviewer: User) -> None:
    browser = browser_of(reviewer)
    for path in ("/articles/nowhere", "/articles/nowhere/review"):
        assert browser.get(path).status_code == 404
    browser.get("/queue")
    assert (
        browser.post(
            "/articles/nowhere/decisions", {"revision_status": "approved", "row_version": "1"}
        ).status_code
        == 404
    )


# --- deciding ---------------------------------------------------------------------------------------------------------


def test_approving_makes_indexable_and_opens_the_next_of_the_same_filter(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "other")
    add(session_of, "a", "b", primary_stack="nginx")
    browser = browser_of(reviewer)
    answer = send(browser, filters="?stack=nginx")
    assert (answer.status_code, answer.location) == (303, "/articles/b/review?stack=nginx")
    article = the_article(session_of)
    assert (article.revision_status, article.indexable, article.scores) == (
        "approved",
        True,
        {"quality": 80, "freshness": 81, "depth": 82, "clarity": 83},
    )
    with session_of() as session:
        assert session.scalars(select(Claim.user_id)).all() == [reviewer.id]
    page = browser.get(answer.location).text
    assert "Approved “Title of a”." in page
    assert re.search(r'action="/decisions/\d+/rollback"', page)


def test_when_nothing_is_left_one_comes_back_to_the_queue_with_the_undo(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a")
    browser = browser_of(reviewer)
    answer = send(browser)
    assert (answer.status_code, answer.location) == (303, "/queue")
    page = browser.get("/queue").text
    assert "Approved “Title of a”." in page
    assert "That was the last one that waited · 1 decided today" in page
    assert "All done" in page


@pytest.mark.parametrize(
    ("fields", "status", "outcome"),
    [
        ({"revision_status": "reviewed"}, "reviewed", "save"),
        ({"revision_status": "drafted"}, "drafted", "save"),
        (
            {"revision_status": ["drafted", "approved"]},
            "approved",
            "approve",
        ),  # the select's, then the button's
        ({"revision_status": ["approved", "rejected"], "note": "No."}, "rejected", "reject"),
        ({"revision_status": "changes_requested", "note": "More."}, "changes_requested", "request_changes"),
    ],
)
def test_the_status_tells_the_outcome_and_a_pressed_button_wins_over_the_select(
    session_of: Sessions,
    browser_of: Browsers,
    reviewer: User,
    fields: dict[str, Any],
    status: str,
    outcome: str,
) -> None:
    add(session_of, "a")
    assert send(browser_of(reviewer), **fields).status_code == 303
    assert the_article(session_of).revision_status == status
    with session_of() as session:
        assert session.scalars(select(Decision)).one().outcome == outcome


def test_a_program_that_posts_just_the_contract_s_fields_is_understood(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a", quality=5)
    browser = browser_of(reviewer)
    browser.get("/queue")
    answer = browser.post(
        "/articles/a/decisions", {"depth": "9", "revision_status": "reviewed", "row_version": "1"}
    )
    assert answer.status_code == 303
    assert the_article(session_of).scores == {"quality": 5, "freshness": 71, "depth": 9, "clarity": 73}


def test_fields_that_are_not_in_the_form_change_nothing(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    add(session_of, "a")
    smuggled = {
        "indexable": "1",
        "status": "approved",
        "role": "admin",
        "claimed_by": str(colleague.id),
        "outcome": "approve",
    }
    assert send(browser_of(reviewer), revision_status="drafted", **smuggled).status_code == 303
    article = the_article(session_of)
    assert (article.revision_status, article.indexable) == ("drafted", False)


@pytest.mark.parametrize("nonsense", ["101", "-1", "1e1", "7.5", "abc", "٣", "0x10", "9" * 40, "+5", "1 0"])
def test_nonsense_for_a_score_is_told_at_its_field_and_everything_typed_is_kept(
    session_of: Sessions, browser_of: Browsers, reviewer: User, nonsense: str
) -> None:
    add(session_of, "a")
    answer = send(browser_of(reviewer), freshness=nonsense, quality="12", note="What I thought.")
    assert answer.status_code == 422
    assert errors(answer) == [f"Freshness must be a whole number from 0 to 100, not “{nonsense[:20]}”."]
    assert (typed(answer, "freshness"), typed(answer, "quality")) == (nonsense, "12")
    assert "What I thought." in answer.text
    assert "data-autofocus" in answer.text
    assert '<a href="#freshness">' in answer.text
    assert 'aria-describedby="freshness-was freshness-error"' in answer.text
    assert the_article(session_of).row_version == 1


def test_an_empty_score_cannot_be_approved_and_can_be_saved(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a")
    browser = browser_of(reviewer)
    answer = send(browser, clarity="")
    assert answer.status_code == 422
    assert errors(answer) == ["Clarity is needed to approve."]
    assert send(browser, clarity=" ", revision_status="reviewed").status_code == 303
    assert the_article(session_of).clarity is None


@pytest.mark.parametrize("status", ["changes_requested", "rejected"])
def test_a_missing_note_is_told_in_place(
    session_of: Sessions, browser_of: Browsers, reviewer: User, status: str
) -> None:
    add(session_of, "a")
    answer = send(browser_of(reviewer), revision_status=["drafted", status], quality="12")
    assert answer.status_code == 422
    assert errors(answer) == ["Note is needed: say what should change, or why this cannot be used."]
    assert typed(answer, "quality") == "12"
    assert f'<option selected value="{status}">' in answer.text


def test_a_required_line_that_is_not_ticked_is_told_and_ticks_are_kept(
    session_of: Sessions, browser_of: Browsers, reviewer: User, lead: User
) -> None:
    add(session_of, "a", "b")
    with session_of() as session:
        now = {"actor": lead.as_actor(), "now": LONG_AGO}
        read = add_item(session, "Read the code", required=True, **now).id
        liked = add_item(session, "Liked it", required=False, **now).id
    browser = browser_of(reviewer)
    answer = send(browser, checklist=[str(liked)])
    assert errors(answer) == ["Checklist needs to be ticked: Read the code."]
    ticks = re.findall(r'<input type="checkbox"\s+id="checklist-(\d+)"[^>]*checked', answer.text)
    assert ticks == [str(liked)]
    assert send(browser, checklist=[str(read), str(liked)]).status_code == 303
    with session_of() as session:
        assert session.scalars(select(Decision)).one().checklist == [read, liked]


def test_a_score_below_the_floor_is_told_and_a_lead_can_override_it(
    session_of: Sessions, browser_of: Browsers, reviewer: User, lead: User
) -> None:
    add(session_of, "a")
    with session_of() as session:
        set_floors(session, lead, {"quality": 90}, "why", based_on=0, actor=lead.as_actor(), now=LONG_AGO)
    answer = send(browser_of(reviewer), override_reason="I say so")
    assert errors(answer) == ["Quality is under the floor of 90; a team lead can override it with a reason."]
    assert 'name="override_reason"' not in answer.text
    browser = browser_of(lead)
    assert 'name="override_reason"' in browser.get("/articles/a/review").text
    assert send(browser, override_reason="The only page on it").status_code == 303
    assert the_article(session_of).indexable


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"row_version": "x"}, "The form does not say which version"),
        ({"row_version": ""}, "The form does not say which version"),
        ({"revision_status": "burnt"}, "Status must be one of"),
        ({"revision_status": ""}, "Status must be one of"),
        ({"checklist": "x"}, "Checklist names its lines by their numbers."),
        ({"note": "x" * 10_001}, "Note may have 10000 characters."),
    ],
)
def test_a_broken_form_is_refused_with_a_sentence(
    session_of: Sessions, browser_of: Browsers, reviewer: User, fields: dict[str, str], message: str
) -> None:
    add(session_of, "a")
    answer = send(browser_of(reviewer), **fields)
    assert answer.status_code == 422
    assert any(message in line for line in errors(answer))


def test_a_note_may_hold_what_no_database_does(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a")
    assert send(browser_of(reviewer), note="one\0two\r\nthree 🚀").status_code == 303
    with session_of() as session:
        assert session.scalars(select(Decision)).one().note == "one\ufffdtwo\nthree 🚀"


def test_a_reviewer_cannot_archive_by_hand(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a")
    assert send(browser_of(reviewer), revision_status="archived").status_code == 403
    assert the_article(session_of).revision_status == "drafted"


def test_a_form_of_another_site_decides_nothing(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a")
    assert send(browser_of(reviewer), csrf_token="forged").status_code == 400
    assert browser_of(reviewer).get("/articles/a/decisions").status_code == 405
    assert the_article(session_of).row_version == 1


def test_what_another_holds_cannot_be_decided_and_nothing_typed_is_lost(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    add(session_of, "a")
    hold_for(session_of, colleague, "a")
    answer = send(browser_of(reviewer), quality="12", note="What I thought.")
    assert answer.status_code == 409
    assert re.search(r"colleague is reviewing this article\. The lease runs until \d\d:\d\d\.", answer.text)
    assert typed(answer, "quality") == "12"
    assert "What I thought." in answer.text
    assert the_article(session_of).row_version == 1


def test_htmx_gets_the_panel_alone_when_it_is_refused_and_is_led_on_when_not(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a", "b")
    browser = browser_of(reviewer)
    answer = send(browser, headers=HTMX, freshness="101")
    assert answer.status_code == 422
    assert answer.text.lstrip().startswith('<section id="panel"')
    assert "<html" not in answer.text
    answer = send(browser, headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Push-Url"]) == (200, "/articles/b/review")
    assert answer.headers["HX-Retarget"] == "#main"
    assert "<html" not in answer.text
    assert '<h1 dir="auto" tabindex="-1" data-autofocus>Title of b</h1>' in answer.text


def test_a_title_of_300_emoji_still_fits_into_the_message(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a", title="🚀" * 300)
    answer = send(browser_of(reviewer))
    assert all(len(cookie) < 4000 for cookie in answer.headers.getlist("Set-Cookie"))


# --- a page that has gone stale ---------------------------------------------------------------------------------------


@pytest.fixture
def stale(session_of: Sessions, colleague: User) -> None:
    """An article that a colleague has changed since it was opened: clarity 73 is 90 now."""
    add(session_of, "a")
    with session_of() as session:
        judge(session, "a", colleague, "save", scores={"clarity": 90}, note="Clearer than that.")


MINE = {"quality": "12", "freshness": "71", "depth": "72", "clarity": "73", "note": "What I thought."}


def test_a_stale_page_gets_both_versions_and_loses_nothing(
    session_of: Sessions, stale: None, browser_of: Browsers, reviewer: User
) -> None:
    answer = send(browser_of(reviewer), **MINE)
    assert answer.status_code == 409
    for text in (
        "Clearer than that.",
        "What I thought.",
        "colleague, ",
        "Nothing of yours was saved over it",
    ):
        assert text in answer.text
    assert typed(answer, "row_version") == "2"
    assert "data-autofocus" in answer.text
    assert the_article(session_of).scores["quality"] == 70


def test_what_i_did_not_touch_is_theirs_and_what_i_changed_is_mine(
    session_of: Sessions, stale: None, browser_of: Browsers, reviewer: User
) -> None:
    page = send(browser_of(reviewer), **MINE).text
    radio = r'<input type="radio"\s+id="[^"]*"\s+name="keep_(\w+)"\s+value="(\w+)"([^>]*)>'
    chosen = {name: value for name, value, rest in re.findall(radio, page) if "checked" in rest}
    assert chosen == {"quality": "mine", "clarity": "theirs", "revision_status": "mine"}


def test_what_was_chosen_is_saved_with_the_new_version(
    session_of: Sessions, stale: None, browser_of: Browsers, reviewer: User
) -> None:
    keep = {"keep_quality": "mine", "keep_clarity": "theirs", "row_version": "2", "status_now": "reviewed"}
    assert send(browser_of(reviewer), **MINE | keep).status_code == 303
    article = the_article(session_of)
    assert (article.quality, article.clarity, article.revision_status) == (12, 90, "approved")
    with session_of() as session:
        assert (
            session.scalars(select(Decision.note).order_by(Decision.id.desc())).first() == "What I thought."
        )


def test_their_status_can_be_kept_too(
    session_of: Sessions, stale: None, browser_of: Browsers, reviewer: User
) -> None:
    keep = {"keep_revision_status": "theirs", "row_version": "2", "status_now": "reviewed"}
    assert send(browser_of(reviewer), **MINE | keep).status_code == 303
    assert the_article(session_of).revision_status == "reviewed"


def test_a_second_change_meanwhile_is_a_conflict_again(
    session_of: Sessions, stale: None, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        judge(session, "a", colleague, "save", scores={"depth": 1})
    answer = send(browser_of(reviewer), **MINE, row_version="2", keep_clarity="theirs")
    assert answer.status_code == 409
    assert typed(answer, "row_version") == "3"


def test_htmx_gets_the_new_text_with_the_conflict_and_is_told_to_read_it(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a", html="<p>The new text.</p>", row_version=2, text_digest="new")
    answer = send(browser_of(reviewer), headers=HTMX, **MINE, text_digest="old")
    assert answer.status_code == 409
    assert "Its text has changed too." in answer.text
    assert "The new text." in answer.text
    assert 'id="body" class="prose" dir="ltr" hx-swap-oob="true"' in answer.text


def test_a_text_that_is_the_same_need_not_be_read_again(
    session_of: Sessions, stale: None, browser_of: Browsers, reviewer: User
) -> None:
    digest = the_article(session_of).text_digest
    assert "Its text has changed too." not in send(browser_of(reviewer), **MINE, text_digest=digest).text


# --- history and rollback ---------------------------------------------------------------------------------------------


def rollback_of(page: TestResponse) -> str:
    found = re.search(r'action="(/decisions/\d+/rollback)"', page.text)
    assert found
    return found[1]


def test_history_tells_who_decided_what_before_and_after(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    add(session_of, "a")
    with session_of() as session:
        judge(session, "a", colleague, "reject", scores={"quality": 3}, note="Says nothing.\n<b>new</b>")
    for path in ("/articles/a", "/articles/a/review"):
        page = unescape(re.sub(r"<[^>]+>|\s+", " ", browser_of(reviewer).get(path).text))
        for text in ("by colleague", "Says nothing.", "<b>new</b>"):
            assert text in page
        assert re.search(r"quality\s+from\s+70\s+→\s+to\s+3", page)
        assert re.search(r"status\s+from\s+drafted\s+→\s+to\s+rejected", page)


def test_the_undo_of_a_decision_brings_it_back(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a")
    browser = browser_of(reviewer)
    url = rollback_of(browser.get(send(browser).location))
    answer = browser.post(url)
    assert (answer.status_code, answer.location) == (303, "/articles/a")
    article = the_article(session_of)
    assert (article.revision_status, article.indexable, article.awaiting_review) == ("drafted", False, True)
    page = browser.get(answer.location).text
    assert "Rolled back: “Title of a” is as it was before." in page
    assert "since rolled back" in page
    assert browser.post(url).status_code == 409


def test_a_reviewer_is_offered_no_rollback_of_what_is_old_or_another_s(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User, lead: User
) -> None:
    add(session_of, "a", "b")
    with session_of() as session:
        mine = judge(session, "a", reviewer, "reject", now=utc_now() - timedelta(seconds=21)).id
        theirs = judge(session, "b", colleague, "reject", now=utc_now()).id
    browser = browser_of(reviewer)
    for source_id, decision_id in (("a", mine), ("b", theirs)):
        assert "rollback" not in browser.get(f"/articles/{source_id}").text
        assert browser.post(f"/decisions/{decision_id}/rollback", {"note": "no"}).status_code == 403
    assert f"/decisions/{mine}/rollback" in browser_of(lead).get("/articles/a").text


def test_a_lead_is_asked_for_the_note_and_what_was_typed_is_kept(
    session_of: Sessions, browser_of: Browsers, colleague: User, lead: User
) -> None:
    add(session_of, "a")
    with session_of() as session:
        judge(session, "a", colleague, "reject")
    browser = browser_of(lead)
    url = rollback_of(browser.get("/articles/a"))
    answer = browser.post(url, {"note": " "})
    assert answer.status_code == 422
    assert errors(answer) == ["Note is needed to roll back a decision."]
    long = "x" * 10_001
    answer = browser.post(url, {"note": long})
    assert answer.status_code == 422
    assert long in answer.text
    assert browser.post(url, {"note": "Seen twice."}).status_code == 303
    assert the_article(session_of).revision_status == "drafted"


def test_a_decision_that_is_not_there_is_not_found(browser_of: Browsers, lead: User) -> None:
    browser = browser_of(lead)
    browser.get("/queue")
    assert browser.post("/decisions/999/rollback").status_code == 404
    assert browser.get("/decisions/999/rollback").status_code == 405


def test_a_long_history_comes_in_pages(
    session_of: Sessions, browser_of: Browsers, reviewer: User, lead: User
) -> None:
    add(session_of, "a")
    with session_of() as session:
        for number in range(23):
            judge(session, "a", lead, "save", note=f"Note {number}.")
    browser = browser_of(reviewer)
    page = browser.get("/articles/a").text
    assert "Note 22." in page
    assert "Note 2." not in page
    older = re.search(r'href="(/articles/a\?after=[^"]+)"', page)
    assert older
    assert "Note 2." in browser.get(older[1]).text
    assert "20+ decisions" in browser.get("/articles/a/review").text


def test_the_article_s_page_says_how_it_stands(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a", text_digest="read", decided_digest="read")
    states: list[tuple[dict[str, Any], str]] = [
        ({}, "Not approved, so no search engine may index it."),
        (
            {"revision_status": "approved", "awaiting_review": False, "indexable": True},
            "Approved, and not published yet.",
        ),
        ({"published_version": "1.2.3", "published_digest": "read"}, 'href="/p/slug-of-a"'),
    ]
    browser = browser_of(reviewer)
    for change, text in states:
        with session_of() as session:
            article = session.scalars(select(Article)).one()
            for name, value in change.items():
                setattr(article, name, value)
        assert text in browser.get("/articles/a").text


# --- nothing typed is ever taken away ---------------------------------------------------------------------------------


def test_what_a_reviewer_may_not_do_is_said_in_the_form_and_the_note_is_kept(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a")
    answer = send(browser_of(reviewer), revision_status="archived", note="two hours of work")
    assert answer.status_code == 403
    assert "Only a lead can archive" in " ".join(errors(answer))
    assert "two hours of work" in answer.text
    assert typed(answer, "quality") == "80"


def test_a_form_that_is_too_old_gives_back_what_was_typed(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a")
    browser = browser_of(reviewer)
    browser.get("/articles/a/review")
    browser.forgery_token = "of another session"
    data = {**SCORES, "revision_status": "rejected", "row_version": "1", "note": "two <b>hours</b> of work"}
    answer = browser.post("/articles/a/decisions", data)
    assert answer.status_code == 400
    assert "two &lt;b&gt;hours&lt;/b&gt; of work" in answer.text
    assert the_article(session_of).revision_status == "drafted"


def test_a_session_that_has_ended_gives_back_what_was_typed(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a")
    browser = browser_of(reviewer)
    browser.get("/articles/a/review")
    with session_of() as session:
        session.execute(delete(UserSession))
    data = {**SCORES, "revision_status": "rejected", "row_version": "1", "note": "two hours of work"}
    answer = browser.post("/articles/a/decisions", data)
    assert answer.status_code == 401
    assert "two hours of work" in answer.text
    assert "Your session has ended" in answer.text


def test_a_colleague_is_told_whose_decision_it_is(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        make_article(session, "a")
        decision = judge(session, "a", session.get_one(User, colleague.id), "approve", now=utc_now()).id
    answer = browser_of(reviewer).post(f"/decisions/{decision}/rollback", {"note": "I think otherwise"})
    assert answer.status_code == 403
    assert "This is somebody else&#39;s decision" in answer.text
    assert "I think otherwise" in answer.text
    assert the_article(session_of).indexable
