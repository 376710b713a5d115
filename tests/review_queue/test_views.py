"""The queue's pages, as a browser without JavaScript and as htmx see them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.actions import rank_of
from review_app.articles.models import Article
from review_app.base.clock import utc_now
from review_app.outbox.models import Event
from review_app.review_queue.models import Claim, Skip
from tests.factories import make_article
from tests.support.cast import Browser

Sessions = Callable[[], AbstractContextManager[Session]]
Browsers = Callable[[User], Browser]
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
TITLE_LINK = re.compile(r'class="title"[^>]*>(.*?)</a>')


class TITLE:
    """The titles of a page's rows, as they are read."""

    @staticmethod
    def findall(page: str) -> list[str]:
        return [re.sub(r"</?mark>", "", title) for title in TITLE_LINK.findall(page)]


def add(session_of: Sessions, *source_ids: str, **changes: Any) -> None:
    with session_of() as session:
        for source_id in source_ids:
            make_article(session, source_id, **changes)


def hold_for(session_of: Sessions, user: User, source_id: str, minutes: int = 10) -> None:
    """Let somebody hold an article for so many minutes more; negative: it ran out."""
    with session_of() as session:
        article = session.scalars(select(Article).filter_by(source_id=source_id)).one()
        now = utc_now()
        expires = now + timedelta(minutes=minutes)
        session.add(Claim(article_id=article.id, user_id=user.id, claimed_at=now, expires_at=expires))


def claims(session_of: Sessions) -> dict[str, int]:
    """Who holds what."""
    with session_of() as session:
        rows = session.execute(
            select(Article.source_id, Claim.user_id).join(Claim, Claim.article_id == Article.id)
        )
        return dict(rows.all())


# --- looking ----------------------------------------------------------------------------------------------------------


def test_the_queue_shows_what_waits_the_oldest_first(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(
        session_of,
        "b",
        queue_rank=rank_of(utc_now() - timedelta(days=2)),
        waiting_since=utc_now() - timedelta(days=2),
    )
    add(
        session_of,
        "a",
        queue_rank=rank_of(utc_now() - timedelta(days=6)),
        waiting_since=utc_now() - timedelta(days=6),
    )
    add(session_of, "c", awaiting_review=False)
    page = browser_of(reviewer).get("/queue")
    assert TITLE.findall(page.text) == ["Title of a", "Title of b"]
    assert "2\n" in page.text
    assert "the oldest came 6 days ago" in page.text
    assert "<caption" in page.text


def test_a_row_tells_topic_scores_flags_and_who_holds_it(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    add(session_of, "a", quality=None, freshness=17, flags={"image_heavy": True, "has_images": False})
    hold_for(session_of, colleague, "a")
    page = browser_of(reviewer).get("/queue").text
    row = page[page.index('<tr id="row-a"') :]
    for text in (
        "A first sentence.",
        "retrying jobs / flask",
        "not scored",
        "17",
        "72",
        "73",
        "image heavy",
        "colleague",
    ):
        assert text in row
    assert "has images" not in row


def test_newest_first_can_be_asked_for(session_of: Sessions, browser_of: Browsers, reviewer: User) -> None:
    add(session_of, "a", "b")
    assert TITLE.findall(browser_of(reviewer).get("/queue?sort=newest").text) == ["Title of b", "Title of a"]


def test_pages_follow_each_other_without_gap_or_repeat(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, *(f"n{number:02}" for number in range(60)), primary_stack="flask")
    browser, url, seen = browser_of(reviewer), "/queue?stack=flask", []
    while url:
        text = browser.get(url).text
        seen += TITLE.findall(text)
        found = re.search(r'href="(/queue[^"]*)" rel="next"', text)
        url = found.group(1).replace("&amp;", "&") if found else ""
        assert not url or "stack=flask" in url
    assert seen == [f"Title of n{number:02}" for number in range(60)]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("q=zebra", ["Title of zebra"]),
        ("stack=nginx", ["Title of nginx-one"]),
        ("topic=a+topic", ["Title of topical"]),
        ("difficulty=hard", ["Title of hard-one"]),
        ("code_language=go", ["Title of go-one"]),
        ("flag=image_heavy", ["Title of heavy"]),
        ("status=reviewed", ["Title of reviewed-one"]),
        ("batch=77", ["Title of batched"]),
        ("stack=nginx&difficulty=hard", []),
    ],
)
def test_filters_in_the_address_narrow_the_queue(
    session_of: Sessions, browser_of: Browsers, reviewer: User, filters: str, found: list[str]
) -> None:
    add(session_of, "zebra")
    add(session_of, "nginx-one", primary_stack="nginx")
    add(session_of, "topical", topic="a topic")
    add(session_of, "hard-one", difficulty="hard")
    add(session_of, "go-one", code_language="go")
    add(session_of, "heavy", flags={"image_heavy": True})
    add(session_of, "reviewed-one", revision_status="reviewed")
    add(session_of, "batched", batch_id=77)
    assert TITLE.findall(browser_of(reviewer).get(f"/queue?{filters}").text) == found


def test_each_active_filter_is_a_chip_that_can_be_taken_off(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a", primary_stack="nginx")
    page = browser_of(reviewer).get("/queue?stack=nginx&difficulty=beginner&sort=newest").text
    assert "Stack: nginx" in page
    assert 'href="/queue?difficulty=beginner&amp;sort=newest"' in page


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("status=burnt", "Status must be one of: drafted"),
        ("batch=x", "Import must be the number of an import."),
        ("sort=random", "Order must be one of: desk, oldest"),
        ("after=rubbish", "The place in the list is not a cursor of this list."),
        ("after=WyJhIl0", "The place in the list is not a cursor of this list."),
        ("age=0", "Waiting for days must be a whole number from 1 to 3650."),
        ("overall_min=70&amp;overall_max=60", "Highest overall score must not be below the lowest, 70."),
    ],
)
def test_what_cannot_be_meant_is_said_and_the_list_still_shown(
    session_of: Sessions, browser_of: Browsers, reviewer: User, query: str, told: str
) -> None:
    add(session_of, "a")
    page = browser_of(reviewer).get(f"/queue?{query}".replace("&amp;", "&"))
    assert page.status_code == 422
    assert told in page.text
    assert TITLE.findall(page.text) == ["Title of a"]


def test_nothing_imported_is_told_from_all_done_and_from_nothing_matches(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    browser = browser_of(reviewer)
    assert "Nothing has been imported yet" in browser.get("/queue").text
    add(session_of, "settled", awaiting_review=False)
    assert "All done" in browser.get("/queue").text
    page = browser.get("/queue?q=giraffe").text
    assert "Nothing matches" in page
    assert "All done" not in page


def test_titles_and_excerpts_are_never_markup(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a", title="<script>alert(1)</script>", excerpt="<img src=x onerror=alert(1)>")
    page = browser_of(reviewer).get("/queue").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_htmx_gets_the_results_alone_and_the_address_that_leads_back(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "zebra", "giraffe")
    part = browser_of(reviewer).get("/queue?q=zebra&stack=&flag=", headers=HTMX)
    assert "<html" not in part.text
    assert part.text.lstrip().startswith('<section id="results"')
    assert "<mark>zebra</mark>" in part.text
    assert TITLE.findall(part.text) == ["Title of zebra"]
    assert part.headers["HX-Push-Url"] == "/queue?q=zebra"
    assert 'hx-swap-oob="true"' in part.text
    assert "HX-Request" in part.headers["Vary"]


def test_the_same_search_again_makes_no_second_entry_in_the_history(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    here = {"HX-Current-URL": "http://localhost/queue?q=zebra"}
    part = browser_of(reviewer).get("/queue?q=zebra", headers=HTMX | here)
    assert "HX-Push-Url" not in part.headers


def test_a_page_restored_from_the_history_is_whole(browser_of: Browsers, reviewer: User) -> None:
    restored = HTMX | {"HX-Request-Type": "full", "HX-History-Restore-Request": "true"}
    assert "<html" in browser_of(reviewer).get("/queue?q=zebra", headers=restored).text


def test_what_i_hold_stands_on_top_with_its_way_back_and_its_release(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    add(session_of, "mine", "theirs", "expired")
    hold_for(session_of, reviewer, "mine")
    hold_for(session_of, colleague, "theirs")
    hold_for(session_of, reviewer, "expired", minutes=-1)
    page = browser_of(reviewer).get("/queue").text
    held = page[page.index('<section id="held"') : page.index("</section>")]
    assert "You hold 1 of 3" in held
    assert 'href="/articles/mine/review"' in held
    assert 'action="/articles/mine/claim?_method=DELETE"' in held
    assert "theirs" not in held
    assert "expired" not in held


def test_who_is_not_logged_in_is_sent_to_the_login_and_back(client: Any) -> None:
    answer = client.get("/queue?stack=flask")
    assert answer.status_code == 303
    assert answer.location == "/login?next=/queue?stack%3Dflask"


# --- the next one -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["address", "form"])
def test_review_next_claims_within_the_filters_and_opens_it(
    session_of: Sessions, browser_of: Browsers, reviewer: User, where: str
) -> None:
    add(session_of, "older")
    add(session_of, "wanted", primary_stack="nginx")
    browser = browser_of(reviewer)
    browser.get("/queue")
    if where == "address":
        answer = browser.post("/queue/next?stack=nginx")
    else:
        answer = browser.post("/queue/next", {"stack": "nginx"})
    assert (answer.status_code, answer.location) == (303, "/articles/wanted/review?stack=nginx")
    assert claims(session_of) == {"wanted": reviewer.id}


def test_when_nothing_is_free_one_comes_back_to_the_queue(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    add(session_of, "only", primary_stack="nginx")
    hold_for(session_of, colleague, "only")
    browser = browser_of(reviewer)
    browser.get("/queue")
    answer = browser.post("/queue/next?stack=nginx")
    assert (answer.status_code, answer.location) == (303, "/queue?stack=nginx")
    assert "Nothing more is free within these filters just now." in browser.get(answer.location).text


def test_a_fourth_is_refused_and_the_three_are_named(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    names = ("one", "two", "three")
    add(session_of, *names, "four")
    for name in names:
        hold_for(session_of, reviewer, name)
    browser = browser_of(reviewer)
    browser.get("/queue")
    answer = browser.post("/queue/next")
    assert (answer.status_code, answer.location) == (303, "/queue")
    page = browser.get("/queue").text
    assert "You already hold 3 articles" in page
    assert all(f"“Title of {name}”" in page for name in names)
    assert set(claims(session_of)) == set(names)


def test_titles_of_300_characters_still_fit_into_the_message(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    for name in ("one", "two", "three"):
        add(session_of, name, title="🚀" * 300)
        hold_for(session_of, reviewer, name)
    add(session_of, "four")
    browser = browser_of(reviewer)
    browser.get("/queue")
    cookies = browser.post("/queue/next").headers.getlist("Set-Cookie")
    assert all(len(cookie) < 4000 for cookie in cookies)
    assert "You already hold 3 articles" in browser.get("/queue").text


def test_claiming_needs_a_form_of_ours(session_of: Sessions, browser_of: Browsers, reviewer: User) -> None:
    add(session_of, "a")
    browser = browser_of(reviewer)
    browser.forgery_token = "forged"
    assert browser.post("/queue/next").status_code == 400
    assert browser.get("/queue/next").status_code == 405
    assert claims(session_of) == {}


# --- holding and releasing --------------------------------------------------------------------------------------------


def put_claim(browser: Browser, source_id: str, **fields: Any) -> Any:
    browser.get("/queue")
    data = {"csrf_token": browser.forgery_token, **fields}
    return browser.client.put(f"/articles/{source_id}/claim", data=data, headers=HTMX)


def test_the_open_page_claims_and_goes_on_renewing(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a")
    browser = browser_of(reviewer)
    answer = put_claim(browser, "a", row_version="1")
    assert answer.status_code == 200
    assert "You hold this until" in answer.text
    assert 'hx-trigger="every 60s"' in answer.text
    assert claims(session_of) == {"a": reviewer.id}
    assert put_claim(browser, "a", row_version="1").status_code == 200


def test_what_another_holds_is_not_claimed_and_says_who_and_until_when(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    add(session_of, "a")
    hold_for(session_of, colleague, "a")
    answer = put_claim(browser_of(reviewer), "a")
    assert answer.status_code == 409
    assert re.search(r"colleague is reviewing this article\. The lease runs until \d\d:\d\d\.", answer.text)
    assert "every" not in answer.text
    assert claims(session_of) == {"a": colleague.id}


def test_a_fourth_open_page_is_told_what_is_held(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    for name in ("one", "two", "three"):
        add(session_of, name)
        hold_for(session_of, reviewer, name)
    add(session_of, "four")
    answer = put_claim(browser_of(reviewer), "four")
    assert answer.status_code == 409
    assert "“Title of two”" in answer.text


def test_a_page_that_has_gone_stale_stops_claiming(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a", row_version=8)
    answer = put_claim(browser_of(reviewer), "a", row_version="7")
    assert answer.status_code == 409
    assert "has changed since you opened it" in answer.text
    assert claims(session_of) == {}


def test_without_javascript_a_button_claims_and_another_releases(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a")
    browser = browser_of(reviewer)
    browser.get("/articles/a/review")
    answer = browser.post("/articles/a/claim?_method=PUT", {"filters": "?stack=flask", "row_version": "1"})
    assert (answer.status_code, answer.location) == (303, "/articles/a/review?stack=flask")
    assert claims(session_of) == {"a": reviewer.id}
    answer = browser.post("/articles/a/claim?_method=DELETE", {"filters": "?stack=flask"})
    assert (answer.status_code, answer.location) == (303, "/queue?stack=flask")
    assert claims(session_of) == {}


def test_without_javascript_a_claim_that_failed_is_told_on_the_page(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    add(session_of, "a")
    hold_for(session_of, colleague, "a")
    browser = browser_of(reviewer)
    browser.get("/articles/a/review")
    answer = browser.post("/articles/a/claim?_method=PUT")
    assert answer.status_code == 303
    assert "colleague is reviewing this article" in browser.get(answer.location).text


def test_nobody_releases_what_another_holds(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    add(session_of, "a")
    hold_for(session_of, colleague, "a")
    browser = browser_of(reviewer)
    browser.get("/queue")
    browser.post("/articles/a/claim?_method=DELETE")
    assert claims(session_of) == {"a": colleague.id}


def test_an_article_that_is_not_there_cannot_be_claimed(browser_of: Browsers, reviewer: User) -> None:
    assert put_claim(browser_of(reviewer), "nowhere").status_code == 404


# --- skipping and putting in ------------------------------------------------------------------------------------------


def test_skipping_opens_the_next_within_the_same_filters(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "other")
    add(session_of, "first", "second", primary_stack="nginx")
    hold_for(session_of, reviewer, "first")
    browser = browser_of(reviewer)
    browser.get("/articles/first/review?stack=nginx")
    answer = browser.post("/articles/first/skip", {"filters": "?stack=nginx", "reason": "not my\0 field"})
    assert (answer.status_code, answer.location) == (303, "/articles/second/review?stack=nginx")
    assert claims(session_of) == {"second": reviewer.id}
    with session_of() as session:
        assert session.scalars(select(Skip)).one().reason == "not my\ufffd field"
        assert session.scalars(select(Event).where(Event.kind == "article.skipped")).one()
    assert "Skipped “Title of first”" in browser.get(answer.location).text


def test_skipping_what_another_has_taken_meanwhile_goes_on_too(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    add(session_of, "first", "second")
    hold_for(session_of, colleague, "first")
    browser = browser_of(reviewer)
    browser.get("/articles/first/review")
    answer = browser.post("/articles/first/skip")
    assert answer.location == "/articles/second/review"
    assert claims(session_of) == {"first": colleague.id, "second": reviewer.id}


def test_htmx_is_led_on_by_a_header(session_of: Sessions, browser_of: Browsers, reviewer: User) -> None:
    add(session_of, "first", "second")
    browser = browser_of(reviewer)
    browser.get("/articles/first/review")
    answer = browser.post("/articles/first/skip", headers=HTMX)
    assert answer.status_code == 204
    assert json.loads(answer.headers["HX-Location"])["path"] == "/articles/second/review"


def test_broken_filters_behind_a_form_are_none(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "first", "second")
    browser = browser_of(reviewer)
    browser.get("/articles/first/review")
    answer = browser.post("/articles/first/skip", {"filters": "?status=burnt&batch=%00x"})
    assert answer.location == "/articles/second/review"


def test_a_lead_puts_an_article_into_the_queue(
    session_of: Sessions, browser_of: Browsers, lead: User
) -> None:
    add(session_of, "a", awaiting_review=False, needs_human_review=False)
    browser = browser_of(lead)
    page = browser.get("/articles/a").text
    assert 'action="/articles/a/queue-entry?_method=PUT"' in page
    answer = browser.post("/articles/a/queue-entry?_method=PUT")
    assert (answer.status_code, answer.location) == (303, "/articles/a")
    assert TITLE.findall(browser.get("/queue").text) == ["Title of a"]
    assert browser.post("/articles/a/queue-entry?_method=PUT").status_code == 409


def test_a_reviewer_may_not_put_articles_into_the_queue(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a", awaiting_review=False)
    browser = browser_of(reviewer)
    assert "queue-entry" not in browser.get("/articles/a").text
    assert browser.post("/articles/a/queue-entry?_method=PUT").status_code == 403
    with session_of() as session:
        assert not session.scalars(select(Article)).one().awaiting_review
