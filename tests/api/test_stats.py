"""Statistics for programs: totals, reviewers, days."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from tests.factories import make_article
from tests.support.cast import Program

ProgramOf = Callable[[User], Program]
SessionOf = Callable[[], AbstractContextManager[Session]]
LATE = datetime(2026, 11, 16, 23, 30, tzinfo=UTC)


@pytest.fixture
def program(program_of: ProgramOf, lead: User) -> Program:
    return program_of(lead)


def decide(program: Program, source_id: str, outcome: str, **more: Any) -> int:
    body = {"outcome": outcome, "row_version": 1, "note": "because", **more}
    answer = program.post(f"/articles/{source_id}/decisions", json=body)
    assert answer.status_code == 201
    return answer.json["id"]


@pytest.fixture
def decisions(program_of: ProgramOf, reviewer: User, colleague: User, session_of: SessionOf) -> None:
    """Half an hour before midnight UTC: an approval, a rejection and a save by one, an approval by another."""
    with session_of() as session:
        for source_id in "abcd":
            make_article(session, source_id)
    with time_machine.travel(LATE, tick=False):
        mine = program_of(reviewer)
        decide(mine, "a", "approve", scores={"quality": 80})
        decide(mine, "b", "reject")
        decide(mine, "c", "save")
        decide(program_of(colleague), "d", "approve")


@pytest.mark.usefixtures("decisions")
def test_the_figures_of_a_period(program: Program) -> None:
    found = program.get("/stats?from=2026-11-15&to=2026-11-16").json
    assert (found["from"], found["to"], found["tz"]) == ("2026-11-15", "2026-11-16", "UTC")
    totals = found["totals"]
    counts = ("decisions", "saves", "approved", "changes_requested", "rejected", "archived")
    assert [totals[name] for name in counts] == [3, 1, 2, 0, 1, 0]
    assert totals["approval_rate"] == pytest.approx(2 / 3, abs=1e-6)
    assert totals["mean_score_change"]["quality"] == pytest.approx(10 / 3, abs=1e-6)
    assert totals["median_handling_seconds"] is None, "nobody had claimed"
    assert totals["median_wait_seconds"] == pytest.approx(
        (LATE - datetime(2026, 11, 1, 9, tzinfo=UTC)).total_seconds(), rel=0.01
    )
    assert [(one["email"], one["decisions"], one["saves"]) for one in found["reviewers"]] == [
        ("reviewer@example.com", 2, 1),
        ("colleague@example.com", 1, 0),
    ]
    assert [(day["date"], day["decisions"]) for day in found["days"]] == [
        ("2026-11-15", 0),
        ("2026-11-16", 3),
    ]


@pytest.mark.usefixtures("decisions")
def test_a_day_is_that_of_the_zone(program: Program) -> None:
    found = program.get("/stats?from=2026-11-16&to=2026-11-17&tz=Europe/Berlin").json
    assert [(day["date"], day["decisions"]) for day in found["days"]] == [
        ("2026-11-16", 0),
        ("2026-11-17", 3),
    ]


@pytest.mark.usefixtures("decisions")
def test_what_was_rolled_back_is_left_out(program: Program) -> None:
    last = program.get("/articles/d/decisions").json["items"][0]["id"]
    assert program.post(f"/decisions/{last}/rollback", json={"note": "no"}).status_code == 201
    assert program.get("/stats?from=2026-11-16&to=2026-11-16").json["totals"]["decisions"] == 2


def test_without_a_period_the_last_28_days(program: Program) -> None:
    with time_machine.travel(LATE, tick=False):
        found = program.get("/stats").json
    assert (found["from"], found["to"], len(found["days"])) == ("2026-10-20", "2026-11-16", 28)
    assert found["totals"]["approval_rate"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-11-17&to=2026-11-16", "from"),
        ("from=yesterday", "from"),
        ("from=0001-01-01&to=0001-01-02", "from"),
        ("to=2026-02-30", "to"),
        ("from=1990-01-01", "from"),
        ("tz=Middle/Earth", "tz"),
        ("tz=../etc/passwd", "tz"),
        ("zone=UTC", "zone"),
    ],
)
def test_a_period_that_is_none_is_refused(program: Program, query: str, field: str) -> None:
    answer = program.get(f"/stats?{query}")
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_a_reviewer_may_not_see_the_figures_of_all(program_of: ProgramOf, reviewer: User) -> None:
    assert program_of(reviewer).get("/stats").status_code == 403
