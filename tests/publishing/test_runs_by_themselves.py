"""Runs that nobody starts by hand: by a schedule, once however many schedulers there are, and by an approval."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from review_app.accounts.models import User
from review_app.articles.queries import lock_article
from review_app.base.clock import utc_now
from review_app.base.errors import Conflict, Invalid, NotFound
from review_app.base.messages import Message
from review_app.outbox.actions import SYSTEM
from review_app.publishing.approvals import approvals_wait, publish_approved
from review_app.publishing.jobs import due_schedules, run_schedule
from review_app.publishing.models import PublishRun, PublishSchedule, ScheduleFiring
from review_app.publishing.queries import accepted_source_ids
from review_app.publishing.rules import MOST_SCHEDULES
from review_app.publishing.schedules import add_schedule, fire, remove_schedule
from review_app.reviewing.actions import Judgement, decide
from review_app.reviewing.policy import DeskRules, set_floors
from review_app.reviewing.queries import current_rules
from review_app.reviewing.rules import Outcome
from tests.factories import LONG_AGO, make_article, make_user
from tests.publishing.conftest import UNDO

EVENING = datetime(2026, 11, 23, 18, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
DRAFT = {"revision_status": "drafted", "indexable": False, "awaiting_review": True}


@pytest.fixture
def daily(session_of):
    """A schedule at 07:30 of Berlin, which is 06:30 UTC in winter, added the evening before."""
    with session_of() as session:
        return add_schedule(session, "07:30", "Europe/Berlin", user_id=None, actor=SYSTEM, now=EVENING).id


@pytest.fixture
def runs(session_of):
    """The runs there are: what started each, and which articles it took on."""

    def read():
        with session_of() as session:
            return [
                (run.trigger, list(accepted_source_ids(session, run.id)))
                for run in session.scalars(select(PublishRun).order_by(PublishRun.id))
            ]

    return read


# --- schedules --------------------------------------------------------------------------------------------------------


def test_a_schedule_publishes_all_that_is_approved_at_its_time_and_comes_again_the_next_day(
    app, session_of, approve, daily, runs
):
    approve("a", "b")
    for moment in (MORNING - timedelta(seconds=1), MORNING, MORNING + timedelta(seconds=1)):
        with time_machine.travel(moment, tick=False), app.app_context():
            for schedule_id in due_schedules(utc_now()):
                run_schedule(schedule_id)
    assert runs() == [("schedule", ["a", "b"])]
    with session_of() as session:
        assert session.get_one(PublishSchedule, daily).next_at == MORNING + timedelta(days=1)


def test_it_fires_once_however_many_schedulers_there_are(app, session_of, approve, daily, runs):
    approve("a")
    ready = threading.Barrier(8)

    def look():
        ready.wait()
        with app.app_context():
            run_schedule(daily)

    with time_machine.travel(MORNING, tick=False):
        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert runs() == [("schedule", ["a"])]


def test_schedulers_that_looked_at_the_same_moment_start_one_run(session_of, approve, daily, runs):
    approve("a")
    fired, ready = [], threading.Barrier(8)

    def begin():
        ready.wait()
        with session_of() as session:
            fired.append(fire(session, daily, MORNING, now=MORNING, undo=UNDO))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run is not None for run in fired) == [False] * 7 + [True]
    assert len(runs()) == 1
    with session_of() as session:
        firing = session.scalars(select(ScheduleFiring)).one()
        assert (firing.planned_at, firing.run_id) == (MORNING, 1)


def test_days_that_were_missed_are_made_up_for_once(app, session_of, approve, daily, runs):
    approve("a")
    late = MORNING + timedelta(days=3, hours=2)
    with time_machine.travel(late, tick=False), app.app_context():
        run_schedule(daily)
        run_schedule(daily)
    assert len(runs()) == 1
    with session_of() as session:
        assert session.get_one(PublishSchedule, daily).next_at == MORNING + timedelta(days=4)


def test_a_schedule_that_was_removed_starts_nothing(app, session_of, daily, runs):
    with session_of() as session:
        remove_schedule(session, daily, actor=SYSTEM, now=utc_now())
    with session_of() as session:
        assert fire(session, daily, MORNING, now=MORNING, undo=UNDO) is None
        with pytest.raises(NotFound):
            remove_schedule(session, daily, actor=SYSTEM, now=utc_now())
    assert runs() == []


@pytest.mark.parametrize(
    ("at", "zone"),
    [
        ("24:00", "UTC"),
        ("7", "UTC"),
        ("07:60", "UTC"),
        ("٠٧:٣٠", "UTC"),
        ("07:30", "Berlin"),
        ("07:30", "../UTC"),
    ],
)
def test_a_time_or_a_zone_that_there_is_not_is_refused(session_of, at, zone):
    with session_of() as session, pytest.raises(Invalid):
        add_schedule(session, at, zone, user_id=None, actor=SYSTEM, now=EVENING)


def test_there_are_only_so_many_schedules(session_of):
    with session_of() as session:
        for minute in range(MOST_SCHEDULES):
            add_schedule(session, f"07:{minute:02}", "UTC", user_id=None, actor=SYSTEM, now=EVENING)
        with pytest.raises(Conflict):
            add_schedule(session, "08:00", "UTC", user_id=None, actor=SYSTEM, now=EVENING)


def test_no_two_schedules_do_the_same(session_of, daily):
    same = {"user_id": None, "actor": SYSTEM, "now": EVENING}
    with session_of() as session, pytest.raises(Conflict) as refused:
        add_schedule(session, " 7:30 ", "Europe/Berlin", **same)
    assert refused.value.detail == f"Schedule {daily} does that already, every day at 07:30, Europe/Berlin."
    with session_of() as session:
        add_schedule(session, "07:30", "UTC", **same)
        add_schedule(session, "07:31", "Europe/Berlin", **same)
        remove_schedule(session, daily, actor=SYSTEM, now=EVENING)
        add_schedule(session, "07:30", "Europe/Berlin", **same)


def test_of_two_schedules_that_are_added_at_the_same_moment_one_is_taken(session_of):
    ready = threading.Barrier(2)

    def add(_number):
        ready.wait()
        try:
            with session_of() as session:
                return add_schedule(session, "07:30", "UTC", user_id=None, actor=SYSTEM, now=EVENING).id
        except Conflict as refused:
            return refused.detail

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(add, range(2)))
    assert {type(answer) for answer in answers} == {int, Message}


# --- approvals --------------------------------------------------------------------------------------------------------


@pytest.fixture
def by_itself(session_of, lead):
    """Say whether what is approved is published by itself."""

    def put(on, **more):
        with session_of() as session:
            version, user = current_rules(session).version, session.get_one(User, lead.id)
            rules = DeskRules(publish_on_approval=on, **more)
            set_floors(session, user, {}, "test", based_on=version, desk=rules, actor=SYSTEM, now=LONG_AGO)

    return put


@pytest.fixture
def drafts(session_of):
    """Articles that wait to be read."""

    def make(*names):
        with session_of() as session:
            for name in names:
                make_article(session, name, **DRAFT)

    return make


@pytest.fixture
def sweep(session_of):
    """The job looks whether there is anything to publish by itself, and does it."""

    def look(at):
        with session_of() as session:
            if not approvals_wait(session):
                return None
        with session_of() as session:
            return publish_approved(session, now=at, undo=UNDO)

    return look


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOON = timedelta(seconds=5)


def test_by_default_an_approval_publishes_nothing(drafts, approve_by, sweep, lead):
    drafts("a")
    approve_by(lead, "a", NOW)
    assert sweep(NOW + SOON) is None


def test_what_is_approved_is_published_by_itself_after_its_undo_window(
    by_itself, drafts, approve_by, sweep, work_at, article_of, runs, lead
):
    by_itself(True)
    drafts("a", "b")
    approve_by(lead, "a", NOW)
    approve_by(lead, "b", NOW + timedelta(seconds=1))
    run_id = sweep(NOW + SOON + timedelta(seconds=1))
    assert runs() == [("approval", ["a", "b"])]
    work_at(run_id, NOW + UNDO - timedelta(seconds=1))
    assert article_of("a").published_version is None
    work_at(run_id, NOW + UNDO + timedelta(seconds=1))
    assert [article_of(name).published_version for name in "ab"] == ["1.3.0", "1.3.0"]


def test_no_approval_starts_two_runs(by_itself, drafts, approve_by, sweep, session_of, runs, lead):
    by_itself(True)
    drafts("a")
    approve_by(lead, "a", NOW)
    at, ready = NOW + SOON, threading.Barrier(4)

    def begin():
        ready.wait()
        with session_of() as session:
            publish_approved(session, now=at, undo=UNDO)

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sweep(at) is None
    assert runs() == [("approval", ["a"])]


def test_an_approval_whose_clock_was_read_before_that_of_an_earlier_one_is_not_left_out(
    by_itself, drafts, approve_by, sweep, runs, lead
):
    by_itself(True)
    drafts("a", "b")
    for name, at in (("a", NOW), ("b", NOW - timedelta(seconds=2))):
        approve_by(lead, name, at)
    for at in (NOW - timedelta(seconds=1) + SOON, NOW + SOON):
        sweep(at)
    assert sorted(name for _, names in runs() for name in names) == ["a", "b"]


@pytest.mark.only_postgresql(reason="on SQLite one writes at a time")
def test_an_approval_that_is_committed_long_after_later_ones_is_not_left_out(
    by_itself, drafts, approve_by, sweep, runs, lead, session_of
):
    by_itself(True)
    drafts("a", "b")
    with session_of() as session:
        other = make_user(session, email="another@example.com")
    with session_of() as session:
        article, person = lock_article(session, "a"), session.get_one(User, lead.id)
        judgement = Judgement(Outcome.APPROVE, article.row_version)
        decide(session, article, person, judgement, actor=SYSTEM, now=NOW, undo=UNDO)
        session.flush()
        elsewhere = threading.Thread(target=lambda: (approve_by(other, "b", NOW), sweep(NOW + SOON)))
        elsewhere.start()
        elsewhere.join()
    sweep(NOW + timedelta(hours=1))
    assert runs() == [("approval", ["b"]), ("approval", ["a"])]


def test_what_was_approved_before_the_policy_is_not_published_by_it(
    by_itself, drafts, approve_by, sweep, lead, runs
):
    drafts("before", "after")
    approve_by(lead, "before", NOW)
    by_itself(True)
    approve_by(lead, "after", NOW)
    sweep(NOW + SOON)
    assert runs() == [("approval", ["after"])]


def test_switching_it_off_stops_it_at_once(by_itself, drafts, approve_by, sweep, lead):
    by_itself(True)
    drafts("a")
    approve_by(lead, "a", NOW)
    by_itself(False)
    assert sweep(NOW + SOON) is None


def test_an_approval_that_was_taken_back_goes_nowhere(
    by_itself, drafts, approve_by, take_back, sweep, work_at, article_of, lead
):
    by_itself(True)
    drafts("a")
    approve_by(lead, "a", NOW)
    run_id = sweep(NOW + SOON)
    take_back(lead, "a", NOW + timedelta(seconds=10))
    work_at(run_id, NOW + UNDO)
    assert article_of("a").published_version is None


def test_it_respects_the_days(by_itself, drafts, approve_by, sweep, work_at, article_of, lead):
    by_itself(True, publish_a_day=1)
    drafts("a", "b")
    for name in "ab":
        approve_by(lead, name, NOW)
    run_id = sweep(NOW + SOON)
    work_at(run_id, NOW + UNDO)
    assert [article_of(name).published_version for name in "ab"] == ["1.3.0", None]


def test_a_run_waits_as_long_as_the_one_who_approved_may_take_it_back(
    session_of, drafts, start, work_at, article_of, lead
):
    drafts("a")
    with session_of() as session:
        article, person = lock_article(session, "a"), session.merge(lead)
        judgement = Judgement(Outcome.APPROVE, article.row_version)
        decide(session, article, person, judgement, actor=SYSTEM, now=NOW, undo=3 * UNDO)
    run_id = start("a", now=NOW).run.id
    work_at(run_id, NOW + UNDO)
    work_at(run_id, NOW + 2 * UNDO)
    assert article_of("a").published_version is None
    work_at(run_id, NOW + 3 * UNDO)
    assert article_of("a").published_version == "1.3.0"
