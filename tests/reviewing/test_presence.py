"""Who else looks at an article: told by name and by what they do, and gone half a minute after the last beat."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from review_app.accounts.models import User
from review_app.articles.queries import lock_article
from review_app.base.clock import utc_now
from review_app.review_queue.actions import hold
from review_app.reviewing.presence.models import Presence
from tests.factories import make_article
from tests.reviewing.desk import Sessions
from tests.reviewing.test_query_counts import counted
from tests.support.cast import Browser

Browsers = Callable[[User], Browser]


@pytest.fixture(autouse=True)
def two_articles(session_of: Sessions) -> None:
    with session_of() as session:
        make_article(session, "a")
        make_article(session, "b")


def beat(browser: Browser, source_id: str = "a") -> str:
    """What an open page sends every ten seconds, and the words it shows."""
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    answer = browser.post(f"/articles/{source_id}/presence?_method=PUT", headers=headers)
    assert answer.status_code == 200
    return " ".join(re.sub("<[^>]+>", " ", answer.text).split())


def test_two_see_each_other_and_who_holds_it_and_neither_sees_themselves(
    browser_of: Browsers, reviewer: User, colleague: User, session_of: Sessions
) -> None:
    mine, theirs = browser_of(reviewer), browser_of(colleague)
    with session_of() as session:
        hold(session, lock_article(session, "a"), colleague, now=utc_now(), lease=timedelta(minutes=15))
    assert beat(mine) == ""
    assert beat(theirs) == "Also here: reviewer (reading)"
    assert beat(mine) == "Also here: colleague (holds it)"
    assert beat(mine, "b") == ""


def test_one_is_gone_half_a_minute_after_the_last_beat(
    browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    mine, theirs = browser_of(reviewer), browser_of(colleague)
    with time_machine.travel(utc_now(), tick=False) as clock:
        beat(theirs)
        clock.shift(29)
        assert "colleague" in beat(mine)
        clock.shift(2)
        assert "colleague" not in beat(mine)


def test_where_one_was_before_is_forgotten(
    browser_of: Browsers, reviewer: User, session_of: Sessions
) -> None:
    browser = browser_of(reviewer)
    with time_machine.travel(utc_now(), tick=False) as clock:
        for source_id in ("a", "b"):
            beat(browser, source_id)
            clock.shift(31)
        beat(browser)
    with session_of() as session:
        assert session.scalar(select(func.count()).select_from(Presence)) == 1


def test_opening_a_page_says_nothing_yet(browser_of: Browsers, reviewer: User, session_of: Sessions) -> None:
    page = browser_of(reviewer).get("/articles/a/review").text
    assert 'hx-put="/articles/a/presence"' in page
    with session_of() as session:
        assert session.scalar(select(func.count()).select_from(Presence)) == 0, "a GET may be a prefetch"


def test_a_beat_costs_so_many_statements(browser_of: Browsers, reviewer: User) -> None:
    browser = browser_of(reviewer)
    beat(browser)
    with counted() as statements:
        beat(browser)
    assert len(statements) == 6, "\n".join(statements)
