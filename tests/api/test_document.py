"""The OpenAPI document: whole, valid, public, and nothing of the API left out."""

from __future__ import annotations

import re
from typing import Any

import pytest
import schemathesis
from flask import Flask

API = "/api/v1"
VARIABLE = re.compile("<.+?>")


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    answer = app.test_client().get(f"{API}/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return answer.json


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]


def test_every_route_of_the_api_is_described(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        f"{method} {VARIABLE.sub('{}', rule.rule)}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {re.sub("{.+?}", "{}", label) for label, _ in operations(document)}


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(document).validate()


def test_the_calls_that_programs_count_on_are_there(document: dict[str, Any]) -> None:
    assert {label for label, _ in operations(document)} == {
        f"{method} {API}{path}"
        for method, path in (
            ("GET", "/articles"),
            ("GET", "/articles/{source_id}"),
            ("PUT", "/articles/{source_id}/claim"),
            ("DELETE", "/articles/{source_id}/claim"),
            ("GET", "/articles/{source_id}/decisions"),
            ("POST", "/articles/{source_id}/decisions"),
            ("GET", "/articles/{source_id}/draft"),
            ("PUT", "/articles/{source_id}/draft"),
            ("DELETE", "/articles/{source_id}/draft"),
            ("GET", "/articles/{source_id}/evidence"),
            ("GET", "/articles/{source_id}/merge"),
            ("POST", "/articles/{source_id}/merge"),
            ("GET", "/articles/{source_id}/place"),
            ("PUT", "/articles/{source_id}/due-date"),
            ("DELETE", "/articles/{source_id}/due-date"),
            ("PUT", "/articles/{source_id}/assignment"),
            ("DELETE", "/articles/{source_id}/assignment"),
            ("GET", "/articles/{source_id}/notes"),
            ("POST", "/articles/{source_id}/notes"),
            ("PUT", "/articles/{source_id}/queue-entry"),
            ("POST", "/articles/{source_id}/skip"),
            ("GET", "/bulk"),
            ("POST", "/bulk"),
            ("GET", "/bulk/{bulk_id}"),
            ("POST", "/bulk/{bulk_id}/confirm"),
            ("GET", "/bulk/{bulk_id}/items"),
            ("POST", "/bulk/{bulk_id}/stop"),
            ("POST", "/bulk/{bulk_id}/undo"),
            ("GET", "/decisions/{decision_id}"),
            ("POST", "/decisions/{decision_id}/rollback"),
            ("GET", "/deliveries/{delivery_id}"),
            ("GET", "/deliveries/{delivery_id}/attempts"),
            ("POST", "/deliveries/{delivery_id}/retry"),
            ("GET", "/evidence/paragraphs"),
            ("GET", "/evidence/paragraphs/{digest}/articles"),
            ("GET", "/export"),
            ("GET", "/imports"),
            ("POST", "/imports/{batch_id}/cancel"),
            ("GET", "/imports/{batch_id}/differences"),
            ("GET", "/imports/{batch_id}/left"),
            ("GET", "/imports/{batch_id}/refused"),
            ("POST", "/imports/{batch_id}/undo"),
            ("POST", "/imports"),
            ("GET", "/imports/{batch_id}"),
            ("GET", "/imports/{batch_id}/errors"),
            ("GET", "/merges"),
            ("PATCH", "/notes/{note_id}"),
            ("DELETE", "/notes/{note_id}"),
            ("POST", "/notes/{note_id}/replies"),
            ("PUT", "/notes/{note_id}/resolution"),
            ("DELETE", "/notes/{note_id}/resolution"),
            ("GET", "/openapi.json"),
            ("GET", "/notifications"),
            ("PUT", "/notifications/{notification_id}/read"),
            ("GET", "/publications"),
            ("GET", "/publish-runs"),
            ("POST", "/publish-runs"),
            ("GET", "/publish-runs/{run_id}"),
            ("PUT", "/publish-runs/{run_id}/pause"),
            ("DELETE", "/publish-runs/{run_id}/pause"),
            ("POST", "/publish-runs/{run_id}/retry"),
            ("GET", "/publish-runs/{run_id}/rollback"),
            ("POST", "/publish-runs/{run_id}/rollback"),
            ("GET", "/publish-runs/{run_id}/rollback/left-out"),
            ("POST", "/publish-runs/{run_id}/stop"),
            ("GET", "/publish-schedules"),
            ("POST", "/publish-schedules"),
            ("DELETE", "/publish-schedules/{schedule_id}"),
            ("GET", "/queue"),
            ("POST", "/queue/next"),
            ("GET", "/views"),
            ("POST", "/views"),
            ("PATCH", "/views/{view_id}"),
            ("DELETE", "/views/{view_id}"),
            ("PUT", "/views/{view_id}/assignment"),
            ("DELETE", "/views/{view_id}/assignment"),
            ("GET", "/reasons"),
            ("GET", "/sources"),
            ("POST", "/sources"),
            ("GET", "/sources/{import_source_id}"),
            ("PATCH", "/sources/{import_source_id}"),
            ("DELETE", "/sources/{import_source_id}"),
            ("GET", "/sources/{import_source_id}/reads"),
            ("POST", "/sources/{import_source_id}/reads"),
            ("GET", "/stats"),
            ("GET", "/truth"),
            ("POST", "/truth/{check_id}/mend"),
            ("GET", "/targets"),
            ("POST", "/targets"),
            ("GET", "/targets/{target_id}"),
            ("PATCH", "/targets/{target_id}"),
            ("DELETE", "/targets/{target_id}"),
            ("POST", "/targets/{target_id}/check"),
            ("GET", "/targets/{target_id}/deliveries"),
            ("POST", "/targets/{target_id}/deliveries/retry"),
            ("POST", "/targets/{target_id}/secrets"),
            ("DELETE", "/targets/{target_id}/secrets/{secret_id}"),
            ("POST", "/targets/{target_id}/test-event"),
        )
    }


def test_every_call_says_what_it_is_for_and_who_may_use_it(document: dict[str, Any]) -> None:
    for label, described in operations(document):
        assert described["summary"], label
        assert re.search(r"Least role: (reviewer|lead|admin)\.|Needs no token\.", described["description"]), (
            label
        )
        assert described["operationId"], label


def test_every_call_but_the_document_asks_for_a_token(document: dict[str, Any]) -> None:
    open_to_all = [
        label for label, described in operations(document) if described["security"] != [{"token": []}]
    ]
    assert open_to_all == [f"GET {API}/openapi.json"]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_every_failure_is_a_problem_document(document: dict[str, Any]) -> None:
    common = document["components"]["responses"]
    for label, described in operations(document):
        for status, answer in described["responses"].items():
            told = common[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
            if int(status) >= 400:
                assert list(told["content"]) == ["application/problem+json"], (label, status)


def test_every_body_shows_how_it_could_look(document: dict[str, Any]) -> None:
    bodies = [body for _, described in operations(document) if (body := described.get("requestBody"))]
    assert bodies
    for body in bodies:
        json = body["content"].get("application/json")
        assert json is None or json["example"]
