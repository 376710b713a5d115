"""The figures of sending, and bodies that are never too large."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.base.clock import utc_now
from review_app.publishing.deliveries.rules import MOST_REST, RETRIES, rest, retry_delay
from review_app.publishing.kinds.face import Action, Parcel
from review_app.publishing.kinds.webhook import MOST_BODY_BYTES, body_of

VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3_000),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
)


@given(st.integers(1, 9), st.floats(0, 1))
def test_a_retry_comes_within_a_fifth_of_its_time(attempts: int, chance: float) -> None:
    delay = retry_delay(attempts, None, chance)
    assert RETRIES[attempts - 1] * 0.799 <= delay <= RETRIES[attempts - 1] * 1.201


def test_after_ten_tries_it_is_dead_whatever_the_place_asks_for() -> None:
    assert retry_delay(10, timedelta(seconds=1), 0.5) is None


@given(st.timedeltas(timedelta(0), timedelta(days=5)))
def test_a_rest_is_short_and_at_most_a_tenth_of_the_trouble(failing_for: timedelta) -> None:
    assert timedelta(seconds=5) <= rest(failing_for) <= MOST_REST
    assert rest(failing_for) <= max(failing_for / 10, timedelta(seconds=5))


@given(st.dictionaries(st.text(max_size=50), VALUES, max_size=60))
def test_a_body_is_json_of_at_most_20_kb_that_names_its_place_and_the_rest(payload: dict) -> None:
    parcel = Parcel(1, "msg_1", Action.TELL, "publish_run.finished", "publish_run:3", 17, utc_now(), payload)
    body = body_of(parcel, "https://desk.example")
    assert len(body.encode()) <= MOST_BODY_BYTES
    data = json.loads(body)["data"]
    assert (data["sequence"], data["url"]) == (17, "https://desk.example/api/v1/publish-runs/3")


@pytest.mark.parametrize("count", [1, 100_000])
def test_what_does_not_fit_is_left_out_and_said_so(count: int) -> None:
    payload = {"source_id": "a-1", "list": ["x"] * count}
    at = datetime(2026, 11, 20, tzinfo=UTC)
    body = json.loads(body_of(Parcel(1, "m", Action.TELL, "k", "article:a-1", 1, at, payload), ""))
    assert body["data"]["source_id"] == "a-1"
    assert ("truncated" in body["data"]) == (count > 1)
