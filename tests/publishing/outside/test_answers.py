"""When a place asks to be left alone for a while, in whatever words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.base.outbound import Answer
from review_app.publishing.kinds.answers import retry_after
from review_app.publishing.kinds.face import Place
from review_app.publishing.kinds.wordpress_rest import Rest

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WORDS = [
    "Fri,",
    "31",
    "Dec",
    "9999",
    "0001",
    "0",
    "99",
    "23:59:59",
    "24:61:61",
    "-2359",
    "+9999",
    "GMT",
    "é",
    "٣",
    ":",
    ",",
]
WORDS += ["99999999999999999999", "-99999999999"]


def answer(said: str, header: str = "Retry-After") -> Answer:
    return Answer(503, httpx.Headers([(header.encode(), said.encode())]), b"", 0.1)


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("9" * 400, DAY),
        ("Sun, 22 Nov 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Sun, 22 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", None),
        ("Fri, 99999999999999999999 Dec 2027 23:59:59 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("soon", None),
        ("", None),
    ],
)
def test_what_retry_after_asks_for(said: str, wait: timedelta | None) -> None:
    assert retry_after(answer(said), NOW) == wait


@given(st.text(max_size=30) | st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join))
def test_nothing_that_it_may_say_is_an_accident(said: str) -> None:
    wait = retry_after(answer(said), NOW)
    assert wait is None or timedelta(0) <= wait <= DAY


@pytest.mark.parametrize(
    "date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 99999999999999999999 23:59:59 GMT", ""]
)
def test_the_clock_of_a_site_can_be_reckoned_with_whatever_it_shows(date: str) -> None:
    nobody: Any = SimpleNamespace()
    rest = Rest(nobody, Place(1, "wordpress", "Blog", "https://blog.example"), "https://blog.example")
    rest.last = answer(date, "Date")
    assert rest.now() + DAY > NOW
