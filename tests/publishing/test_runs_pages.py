"""The pages of runs: what one would do, its verbs, rolling back, schedules, and the policy that spreads it over days."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select, update

from review_app.accounts.models import User
from review_app.base.clock import utc_now
from review_app.publishing.commands import publish as publish_command
from review_app.publishing.commands import schedules as schedule_commands
from review_app.publishing.deliveries.parcels import NOT_THIS_VERSION
from review_app.publishing.jobs import run_rollback
from review_app.publishing.models import Publication, PublishRun, PublishSchedule
from review_app.reviewing.queries import current_rules

BERLIN = ZoneInfo("Europe/Berlin")
DRAFT = {"revision_status": "drafted", "indexable": False, "awaiting_review": True}


@pytest.fixture
def desk(browser_of, lead):
    """The lead's browser, with the form open."""
    opened = browser_of(lead)
    opened.get("/publications")
    return opened


def words(page):
    """What a page says."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text))


def count_runs(session_of):
    with session_of() as session:
        return len(session.scalars(select(PublishRun)).all())


# --- before anything is done ------------------------------------------------------------------------------------------


def test_a_preview_says_what_would_be_done_and_does_nothing(desk, approve, session_of):
    approve("new")
    approve("out", published_version="1.2.3")
    page = desk.post("/publications/preview", {"scope": "named", "source_ids": "new out unknown"})
    assert "Nothing has been done yet" in page.text
    assert re.search(r"Would be accepted 2 Would be refused 1 Become public 1", words(page))
    assert "there is no such article" in page.text
    assert count_runs(session_of) == 0


def test_what_was_shown_is_then_started(desk, approve, session_of):
    approve("new", "other")
    page = desk.post("/publications/preview", {"scope": "named", "source_ids": "new"}).text
    form = page[page.index('class="after"') :]
    hidden = dict(re.findall(r'name="(scope|source_ids|publish_at)"\s+value="([^"]*)"', form))
    assert desk.post("/publications", hidden).location == "/publications/1"
    with session_of() as session:
        assert session.get_one(PublishRun, 1).requested["source_ids"] == ["new"]


def test_the_way_back_from_a_preview_keeps_what_was_typed(desk, session_of):
    typed = {"scope": "named", "source_ids": "new unknown", "publish_at": "2099-11-30T09:00"}
    page = desk.post("/publications/preview", typed).text
    form = page[page.index('class="after"') :]
    kept = dict(re.findall(r'name="(scope|source_ids|publish_at)"\s+value="([^"]*)"', form))
    assert 'name="back"' in form
    page = desk.post("/publications/preview", kept | {"back": "1"})
    assert page.status_code == 200
    assert re.search(r'value="named"\s+checked|checked\s+[^>]*value="named"', page.text)
    assert ">new unknown</textarea>" in page.text.replace("\r\n", "")
    assert 'value="2099-11-30T09:00"' in page.text
    assert count_runs(session_of) == 0


def test_the_command_and_the_api_preview_too(app, approve, program_of, lead, session_of):
    approve("new")
    said = app.test_cli_runner().invoke(publish_command, ["new", "unknown", "--dry-run"])
    assert (said.exit_code, "Would accept 1 and refuse 1; nothing was done." in said.output) == (1, True)
    answer = program_of(lead).post("/publish-runs", json={"source_ids": ["new", "unknown"], "dry_run": True})
    assert answer.status_code == 200
    assert answer.json == {
        "dry_run": True,
        "accepted": ["new"],
        "refused": [{"source_id": "unknown", "reason": "there is no such article"}],
        "targets": [{"target": "site", "kind": "site", "sends": 1, "has": 0}],
        "newly": 1,
        "publish_a_day": None,
        "last_day": None,
    }
    assert count_runs(session_of) == 0


SORTED = ("accepted", "refused")
TAKEN = {
    "a moment that has passed": {"scope": "approved", "publish_at": "2020-01-01T00:00:00Z"},
    "the first moment": {"scope": "approved", "publish_at": "0001-01-01T00:00:00Z"},
    "far off": {"scope": "approved", "publish_at": "2999-01-01T00:00:00+14:00"},
    "nobody knows it": {"source_ids": ["nowhere"]},
    "refused": {"source_ids": ["draft", "good", "draft"]},
    "as many as may be": {"source_ids": ["good"] * 10_000},
}
EDGES = TAKEN | {
    "before the first": {"scope": "approved", "publish_at": "0001-01-01T00:00:00+14:00"},
    "the last moment": {"scope": "approved", "publish_at": "9999-12-31T23:59:59Z"},
    "after the last": {"scope": "approved", "publish_at": "9999-12-31T23:59:59-14:00"},
    "no zone": {"scope": "approved", "publish_at": "2026-11-30T09:00:00"},
    "none": {"source_ids": []},
    "too many": {"source_ids": ["good"] * 10_001},
    "an empty name": {"source_ids": [""]},
    "both": {"source_ids": ["good"], "scope": "approved"},
    "neither": {},
    "not known": {"scope": "approved", "publish_att": "2030-01-01T00:00:00Z"},
}


def test_a_dry_run_refuses_exactly_what_the_real_call_refuses(approve, desk, program_of, lead, session_of):
    assert policy(desk, publish_a_day="1", publish_zone="Pacific/Kiritimati").status_code == 303
    approve("good")
    approve("draft", **DRAFT)
    approve("never judged", decided_at=None)
    program, started = program_of(lead), 0
    for what, asked in EDGES.items():
        dry = program.post("/publish-runs", json=asked | {"dry_run": True})
        assert count_runs(session_of) == started, what
        real = program.post("/publish-runs", json=asked)
        if real.status_code == 202:
            started += 1
            assert dry.status_code == 200, what
            assert [real.json[name] for name in SORTED] == [dry.json[name] for name in SORTED], what
            assert desk.get(f"/publications/{started}").status_code == 200, what
        else:
            assert real.status_code == 422, what
            assert dry.json | {"request_id": ""} == real.json | {"request_id": ""}, what
    assert started == len(TAKEN)


def test_a_command_and_its_dry_run_refuse_the_same_moment(app, approve, session_of):
    approve("good")
    for rehearse in ([], ["--dry-run"]):
        said = app.test_cli_runner().invoke(
            publish_command, ["good", "--at", "9999-12-31T23:59:59+00:00", *rehearse]
        )
        assert said.exit_code != 0
        assert "more than a thousand years ahead" in said.output + str(said.exception)
    assert count_runs(session_of) == 0


def test_a_time_is_one_of_the_viewers_zone_and_said_with_it(browser_of, approve, session_of, lead):
    approve("good")
    with session_of() as session:
        session.execute(update(User).where(User.id == lead.id).values(time_zone="Europe/Berlin"))
    with time_machine.travel("2026-11-23T12:00:00Z"):
        desk = browser_of(lead)
        desk.get("/publications")
        desk.post("/publications", {"scope": "approved", "publish_at": "2026-11-30T14:00"})
        with session_of() as session:
            assert session.get_one(PublishRun, 1).due_at == datetime(2026, 11, 30, 14, tzinfo=BERLIN)
        assert "Nothing goes out before 30 Nov 2026, 14:00 (Europe/Berlin)" in words(
            desk.get("/publications/1")
        )


@pytest.mark.parametrize("typed", ["2020-01-01T00:00", "tomorrow", "0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_time_that_has_passed_or_is_none_is_refused(desk, approve, session_of, typed):
    approve("good")
    assert desk.post("/publications/preview", {"scope": "approved", "publish_at": typed}).status_code == 422
    assert desk.post("/publications", {"scope": "approved", "publish_at": typed}).status_code == 422
    assert count_runs(session_of) == 0


# --- its verbs --------------------------------------------------------------------------------------------------------


def test_a_run_is_paused_resumed_and_stopped_by_buttons(desk, approve, start):
    approve("good")
    start("good", publish_at=utc_now() + timedelta(days=1))
    desk.post("/publications/1/pause?_method=PUT")
    assert "Nothing more goes out until it is resumed" in desk.get("/publications/1").text
    desk.post("/publications/1/pause?_method=DELETE")
    assert "Pause" in words(desk.get("/publications/1"))
    desk.post("/publications/1/stop")
    page = words(desk.get("/publications/1"))
    assert "Stopped. 1 publication was cancelled." in page
    assert "0 published, 1 cancelled." in page
    assert "its run was stopped before it was sent" in page
    assert desk.post("/publications/1/retry").location == "/publications/2"
    assert desk.post("/publications/1/stop").status_code == 409


def test_a_cohort_is_rolled_back_from_its_page(desk, approve, approve_by, publish, app, lead, article_of):
    for name in ("a", "b"):
        approve(name, **DRAFT)
        approve_by(lead, name, utc_now() - timedelta(hours=1))
    publish("a", "b")
    approve_by(lead, "b", utc_now())
    assert desk.post("/publications/1/rollback", {"note": " "}).status_code == 422
    assert desk.post("/publications/1/rollback", {"note": "Broken."}).location == "/publications/1/rollback"
    with app.app_context():
        run_rollback(1)
    page = words(desk.get("/publications/1/rollback"))
    assert "Withdrawn 1 Left as they are 1 Of 2" in page
    assert "it has been decided on since" in page
    assert not article_of("a").indexable


def test_a_reviewer_may_do_none_of_it(browser_of, reviewer, approve, start):
    approve("good")
    start("good")
    browser = browser_of(reviewer)
    browser.get("/queue")
    for path in ("preview", "1/stop", "1/retry", "1/rollback", "schedules"):
        assert browser.post(f"/publications/{path}").status_code == 403
    for path in ("1/rollback", "schedules"):
        assert browser.get(f"/publications/{path}").status_code == 403


def test_none_of_it_can_be_forged(desk, approve, start):
    approve("good")
    start("good")
    desk.forgery_token = "forged"
    for path in ("preview", "1/stop", "1/retry", "1/rollback", "schedules"):
        assert desk.client.post(f"/publications/{path}").status_code == 400


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("it answered 500", 'lang="en">it answered 500<'),
        (NOT_THIS_VERSION, ">er ist in dieser Version nicht mehr freigegeben<"),
    ],
)
def test_a_reason_is_told_in_the_readers_language_or_marked_as_english(
    desk, approve, publish, session_of, kept, shown
):
    approve("good")
    publish("good")
    with session_of() as session:
        session.execute(update(Publication).values(state="failed", reason=kept))
    page = desk.get("/publications/1", headers={"Accept-Language": "de"}).text
    assert shown in page
    assert page.count('lang="en">') == (kept != NOT_THIS_VERSION)


# --- schedules and policy ---------------------------------------------------------------------------------------------


def test_a_schedule_is_added_and_removed(desk, session_of):
    assert desk.post("/publications/schedules", {"at": "7:30", "zone": "Europe/Berlin"}).status_code == 303
    assert "07:30 Europe/Berlin" in words(desk.get("/publications/schedules"))
    desk.post("/publications/schedules/1?_method=DELETE")
    with session_of() as session:
        assert session.scalars(select(PublishSchedule)).all() == []


def test_a_wrong_schedule_is_told_at_its_fields(desk):
    page = desk.post("/publications/schedules", {"at": "25:00", "zone": "Nowhere"})
    assert page.status_code == 422
    assert "Time of the day must be a time such as 07:30." in words(page)
    assert "Time zone is not a time zone such as Europe/Berlin." in words(page)


def test_a_schedule_that_there_is_is_refused_on_the_page_by_program_and_by_command(
    app, desk, program_of, lead
):
    program, daily = program_of(lead), {"at": "07:30", "zone": "Europe/Berlin"}
    assert program.post("/publish-schedules", json=daily).status_code == 201
    told = "Schedule 1 does that already, every day at 07:30, Europe/Berlin."
    again = program.post("/publish-schedules", json=daily)
    assert (again.status_code, again.json["detail"]) == (409, told)
    page = desk.post("/publications/schedules", daily)
    assert page.status_code == 409
    assert told in words(page)
    command = app.test_cli_runner().invoke(schedule_commands, ["add", "07:30", "Europe/Berlin"])
    assert command.exit_code != 0
    assert told in str(command.output) + str(command.exception)
    assert len(program.get("/publish-schedules").json["items"]) == 1


def policy(desk, **fields):
    desk.get("/admin/policy")
    return desk.post("/admin/policy", {"reason": "Slowly.", "version": "0", **fields})


def test_the_policy_says_how_many_a_day_and_whether_approving_publishes(desk, session_of, approve, publish):
    fields = {"publish_a_day": "1", "publish_zone": "Europe/Berlin", "publish_on_approval": "yes"}
    assert policy(desk, **fields).status_code == 303
    with session_of() as session:
        rules = current_rules(session)
        assert (rules.publish_a_day, rules.publish_zone, rules.publish_on_approval) == (
            1,
            "Europe/Berlin",
            True,
        )
    page = words(desk.get("/admin/policy"))
    assert "what is approved is published by itself, 1 become public a day (Europe/Berlin)" in page
    approve("a", "b", "c")
    publish("a", "b", "c")
    page = words(desk.get("/publications/1"))
    assert "Articles that may become public a day: 1 (Europe/Berlin)" in page
    assert re.search(r"It goes on at [^()]* \(UTC\); the last is expected", page), "in the reader's own zone"
    there = utc_now().astimezone(BERLIN).date()
    for days in (1, 2):
        assert f"expected on {(there + timedelta(days=days)):%-d %b %Y}" in page


def test_what_the_policys_form_does_not_send_stays_as_it_is(desk, session_of):
    policy(desk, publish_a_day="5", publish_zone="Europe/Berlin", publish_on_approval="yes")
    policy(desk, version="1", quality="10")
    with session_of() as session:
        rules = current_rules(session)
        assert (rules.publish_a_day, rules.publish_zone, rules.publish_on_approval) == (
            5,
            "Europe/Berlin",
            True,
        )


@pytest.mark.parametrize(
    "fields", [{"publish_a_day": "0"}, {"publish_zone": "Nowhere"}, {"publish_on_approval": "perhaps"}]
)
def test_a_policy_that_makes_no_sense_is_refused(desk, fields):
    assert policy(desk, **fields).status_code == 422
