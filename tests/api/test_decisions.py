"""Decisions for programs: what each outcome does, what is refused, and undoing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Policy
from review_app.base.clock import utc_now, utc_today
from review_app.reviewing.models import ChecklistItem
from tests.factories import LONG_AGO, make_article
from tests.support.cast import Program

ProgramOf = Callable[[User], Program]
SessionOf = Callable[[], AbstractContextManager[Session]]
HERE = "/articles/a/decisions"
SCORES = {"quality": 70, "freshness": 71, "depth": 72, "clarity": 73}


@pytest.fixture
def program(program_of: ProgramOf, reviewer: User) -> Program:
    return program_of(reviewer)


@pytest.fixture(autouse=True)
def article(session_of: SessionOf) -> None:
    """An article `a` of version 1.2.3 that waits."""
    with session_of() as session:
        make_article(session, "a")


def decision(outcome: str, **more: Any) -> dict[str, Any]:
    return {"outcome": outcome, "row_version": 1, "note": "because", **more}


def test_a_decision_tells_what_was_before_and_after(program: Program) -> None:
    ticked = [line["id"] for line in program.get("/articles/a").json["checklist"]][:1]
    body = decision("approve", scores={"quality": 88, "clarity": 91}, note="good", checklist=ticked)
    answer = program.post(HERE, json=body)
    assert answer.status_code == 201
    made = answer.json
    assert {
        name: made[name] for name in ("source_id", "outcome", "reviewer", "note", "checklist", "reverts")
    } == {
        "source_id": "a",
        "outcome": "approve",
        "reviewer": "reviewer@example.com",
        "note": "good",
        "checklist": ticked,
        "reverts": None,
    }
    assert made["before"] == {
        "scores": SCORES,
        "revision": {"status": "drafted", "version": "1.2.3", "last_reviewed": None},
    }
    assert made["after"] == {
        "scores": SCORES | {"quality": 88, "clarity": 91},
        "revision": {"status": "approved", "version": "1.3.0", "last_reviewed": utc_today().isoformat()},
    }
    assert program.client.get(answer.headers["Location"], headers=program.headers).json == made


@pytest.mark.parametrize(
    ("outcome", "status", "waits", "indexable", "version"),
    [
        ("save", "reviewed", True, False, "1.2.4"),
        ("approve", "approved", False, True, "1.3.0"),
        ("request_changes", "changes_requested", False, False, "1.2.4"),
        ("reject", "rejected", False, False, "1.2.4"),
        ("archive", "archived", False, False, "1.2.4"),
    ],
)
def test_each_outcome_leaves_the_article_as_it_should(
    program_of: ProgramOf, lead: User, outcome: str, status: str, waits: bool, indexable: bool, version: str
) -> None:
    program = program_of(lead)
    assert program.post(HERE, json=decision(outcome)).status_code == 201
    found = program.get("/articles/a").json
    assert found["revision"] == {
        "status": status,
        "version": version,
        "last_reviewed": utc_today().isoformat(),
    }
    assert (found["awaiting_review"], found["indexable"], found["row_version"]) == (waits, indexable, 2)
    assert found["scores"] == SCORES


def test_a_save_can_say_drafted(program: Program) -> None:
    program.post(HERE, json=decision("save", revision_status="drafted"))
    assert program.get("/articles/a").json["revision"]["status"] == "drafted"


def test_only_a_save_can_say_a_status(program: Program) -> None:
    answer = program.post(HERE, json=decision("approve", revision_status="drafted"))
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["revision_status"])


def test_a_score_that_is_left_out_stays_and_null_means_not_scored(program: Program) -> None:
    answer = program.post(HERE, json=decision("save", scores={"quality": None, "depth": 5}))
    assert answer.json["after"]["scores"] == {"quality": None, "freshness": 71, "depth": 5, "clarity": 73}


def test_approving_needs_all_four_scores(program: Program) -> None:
    answer = program.post(HERE, json=decision("approve", scores={"quality": None, "depth": None}))
    needed = ["is needed to approve"]
    assert (answer.status_code, answer.json["errors"]) == (422, {"quality": needed, "depth": needed})


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (101, "must be at most 100"),
        (-1, "must be at least 0"),
        (7.5, "must be a whole number or null"),
        (70.0, "must be a whole number or null"),
        ("70", "must be a whole number or null"),
        (True, "must be a whole number or null"),
        ([70], "must be a whole number or null"),
        (10**30, "must be at most 100"),
    ],
)
def test_a_score_is_a_whole_number_from_0_to_100(program: Program, score: Any, words: str) -> None:
    answer = program.post(HERE, json=decision("save", scores={"quality": score}))
    assert answer.status_code == 422
    assert answer.json["errors"] == {"quality": [words]}
    assert program.get("/articles/a").json["row_version"] == 1


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"outcome": "save"}, "row_version", "is needed"),
        ({"row_version": 1}, "outcome", "is needed"),
        (decision("rollback"), "outcome", "must be one of: save, approve, request_changes, reject, archive"),
        (decision("save", row_version="1"), "row_version", "must be a whole number"),
        (decision("save", note=None), "note", "must be a text"),
        (decision("save", note="a\0b"), "note", "has characters that are not allowed in it"),
        (decision("save", note="x" * 10_001), "note", "may have 10000 characters"),
        (decision("save", checklist=["1"]), "checklist", "must be a whole number"),
        (decision("save", checklist={"1": True}), "checklist", "must be a list"),
        (decision("save", scores=[70]), "scores", "must be an object"),
        (decision("save", scores={"qualty": 70}), "qualty", "is not known here"),
        (decision("save", score={"quality": 70}), "score", "is not known here"),
        (
            decision("reject", note=" "),
            "note",
            "is needed: say what should change, or why this cannot be used",
        ),
        (
            decision("request_changes", note=""),
            "note",
            "is needed: say what should change, or why this cannot be used",
        ),
    ],
)
def test_what_is_wrong_with_a_decision_is_named(program: Program, body: Any, field: str, words: str) -> None:
    answer = program.post(HERE, json=body)
    assert answer.status_code == 422
    assert answer.json["errors"] == {field: [words]}
    assert (
        words.split(":", maxsplit=1)[0] in answer.json["detail"]
        or answer.json["detail"] == "Please correct what is named."
    )
    assert program.get(HERE).json == {"items": [], "next": None}


@pytest.mark.parametrize(
    "field", ["indexable", "status", "role", "claimed_by", "awaiting_review", "reviewer"]
)
def test_what_is_no_part_of_a_decision_changes_nothing(program: Program, field: str) -> None:
    before = program.get("/articles/a").json
    answer = program.post(HERE, json=decision("save", **{field: "approved"}))
    assert answer.status_code == 422
    assert answer.json["errors"] == {field: ["is not known here"]}
    assert program.get("/articles/a").json == before


def test_the_name_of_an_unknown_field_is_repeated_only_in_part(program: Program) -> None:
    answer = program.post(HERE, json=decision("save", **{"x" * 5_000: 1}))
    assert list(answer.json["errors"]) == ["x" * 100]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b'{"outcome": "\xff"}',
        b'{"row_version": NaN}',
        b'{"note": "\\ud800"}',
    ],
)
def test_a_body_that_is_not_json_is_refused(program: Program, content: bytes) -> None:
    answer = program.post(HERE, data=content, content_type="application/json")
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert answer.json["detail"].startswith("The body is not JSON")


def test_a_body_that_is_nested_too_deeply_is_refused(program: Program) -> None:
    answer = program.post(HERE, data=b'{"scores":' + b"[" * 100_000, content_type="application/json")
    assert answer.status_code in {400, 422}


def test_a_body_that_is_no_object_is_refused(program: Program) -> None:
    answer = program.post(HERE, json=["approve"])
    assert (answer.status_code, answer.json["detail"]) == (422, "The body must be an object.")


def test_a_body_that_is_too_large_is_refused(program: Program) -> None:
    answer = program.post(HERE, data=b" " * (2 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"


def test_the_content_type_of_a_body_is_not_looked_at(program: Program) -> None:
    content = json.dumps(decision("save"))
    answer = program.post(HERE, data=content, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 201


def test_a_decision_on_what_has_changed_is_refused_with_how_it_stands(program: Program) -> None:
    program.post(HERE, json=decision("save", scores={"quality": 12}))
    answer = program.post(HERE, json=decision("approve"))
    assert answer.status_code == 409
    assert answer.json["row_version"] == 2
    assert answer.json["current"]["scores"] == SCORES | {"quality": 12}
    assert answer.json["current"]["revision"]["status"] == "reviewed"
    assert program.get("/articles/a").json["indexable"] is False


def test_what_another_holds_cannot_be_decided(
    program: Program, program_of: ProgramOf, colleague: User
) -> None:
    program_of(colleague).put("/articles/a/claim")
    answer = program.post(HERE, json=decision("approve"))
    assert (answer.status_code, answer.json["held_by"]) == (409, "colleague@example.com")
    assert program.get("/articles/a").json["indexable"] is False


def test_a_reviewer_may_not_archive(program: Program) -> None:
    answer = program.post(HERE, json=decision("archive"))
    assert (answer.status_code, answer.json["detail"]) == (403, "Only a lead can archive an article.")


def test_an_archived_article_takes_no_decision(program_of: ProgramOf, lead: User) -> None:
    program = program_of(lead)
    program.post(HERE, json=decision("archive"))
    assert program.post(HERE, json=decision("approve", row_version=2)).status_code == 409


def test_a_required_line_must_be_ticked_to_approve(program: Program, session_of: SessionOf) -> None:
    with session_of() as session:
        session.add(ChecklistItem(text="Sources named", required=True, position=9, retired_at=None))
    refused = program.post(HERE, json=decision("approve"))
    assert refused.json["errors"] == {"checklist": ["needs to be ticked: Sources named"]}
    lines = program.get("/articles/a").json["checklist"]
    ticked = [line["id"] for line in lines if line["required"]]
    assert program.post(HERE, json=decision("approve", checklist=ticked)).status_code == 201


def test_only_a_lead_approves_below_a_floor(
    program: Program, program_of: ProgramOf, lead: User, session_of: SessionOf
) -> None:
    floors = {"quality": 80}
    with session_of() as session:
        session.add(Policy(version=1, floors=floors, reason="r", changed_by_id=None, changed_at=LONG_AGO))
    body = decision("approve", override_reason="the only source there is")
    assert list(program.post(HERE, json=body).json["errors"]) == ["quality"]
    answer = program_of(lead).post(HERE, json=body)
    assert (answer.status_code, answer.json["override_reason"]) == (201, "the only source there is")


def test_the_history_tells_the_newest_first_a_page_at_a_time(program: Program) -> None:
    for row_version in range(1, 4):
        program.post(HERE, json=decision("save", row_version=row_version, note=f"{row_version}"))
    first = program.get(f"{HERE}?limit=2").json
    second = program.get(f"{HERE}?limit=2&after={first['next']}").json
    assert [item["note"] for item in first["items"] + second["items"]] == ["3", "2", "1"]
    assert second["next"] is None


def test_a_rollback_restores_what_was_before(program: Program) -> None:
    before = program.get("/articles/a").json
    made = program.post(HERE, json=decision("approve", scores={"quality": 88})).json
    answer = program.post(f"/decisions/{made['id']}/rollback", json={"note": "the wrong one"})
    assert answer.status_code == 201
    assert (answer.json["outcome"], answer.json["reverts"]) == ("rollback", made["id"])
    assert (answer.json["before"], answer.json["after"]) == (made["after"], made["before"])
    assert program.get("/articles/a").json == before | {"row_version": 3}
    assert program.client.get(answer.headers["Location"], headers=program.headers).json == answer.json


def test_a_reviewer_rolls_back_without_a_body_within_the_undo_window(program: Program) -> None:
    made = program.post(HERE, json=decision("approve")).json
    assert program.post(f"/decisions/{made['id']}/rollback").status_code == 201


def test_after_the_undo_window_only_a_lead_rolls_back_and_says_why(
    program: Program, program_of: ProgramOf, lead: User
) -> None:
    made = program.post(HERE, json=decision("approve")).json
    here = f"/decisions/{made['id']}/rollback"
    with time_machine.travel(utc_now() + timedelta(seconds=60)):
        assert program.post(here, json={"note": "late"}).status_code == 403
        unexplained = program_of(lead).post(here)
        assert (unexplained.status_code, list(unexplained.json["errors"])) == (422, ["note"])
        assert program_of(lead).post(here, json={"note": "not ready"}).status_code == 201


def test_a_colleague_may_not_roll_back(program: Program, program_of: ProgramOf, colleague: User) -> None:
    made = program.post(HERE, json=decision("approve")).json
    assert (
        program_of(colleague).post(f"/decisions/{made['id']}/rollback", json={"note": "no"}).status_code
        == 403
    )


def test_nothing_is_rolled_back_twice(program: Program) -> None:
    made = program.post(HERE, json=decision("approve")).json
    program.post(f"/decisions/{made['id']}/rollback")
    assert program.post(f"/decisions/{made['id']}/rollback").status_code == 409


@pytest.mark.parametrize("number", ["999", "0", str(2**63 - 1), str(2**63), "9" * 40])
def test_an_unknown_decision_is_not_found(program: Program, number: str) -> None:
    assert program.get(f"/decisions/{number}").status_code == 404
    assert program.post(f"/decisions/{number}/rollback").status_code == 404


def test_an_unknown_article_is_not_found(program: Program) -> None:
    assert program.post("/articles/nowhere/decisions", json=decision("save")).status_code == 404
    assert program.get("/articles/nowhere/decisions").status_code == 404


def test_of_two_decisions_at_once_one_is_recorded(app: Any, program: Program) -> None:
    start, statuses = threading.Barrier(2), []

    def decide() -> None:
        client = app.test_client()
        start.wait()
        answer = client.post(f"/api/v1{HERE}", json=decision("approve"), headers=program.headers)
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=decide) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 409]
    assert len(program.get(HERE).json["items"]) == 1
