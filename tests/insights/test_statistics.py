"""The sums kept with every decision, against a recount of the decisions themselves."""

from __future__ import annotations

import random
import statistics as arithmetic
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import aliased, joinedload

from review_app.articles.rules import SCORES
from review_app.insights.queries import recent, statistics
from review_app.insights.rules import Period
from review_app.insights.schemas import as_json
from review_app.reviewing.models import Decision
from review_app.reviewing.rules import COUNTED, Outcome
from review_app.reviewing.slots import score_changes

BERLIN, KOLKATA, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")
NOON = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)


def read(session_of, first, last, zone, **options):
    with session_of() as session:
        return statistics(session, first, last, zone, **options)


# --- against a recount ------------------------------------------------------------------------------------------------


def recount(session, first, last, zone):
    """The same figures from the decisions that stand, in plain arithmetic."""
    undoing = aliased(Decision)
    query = (
        select(Decision)
        .outerjoin(undoing, undoing.reverts_id == Decision.id)
        .options(joinedload(Decision.reviewer))
    )
    standing = session.scalars(query.where(Decision.outcome != "rollback", undoing.id.is_(None))).all()
    groups = defaultdict(list)
    for decision in standing:
        day = decision.decided_at.astimezone(zone).date()
        if first <= day <= last:
            for group in ("all", decision.reviewer.email, day.isoformat()):
                groups[group].append(decision)
    return {group: figures(decisions) for group, decisions in groups.items()}


def figures(decisions):
    counted = [decision for decision in decisions if decision.outcome in COUNTED]
    outcomes = [decision.outcome for decision in decisions]
    changes = defaultdict(list)
    for decision in counted:
        for name, change in score_changes(decision):
            changes[name].append(change)
    judged = sum(outcomes.count(outcome) for outcome in ("approve", "request_changes", "reject"))
    return {
        "decisions": len(counted),
        "saves": outcomes.count("save"),
        "approved": outcomes.count("approve"),
        "changes_requested": outcomes.count("request_changes"),
        "rejected": outcomes.count("reject"),
        "archived": outcomes.count("archive"),
        "approval_rate": outcomes.count("approve") / judged if judged else None,
        "median_handling_seconds": middle(
            one.handling_seconds for one in counted if one.handling_seconds is not None
        ),
        "median_wait_seconds": middle(one.wait_seconds for one in counted),
        "mean_score_change": {
            name: arithmetic.mean(changes[name]) if changes[name] else None for name in SCORES
        },
    }


def middle(values):
    values = list(values)
    return arithmetic.median_low(values) if values else None


def agree(told, counted):
    """Counts and means exactly, medians within the 1% of a histogram's bucket."""
    assert told["mean_score_change"] == pytest.approx(counted["mean_score_change"], abs=0.0001)
    for name, value in counted.items():
        if name != "mean_score_change":
            margin = 0.0101 if name.startswith("median") else 0.0001
            assert told[name] == (value if value is None else pytest.approx(value, rel=margin)), name


@pytest.mark.parametrize("zone", [ZoneInfo("UTC"), BERLIN, KOLKATA, NEW_YORK], ids=str)
def test_the_sums_say_what_a_recount_says(session_of, decided, taken_back, reviewer, colleague, lead, zone):
    chance = random.Random(16)
    for _ in range(60):
        user = chance.choice([reviewer, colleague, lead])
        outcomes = [Outcome.APPROVE, Outcome.APPROVE, Outcome.REQUEST_CHANGES, Outcome.REJECT, Outcome.SAVE]
        at = NOON + timedelta(hours=chance.uniform(-80, 80))
        decision = decided(
            user,
            at,
            chance.choice([*outcomes, Outcome.ARCHIVE] if user is lead else outcomes),
            handling=chance.choice([None, chance.uniform(0.2, 800)]),
            wait=chance.uniform(900, 3_000_000),
            quality=chance.randint(0, 100),
            depth=chance.randint(0, 100),
        )
        if chance.random() < 0.2:
            taken_back(decision, lead, at + timedelta(hours=1))
    first, last = date(2026, 11, 14), date(2026, 11, 18)
    with session_of() as session:
        told = as_json(statistics(session, first, last, zone))
        counted = recount(session, first, last, zone)
    agree(told["totals"], counted["all"])
    reviewers = {one["email"]: one for one in told["reviewers"]}
    days = {one["date"]: one for one in told["days"] if one["decisions"] or one["saves"]}
    assert set(reviewers) | set(days) | {"all"} == set(counted)
    for name, values in counted.items():
        agree({"all": told["totals"], **reviewers, **days}[name], values)


# --- what counts ------------------------------------------------------------------------------------------------------


def test_saves_are_told_apart_and_are_in_no_other_figure(session_of, decided, reviewer):
    decided(reviewer, NOON, Outcome.SAVE, handling=500, wait=90_000, quality=90)
    decided(reviewer, NOON, Outcome.APPROVE, handling=10, wait=1000, quality=80)
    totals = read(session_of, NOON.date(), NOON.date(), UTC_ZONE).totals
    assert (totals.decisions, totals.saves, totals.approval_rate) == (1, 1, 1.0)
    assert totals.median_handling_seconds == pytest.approx(10, rel=0.01)
    assert totals.median_wait_seconds == pytest.approx(1000, rel=0.01)
    assert totals.mean_score_change == {"quality": 10, "freshness": 0, "depth": 0, "clarity": 0}


UTC_ZONE = ZoneInfo("UTC")


def test_archiving_is_a_decision_that_judges_nothing(session_of, decided, lead):
    decided(lead, NOON, Outcome.ARCHIVE)
    totals = read(session_of, NOON.date(), NOON.date(), UTC_ZONE).totals
    assert (totals.decisions, totals.archived, totals.judged, totals.approval_rate) == (1, 1, 0, None)


def test_what_was_rolled_back_never_happened(session_of, decided, taken_back, reviewer, lead):
    taken_back(decided(reviewer, NOON), lead, NOON + timedelta(hours=2))
    taken_back(decided(reviewer, NOON, Outcome.SAVE), lead, NOON + timedelta(hours=2))
    found = read(session_of, NOON.date(), NOON.date(), UTC_ZONE)
    assert (found.totals.decisions, found.totals.saves) == (0, 0)
    assert found.totals.median_wait_seconds is None
    assert found.reviewers == []


def test_reviewers_stand_in_the_order_of_their_work_and_each_can_be_read_alone(
    session_of, decided, reviewer, colleague
):
    decided(reviewer, NOON)
    decided(colleague, NOON)
    decided(colleague, NOON, Outcome.REJECT)
    found = read(session_of, NOON.date(), NOON.date(), UTC_ZONE)
    assert [(one.email, one.figures.decisions) for one in found.reviewers] == [
        (colleague.email, 2),
        (reviewer.email, 1),
    ]
    alone = read(session_of, NOON.date(), NOON.date(), UTC_ZONE, reviewer_id=reviewer.id)
    assert (alone.totals.decisions, [one.email for one in alone.reviewers]) == (1, [reviewer.email])


def test_without_any_decision_every_figure_says_so(session_of):
    told = as_json(read(session_of, NOON.date(), NOON.date() + timedelta(days=1), UTC_ZONE))
    assert told["reviewers"] == []
    assert [day["date"] for day in told["days"]] == ["2026-11-16", "2026-11-17"]
    assert told["totals"] == {
        **dict.fromkeys(("decisions", "saves", "approved", "changes_requested", "rejected", "archived"), 0),
        **dict.fromkeys(("approval_rate", "median_handling_seconds", "median_wait_seconds")),
        "mean_score_change": dict.fromkeys(SCORES),
    }


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day"),
    [(UTC_ZONE, "2026-11-16"), (KOLKATA, "2026-11-17"), (BERLIN, "2026-11-16"), (NEW_YORK, "2026-11-16")],
    ids=str,
)
def test_a_decision_belongs_to_the_day_it_was_where_one_reads(session_of, decided, reviewer, zone, day):
    decided(reviewer, datetime(2026, 11, 16, 20, 40, tzinfo=UTC))
    found = read(session_of, date(2026, 11, 14), date(2026, 11, 18), zone)
    assert [str(one.date) for one in found.days if one.figures.decisions] == [day]


def test_the_first_and_the_last_day_count_whole_and_nothing_beyond(session_of, decided, reviewer):
    for at in ("2026-11-15T22:59", "2026-11-15T23:00", "2026-11-17T22:59", "2026-11-17T23:00"):
        decided(reviewer, datetime.fromisoformat(f"{at}:00+00:00"))
    found = read(session_of, date(2026, 11, 16), date(2026, 11, 17), BERLIN)
    assert [one.figures.decisions for one in found.days] == [1, 1]


def test_the_days_on_which_the_clocks_change_have_23_and_25_hours(session_of, decided, reviewer):
    for at in (
        "2026-10-24T22:00",
        "2026-10-25T22:59",
        "2026-10-25T23:00",
        "2026-03-28T23:00",
        "2026-03-29T21:59",
        "2026-03-29T22:00",
    ):
        decided(reviewer, datetime.fromisoformat(f"{at}:00+00:00"))
    for day, count in ((date(2026, 10, 25), 2), (date(2026, 3, 29), 2)):
        found = read(session_of, day, day, BERLIN)
        assert (found.totals.decisions, found.days[0].figures.decisions) == (count, count)
        begin, end = found.period.moments(BERLIN)
        assert end - begin == timedelta(hours=25 if day.month == 10 else 23)


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Africa/Cairo", "Pacific/Apia"]
)


@given(st.dates(date(1990, 1, 1), date(2030, 12, 31)), ZONES)
def test_each_moment_of_a_day_is_between_its_begin_and_its_end(day, name):
    zone = ZoneInfo(name)
    begin, end = Period(day, day).moments(zone)
    inside = [
        begin + timedelta(minutes=15) * number for number in range(int((end - begin) / timedelta(minutes=15)))
    ]
    assert {moment.astimezone(zone).date() for moment in inside} <= {day}
    assert (begin - timedelta(seconds=1)).astimezone(zone).date() < day <= end.astimezone(zone).date()


def test_lately_counts_days_of_the_zone_and_no_saves(session_of, decided, reviewer, colleague):
    today = date(2026, 11, 17)
    for at in (
        "2026-11-16T23:30",
        "2026-11-16T22:30",
        "2026-11-11T00:00",
        "2026-11-10T22:00",
        "2026-10-20T23:30",
        "2026-10-20T21:30",
    ):
        decided(reviewer, datetime.fromisoformat(f"{at}:00+00:00"))
    decided(reviewer, NOON, Outcome.SAVE)
    decided(colleague, datetime(2026, 11, 17, 3, 0, tzinfo=UTC))
    with session_of() as session:
        all_of_it = recent(session, today, BERLIN)
        own = recent(session, today, BERLIN, reviewer_id=reviewer.id)
    assert (all_of_it.today, all_of_it.week, all_of_it.month) == (2, 4, 6)
    assert (own.today, own.week, own.month) == (1, 3, 5)
