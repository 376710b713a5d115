"""The lead's pages of publishing: start a run, watch it, see what it refused."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from flask import g
from lxml import html
from sqlalchemy import select

from review_app.base.clock import utc_now
from review_app.publishing.models import Publication, PublishRun, PublishRunItem, Target
from tests.factories import make_article


@pytest.fixture
def desk(browser_of, lead):
    """The lead's browser, with the form open."""
    opened = browser_of(lead)
    opened.get("/publications")
    return opened


def test_all_approved_articles_are_published_from_the_page(desk, approve, work):
    approve("good-1", "good-2")
    answer = desk.post("/publications", {"scope": "approved"})
    assert (answer.status_code, answer.location) == (303, "/publications/1")
    work(1)
    page = desk.get("/publications/1").text
    assert "2 published." in page
    assert "good-1" in page
    assert 'href="/p/slug-of-good-2"' in page


def test_pasted_names_may_be_apart_by_anything(desk, approve):
    approve("good-1", "good-2", "good-3")
    desk.post("/publications", {"scope": "named", "source_ids": "good-1, good-2;\r\n\tunknown\0good-1"})
    page = desk.get("/publications/1").text
    assert "good-3" not in page
    assert "unknown" in page
    assert "there is no such article" in page


def test_names_are_asked_for_when_they_are_meant(desk, session_of):
    answer = desk.post("/publications", {"scope": "named", "source_ids": " , "})
    assert answer.status_code == 422
    assert "Name at least one article" in answer.text
    with session_of() as session:
        assert session.scalars(select(PublishRun)).all() == []


def test_too_many_names_come_back_with_what_was_typed(desk):
    names = " ".join(f"a-{number}" for number in range(10_001))
    answer = desk.post("/publications", {"scope": "named", "source_ids": names})
    assert answer.status_code == 422
    assert "at most 10,000" in answer.text
    assert "a-10000" in answer.text


def test_a_scope_that_is_not_offered_is_refused(desk):
    assert desk.post("/publications", {"scope": "everything"}).status_code == 422


def test_fields_that_are_not_in_the_form_change_nothing(desk, approve, article_of):
    approve("good")
    desk.post(
        "/publications",
        {"scope": "named", "source_ids": "x", "indexable": "1", "trigger": "hook", "user_id": "1"},
    )
    assert "on the desk" in desk.get("/publications/1").text
    assert article_of("good").published_version is None


def test_without_a_forgery_token_nothing_starts(desk, session_of):
    assert desk.client.post("/publications", data={"scope": "approved"}).status_code == 400
    with session_of() as session:
        assert session.scalars(select(PublishRun)).all() == []


def test_htmx_is_sent_to_the_run(desk, approve):
    approve("good")
    answer = desk.post("/publications", {"scope": "approved"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/publications/1")


def test_the_page_says_when_what_waits_goes_out_in_the_viewers_zone(
    browser_of, session_of, lead, approve, start
):
    with session_of() as session:
        session.merge(lead).time_zone = "Asia/Tokyo"
    with time_machine.travel("2026-11-16T05:02:00Z", tick=False):
        approve("good", decided_at=utc_now() - timedelta(seconds=10))
        start("good")
        page = browser_of(lead).get("/publications/1").text
    assert "goes out at 14:02:10" in page


def test_a_run_that_is_held_says_until_when(browser_of, lead, approve, start):
    with time_machine.travel("2026-11-16T05:02:00Z", tick=False):
        approve("good")
        start("good", publish_at=utc_now() + timedelta(days=14))
        page = browser_of(lead).get("/publications/1").text
    assert "Held until 30 Nov 2026, 05:02:00" in page


def test_the_page_asks_again_until_the_run_has_ended(desk, approve, start, work):
    approve("good")
    start("good")
    waiting = desk.get("/publications/1").text
    assert 'hx-trigger="every 2s"' in waiting
    assert "Look again" in waiting
    work(1)
    finished = desk.get("/publications/1", headers={"HX-Request": "true"}).text
    assert finished.lstrip().startswith('<section id="run-1"')
    assert "hx-trigger" not in finished
    assert "Look again" not in finished


def test_what_was_withdrawn_since_is_marked(desk, approve, publish, withdraw):
    approve("good")
    publish("good")
    withdraw("good")
    page = desk.get("/publications/1").text
    assert "Withdrawn" in page
    assert "/p/slug-of-good" not in page


def test_a_place_of_others_is_said_to_withdraw_until_it_has(desk, approve, publish, withdraw, session_of):
    approve("good")
    run_id = publish("good")
    withdraw("good")
    with session_of() as session:
        blog = Target(kind="wordpress", name="Blog", url="https://blog.example.com", created_at=utc_now())
        session.add(blog)
        session.flush()
        ours = session.scalars(select(Publication)).one()
        there = Publication(
            article_id=ours.article_id,
            version=ours.version,
            target_id=blog.id,
            run_id=run_id,
            state="delivered",
            due_at=ours.due_at,
            delivered_at=ours.delivered_at,
        )
        session.add(there)
        session.flush()
        session.add(PublishRunItem(run_id=run_id, publication_id=there.id))
        numbers = ours.id, there.id
    assert [_state_of(desk, run_id, number) for number in numbers] == ["Withdrawn", "Being withdrawn"]
    with session_of() as session:
        session.get_one(Publication, numbers[1]).state = "withdrawn"
    assert [_state_of(desk, run_id, number) for number in numbers] == ["Withdrawn", "Withdrawn"]


def _state_of(desk, run_id, publication_id):
    page = html.fromstring(desk.get(f"/publications/{run_id}").text)
    (tag,) = page.xpath(f"//*[@id='publication-{publication_id}']//*[contains(@class, 'tag')]")
    return re.sub(r"[^\w ]", "", tag.text_content()).strip()


def test_runs_and_publications_come_in_pages(desk, approve, start, session_of):
    approve(*(f"good-{number:02}" for number in range(30)))
    for _ in range(27):
        start("good-00")
    start()
    first = desk.get("/publications").text
    assert [f"Run {number}<" in first for number in (28, 4, 3)] == [True, True, False]
    second = desk.get(_next_of(first)).text
    assert [f"Run {number}<" in second for number in (4, 3, 1)] == [False, True, True]
    first = desk.get("/publications/28").text
    second = desk.get(_next_of(first)).text
    assert ("good-29" in first, "good-29" in second) == (True, False)
    assert ("good-00" in first, "good-00" in second) == (False, True)


def _next_of(page):
    return re.search(r'href="([^"]+)" rel="next"', page).group(1).replace("&amp;", "&")


def test_refusals_are_listed_up_to_a_hundred_and_the_rest_is_counted(desk, start):
    start(*(f"nothing-{number:03}" for number in range(103)))
    page = desk.get("/publications/1").text
    assert "nothing-099" in page
    assert "nothing-100" not in page
    assert "And 3 more" in page


def test_titles_are_shown_as_text(desk, session_of, start):
    with session_of() as session:
        make_article(
            session,
            "bad",
            title="<script>alert(1)</script>",
            revision_status="approved",
            indexable=True,
            awaiting_review=False,
        )
    start("bad", "<b>unknown")
    page = desk.get("/publications/1").text
    assert "<script>alert" not in page
    assert "&lt;b&gt;unknown" in page


@pytest.mark.parametrize("path", ["/publications/7", "/publications/99999999999999999999", "/publications/x"])
def test_a_run_that_there_is_not_is_404(desk, path):
    assert desk.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/publications?after=x", "/publications/1?after=WyJ4Il0"])
def test_a_cursor_that_is_none_is_422(desk, approve, start, path):
    approve("good")
    start("good")
    assert desk.get(path).status_code == 422


def test_a_reviewer_sees_none_of_it(browser_of, reviewer, approve, start):
    approve("good")
    start("good")
    desk = browser_of(reviewer)
    assert [desk.get(path).status_code for path in ("/publications", "/publications/1")] == [403, 403]
    desk.get("/profile")
    assert desk.post("/publications", {"scope": "approved"}).status_code == 403


def test_the_number_of_queries_does_not_grow_with_the_runs(desk, approve, start):
    def queries(path):
        with desk.client:
            assert desk.get(path).status_code == 200
            return g.database_queries

    approve("good-1")
    start()
    few = [queries("/publications"), queries("/publications/1")]
    approve(*(f"more-{number}" for number in range(20)))
    for _ in range(10):
        run_id = start().run.id
    assert [queries("/publications"), queries(f"/publications/{run_id}")] == few == [3, 8]
