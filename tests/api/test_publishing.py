"""Publishing for programs: runs, what they refuse, publications."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.base.clock import utc_now
from review_app.worker import run_pending
from tests.factories import LONG_AGO, make_article
from tests.support.cast import Program

ProgramOf = Callable[[User], Program]
SessionOf = Callable[[], AbstractContextManager[Session]]
APPROVED = {
    "revision_status": "approved",
    "indexable": True,
    "awaiting_review": False,
    "decided_at": LONG_AGO,
}


@pytest.fixture
def program(program_of: ProgramOf, lead: User) -> Program:
    return program_of(lead)


@pytest.fixture(autouse=True)
def articles(session_of: SessionOf) -> None:
    """Two that are approved, one that waits."""
    with session_of() as session:
        make_article(session, "good-1", **APPROVED)
        make_article(session, "good-2", **APPROVED)
        make_article(session, "waiting")


def test_a_run_takes_on_what_is_approved_and_says_why_not_the_rest(program: Program, app: Flask) -> None:
    answer = program.post("/publish-runs", json={"source_ids": ["good-1", "waiting", "nowhere"]})
    assert answer.status_code == 202
    number = answer.json["run_id"]
    refused = [
        {"source_id": "waiting", "reason": "it is not approved, but drafted"},
        {"source_id": "nowhere", "reason": "there is no such article"},
    ]
    assert answer.json == {
        "run_id": number,
        "accepted": ["good-1"],
        "refused": refused,
        "status_url": f"http://localhost/api/v1/publish-runs/{number}",
    }
    assert answer.headers["Location"] == f"/api/v1/publish-runs/{number}"
    assert app.extensions["jobs"].huey.pending_count() == 1
    run_pending(app)
    run = program.get(f"/publish-runs/{number}").json
    assert (run["state"], run["trigger"], run["requested_by"]) == ("finished", "api", "lead@example.com")
    assert (run["accepted"], run["accepted_count"], run["refused"]) == (["good-1"], 1, refused)
    assert (run["published"], run["failed"], run["waiting"]) == (1, 0, 0)
    assert app.test_client().get("/p/slug-of-good-1").status_code == 200
    assert app.test_client().get("/p/slug-of-good-2").status_code == 404


def test_a_run_of_all_approved_articles(program: Program, app: Flask) -> None:
    answer = program.post("/publish-runs", json={"scope": "approved"})
    assert answer.json["accepted"] == ["good-1", "good-2"]
    run_pending(app)
    items = program.get("/publications").json["items"]
    assert [(item["source_id"], item["state"], item["target"], item["kind"]) for item in items] == [
        ("good-2", "delivered", "site", "site"),
        ("good-1", "delivered", "site", "site"),
    ]
    assert program.get("/articles/good-1").json["published_version"] == "1.2.3"


def test_a_run_waits_for_its_time(program: Program, app: Flask) -> None:
    later = (utc_now() + timedelta(hours=2)).isoformat()
    number = program.post("/publish-runs", json={"scope": "approved", "publish_at": later}).json["run_id"]
    run_pending(app)
    assert program.get(f"/publish-runs/{number}").json["published"] == 0
    with time_machine.travel(utc_now() + timedelta(hours=3)):
        run_pending(app)
        assert program.get(f"/publish-runs/{number}").json["published"] == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"scope": "everything"},
        {"source_ids": []},
        {"source_ids": "good-1"},
        {"source_ids": ["good-1"], "scope": "approved"},
        {"source_ids": [""]},
        {"source_ids": ["a\0b"]},
        {"source_ids": ["x"] * 10_001},
        {"scope": "approved", "publish_at": "tomorrow"},
        {"scope": "approved", "publish_at": "2026-11-16T14:00:00"},
        {"scope": "approved", "publish_at": "0001-01-01T00:00:00+23:59"},
        {"scope": "approved", "publish_at": 17},
        {"scope": "approved", "force": True},
        [],
    ],
)
def test_an_order_that_cannot_be_meant_is_refused(program: Program, body: Any) -> None:
    answer = program.post("/publish-runs", json=body)
    assert answer.status_code == 422
    assert len(answer.json["detail"]) > 20
    assert program.get("/publish-runs").json["items"] == []


def test_an_order_that_is_not_json_is_refused(program: Program) -> None:
    assert program.post("/publish-runs", data=b"{").status_code == 400


def test_runs_are_listed_the_newest_first(program: Program) -> None:
    numbers = [program.post("/publish-runs", json={"scope": "approved"}).json["run_id"] for _ in range(3)]
    first = program.get("/publish-runs?limit=2").json
    second = program.get(f"/publish-runs?limit=2&after={first['next']}").json
    assert [item["run_id"] for item in first["items"] + second["items"]] == sorted(numbers, reverse=True)
    assert first["items"][0]["scope"] == "approved"
    assert second["next"] is None


def test_publications_are_told_for_one_run(program: Program) -> None:
    one = program.post("/publish-runs", json={"source_ids": ["good-1"]}).json["run_id"]
    program.post("/publish-runs", json={"source_ids": ["good-2"]})
    found = program.get(f"/publications?run={one}").json["items"]
    assert [(item["source_id"], item["version"], item["state"]) for item in found] == [
        ("good-1", "1.2.3", "waiting")
    ]
    first = program.get("/publications?limit=1").json
    second = program.get(f"/publications?limit=1&after={first['next']}").json
    assert [item["source_id"] for item in first["items"] + second["items"]] == ["good-2", "good-1"]


def test_an_unknown_run_is_not_found(program: Program) -> None:
    assert program.get("/publish-runs/99").status_code == 404


def test_a_reviewer_may_not_publish(program_of: ProgramOf, reviewer: User) -> None:
    program = program_of(reviewer)
    assert program.post("/publish-runs", json={"scope": "approved"}).status_code == 403
    assert program.get("/publish-runs").status_code == 403
    assert program.get("/publications").status_code == 403
