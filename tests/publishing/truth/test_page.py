"""The truth check as leads, programs and the command line meet it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from review_app.base.clock import utc_now
from review_app.publishing.truth.commands import truth
from review_app.publishing.truth.models import PublicCheck
from tests.publishing.truth.conftest import with_header, with_status

LATER = timedelta(days=1, hours=3)


@pytest.fixture
def lied_about(published, proxy, look):
    """An article that agrees, and one whose page says noindex."""
    published("good", "bad")
    proxy.lie = with_header("X-Robots-Tag", "noindex")
    look(LATER)
    proxy.lie = lambda _request, answer: answer
    return proxy


def run(app, *words: str):
    return app.test_cli_runner().invoke(truth, words)


def test_leads_see_what_differs_and_mend_it_with_one_button(lied_about, browser_of, lead, check_of, look):
    desk = browser_of(lead)
    page = desk.get("/publications/truth").text
    assert "says noindex, should be index since" in page
    assert "X-Robots-Tag: noindex" in page
    assert "Publish again" in page
    check = check_of("bad")
    answer = desk.post(f"/publications/truth/{check.id}/mendings")
    assert (answer.status_code, answer.location) == (303, "/publications/truth")
    page = desk.get("/publications/truth").text
    assert "It is being sent there again." in page
    assert "being mended" in page
    again = desk.post(f"/publications/truth/{check.id}/mendings")
    assert again.status_code == 409
    assert "being mended already" in again.text
    look()
    assert check_of("bad").state == "agrees"


def test_a_desk_whose_pages_agree_says_so(published, browser_of, lead):
    desk = browser_of(lead)
    assert "Nothing was read yet" in desk.get("/publications/truth").text
    published("good")
    page = desk.get("/publications/truth").text
    assert "The public sees what the desk says" in page
    assert "0 pages differ" in page


def test_without_an_address_of_ours_it_is_said_and_nothing_of_ours_is_read(
    app, published, proxy, look, browser_of, lead, check_of
):
    published("good")
    app.extensions["settings"] = replace(app.extensions["settings"], base_url=None)
    proxy.requests.clear()
    look(LATER)
    assert not proxy.requests
    assert check_of("good").state == "agrees"
    assert "REVIEW_BASE_URL is not set" in browser_of(lead).get("/publications/truth").text
    assert "REVIEW_BASE_URL is not set" in run(app, "list").stderr + run(app, "check").stderr


def test_a_page_that_cannot_be_read_is_shown_without_a_button(published, proxy, look, browser_of, lead):
    published("good")
    proxy.lie = with_status(503)
    look(LATER)
    page = browser_of(lead).get("/publications/truth").text
    assert "answered 503 since" in page
    assert "Publish again" not in page


def test_page_and_command_name_the_same_since(app, published, proxy, look, browser_of, lead, check_of):
    published("good")
    proxy.lie = with_status(503)
    look(LATER)
    seen = check_of("good").found_at
    assert seen.date() > check_of("good").should_since.date()
    assert f"answered 503 since {seen:%Y-%m-%d %H:%M:%S} UTC" in run(app, "list").stdout
    assert re.search(rf"answered 503 since <time datetime=.{seen:%Y-%m-%dT%H:%M}", _page(browser_of, lead))
    proxy.lie = with_header("Cache-Control", "max-age=86400")
    look(2 * LATER)
    check = check_of("good")
    assert check.findings == ["cached"]
    assert f"for each time since {check.found_at:%Y-%m-%d %H:%M:%S} UTC" in run(app, "list").stdout
    assert re.search(
        rf"for each time since <time datetime=.{check.found_at:%Y-%m-%dT%H:%M}", _page(browser_of, lead)
    )


def _page(browser_of, lead):
    return browser_of(lead).get("/publications/truth").text


def test_programs_read_and_mend(lied_about, program_of, lead, check_of):
    program = program_of(lead)
    listed = program.get("/truth").json
    assert {item["source_id"] for item in listed["items"]} == {"good", "bad"}
    first = program.get("/truth?limit=1").json
    second = program.get(f"/truth?limit=1&after={first['next']}").json
    assert [first["items"][0], second["items"][0]] == listed["items"]
    assert second["next"] is None
    item = listed["items"][0]
    assert item["says"] == ["says noindex, should be index"]
    assert (item["state"], item["findings"], item["should_index"]) == ("differs", ["noindex"], True)
    assert program.get("/truth?state=agrees").json["items"] == []
    assert program.get("/truth?state=wrong").status_code == 422
    answer = program.post(f"/truth/{item['id']}/mend")
    assert answer.status_code == 202
    assert answer.json["mended_at"]
    assert program.post(f"/truth/{item['id']}/mend").status_code == 409
    assert program.post("/truth/999/mend").status_code == 404


def test_reviewers_see_nothing_of_it(lied_about, program_of, browser_of, reviewer):
    assert program_of(reviewer).get("/truth").status_code == 403
    assert browser_of(reviewer).get("/publications/truth").status_code == 403


def test_the_command_reads_lists_and_mends(app, published, proxy, check_of, session_of):
    published("good", "bad")
    assert run(app, "list").exit_code == 0
    proxy.lie = with_status(404, "/p/slug-of-bad")
    checked = run(app, "check", "bad")
    assert checked.exit_code == 1
    assert "answers 404, should be index since" in checked.stdout
    assert json.loads(run(app, "list", "--json").stdout)[0]["source_id"] == "bad"
    assert run(app, "check", "good").stdout == "The public sees what the desk says.\n"
    assert run(app, "check").exit_code == 1
    assert run(app, "check", "unknown").exit_code == 2
    mended = run(app, "mend", str(check_of("bad").id))
    assert mended.stdout.startswith("Sent bad to ")
    assert check_of("bad").mended_at


def test_the_command_waits_for_a_worker_that_is_at_it(app, published, session_of, monkeypatch):
    published("good")
    answers = iter([None, False])
    monkeypatch.setattr("review_app.publishing.truth.commands.check_pages", lambda *_: next(answers))
    monkeypatch.setattr("review_app.publishing.truth.commands.WAIT_SECONDS", 0)
    assert run(app, "check").exit_code == 0
    assert next(answers, "none") == "none"


def test_many_pages_are_listed_a_page_at_a_time(published, session_of, browser_of, lead):
    published(*(f"a-{number}" for number in range(27)))
    with session_of() as session:
        session.execute(update(PublicCheck).values(state="differs", findings=["noindex"], found_at=utc_now()))
    desk = browser_of(lead)
    page = desk.get("/publications/truth").text
    assert page.count("Publish again") == 25
    following = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    assert desk.get(following).text.count("Publish again") == 2
