"""Targets on the pages of leads: added, tested, switched off and on, rotated, removed; their deliveries seen and sent again."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from standardwebhooks import Webhook
from werkzeug.wrappers import Request, Response

from review_app.accounts.models import User
from review_app.publishing.deliveries.jobs import send_all
from review_app.publishing.deliveries.standing import SILENT
from review_app.publishing.kinds.face import Outcome, Result
from review_app.publishing.models import Delivery, Target
from review_app.publishing.targets.queries import get_target
from review_app.worker import run_pending
from tests.importing.sources import Server
from tests.publishing.targets.conftest import PASSWORD, Add, DeliveryOf, SessionOf, StandIn
from tests.support.cast import Browser

BrowserOf = Callable[[User], Browser]
HERE = "/admin/targets"
SECRET = re.compile(r'value="(whsec_[^"]+)"')
BLOG = {"kind": "wordpress", "name": "Blog", "url": "https://blog.example.com", "username": "editor"}
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202egnp.exe \x00" + "x" * 20_000 + "END"


@pytest.fixture
def desk(browser_of: BrowserOf, lead: User) -> Browser:
    """A lead's, which knows its forgery token."""
    desk = browser_of(lead)
    desk.get(HERE)
    return desk


def test_targets_are_found_from_the_page_of_publishing(desk: Browser) -> None:
    assert f'href="{HERE}"' in desk.get("/publications").text


def test_a_webhook_is_added_and_its_secret_is_shown_once(desk: Browser, receiver: Server) -> None:
    assert "Our own pages" in desk.get(HERE).text
    assert "Add" in desk.get(f"{HERE}/new?kind=webhook").text
    sent = {"kind": "webhook", "name": "Hook", "url": receiver.url, "events": ["", "article.published"]}
    added = desk.post(HERE, sent)
    assert added.status_code == 201
    (secret,) = SECRET.findall(added.text)
    assert Webhook(html.unescape(secret))
    assert added.headers["Cache-Control"] == "no-store"
    again = desk.get(f"{HERE}/2").text
    assert "whsec_" not in again + desk.get(HERE).text
    assert "An article is published" in again
    assert "everything" not in again


def test_all_events_are_heard_if_none_is_left_out_or_none_is_named(
    desk: Browser, session_of: SessionOf
) -> None:
    desk.post(HERE, {"kind": "webhook", "name": "Silent", "url": "https://hooks.example.com"})
    every = [
        "",
        *("article.approved", "article.published", "article.withdrawn"),
        "import.finished",
        "publish_run.finished",
    ]
    desk.post(HERE, {"kind": "webhook", "name": "All", "url": "https://hooks.example.com", "events": every})
    none = desk.post(
        HERE, {"kind": "webhook", "name": "None", "url": "https://hooks.example.com", "events": ""}
    )
    assert none.status_code == 422
    assert "Events must name at least one" in none.text
    with session_of() as session:
        assert [get_target(session, number).events for number in (2, 3)] == [None, None]


def test_a_password_that_was_typed_never_comes_back(desk: Browser) -> None:
    refused = desk.post(HERE, BLOG | {"password": PASSWORD, "url": "nonsense"})
    assert refused.status_code == 422
    assert 'value="editor"' in refused.text
    added = desk.post(HERE, BLOG | {"password": PASSWORD})
    page = desk.get(added.location)
    assert "https://blog.example.com" in page.text
    changed = desk.post(f"{added.location}?_method=PUT", BLOG | {"name": "Other"})
    assert changed.status_code == 303
    assert all(PASSWORD not in one.text for one in (refused, added, page, desk.get(added.location)))


WRONG = [
    ({"name": ""}, "Name is needed."),
    ({"url": "nonsense"}, "Address is no address"),
    ({"url": "https://0xa9fea9fe/"}, "Address is at 169.254.169.254, which is no public address"),
    ({"username": ""}, "User name is needed."),
    ({"password": ""}, "Application password is needed."),
]


def test_what_is_wrong_is_told_at_its_field(desk: Browser) -> None:
    for wrong, words in WRONG:
        refused = desk.post(HERE, BLOG | {"password": PASSWORD} | wrong)
        assert refused.status_code == 422
        assert refused.text.count(words) == 2, "in the summary and at the field"


def test_a_kind_that_there_is_not_cannot_be_added(desk: Browser) -> None:
    for kind in ("site", "odd", ""):
        assert desk.get(f"{HERE}/new?kind={kind}").status_code == 404
        assert desk.post(HERE, {"kind": kind, "name": "x"}).status_code == 404


def test_a_stale_page_changes_nothing(desk: Browser, add: Add) -> None:
    here = f"{HERE}/{add('webhook').target.id}"
    first = {"name": "First", "url": "https://hooks.example.com", "row_version": "1"}
    assert desk.post(f"{here}?_method=PUT", first).status_code == 303
    stale = desk.post(f"{here}?_method=PUT", first | {"name": "Second"})
    assert stale.status_code == 409
    assert "Somebody else has changed this target" in stale.text
    assert "Second" not in desk.get(here).text


SAYS = [
    (Outcome(Result.DONE), "The test has passed: It can be reached"),
    (
        Outcome(Result.FAILED, "The password was not accepted."),
        "The test has failed: The password was not accepted.",
    ),
    (Outcome(Result.RETRY), "did not say why"),
    (Outcome(Result.RETRY, "it said \x1b[2J\u202e"), "it said \ufffd[2J\ufffd"),
]


def test_a_test_is_told_in_plain_words(desk: Browser, add: Add, kinds: dict[str, StandIn]) -> None:
    here = f"{HERE}/{add('wordpress').target.id}"
    for says, words in SAYS:
        kinds["wordpress"].says = says
        assert words in " ".join(desk.post(f"{here}/checks").text.split())
    assert {place.password for place in kinds["wordpress"].asked} == {PASSWORD}


def test_a_kind_that_breaks_and_a_secret_that_cannot_be_opened_are_told_too(
    app: Flask,
    desk: Browser,
    add: Add,
    kinds: dict[str, StandIn],
    session_of: SessionOf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target_id = add("wordpress").target.id
    monkeypatch.setattr(kinds["wordpress"], "check", lambda _: 1 / 0)
    assert "The desk made a mistake" in desk.post(f"{HERE}/{target_id}/checks").text
    with session_of() as session:
        get_target(session, target_id).sealed_password = "sealed by another"
    assert "Its secret cannot be opened" in desk.post(f"{HERE}/{target_id}/checks").text


def test_a_test_event_arrives_signed_by_both_secrets_and_stands_in_the_log(
    app: Flask, desk: Browser, add: Add, receiver: Server
) -> None:
    receiver.answers["/"] = _hostile
    added = add("webhook", url=f"{receiver.url}/")
    here = f"{HERE}/{added.target.id}"
    rotated = desk.post(f"{here}/secrets", {"overlap_hours": "1"})
    (fresh,) = map(html.unescape, SECRET.findall(rotated.text))
    sent = desk.post(f"{here}/test-events")
    assert "It was not tried yet." in desk.get(sent.location).text
    run_pending(app)
    (request,) = receiver.requests
    for secret in (fresh, added.secret):
        told = Webhook(secret).verify(request.get_data(), dict(request.headers))
        assert (told["type"], told["data"]["target"]) == ("desk.test", "My webhook")
    page = desk.get(sent.location).text
    assert "Delivered" in page
    assert f"POST {receiver.url}/" in page
    assert request.headers["webhook-id"] in page
    assert "HTTP 200" in page
    _assert_harmless(page)
    assert "Delivered" in desk.get(f"{here}/deliveries").text


def _hostile(request: Request) -> Response:
    request.get_data()  # read now, or it is gone with the connection
    return Response(HOSTILE, 200, {"X-Odd": "<b>bold</b>"})


def _assert_harmless(page: str) -> None:
    """The answer stands as text, cut, and nothing in it acts."""
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\ufffd[31m\ufffdgnp.exe" in page
    assert "<script>alert(1)" not in page
    assert "&lt;b&gt;bold" in page
    assert not set(page) & {"\x1b", "\u202e", "\x00"}
    assert "xxxEND" not in page
    assert "This is the beginning" in page
    assert '<pre class="bounded"' in page


def test_a_test_event_to_a_target_that_is_off_is_refused_in_words(desk: Browser, add: Add) -> None:
    here = f"{HERE}/{add('webhook', enabled=False).target.id}"
    refused = desk.post(f"{here}/test-events")
    assert "Switch it on first" in desk.get(refused.location).text


def test_the_format_of_an_export_is_chosen(desk: Browser, session_of: SessionOf) -> None:
    assert '<option value="jsonl">JSON Lines</option>' in desk.get(f"{HERE}/new?kind=export").text
    sent = {"kind": "export", "name": "Files", "folder": "site"}
    refused = desk.post(HERE, sent | {"format": "pdf"})
    assert (refused.status_code, "Format must be markdown or jsonl." in refused.text) == (422, True)
    desk.post(HERE, sent | {"format": "jsonl"})
    page = desk.get(f"{HERE}/2").text
    assert '<option selected value="jsonl">' in page
    version = re.findall(r'name="row_version" [^>]*value="(\d+)"', page)[0]
    desk.post(f"{HERE}/2?_method=PUT", sent | {"format": "markdown", "row_version": version})
    with session_of() as session:
        assert get_target(session, 2).options == {"folder": "site", "format": "markdown"}


def test_a_target_that_fails_says_why_at_the_first_failure_and_when_it_is_tried_again(
    app: Flask, desk: Browser, add: Add, delivery_of: DeliveryOf, kinds: dict[str, StandIn]
) -> None:
    target_id = add("export").target.id
    delivery_of(target_id, "waiting")
    kinds["export"].says = Outcome(Result.RETRY, "the folder cannot be written to: Permission denied")
    assert "Last failure" not in desk.get(f"{HERE}/{target_id}").text
    run_pending(app)
    page = desk.get(f"{HERE}/{target_id}").text
    assert "Failing" in page
    assert "the folder cannot be written to: Permission denied" in page
    assert "Next try:" in page
    kinds["export"].says = Outcome(Result.FAILED, "it never will")
    delivery_of(target_id, "waiting")
    with app.app_context():
        send_all(target_id)
    kinds["export"].says = Outcome(Result.DONE)
    delivery_of(target_id, "waiting")
    with app.app_context():
        send_all(target_id)
    assert "Last failure" not in desk.get(f"{HERE}/{target_id}").text


def test_a_target_is_switched_off_and_on(desk: Browser, add: Add) -> None:
    here = f"{HERE}/{add('webhook').target.id}"
    desk.post(f"{here}/enabled?_method=DELETE")
    assert "What is due waits" in desk.get(here).text
    assert "Switch on" in desk.get(here).text
    desk.post(f"{here}/enabled?_method=PUT")
    assert "Switch off" in desk.get(here).text


def test_why_a_target_was_switched_off_is_told_in_the_readers_language(
    desk: Browser, add: Add, session_of: SessionOf
) -> None:
    target = add("webhook").target.id
    for why, shown in (
        (
            SILENT % {"days": 5, "reason": "it answered 500"},
            ">Seit 5 Tagen ist nichts angekommen; zuletzt: it answered 500.<",
        ),
        ("Nobody knows.", 'lang="en">Nobody knows.<'),
    ):
        with session_of() as session:
            session.execute(update(Target).where(Target.id == target).values(enabled=False, off_reason=why))
        assert shown in desk.get(f"{HERE}/{target}", headers={"Accept-Language": "de"}).text


def test_our_own_pages_can_be_switched_off_and_nothing_else(desk: Browser) -> None:
    page = desk.get(f"{HERE}/1").text
    assert "Switch off" in page
    assert "Remove this target" not in page
    assert "Change this target" not in page
    assert desk.post(f"{HERE}/1?_method=DELETE", {"sure": "yes"}).status_code == 409
    assert desk.post(f"{HERE}/1/enabled?_method=DELETE").status_code == 303


def test_an_old_secret_is_ended_and_a_wrong_overlap_is_told(desk: Browser, add: Add) -> None:
    here = f"{HERE}/{add('webhook').target.id}"
    for hours in ("-1", "169", "soon", ""):
        refused = desk.post(f"{here}/secrets", {"overlap_hours": hours})
        assert refused.status_code == 422
        assert "must be a whole number from 0 to 168" in refused.text
    rotated = desk.post(f"{here}/secrets", {"overlap_hours": "2"})
    (end,) = re.findall(rf'action="({here}/secrets/\w+\?_method=DELETE)"', rotated.text)
    assert "The old secret has ended." in desk.get(desk.post(end).location).text
    assert "End the old secret now" not in desk.get(here).text
    assert desk.post(end).status_code == 404


def test_a_target_is_removed_only_if_it_is_meant(desk: Browser, add: Add) -> None:
    here = f"{HERE}/{add('webhook').target.id}"
    assert "Tick that you mean it." in desk.post(f"{here}?_method=DELETE").text
    removed = desk.post(f"{here}?_method=DELETE", {"sure": "yes"})
    assert "Removed “My webhook”" in desk.get(removed.location).text
    assert desk.get(here).status_code == 404


def test_dead_letters_are_seen_and_sent_again_singly_and_all(
    desk: Browser, add: Add, delivery_of: DeliveryOf, session_of: SessionOf
) -> None:
    target_id = add("webhook").target.id
    dead = [delivery_of(target_id, "dead") for _ in range(3)]
    here = f"{HERE}/{target_id}/deliveries"
    assert f'{here}?state=dead">3</a>' in desk.get(HERE).text
    listed = desk.get(f"{here}?state=dead").text
    assert all(f"/admin/deliveries/{number}" in listed for number in dead)
    assert "it answered 500" in listed
    assert "17 ms" in desk.get(f"/admin/deliveries/{dead[0]}").text
    sent = desk.post(f"/admin/deliveries/{dead[0]}/retry")
    assert "sent again, with the same webhook-id" in desk.get(sent.location).text
    assert _states(session_of) == ["waiting", "dead", "dead"]
    desk.post(here)
    assert "2 deliveries are sent again" in desk.get(here).text
    assert _states(session_of) == ["waiting"] * 3
    desk.post(here)
    assert "No delivery was given up." in desk.get(here).text


def _states(session_of: SessionOf) -> list[str]:
    with session_of() as session:
        return [one.state for one in session.query(Delivery).order_by(Delivery.id)]


def test_what_has_arrived_may_be_sent_again_with_the_same_id(
    app: Flask, desk: Browser, add: Add, receiver: Server
) -> None:
    receiver.serve("/", "fine")
    here = f"{HERE}/{add('webhook', url=receiver.url + '/').target.id}"
    sent = desk.post(f"{here}/test-events").location
    run_pending(app)
    desk.get(sent)
    desk.post(f"{sent}/retry")
    run_pending(app)
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert (len(ids), len(set(ids))) == (2, 1)
    assert desk.get(sent).text.count("What was sent") == 4, "two tries, each fold and its region"


def test_the_log_is_narrowed_and_paged_and_looks_again_only_while_something_happens(
    desk: Browser, add: Add, delivery_of: DeliveryOf
) -> None:
    target_id = add("webhook").target.id
    numbers = [delivery_of(target_id, "delivered") for _ in range(26)]
    waiting = delivery_of(target_id, "waiting")
    here = f"{HERE}/{target_id}/deliveries"
    page = desk.get(f"{here}?state=delivered").text
    assert f"/admin/deliveries/{waiting}" not in page
    (following,) = re.findall(r'href="([^"]+)" rel="next"', page)
    assert f'/admin/deliveries/{numbers[0]}"' in desk.get(html.unescape(following)).text
    assert desk.get(f"{here}?state=odd").status_code == 404
    assert "Nothing here" in desk.get(f"{here}?state=cancelled").text
    part = desk.get(f"/admin/deliveries/{waiting}", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith(f'<section id="delivery-{waiting}"')
    assert 'hx-trigger="every 1s"' in part
    assert (
        "hx-trigger"
        not in desk.get(f"/admin/deliveries/{numbers[0]}").text.split("<main")[1].split("</main")[0]
    )


def test_a_reviewer_sees_no_targets(browser_of: BrowserOf, reviewer: User) -> None:
    desk = browser_of(reviewer)
    for path in (HERE, f"{HERE}/1", f"{HERE}/1/deliveries", f"{HERE}/new?kind=webhook"):
        assert desk.get(path).status_code == 403


def test_a_request_of_any_shape_can_be_read(desk: Browser, add: Add, delivery_of: DeliveryOf) -> None:
    target_id = add("webhook").target.id
    shapes: list[dict[str, Any]] = [
        {"calls": [{"path": "/wp/v2/posts/1", "meta": {"a": "<i>"}}]},
        {
            "method": "POST",
            "url": "https://a.example",
            "headers": {"A": "b"},
            "body": {"files": ["x"]},
            "note": 1,
        },
    ]
    for shape in shapes:
        page = desk.get(f"/admin/deliveries/{delivery_of(target_id, 'dead', request=shape)}").text
        for part in (
            ("/wp/v2/posts/1", "<i>") if "calls" in shape else ("POST https://a.example", "A: b", "files")
        ):
            assert html.escape(part) in page
