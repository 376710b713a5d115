"""The queue for programs: the next article, claims, skipping, entries."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.base.clock import utc_now
from tests.factories import make_article
from tests.support.cast import Program

ProgramOf = Callable[[User], Program]
SessionOf = Callable[[], AbstractContextManager[Session]]


@pytest.fixture
def program(program_of: ProgramOf, reviewer: User) -> Program:
    return program_of(reviewer)


@pytest.fixture
def other(program_of: ProgramOf, colleague: User) -> Program:
    return program_of(colleague)


def waiting(session_of: SessionOf, *source_ids: str, **changes: object) -> None:
    with session_of() as session:
        for source_id in source_ids:
            make_article(session, source_id, **changes)


def test_the_next_article_comes_with_its_claim(program: Program, session_of: SessionOf) -> None:
    waiting(session_of, "first", "second")
    answer = program.post("/queue/next")
    assert answer.status_code == 200
    assert answer.json["article"]["source_id"] == "first"
    assert answer.json["article"]["checklist"]
    claim = answer.json["claim"]
    assert (claim["source_id"], claim["reviewer"]) == ("first", "reviewer@example.com")
    lasts = datetime.fromisoformat(claim["expires_at"]) - datetime.fromisoformat(claim["claimed_at"])
    assert lasts == timedelta(minutes=15)


def test_two_programs_never_get_the_same_article(
    program: Program, other: Program, session_of: SessionOf
) -> None:
    waiting(session_of, "first", "second")
    got = [caller.post("/queue/next").json["article"]["source_id"] for caller in (program, other)]
    assert got == ["first", "second"]


def test_the_next_article_lies_within_the_filters(program: Program, session_of: SessionOf) -> None:
    waiting(session_of, "flask-1")
    waiting(session_of, "django-1", primary_stack="django")
    assert program.post("/queue/next?stack=django").json["article"]["source_id"] == "django-1"
    assert program.post("/queue/next?stack=django").status_code == 204


def test_a_filter_that_is_misspelt_claims_nothing(program: Program, session_of: SessionOf) -> None:
    waiting(session_of, "first")
    answer = program.post("/queue/next?stak=django")
    assert (answer.status_code, answer.json["errors"]) == (422, {"stak": ["is not known here"]})
    assert program.post("/queue/next").json["article"]["source_id"] == "first"


def test_an_empty_queue_answers_nothing(program: Program) -> None:
    answer = program.post("/queue/next")
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers


def test_a_fourth_claim_is_refused(program: Program, session_of: SessionOf) -> None:
    waiting(session_of, "a", "b", "c", "d")
    for _ in range(3):
        assert program.post("/queue/next").status_code == 200
    assert program.post("/queue/next").status_code == 409
    fourth = program.put("/articles/d/claim")
    assert fourth.status_code == 409
    assert "already hold 3" in fourth.json["detail"]


def test_a_claim_is_made_and_renewed(program: Program, session_of: SessionOf) -> None:
    waiting(session_of, "a")
    first = program.put("/articles/a/claim").json
    with time_machine.travel(utc_now() + timedelta(minutes=5)):
        again = program.put("/articles/a/claim").json
    assert again["claimed_at"] == first["claimed_at"]
    assert again["expires_at"] > first["expires_at"]


def test_who_holds_an_article_is_told(program: Program, other: Program, session_of: SessionOf) -> None:
    waiting(session_of, "a")
    mine = program.put("/articles/a/claim").json
    answer = other.put("/articles/a/claim")
    assert answer.status_code == 409
    assert answer.json["held_by"] == "reviewer@example.com"
    assert datetime.fromisoformat(answer.json["expires_at"]) == datetime.fromisoformat(mine["expires_at"])


def test_an_article_is_free_again_when_its_lease_has_run_out(
    program: Program, other: Program, session_of: SessionOf
) -> None:
    waiting(session_of, "a")
    program.put("/articles/a/claim")
    with time_machine.travel(utc_now() + timedelta(minutes=16)):
        assert other.put("/articles/a/claim").status_code == 200


def test_a_released_article_can_be_taken(program: Program, other: Program, session_of: SessionOf) -> None:
    waiting(session_of, "a")
    program.put("/articles/a/claim")
    assert program.delete("/articles/a/claim").status_code == 204
    assert other.put("/articles/a/claim").status_code == 200


def test_releasing_what_another_holds_changes_nothing(
    program: Program, other: Program, session_of: SessionOf
) -> None:
    waiting(session_of, "a")
    program.put("/articles/a/claim")
    assert other.delete("/articles/a/claim").status_code == 204
    assert other.put("/articles/a/claim").status_code == 409


def test_a_skipped_article_comes_after_the_others(program: Program, session_of: SessionOf) -> None:
    waiting(session_of, "a", "b")
    assert program.post("/queue/next").json["article"]["source_id"] == "a"
    assert program.post("/articles/a/skip", json={"reason": "mine"}).status_code == 204
    assert program.post("/queue/next").json["article"]["source_id"] == "b"
    assert program.post("/queue/next").json["article"]["source_id"] == "a"


def test_skipping_needs_no_reason_and_no_body(program: Program, session_of: SessionOf) -> None:
    waiting(session_of, "a")
    assert program.post("/articles/a/skip").status_code == 204


def test_a_reason_that_is_too_long_is_refused(program: Program, session_of: SessionOf) -> None:
    waiting(session_of, "a")
    answer = program.post("/articles/a/skip", json={"reason": "x" * 501})
    assert (answer.status_code, answer.json["errors"]) == (422, {"reason": ["may have 500 characters"]})


def test_an_article_that_another_holds_cannot_be_skipped(
    program: Program, other: Program, session_of: SessionOf
) -> None:
    waiting(session_of, "a")
    program.put("/articles/a/claim")
    assert other.post("/articles/a/skip", json={}).json["held_by"] == "reviewer@example.com"


def test_a_lead_puts_an_article_into_the_queue_once(
    program_of: ProgramOf, lead: User, session_of: SessionOf
) -> None:
    waiting(session_of, "a", awaiting_review=False, needs_human_review=False)
    program = program_of(lead)
    first = program.put("/articles/a/queue-entry")
    assert (first.status_code, first.json["awaiting_review"], first.json["row_version"]) == (200, True, 2)
    assert program.put("/articles/a/queue-entry").status_code == 204
    assert program.get("/articles/a").json["row_version"] == 2


def test_a_reviewer_may_not_put_an_article_into_the_queue(program: Program, session_of: SessionOf) -> None:
    waiting(session_of, "a", awaiting_review=False)
    assert program.put("/articles/a/queue-entry").status_code == 403
    assert program.get("/articles/a").json["awaiting_review"] is False


def test_a_settled_article_does_not_enter_the_queue(
    program_of: ProgramOf, lead: User, session_of: SessionOf
) -> None:
    waiting(session_of, "a", awaiting_review=False, revision_status="rejected")
    assert program_of(lead).put("/articles/a/queue-entry").status_code == 409


@pytest.mark.parametrize(
    ("method", "path"), [("put", "claim"), ("delete", "claim"), ("post", "skip"), ("put", "queue-entry")]
)
def test_an_unknown_article_is_not_found(program_of: ProgramOf, lead: User, method: str, path: str) -> None:
    assert getattr(program_of(lead), method)(f"/articles/nowhere/{path}").status_code == 404
