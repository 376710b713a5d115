"""Merges for programs: what waits, taking some of it, keeping ours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from tests.reviewing.desk import import_again, judge, retire_checklist
from tests.support.cast import Program

SessionOf = Callable[[], AbstractContextManager[Session]]
HERE = "/articles/a/merge"


@pytest.fixture(autouse=True)
def desk(session_of: SessionOf, colleague: User) -> None:
    """Two articles that were approved, and of which imports say otherwise; and one that nobody decided."""
    with session_of() as session:
        retire_checklist(session)
        for name in ("a", "b"):
            import_again(session, name)
            judge(session, name, colleague, "approve", scores={"depth": 60})
            import_again(session, name, **{"score.quality": 90, "revision.status": "reviewed"})
        import_again(session, "c")


@pytest.fixture
def program(program_of: Callable[[User], Program], reviewer: User) -> Program:
    return program_of(reviewer)


def test_what_waits_is_told_with_three_values_a_field(program: Program) -> None:
    answer = program.get(HERE)
    assert answer.status_code == 200
    assert answer.json["row_version"] == program.get("/articles/a").json["row_version"]
    assert answer.json["fields"] == [
        {"field": "quality", "before": 81, "now": 90, "ours": 81},
        {"field": "status", "before": "drafted", "now": "reviewed", "ours": "approved"},
    ]
    assert program.get("/articles/c/merge").status_code == 404
    assert program.get("/articles/nothing/merge").status_code == 404


def test_taking_a_field_answers_with_the_decision(program: Program) -> None:
    waits = program.get(HERE).json
    answer = program.post(
        HERE, json={"take": ["quality"], "row_version": waits["row_version"], "note": "measured"}
    )
    assert answer.status_code == 200
    made = answer.json["decision"]
    assert (made["outcome"], made["after"]["scores"]["quality"]) == ("approve", 90)
    assert f"import {waits['batch']}: quality: 81 to 90." in made["note"]
    article = program.get("/articles/a").json
    assert (article["scores"]["quality"], article["scores"]["depth"]) == (90, 60)
    assert article["row_version"] == answer.json["row_version"]
    assert program.get(HERE).status_code == 404
    assert program.get("/articles/a/decisions").json["items"][0] == made


def test_taking_nothing_keeps_ours(program: Program) -> None:
    version = program.get(HERE).json["row_version"]
    answer = program.post(HERE, json={"take": [], "row_version": version})
    assert (answer.status_code, answer.json["decision"]) == (200, None)
    assert program.get("/articles/a").json["scores"]["quality"] == 81


def test_a_stale_version_is_409_with_what_stands(program: Program) -> None:
    version = program.get(HERE).json["row_version"]
    answer = program.post(HERE, json={"take": ["quality"], "row_version": version - 1})
    assert answer.status_code == 409
    assert (answer.json["row_version"], answer.json["current"]["scores"]["quality"]) == (version, 81)


def test_a_field_that_does_not_wait_is_422(program: Program) -> None:
    version = program.get(HERE).json["row_version"]
    for take in (["depth"], ["title"], "quality"):
        answer = program.post(HERE, json={"take": take, "row_version": version})
        assert answer.status_code == 422
        assert next(iter(answer.json["errors"])).startswith("take")


def test_the_list_is_the_oldest_first_a_page_at_a_time(program: Program) -> None:
    first = program.get("/merges?limit=1").json
    assert [item["source_id"] for item in first["items"]] == ["a"]
    second = program.get(f"/merges?limit=1&after={first['next']}").json
    assert ([item["source_id"] for item in second["items"]], second["next"]) == (["b"], None)
