"""The signed publish hook: who may call it, what it takes, and that no call counts twice."""

from __future__ import annotations

import dataclasses
import io
import json
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from structlog.testing import capture_logs

from review_app.base.clock import utc_now
from review_app.base.security import HOOK_BODY_BYTES
from review_app.publishing.jobs import due_forgetting, run_forgetting
from review_app.publishing.models import HookCall, HookLog
from review_app.publishing.rules import MOST_SOURCE_IDS

FIRST, SECOND = "whsec_" + "QUFB" * 10, "whsec_" + "QkJC" * 10


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
        assert ("publish_run", run_id) not in app.extensions["jobs"].due()


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


STRANGE_IDS = {
    "long": "x" * 129,
    "control": "call\x01",
    "NUL": "call\x00",
    "dot": "call.1",
    "blank": "call 1",
}


@pytest.mark.parametrize("webhook_id", STRANGE_IDS.values(), ids=STRANGE_IDS)
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
    b'{"data": {"source_ids": ["good"], "publish_at": "9999-12-31T23:59:59Z"}}',
    b'{"data": {"source_ids": ["good"], "publishAt": "2999-01-01T10:00:00Z"}}',
    b'{"data": {"source_ids": ["good"]}, "publish_at": "2999-01-01T10:00:00Z"}',
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


def test_a_long_id_of_any_allowed_sign_is_good(hook):
    assert hook.call({"scope": "approved"}, webhook_id="aZ09_-" + "x" * 122).status_code == 202


# --- how often, and what is noted -------------------------------------------------------------------------------------


def limit(app, **limits):
    app.extensions["settings"] = dataclasses.replace(app.extensions["settings"], **limits)


@pytest.fixture
def noted(session_of):
    """The lines of the log: status, id, reason, how many times."""

    def read():
        with session_of() as session:
            return [
                (line.status, line.webhook_id, line.reason, line.times)
                for line in session.scalars(select(HookLog).order_by(HookLog.id))
            ]

    return read


def test_signed_calls_are_answered_only_so_often_a_minute_and_told_when_to_come_again(app, hook, runs):
    limit(app, hook_calls_a_minute=2)
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False) as clock:
        assert [hook.call({"scope": "approved"}, webhook_id=f"c-{n}").status_code for n in range(2)] == [
            202
        ] * 2
        clock.shift(10)
        refused = hook.call({"scope": "approved"}, webhook_id="c-3")
        assert is_problem(refused, 429)
        assert refused.headers["Retry-After"] == "50"
        assert runs() == 2
        clock.shift(50)
        assert hook.call({"scope": "approved"}, webhook_id="c-3").status_code == 202


def test_a_clock_that_is_set_back_shuts_nobody_out(app, hook, noted):
    limit(app, hook_calls_a_minute=2, hook_refusals_a_minute=1)
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False) as clock:
        for n in range(3):
            hook.call({"scope": "approved"}, webhook_id=f"c-{n}")
        hook.call({}, signature="v1,AAAA")
        clock.shift(-3600)
        assert hook.call({"scope": "approved"}, webhook_id="later").status_code == 202
        assert hook.call({}, signature="v1,AAAA").status_code == 401
        assert hook.call({}, signature="v1,AAAA").status_code == 429
        assert [line[0] for line in noted()] == [202, 202, 429, 401, 202, 401, 429]
        # Another machine's clock may be a little ahead: its calls count.
        clock.shift(-30)
        assert hook.call({}, signature="v1,AAAA").headers["Retry-After"] == "90"


def test_calls_that_nobody_signed_do_not_use_up_what_the_signed_ones_may(app, hook):
    limit(app, hook_refusals_a_minute=2, hook_calls_a_minute=2)
    statuses = [hook.call({"scope": "approved"}, signature="v1,AAAA").status_code for _ in range(4)]
    assert statuses == [401, 401, 429, 429]
    assert hook.call({"scope": "approved"}).status_code == 202


def test_another_address_is_not_refused_for_it(app, hook):
    limit(app, hook_refusals_a_minute=1)
    assert [hook.call({}, signature="v1,AAAA").status_code for _ in range(2)] == [401, 429]
    answer = app.test_client().post("/hooks/publish", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert answer.status_code == 401


def test_every_call_is_noted_with_its_answer(app, hook, noted):
    hook.call({"scope": "approved"}, webhook_id="good")
    hook.call({"scope": "approved"}, webhook_id="good")
    hook.call({"source_ids": ["x"]}, webhook_id="good")
    hook.call(body=b"{", webhook_id="bad")
    hook.call({"scope": "approved"}, webhook_id="forged", signature="v1,AAAA")
    app.test_client().post("/hooks/publish", data=b" " * (HOOK_BODY_BYTES + 1))
    assert [(status, name) for status, name, _, _ in noted()] == [
        (202, "good"),
        (202, "good"),
        (409, "good"),
        (400, "bad"),
        (401, "forged"),
        (413, ""),
    ]
    assert "another body" in noted()[2][2]


def test_a_flood_fills_no_table(app, hook, noted):
    limit(app, hook_refusals_a_minute=1)
    for _ in range(10):
        hook.call({}, signature="v1,AAAA")
    assert [(status, times) for status, _, _, times in noted()] == [(401, 1), (429, 9)]


def test_what_is_old_is_forgotten(app, hook, session_of, noted):
    with time_machine.travel("2026-11-01T12:00:00Z", tick=False) as clock:
        hook.call({"scope": "approved"}, webhook_id="first")
        for days, calls, lines in ((7, 1, 1), (0.001, 0, 1), (23, 0, 0)):
            clock.shift(timedelta(days=days))
            with app.app_context():
                for _ in due_forgetting(utc_now()):
                    run_forgetting(0)
            with session_of() as session:
                assert len(session.scalars(select(HookCall)).all()) == calls
            assert len(noted()) == lines
