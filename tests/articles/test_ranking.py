"""The rank of an article is one number that sorts as what it stands for does; and the working days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.articles.ranking import (
    DIFFICULTIES,
    EPOCH,
    LAST,
    Standing,
    due_day,
    next_working_day,
    rank,
    working_days_between,
)
from review_app.articles.rules import SCORES, Ranking

NEVER = 2**40
FRIDAY = date(2026, 11, 20)
MOMENTS = st.integers(0, 2**42 - 1).map(lambda milliseconds: datetime.fromtimestamp(milliseconds / 1000, UTC))
DAYS = st.dates(EPOCH, date(2200, 1, 1))
STANDINGS = st.builds(
    Standing,
    waiting_since=MOMENTS,
    due_on=st.none() | DAYS,
    scores=st.fixed_dictionaries({name: st.none() | st.integers(0, 100) for name in SCORES}),
    difficulty=st.sampled_from((*DIFFICULTIES, "Expert ", "", "odd")),
    view_count=st.none() | st.integers(0, LAST - 1),
    repeated=st.none() | st.integers(0, 100),
    behind_since=st.none() | MOMENTS,
)


def meaning(ranking: Ranking, article: Standing) -> tuple[int, datetime]:
    """What the rank stands for, said in another way: the figure that decides, then since when it waits."""
    if article.behind_since is not None:
        return 2 * NEVER, article.behind_since
    scores = [-1 if score is None else score for score in article.scores.values()]
    word = article.difficulty.strip().lower()
    figure = {
        Ranking.OLDEST: 0,
        Ranking.DUE: NEVER if article.due_on is None else article.due_on.toordinal(),
        Ranking.LOWEST_SCORE: min(scores),
        Ranking.REPETITION: NEVER if article.repeated is None else -article.repeated,
        Ranking.DIFFICULTY: DIFFICULTIES.index(word) if word in DIFFICULTIES else NEVER,
        Ranking.VIEWS: NEVER if article.view_count is None else -article.view_count,
    }[ranking]
    return figure, article.waiting_since


@given(st.sampled_from(Ranking), STANDINGS, STANDINGS)
def test_ranks_sort_as_what_they_stand_for(ranking: Ranking, one: Standing, other: Standing) -> None:
    here, there = meaning(ranking, one), meaning(ranking, other)
    assert (rank(ranking, one) < rank(ranking, other)) == (here < there)
    assert (rank(ranking, one) == rank(ranking, other)) == (here == there)


@given(st.sampled_from(Ranking), st.lists(STANDINGS, max_size=8))
def test_a_queue_of_ranks_is_in_the_order_of_the_desk(ranking: Ranking, articles: list[Standing]) -> None:
    by_rank = sorted(articles, key=lambda article: rank(ranking, article))
    assert by_rank == sorted(articles, key=lambda article: meaning(ranking, article))


@given(st.sampled_from(Ranking), STANDINGS, st.integers(-(2**70), 2**70), st.datetimes())
def test_every_rank_fits_where_it_is_kept(
    ranking: Ranking, article: Standing, views: int, odd_time: datetime
) -> None:
    far = Standing(
        odd_time.replace(tzinfo=UTC), date.max, article.scores, article.difficulty, views, article.repeated
    )
    assert 0 <= rank(ranking, article) < 2**63
    assert 0 <= rank(ranking, far) < 2**63


def test_a_day_by_which_something_is_due_is_a_working_day() -> None:
    friday = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert due_day(friday, None, 1) == date(2026, 11, 23)
    assert due_day(friday, None, 3) == date(2026, 11, 25)
    assert due_day(friday + timedelta(days=1), None, 1) == date(2026, 11, 23)


def test_nobody_is_late_by_a_rule_that_there_was_not() -> None:
    long_waiting, policy = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)
    assert due_day(long_waiting, policy, 2) == date(2026, 11, 24)


@given(DAYS, st.integers(0, 40))
def test_working_days_are_counted_as_they_are_added(day: date, number: int) -> None:
    end = day
    for _ in range(number):
        end = next_working_day(end)
    assert working_days_between(day, end) == number
    assert end.weekday() < 5 or number == 0


@pytest.mark.parametrize("days", range(1, 15))
def test_the_next_working_day_skips_no_working_day(days: int) -> None:
    day = FRIDAY + timedelta(days=days)
    between = [day + timedelta(days=one) for one in range(1, (next_working_day(day) - day).days)]
    assert all(one.weekday() >= 5 for one in between)
