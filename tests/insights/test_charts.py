"""The chart's geometry, and how long figures are put into words."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.insights.charts import HEIGHT, MOST_BARS, decisions_chart
from review_app.insights.queries import DayFigures, Statistics
from review_app.insights.rules import MOST_DAYS, Figures, Period
from review_app.insights.words import duration_words

FIRST = date(2026, 10, 26)


def figures(approved=0, returned=0, rejected=0, archived=0):
    counts = {"approved": approved, "changes_requested": returned, "rejected": rejected, "archived": archived}
    rest = {"saves": 9, "median_handling_seconds": None, "median_wait_seconds": None, "mean_score_change": {}}
    return Figures(decisions=sum(counts.values()), **counts, **rest)


def statistics_of(*days):
    counted = [DayFigures(FIRST + timedelta(days=number), figures(*day)) for number, day in enumerate(days)]
    period = Period(FIRST, FIRST + timedelta(days=len(days) - 1))
    return Statistics(period, ZoneInfo("UTC"), figures(), [], counted)


COUNTS = st.integers(0, 5000)


@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS), min_size=1, max_size=400))
def test_every_bar_lies_in_the_plot_and_is_as_high_as_its_figure(days):
    chart = decisions_chart(statistics_of(*days))
    assert len(chart.rows) <= MOST_BARS
    assert sum(row[-1] for row in chart.rows) == sum(map(sum, days))
    top = int(chart.gridlines[-1].label.replace(",", ""))
    for bar in chart.bars:
        assert 0 <= bar.x < bar.x + bar.width <= 100
        assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT + 0.01
        count = int(bar.title.rsplit(": ", 1)[1].split()[0].replace(",", ""))
        assert bar.height == pytest.approx(HEIGHT * count / top, abs=0.02)


@given(st.integers(0, 10**7))
def test_the_scale_is_round_and_just_above_what_it_must_show(most):
    chart = decisions_chart(statistics_of((most, 0, 0, 0)))
    marks = [int(line.label.replace(",", "")) for line in chart.gridlines]
    assert marks[0] == 0
    assert most <= marks[-1] <= max(2 * most, 1)
    assert 2 <= len(marks) <= 6
    assert len({later - earlier for earlier, later in itertools.pairwise(marks)}) == 1


def test_bars_of_a_day_stand_on_each_other():
    chart = decisions_chart(statistics_of((2, 1, 1, 0)))
    assert [(bar.kind, bar.y, bar.height) for bar in chart.bars] == [
        ("approved", 90, 90),
        ("returned", 45, 45),
        ("rejected", 0, 45),
    ]


@pytest.mark.parametrize(
    ("days", "word"),
    [(1, "day"), (62, "day"), (63, "week"), (434, "week"), (435, "four weeks"), (MOST_DAYS, "quarter")],
)
def test_long_periods_have_fewer_and_broader_bars(days, word):
    chart = decisions_chart(statistics_of(*[(1, 0, 0, 0)] * days))
    assert chart.title == f"Decisions per {word}"
    assert len(chart.rows) <= MOST_BARS
    assert sum(row[-1] for row in chart.rows) == days


def test_no_label_is_written_over_another():
    for days in (1, 2, 7, 28, 62, 300):
        places = sorted(label.x for label in decisions_chart(statistics_of(*[(1, 0, 0, 0)] * days)).labels)
        assert 1 <= len(places) <= 8
        assert all(later - earlier > 10 for earlier, later in itertools.pairwise(places))


def test_the_summary_is_a_sentence_also_when_there_is_nothing():
    assert decisions_chart(statistics_of((0, 0, 0, 0))).summary == "No decisions in this period."
    summary = decisions_chart(statistics_of((1, 0, 0, 0), (2, 0, 1, 0))).summary
    assert summary == "4 decisions from 26 Oct 2026 to 27 Oct 2026; most on 27 Oct 2026 (3)."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.5, "0 s"),
        (42.4, "42 s"),
        (99, "99 s"),
        (108, "1.8 min"),
        (1860, "31 min"),
        (6000, "1.7 h"),
        (111_600, "31 h"),
        (172_800, "2 days"),
        (449_280, "5.2 days"),
        (86_400_000, "1,000 days"),
    ],
)
def test_a_duration_is_told_in_a_unit_that_suits_it(seconds, words):
    assert duration_words(seconds) == words
