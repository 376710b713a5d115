"""When the demo people work: within the last four weeks, one article at a time, less on weekends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from review_app.operations.demo.calendar import sittings
from review_app.operations.demo.people import HABITS

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS)
def test_all_of_it_lies_in_the_last_four_weeks_and_some_in_the_last_hours(now: datetime):
    found = sittings(now, HABITS)
    assert all(now - timedelta(days=28) <= sitting.begins < sitting.ends <= now for sitting in found)
    assert found[-1].begins > now - timedelta(hours=9)


@given(MOMENTS)
def test_everybody_takes_between_forty_seconds_and_six_minutes_for_one_article_at_a_time(now: datetime):
    for key in HABITS:
        own = [sitting for sitting in sittings(now, HABITS) if sitting.key == key]
        assert all(40 <= (sitting.ends - sitting.begins).total_seconds() <= 360 for sitting in own)
        assert all(earlier.ends < later.begins for earlier, later in pairwise(own))


@given(MOMENTS)
def test_weekdays_are_busier_than_weekends(now: datetime):
    mornings = [
        (sitting.begins - timedelta(hours=(now.hour + 15) % 24)).weekday()
        for sitting in sittings(now, HABITS)
    ]
    on_weekend = sum(day >= 5 for day in mornings)
    assert on_weekend / 2 < 0.6 * (len(mornings) - on_weekend) / 5
