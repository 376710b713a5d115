"""The transition table, every move of it: the allowed ones and the forbidden."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.articles.rules import SETTLED, RevisionStatus, is_indexable, next_version
from review_app.reviewing.rules import (
    OUTCOME_OF_STATUS,
    Outcome,
    allowed_statuses,
    bucket_of,
    middle_of,
    quantile,
    stays_in_queue,
)

DRAFTED, REVIEWED, CHANGES, APPROVED, REJECTED, ARCHIVED = RevisionStatus

# From each status (a row), to which each outcome (a column) leads; nothing means that it is forbidden.
TABLE = """
                    save               approve    request_changes     reject     archive    rollback
drafted             drafted,reviewed   approved   changes_requested   rejected   archived   -
reviewed            drafted,reviewed   approved   changes_requested   rejected   archived   -
changes_requested   drafted,reviewed   approved   changes_requested   rejected   archived   -
approved            drafted,reviewed   approved   changes_requested   rejected   archived   -
rejected            drafted,reviewed   approved   changes_requested   rejected   archived   -
archived            -                  -          -                   -          -          -
"""


def moves() -> list[tuple[str, str, set[str]]]:
    """Each cell of the table: from, outcome, to."""
    header, *lines = (line.split() for line in TABLE.strip().splitlines())
    return [
        (line[0], outcome, set() if cell == "-" else set(cell.split(",")))
        for line in lines
        for outcome, cell in zip(header, line[1:], strict=True)
    ]


@pytest.mark.parametrize(("status", "outcome", "to"), moves())
def test_a_move_is_allowed_only_as_the_table_says(status: str, outcome: str, to: set[str]) -> None:
    assert set(allowed_statuses(status, Outcome(outcome))) == to


def test_the_table_above_holds_every_status_with_every_outcome() -> None:
    assert {(status, outcome) for status, outcome, _ in moves()} == set(product(RevisionStatus, Outcome))


def test_only_an_approval_leads_to_approved_and_so_to_the_index() -> None:
    leading = {outcome for _, outcome, to in moves() if any(is_indexable(status) for status in to)}
    assert leading == {"approve"}
    assert [status for status in RevisionStatus if is_indexable(status)] == [APPROVED]


def test_each_status_in_a_form_means_an_outcome_that_leads_to_it() -> None:
    assert set(OUTCOME_OF_STATUS) == set(RevisionStatus)
    assert all(status in allowed_statuses(DRAFTED, outcome) for status, outcome in OUTCOME_OF_STATUS.items())


def test_only_a_save_leaves_an_article_in_the_queue() -> None:
    assert [outcome for outcome in Outcome if stays_in_queue(outcome)] == [Outcome.SAVE]
    assert {APPROVED, REJECTED, ARCHIVED} == SETTLED


@pytest.mark.parametrize(
    ("version", "minor", "after"),
    [
        ("1.2.3", True, "1.3.0"),
        ("1.2.3", False, "1.2.4"),
        ("0.9.9", True, "0.10.0"),
        ("10.0.0", False, "10.0.1"),
    ],
)
def test_an_approval_raises_the_minor_number_and_anything_else_the_patch(
    version: str, minor: bool, after: str
) -> None:
    assert next_version(version, minor=minor) == after


@given(st.floats(min_value=1, max_value=10**9))
def test_a_bucket_s_middle_is_within_one_percent_of_all_in_it(seconds: float) -> None:
    assert abs(middle_of(bucket_of(seconds)) - seconds) <= 0.0101 * seconds


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=200), st.floats(0.01, 1))
def test_a_quantile_of_buckets_is_within_one_percent_of_the_true_one(
    durations: list[int], share: float
) -> None:
    histogram: dict[int, int] = {}
    for duration in durations:
        histogram[bucket_of(duration)] = histogram.get(bucket_of(duration), 0) + 1
    rank = max(1, -(-round(share * len(durations) * 10**9) // 10**9))
    true = sorted(durations)[min(rank, len(durations)) - 1]
    found = quantile(histogram, share)
    assert found is not None
    assert abs(found - true) <= 0.0101 * true


def test_nothing_has_no_quantile() -> None:
    assert quantile({}, 0.5) is None
