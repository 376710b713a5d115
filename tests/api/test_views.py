"""The list of the queue and saved views, for programs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.worker import run_pending
from tests.evidence.texts import html, measured, paragraph
from tests.factories import make_article
from tests.support.cast import Program

ProgramOf = Callable[[User], Program]
SessionOf = Callable[[], AbstractContextManager[Session]]
OWN = {"name": "Own", "query": "?stack=flask&age=3&sort=newest"}


@pytest.fixture
def program(program_of: ProgramOf, reviewer: User) -> Program:
    return program_of(reviewer)


def test_the_queue_is_listed_within_filters_and_in_an_order(program: Program, session_of: SessionOf) -> None:
    with session_of() as session:
        for name in ("a", "b"):
            measured(session, name, html(paragraph(1)))
        make_article(session, "low", quality=1)
        make_article(session, "settled", awaiting_review=False)
    page = program.get("/queue?limit=1&sort=lowest").json
    (item,) = page["items"]
    assert (item["article"]["source_id"], item["held_by"], item["repeated"]) == ("low", None, None)
    assert item["waiting_since"].startswith("2026-11-01T09:0")
    rest = program.get(f"/queue?sort=lowest&after={page['next']}").json
    assert [one["article"]["source_id"] for one in rest["items"]] == ["a", "b"]
    program.put("/articles/b/claim")
    (mine,) = program.get("/queue?claimed=me&repeats=100").json["items"]
    assert (mine["held_by"], mine["repeated"]) == ("reviewer@example.com", 100)
    assert program.post("/queue/next?overall_max=60").json["article"]["source_id"] == "low"


def test_what_cannot_be_meant_is_refused(program: Program) -> None:
    for query, field in (
        ("age=0", "age"),
        ("claimed=maybe", "claimed"),
        ("overall_min=101", "overall_min"),
        ("quality_min=9&quality_max=8", "quality_max"),
        ("sort=random", "sort"),
        ("after=rubbish", "after"),
    ):
        answer = program.get(f"/queue?{query}")
        assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


def test_a_view_is_kept_changed_and_removed(program: Program) -> None:
    made = program.post("/views", json=OWN | {"columns": ["words"]})
    assert made.status_code == 201
    expected = {
        "id": made.json["id"],
        "name": "Own",
        "query": "stack=flask&age=3&sort=newest",
        "columns": ["words"],
        "owner": "reviewer@example.com",
        "shared": False,
        "position": 1,
        "default": False,
        "assignment": None,
    }
    assert made.json == expected
    path = f"/views/{made.json['id']}"
    changes = {"name": "Mine", "query": "topic=x", "columns": [], "position": 7, "default": True}
    assert program.patch(path, json=changes).json == expected | changes
    assert program.get("/views").json == {"items": [expected | changes], "next": None}
    assert program.patch(path, json={"default": False}).json["default"] is False
    assert program.delete(path).status_code == 204
    assert program.delete(path).status_code == 404
    assert program.get("/views").json["items"] == []


def test_only_a_lead_shares_and_only_the_owner_or_a_lead_changes(
    program: Program, program_of: ProgramOf, lead: User, colleague: User
) -> None:
    assert program.post("/views", json=OWN | {"shared": True}).status_code == 403
    shared = program_of(lead).post("/views", json=OWN | {"shared": True}).json
    assert [view["id"] for view in program.get("/views").json["items"]] == [shared["id"]]
    assert program.patch(f"/views/{shared['id']}", json={"name": "x"}).status_code == 403
    assert program.patch(f"/views/{shared['id']}", json={"default": True}).json["default"] is True
    own = program.post("/views", json=OWN).json
    assert program_of(colleague).patch(f"/views/{own['id']}", json={"name": "x"}).status_code == 404
    refused = program.post("/views", json=OWN)
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["name"])
    assert program.post("/views", json={"name": "y", "query": "age=x"}).json["errors"].keys() == {"age"}


def test_a_lead_gives_a_shared_view_to_a_reviewer_and_takes_it_back(
    app: Flask, program: Program, program_of: ProgramOf, session_of: SessionOf, reviewer: User, lead: User
) -> None:
    with session_of() as session:
        for name in ("a", "b"):
            make_article(session, name)
        make_article(session, "other", primary_stack="nginx")
    leads = program_of(lead)
    path = f"/views/{leads.post('/views', json={'name': 'Flask', 'query': 'stack=flask', 'shared': True}).json['id']}"
    to_her = {"reviewer": reviewer.email}
    assert program.put(f"{path}/assignment", json=to_her).status_code == 403
    assert leads.put(f"{path}/assignment", json={"reviewer": "x@example.com"}).status_code == 404
    given = leads.put(f"{path}/assignment", json=to_her).json["assignment"]
    assert given.pop("assigned_at")
    assert given == {"reviewer": reviewer.email, "assigned_by": lead.email, "articles": 0}
    run_pending(app)
    (view,) = program.get("/views").json["items"]
    assert (view["assignment"]["reviewer"], view["assignment"]["articles"]) == (reviewer.email, 2)
    refused = leads.patch(path, json={"query": "assigned=nobody"})
    assert (refused.status_code, "Take it back first" in refused.json["detail"]) == (409, True)
    assert leads.delete(f"{path}/assignment").json["assignment"] is None
    run_pending(app)
    assert program.get("/queue?assigned=me").json["items"] == []


def test_a_view_that_cannot_be_given_is_refused_in_words(
    program_of: ProgramOf, reviewer: User, lead: User
) -> None:
    leads, to_her = program_of(lead), {"reviewer": reviewer.email}
    own = leads.post("/views", json=OWN).json["id"]
    looks = leads.post("/views", json={"name": "x", "query": "assigned=me", "shared": True}).json["id"]
    for view_id, why in ((own, "Share it first"), (looks, "looks for what is assigned")):
        refused = leads.put(f"/views/{view_id}/assignment", json=to_her)
        assert (refused.status_code, why in refused.json["detail"]) == (409, True)
