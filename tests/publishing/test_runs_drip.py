"""So many articles a day: no day has more, the rest follows in order, and each is told its day."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from review_app.accounts.models import User
from review_app.outbox.actions import SYSTEM
from review_app.publishing.actions import pause_run
from review_app.publishing.drip import current_drip, expected_days
from review_app.publishing.jobs import due_runs
from review_app.publishing.models import Publication
from review_app.publishing.queries import get_run, lock_run
from review_app.publishing.rules import day_of_place, next_day, next_planned, start_of_day
from review_app.publishing.stopping import stop_run
from review_app.reviewing.policy import DeskRules, set_floors
from review_app.reviewing.queries import current_rules
from tests.factories import LONG_AGO
from tests.publishing.conftest import approved_article

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 23, 12, tzinfo=BERLIN).astimezone(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def allow(session_of, lead):
    """Set how many may become public on one day of Berlin."""

    def put(a_day, **more):
        with session_of() as session:
            rules = DeskRules(publish_a_day=a_day, publish_zone="Europe/Berlin", **more)
            version = current_rules(session).version
            user = session.get_one(User, lead.id)
            set_floors(session, user, {}, "test", based_on=version, desk=rules, actor=SYSTEM, now=LONG_AGO)

    return put


@pytest.fixture
def out(session_of):
    """The articles that are public, in the order of their names."""

    def read():
        with session_of() as session:
            query = (
                select(Publication).where(Publication.state == "delivered").order_by(Publication.article_id)
            )
            return [publication.article_id for publication in session.scalars(query)]

    return read


def some(session_of, names, **changes):
    with session_of() as session:
        for place, name in enumerate(names):
            approved_article(session, name, decided_at=LONG_AGO + timedelta(minutes=place), **changes)


def test_no_more_become_public_on_one_day_than_the_policy_allows(
    session_of, allow, start, work_at, article_of
):
    allow(2)
    some(session_of, "abcde")
    run_id = start(now=NOON).run.id
    seen = []
    for day in range(3):
        work_at(run_id, NOON + day * DAY)
        work_at(run_id, NOON + day * DAY + timedelta(minutes=10))
        seen.append([name for name in "abcde" if article_of(name).published_version])
    assert seen == [["a", "b"], ["a", "b", "c", "d"], ["a", "b", "c", "d", "e"]]
    with session_of() as session:
        assert get_run(session, run_id).state == "finished"


def test_the_next_day_begins_at_midnight_of_the_policys_zone(session_of, allow, start, work_at, out):
    allow(1)
    some(session_of, "ab")
    run_id = start(now=NOON).run.id
    work_at(run_id, NOON)
    with session_of() as session:
        assert get_run(session, run_id).due_at == datetime(2026, 11, 24, tzinfo=BERLIN)
    work_at(run_id, datetime(2026, 11, 23, 23, 59, tzinfo=BERLIN))
    assert len(out()) == 1
    work_at(run_id, datetime(2026, 11, 24, tzinfo=BERLIN))
    assert len(out()) == 2


def test_a_later_run_waits_for_the_earlier_ones(session_of, allow, start, work_at, article_of):
    allow(2)
    some(session_of, "abcd")
    first, second = start("a", "b", "c", now=NOON).run.id, start("d", now=NOON).run.id
    work_at(second, NOON)
    assert article_of("d").published_version is None
    work_at(first, NOON)
    work_at(second, NOON + DAY)
    assert article_of("d").published_version == "1.2.3", "of tomorrow's two one is c's, which is ahead of it"
    work_at(first, NOON + DAY)
    assert article_of("c").published_version == "1.2.3"


def test_a_paused_run_holds_nobody_up(session_of, allow, start, work_at, article_of):
    allow(1)
    some(session_of, "ab")
    first, second = start("a", now=NOON).run.id, start("b", now=NOON).run.id
    with session_of() as session:
        pause_run(session, lock_run(session, first), actor=SYSTEM, now=NOON)
    work_at(second, NOON)
    assert article_of("b").published_version == "1.2.3"


def test_a_new_version_of_what_is_public_is_not_counted(session_of, allow, start, work_at, article_of):
    allow(1)
    some(session_of, "abc")
    some(session_of, ["old"], published_version="1.0.0")
    run_id = start("a", "b", "old", "c", now=NOON).run.id
    work_at(run_id, NOON)
    shown = [article_of(name).published_version for name in ("a", "b", "old", "c")]
    assert shown == ["1.2.3", None, "1.2.3", None]


def test_a_new_bound_counts_at_once(app, session_of, allow, start, work_at, out):
    allow(1)
    some(session_of, "abc")
    run_id, soon = start(now=NOON).run.id, NOON + timedelta(minutes=1)
    held = start("a", now=NOON, publish_at=NOON + DAY).run.id
    work_at(run_id, NOON)
    with app.app_context():
        assert run_id not in due_runs(soon)
    for a_day, shown in ((2, 2), (None, 3)):
        allow(a_day)
        with app.app_context():
            assert run_id in due_runs(soon)
            assert held not in due_runs(soon)
        work_at(run_id, soon)
        assert len(out()) == shown


@pytest.mark.parametrize("verb", [stop_run, pause_run])
def test_a_run_ends_though_what_it_sent_waits_for_another(
    session_of, allow, start, work_at, lead, approve_by, take_back, verb
):
    allow(1)
    some(session_of, "ab", revision_status="drafted", indexable=False, awaiting_review=True)
    for name in "ab":
        approve_by(lead, name, NOON - DAY)
    first = start("a", "b", now=NOON).run.id
    work_at(first, NOON)
    take_back(lead, "a", NOON)
    approve_by(lead, "a", NOON)
    second = start("a", now=NOON).run.id
    with session_of() as session:
        verb(session, lock_run(session, second), actor=SYSTEM, now=NOON)
    work_at(first, NOON + DAY)
    with session_of() as session:
        assert get_run(session, first).state == "finished"
        state = session.scalar(select(Publication.state).order_by(Publication.id).limit(1))
        assert state == ("cancelled" if verb is stop_run else "waiting")


def test_each_that_waits_is_told_its_day(session_of, allow, start, work_at):
    allow(2)
    some(session_of, "abcdef")
    first, second = start("a", "b", "c", now=NOON).run.id, start("d", "e", "f", now=NOON).run.id
    work_at(first, NOON)
    with session_of() as session:
        drip = current_drip(session)
        ids = session.scalars(select(Publication.id).order_by(Publication.article_id)).all()
        days, last = expected_days(session, get_run(session, second), drip, ids=ids, now=NOON)
    assert [days.get(one) for one in ids] == [None] * 3 + [date(2026, 11, 24)] + [date(2026, 11, 25)] * 2
    assert last == date(2026, 11, 25)


def test_without_a_bound_all_go_at_once(session_of, allow, start, work_at, out):
    allow(None)
    some(session_of, "abcde")
    work_at(start(now=NOON).run.id, NOON)
    assert len(out()) == 5


def test_two_workers_at_once_let_no_more_out(session_of, allow, start, work_at, out):
    allow(3)
    some(session_of, "abcdefgh")
    runs = [start(*names, now=NOON).run.id for names in ("abcd", "efgh")]
    threads = [threading.Thread(target=work_at, args=(run, NOON, f"worker {run}")) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for run in runs:
        work_at(run, NOON + timedelta(minutes=1))
    assert len(out()) == 3


# --- days and times ---------------------------------------------------------------------------------------------------


@given(st.integers(0, 500), st.integers(1, 20), st.integers(0, 20))
def test_the_places_fill_the_days_in_order(place, a_day, left):
    left, today = min(left, a_day), date(2026, 11, 23)
    day = day_of_place(place, left_today=left, a_day=a_day, today=today)
    before = [day_of_place(one, left_today=left, a_day=a_day, today=today) for one in range(place)]
    assert before.count(day) < (left if day == today else a_day)
    assert all(one <= day for one in before)


@given(
    st.integers(0, 1439),
    st.integers(0, 2 * 365 * 24 * 60),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Chatham", "Africa/Casablanca"]
    ),
)
def test_a_schedule_comes_once_a_day_and_never_twice(minute, minutes, name):
    zone, after = ZoneInfo(name), NOON + timedelta(minutes=minutes)
    first = next_planned(minute, zone, after)
    second = next_planned(minute, zone, first)
    assert after < first < second
    assert (second.astimezone(zone).date() - first.astimezone(zone).date()).days == 1
    assert first - after <= timedelta(hours=25, minutes=1)


def test_a_time_that_a_day_leaves_out_is_as_much_later_as_the_clocks_skip():
    planned = next_planned(150, BERLIN, datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert planned.astimezone(BERLIN) == datetime(2026, 3, 29, 3, 30, tzinfo=BERLIN)


def test_a_day_has_23_hours_when_the_clocks_go_forward():
    noon = datetime(2026, 3, 29, 12, tzinfo=BERLIN).astimezone(UTC)
    begin, end = start_of_day(noon, BERLIN).astimezone(UTC), next_day(noon, BERLIN).astimezone(UTC)
    assert end - begin == timedelta(hours=23)
