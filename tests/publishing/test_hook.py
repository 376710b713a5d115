"""The signed publish hook: who may call it, what it takes, and that no call counts twice."""

from __future__ import annotations

import dataclasses
import io
import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from review_app.base.clock import utc_now
from review_app.base.security import HOOK_BODY_BYTES
from review_app.publishing.models import HookCall, PublishRun
from review_app.publishing.rules import MOST_SOURCE_IDS

FIRST, SECOND = "whsec_" + "QUFB" * 10, "whsec_" + "QkJC" * 10


@pytest.fixture
def runs(session_of):
    """How many publish runs there are."""

    def count():
        with session_of() as session:
            return session.scalar(select(func.count()).select_from(PublishRun))

    return count


def set_secrets(app, *secrets):
    settings = dataclasses.replace(app.extensions["settings"], publish_hook_secrets=secrets)
    app.extensions["settings"] = settings


def is_problem(response, status):
    return (
        response.status_code == response.json["status"] == status
        and response.mimetype == "application/problem+json"
    )


# --- what it does -----------------------------------------------------------------------------------------------------


def test_it_accepts_what_is_approved_and_says_why_it_refuses_the_rest(hook, approve):
    approve("good-1", "good-2")
    approve("draft", revision_status="changes_requested", indexable=False)
    answer = hook.call({"source_ids": ["good-2", "unknown", "draft", "good-1", "good-2"]})
    assert answer.status_code == 202
    assert answer.json["accepted"] == ["good-2", "good-1"]
    assert answer.json["refused"] == [
        {"source_id": "unknown", "reason": "there is no such article"},
        {"source_id": "draft", "reason": "it is not approved, but changes requested"},
    ]
    assert answer.json["status_url"] == f"http://localhost/api/v1/publish-runs/{answer.json['run_id']}"


def test_the_whole_scope_needs_no_names_and_no_type(hook, approve):
    approve("good-1", "good-2")
    approve("draft", revision_status="drafted", indexable=False)
    answer = hook.call(body=b'{"data": {"scope": "approved"}}')
    assert (answer.status_code, answer.json["accepted"]) == (202, ["good-1", "good-2"])


def test_the_run_is_done_by_a_worker_and_told_at_its_status_url(hook, approve, work, program_of, lead):
    approve("good")
    run_id = hook.call({"scope": "approved"}).json["run_id"]
    work(run_id)
    state = program_of(lead).get(f"/publish-runs/{run_id}").json
    assert (state["state"], state["published"], state["accepted"]) == ("finished", 1, ["good"])


def test_the_call_wakes_a_worker(hook, approve, app):
    approve("good")
    hook.call({"scope": "approved"})
    assert app.extensions["jobs"].huey.pending_count() == 1


def test_publish_at_holds_the_run_until_then(hook, approve, work, article_of, app):
    approve("good")
    run_id = hook.call({"scope": "approved", "publish_at": "2999-01-01T10:00:00+02:00"}).json["run_id"]
    work(run_id)
    assert article_of("good").published_version is None
    with app.app_context():
        assert app.extensions["jobs"].due() == []


# --- who may call it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"id": None},
        {"timestamp": None},
        {"signature": None},
        {"id": ""},
        {"id": "another"},
        {"timestamp": "1"},
        {"timestamp": "yesterday"},
        {"timestamp": "nan"},
        {"timestamp": "9" * 40},
        {"signature": "v1,AAAA"},
        {"signature": "v1,not Base64"},
        {"signature": "v1,ü"},
        {"signature": "v1"},
        {"signature": "v2,AAAA"},
        {"signature": "v1,AAAA,BBBB"},
        {"signature": " "},
    ],
)
def test_a_call_that_is_not_signed_rightly_is_401_and_does_nothing(hook, approve, runs, headers):
    approve("good")
    assert is_problem(hook.call({"scope": "approved"}, **headers), 401)
    assert runs() == 0


@pytest.mark.parametrize("webhook_id", ["x" * 129, "call\x01", "call\x00"], ids=["long", "control", "NUL"])
def test_an_id_that_cannot_be_kept_is_401(hook, runs, webhook_id):
    assert is_problem(hook.call({"scope": "approved"}, webhook_id=webhook_id), 401)
    assert runs() == 0


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_call_from_too_long_ago_or_ahead_is_401(hook, runs, minutes):
    assert is_problem(hook.call({"scope": "approved"}, at=utc_now() + timedelta(minutes=minutes)), 401)
    assert runs() == 0


@pytest.mark.parametrize("minutes", [-4, 4])
def test_clocks_may_differ_by_less_than_five_minutes(hook, minutes):
    assert hook.call({"scope": "approved"}, at=utc_now() + timedelta(minutes=minutes)).status_code == 202


def test_another_secret_is_401(hook, runs):
    assert is_problem(hook.call({"scope": "approved"}, secret=SECOND), 401)
    assert runs() == 0


def test_a_changed_body_is_401(hook, app, runs):
    body = b'{"data": {"scope": "approved"}}'
    headers = hook.sign(body, "call-1", utc_now())
    assert is_problem(app.test_client().post("/hooks/publish", data=body + b" ", headers=headers), 401)
    assert runs() == 0


def test_either_secret_is_good_while_they_are_rotated(hook, app):
    set_secrets(app, FIRST, SECOND)
    assert hook.call({"scope": "approved"}, webhook_id="old", secret=FIRST).status_code == 202
    assert hook.call({"scope": "approved"}, webhook_id="new", secret=SECOND).status_code == 202
    set_secrets(app, SECOND)
    assert is_problem(hook.call({"scope": "approved"}, webhook_id="late", secret=FIRST), 401)


def test_a_sender_that_rotates_too_may_sign_with_both(hook, app):
    set_secrets(app, SECOND)
    body, at = b'{"data": {"scope": "approved"}}', utc_now()
    both = " ".join(hook.sign(body, "call-1", at, secret)["webhook-signature"] for secret in (FIRST, SECOND))
    assert hook.call(body=body, at=at, signature=both).status_code == 202


def test_without_a_secret_it_is_401_and_the_log_says_what_to_do(hook, app):
    set_secrets(app)
    with capture_logs() as logs:
        assert is_problem(hook.call({"scope": "approved"}, secret=FIRST), 401)
    assert [entry["event"] for entry in logs] == ["publish_hook_without_secret"]
    assert "REVIEW_PUBLISH_HOOK_SECRET" in logs[0]["hint"]


def test_a_login_opens_the_hook_to_nobody(browser_of, lead):
    browser = browser_of(lead)
    browser.get("/profile")
    answer = browser.client.post(
        "/hooks/publish", json={"data": {"scope": "approved"}}, headers={"X-CSRFToken": browser.forgery_token}
    )
    assert is_problem(answer, 401)


def test_it_takes_posts_only(client):
    assert is_problem(client.get("/hooks/publish"), 405)


# --- what it takes ----------------------------------------------------------------------------------------------------

BAD_BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"data": null}',
    b'{"data": {}}',
    b'{"type": "publish.wanted", "data": {"scope": "approved"}}',
    b'{"data": {"scope": "all"}}',
    b'{"data": {"scope": "approved", "source_ids": ["good"]}}',
    b'{"data": {"source_ids": []}}',
    b'{"data": {"source_ids": "good"}}',
    b'{"data": {"source_ids": [7]}}',
    b'{"data": {"source_ids": ["good\\u0000"]}}',
    b'{"data": {"source_ids": ["\\ud800"]}}',
    b'{"data": {"source_ids": ["good"], "publish_at": "2026-11-30T10:00:00"}}',
    b'{"data": {"source_ids": ["good"], "publish_at": "tomorrow"}}',
    b'{"data": {"source_ids": ["good"], "publish_at": "0001-01-01T00:00:00+10:00"}}',
    b'{"data": ' * 20_000,
    json.dumps({"data": {"source_ids": ["x"] * (MOST_SOURCE_IDS + 1)}}).encode(),
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: body[:60].decode())
def test_a_bad_body_is_400_and_its_id_may_come_again_with_a_good_one(hook, approve, runs, body):
    approve("good")
    refused = hook.call(body=body)
    assert is_problem(refused, 400)
    assert refused.json["detail"]
    assert runs() == 0
    assert hook.call({"source_ids": ["good"]}).status_code == 202


def test_a_body_that_is_no_utf8_cannot_have_been_signed(hook, app, runs):
    headers = hook.sign(b"{}", "call-1", utc_now())
    assert is_problem(app.test_client().post("/hooks/publish", data=b"\xff\xfe{}", headers=headers), 401)
    assert runs() == 0


@pytest.mark.parametrize("declared", [True, False], ids=["with its length", "chunked"])
def test_a_body_that_is_too_long_is_413_before_anything_else(app, runs, declared):
    body = b" " * (HOOK_BODY_BYTES + 1)
    sent = (
        {"data": body}
        if declared
        else {"input_stream": io.BytesIO(body), "environ_overrides": {"wsgi.input_terminated": True}}
    )
    assert is_problem(app.test_client().post("/hooks/publish", **sent), 413)
    assert runs() == 0


def test_a_body_may_be_as_long_as_the_limit(hook):
    short = b'{"data": {"scope": "approved"}}'
    assert hook.call(body=short + b" " * (HOOK_BODY_BYTES - len(short))).status_code == 202


# --- once -------------------------------------------------------------------------------------------------------------


def test_the_same_call_again_gets_the_same_answer_and_does_nothing_twice(hook, approve, runs, work):
    approve("good")
    first = hook.call({"source_ids": ["good", "unknown"]})
    work(first.json["run_id"])
    again = hook.call({"source_ids": ["good", "unknown"]}, at=utc_now() - timedelta(minutes=1))
    assert (again.status_code, again.json) == (202, first.json)
    assert runs() == 1


def test_the_same_id_with_another_body_is_409(hook, approve, runs):
    approve("good", "better")
    hook.call({"source_ids": ["good"]})
    assert is_problem(hook.call({"source_ids": ["better"]}), 409)
    assert runs() == 1


def test_a_call_that_failed_half_way_can_be_made_again(hook, approve, runs, session_of, monkeypatch):
    approve("good")
    with monkeypatch.context() as broken:
        broken.setattr("review_app.publishing.hook_views.keep_answer", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            hook.call({"source_ids": ["good"]})
    assert runs() == 0
    assert hook.call({"source_ids": ["good"]}).status_code == 202
    with session_of() as session:
        assert session.scalars(select(HookCall.webhook_id)).all() == ["call-1"]


def test_fifty_deliveries_of_one_call_at_once_are_one_run(hook, approve, runs):
    approve("good")
    answers, ready = [], threading.Barrier(50)

    def deliver():
        ready.wait()
        answers.append(hook.call({"source_ids": ["good"]}))

    threads = [threading.Thread(target=deliver) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [202] * 50
    assert len({answer.get_data() for answer in answers}) == 1
    assert runs() == 1


def test_a_bad_body_is_told_in_plain_words(hook):
    answer = hook.call(body=b'{"data": [1]}')
    assert is_problem(answer, 400)
    assert "data must be an object" in answer.json["detail"]
    assert "Expected" not in answer.json["detail"]


def test_a_forged_host_is_told_to_nobody(app, hook, approve):
    approve("good")
    body = b'{"data": {"source_ids": ["good"]}}'
    headers = {**hook.sign(body, "call-1", utc_now(), None), "Host": "evil.example"}
    answer = app.test_client().post("/hooks/publish", data=body, headers=headers)
    assert answer.status_code == 202
    assert answer.json["status_url"].startswith("http://localhost/")
