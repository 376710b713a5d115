"""Targets and deliveries for programs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from standardwebhooks import Webhook
from werkzeug.wrappers import Request, Response

from review_app.accounts.models import User
from review_app.worker import run_pending
from tests.importing.sources import Server
from tests.publishing.targets.conftest import PASSWORD, Add, DeliveryOf, StandIn
from tests.support.cast import Program

ProgramOf = Callable[[User], Program]
HOOK = {"kind": "webhook", "name": "Hook", "url": "https://hooks.example.com/desk"}
BLOG = {
    "kind": "wordpress",
    "name": "Blog",
    "url": "https://blog.example.com",
    "username": "editor",
    "password": PASSWORD,
}


@pytest.fixture
def program(program_of: ProgramOf, lead: User) -> Program:
    return program_of(lead)


def test_a_target_is_added_changed_switched_off_and_removed(program: Program, lead: User) -> None:
    added = program.post("/targets", json=HOOK | {"events": ["article.published"]})
    assert added.status_code == 201
    assert Webhook(added.json["secret"])
    here = added.headers["Location"].removeprefix("/api/v1")
    shown = program.get(here).json
    assert "secret" not in shown
    assert shown == {name: value for name, value in added.json.items() if name != "secret"}
    assert (shown["owner"], shown["events"], shown["enabled"]) == (lead.email, ["article.published"], True)
    changed = program.patch(here, json={"enabled": False, "name": "Other", "events": None}).json
    assert (changed["enabled"], changed["name"], changed["events"]) == (False, "Other", None)
    assert [one["kind"] for one in program.get("/targets").json["items"]] == ["site", "webhook"]
    assert program.delete(here).status_code == 204
    assert program.get(here).status_code == 404


def test_no_secret_or_password_is_told_but_once(program: Program) -> None:
    hook, blog = program.post("/targets", json=HOOK), program.post("/targets", json=BLOG)
    assert (hook.status_code, blog.status_code) == (201, 201)
    assert PASSWORD not in blog.text
    told = program.get("/targets").text + program.patch("/targets/2", json={"enabled": True}).text
    assert hook.json["secret"] not in told
    rotated = program.post("/targets/2/secrets", json={"overlap_hours": 1})
    assert rotated.status_code == 201
    assert rotated.json["secret"] != hook.json["secret"]
    (newest, old) = rotated.json["secrets"]
    assert (newest["until"], old["until"] is None) == (None, False)
    assert program.delete(f"/targets/2/secrets/{newest['id']}").status_code == 409
    assert program.delete(f"/targets/2/secrets/{old['id']}").status_code == 204
    assert [one["id"] for one in program.get("/targets/2").json["secrets"]] == [newest["id"]]


def test_the_secret_that_is_in_use_is_no_new_one(program: Program) -> None:
    secret = program.post("/targets", json=HOOK).json["secret"]
    refused = program.post("/targets/2/secrets", json={"secret": secret, "overlap_hours": 0})
    assert (refused.status_code, refused.json["errors"]) == (
        422,
        {"secret": ["is the one that is in use already"]},
    )


WRONG: list[tuple[dict[str, object], str]] = [
    (HOOK | {"kind": "site"}, "kind"),
    (HOOK | {"url": ""}, "url"),
    (HOOK | {"url": "http://169.254.169.254/latest"}, "url"),
    (HOOK | {"url": "http://0xa9fea9fe/latest"}, "url"),
    ({"kind": "export", "name": "Files", "folder": "site", "format": "pdf"}, "format"),
    (HOOK | {"format": "jsonl"}, "format"),
    (HOOK | {"events": []}, "events"),
    (HOOK | {"zone_id": "1"}, "zone_id"),
    (HOOK | {"secret": "whsec_short"}, "secret"),
    (BLOG | {"password": ""}, "password"),
]


def test_what_cannot_be_is_refused_by_its_field(program: Program) -> None:
    for wrong, field in WRONG:
        refused = program.post("/targets", json=wrong)
        assert (refused.status_code, list(refused.json["errors"])) == (422, [field]), wrong


def test_another_site_needs_the_password_again(program: Program) -> None:
    program.post("/targets", json=BLOG)
    moved = program.patch("/targets/2", json={"url": "https://thief.example.com"})
    assert (moved.status_code, list(moved.json["errors"])) == (422, ["password"])


def test_our_own_pages_are_switched_off_and_on_and_never_removed(program: Program) -> None:
    assert program.patch("/targets/1", json={"enabled": False}).json["enabled"] is False
    assert program.patch("/targets/1", json={"enabled": True}).json["enabled"] is True
    assert program.patch("/targets/1", json={"url": "https://a.example.com"}).status_code == 422
    assert program.delete("/targets/1").status_code == 409


def test_a_target_is_tested(program: Program, add: Add, kinds: dict[str, StandIn], receiver: Server) -> None:
    receiver.serve("/", "no", 500)
    hook, blog = add("webhook", url=receiver.url + "/").target.id, add("wordpress").target.id
    failed = program.post(f"/targets/{hook}/check").json
    assert (failed["fine"], failed["status"]) == (False, 500)
    assert "500" in failed["reason"]
    assert program.post(f"/targets/{blog}/check").json["fine"] is True
    assert len(kinds["wordpress"].asked) == 1


def test_the_log_tells_request_response_and_time_of_every_try_and_sends_again(
    app: Flask, program: Program, add: Add, receiver: Server
) -> None:
    receiver.serve("/", "\x1bOh no", 503)
    target_id = add("webhook", url=receiver.url + "/").target.id
    sent = program.post(f"/targets/{target_id}/test-event")
    assert (sent.status_code, sent.json["state"], sent.json["event"]) == (202, "waiting", "desk.test")
    run_pending(app)
    here = f"/deliveries/{sent.json['id']}"
    assert (program.get(here).json["state"], program.get(here).json["attempts"]) == ("failed", 1)
    (tried,) = program.get(f"{here}/attempts").json["items"]
    assert (tried["status"], tried["result"], tried["request"]["method"]) == (503, "retry", "POST")
    assert tried["milliseconds"] >= 0
    assert tried["response"].endswith("\ufffdOh no")
    assert "whsec" not in str(tried)
    receiver.serve("/", "fine")
    again = program.post(f"{here}/retry")
    assert (again.status_code, again.json["state"]) == (202, "waiting")
    run_pending(app)
    shown = program.get(f"/targets/{target_id}/deliveries").json["items"]
    assert [(one["state"], one["webhook_id"]) for one in shown] == [("delivered", sent.json["webhook_id"])]
    assert len(program.get(f"{here}/attempts").json["items"]) == 2
    assert {request.headers["webhook-id"] for request in receiver.requests} == {sent.json["webhook_id"]}


def test_all_that_was_given_up_is_sent_again(program: Program, add: Add, delivery_of: DeliveryOf) -> None:
    target_id, other = add("webhook").target.id, add("webhook", name="Other").target.id
    for state in ("dead", "delivered", "dead"):
        delivery_of(target_id, state)
    delivery_of(other, "dead")
    here = f"/targets/{target_id}/deliveries"
    assert len(program.get(f"{here}?state=dead").json["items"]) == 2
    assert program.get(f"{here}?state=odd").status_code == 422
    answer = program.post(f"{here}/retry")
    assert (answer.status_code, answer.json) == (202, {"replayed": 2})
    assert program.get(f"{here}?state=dead").json["items"] == []
    assert len(program.get(f"/targets/{other}/deliveries?state=dead").json["items"]) == 1


def test_what_is_being_sent_is_not_sent_again_and_what_is_not_there_is_not_found(
    program: Program, add: Add, delivery_of: DeliveryOf
) -> None:
    sending = delivery_of(add("webhook").target.id, "delivering")
    assert program.post(f"/deliveries/{sending}/retry").status_code == 409
    for path in ("/deliveries/99", "/deliveries/99/attempts", "/targets/99", "/targets/99/deliveries"):
        assert program.get(path).status_code == 404
    for path in (
        "/deliveries/99/retry",
        "/targets/99/check",
        "/targets/99/deliveries/retry",
        "/targets/99/test-event",
    ):
        assert program.post(path).status_code == 404


def test_a_reviewer_may_not_use_targets(program_of: ProgramOf, reviewer: User) -> None:
    program = program_of(reviewer)
    assert program.get("/targets").status_code == 403
    assert program.post("/deliveries/1/retry").status_code == 403


def test_a_target_that_is_removed_while_it_is_sent_to_is_simply_gone(
    app: Flask, program: Program, add: Add, receiver: Server
) -> None:
    here = f"/targets/{add('webhook', url=receiver.url + '/').target.id}"

    def remove(_: Request) -> Response:
        assert program.delete(here).status_code == 204
        return Response("fine")

    receiver.answers["/"] = remove
    assert program.post(f"{here}/test-event").status_code == 202
    run_pending(app)
    assert program.get(here).status_code == 404
    assert len(receiver.requests) == 1
