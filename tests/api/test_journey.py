"""The whole way of articles by the API alone: imported, reviewed one each way, published, seen, rolled back, gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import time_machine
from flask import Flask

from review_app.accounts.models import User
from review_app.base.clock import utc_now
from review_app.worker import run_pending
from tests.importing.records import lines, record
from tests.support.cast import Program

ProgramOf = Callable[[User], Program]


def by_status(program: Program) -> dict[str, str]:
    return {item["source_id"]: item["revision"]["status"] for item in program.get("/articles").json["items"]}


def ids(program: Program, query: str) -> list[str]:
    return [item["source_id"] for item in program.get(f"/articles{query}").json["items"]]


def test_from_the_import_to_the_public_page_and_back(
    app: Flask, program_of: ProgramOf, lead: User, reviewer: User
) -> None:
    leading, reviewing, public = program_of(lead), program_of(reviewer), app.test_client()
    flags = {"flags.needs_human_review": 0}
    content = lines(*(record(f"alphanode-{number}") for number in (1, 2, 3)), record("alphanode-4", **flags))
    batch = leading.post("/imports?format=jsonl", data=content).json["id"]
    run_pending(app)
    assert leading.get(f"/imports/{batch}").json["created"] == 4
    assert ids(reviewing, "?awaiting_review=true") == ["alphanode-1", "alphanode-2", "alphanode-3"]
    assert ids(reviewing, "?indexable=true") == []

    made = {}
    for outcome in ("approve", "request_changes", "reject"):
        article = reviewing.post("/queue/next").json["article"]
        body = {"outcome": outcome, "row_version": article["row_version"], "note": "read it whole"}
        answer = reviewing.post(f"/articles/{article['source_id']}/decisions", json=body)
        assert answer.status_code == 201
        made[outcome] = answer.json
    assert reviewing.post("/queue/next").status_code == 204
    assert by_status(reviewing) == {
        "alphanode-1": "approved",
        "alphanode-2": "changes_requested",
        "alphanode-3": "rejected",
        "alphanode-4": "drafted",
    }
    assert ids(reviewing, "?awaiting_review=true") == []
    assert ids(reviewing, "?indexable=true") == ["alphanode-1"]

    started = leading.post("/publish-runs", json={"source_ids": ["alphanode-1", "alphanode-2"]}).json
    assert (started["accepted"], [one["source_id"] for one in started["refused"]]) == (
        ["alphanode-1"],
        ["alphanode-2"],
    )
    slug = reviewing.get("/articles/alphanode-1").json["slug"]
    run_pending(app)
    assert public.get(f"/p/{slug}").status_code == 404, "nothing goes out within the undo window"
    with time_machine.travel(utc_now() + timedelta(seconds=30)):
        run_pending(app)
        assert leading.get(f"/publish-runs/{started['run_id']}").json["state"] == "finished"
        page = public.get(f"/p/{slug}")
        assert page.status_code == 200
        assert "noindex" not in page.headers.get("X-Robots-Tag", "")
        assert slug in public.get("/sitemap.xml").text + public.get("/sitemap-0.xml").text
        undone = leading.post(
            f"/decisions/{made['approve']['id']}/rollback", json={"note": "a figure is wrong"}
        )
        assert undone.status_code == 201
        assert public.get(f"/p/{slug}").status_code == 410
    assert ids(reviewing, "?indexable=true") == []
    assert ids(reviewing, "?awaiting_review=true") == ["alphanode-1"]
    assert reviewing.get("/articles/alphanode-1").json["published_version"] is None
