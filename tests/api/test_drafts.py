"""Drafts for programs."""

from __future__ import annotations

import pytest

from tests.factories import make_article
from tests.support.cast import Program

PATH = "/articles/a/draft"


@pytest.fixture
def program(program_of, reviewer, session_of) -> Program:
    with session_of() as session:
        make_article(session, "a")
    return program_of(reviewer)


def test_a_draft_is_kept_read_and_discarded(program):
    assert program.get(PATH).status_code == 404
    body = {"row_version": 1, "scores": {"quality": 88, "depth": None}, "note": "So far", "checklist": [1, 2]}
    kept = program.put(PATH, json=body)
    assert kept.status_code == 200
    assert kept.json == program.get(PATH).json
    assert kept.json["scores"] == {"quality": 88, "freshness": None, "depth": None, "clarity": None}
    assert (kept.json["note"], kept.json["checklist"], kept.json["stale"]) == ("So far", [1, 2], False)
    assert program.delete(PATH).status_code == 204
    assert program.delete(PATH).status_code == 204
    assert program.get(PATH).status_code == 404


def test_what_was_typed_earlier_is_refused_and_told_what_is_kept(program):
    program.put(PATH, json={"row_version": 1, "note": "newer", "sequence": 20})
    older = program.put(PATH, json={"row_version": 1, "note": "older", "sequence": 10})
    assert older.status_code == 409
    assert older.json["sequence"] == 20
    assert program.get(PATH).json["note"] == "newer"


def test_a_draft_survives_a_decision_of_another_and_ends_with_one_s_own(program, program_of, colleague):
    program.put(PATH, json={"row_version": 1, "note": "mine"})
    reject = {"outcome": "reject", "row_version": 1, "note": "No."}
    assert program_of(colleague).post("/articles/a/decisions", json=reject).status_code == 201
    assert program.get(PATH).json["stale"] is True
    save = {"outcome": "save", "row_version": 2}
    assert program.post("/articles/a/decisions", json=save).status_code == 201
    assert program.get(PATH).status_code == 404


def test_nobody_reads_the_draft_of_another(program, program_of, lead):
    program.put(PATH, json={"row_version": 1, "note": "mine"})
    assert program_of(lead).get(PATH).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"row_version": "1"}, {"row_version": 1, "scores": {"quality": 101}}, {"row_version": 1, "x": 1}],
)
def test_a_body_that_is_wrong_is_refused(program, body):
    assert program.put(PATH, json=body).status_code == 422
