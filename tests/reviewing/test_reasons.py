"""Reasons for requests and rejections: leads keep them, reviewers choose them, decisions name them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from review_app.accounts.models import User
from review_app.outbox.models import Event
from review_app.reviewing.models import Decision
from review_app.reviewing.queries import uses_of_reasons
from review_app.reviewing.reasons import queries as reason_queries
from review_app.reviewing.reasons.models import CannedReason
from review_app.reviewing.reasons.queries import current_reasons
from review_app.reviewing.reasons.rules import MOST_USES, ReasonKind, with_reason
from tests.factories import LONG_AGO, make_article
from tests.reviewing.desk import Sessions, retire_checklist
from tests.support.cast import Browser, Program

Browsers = Callable[[User], Browser]
Programs = Callable[[User], Program]
STALE, WRONG, THIN = "Its versions are old.", "It is wrong.", "It says nothing."


@pytest.fixture
def reasons(session_of: Sessions) -> dict[str, int]:
    """Two reasons to request changes and one to reject, by their texts; and an article."""
    with session_of() as session:
        retire_checklist(session)
        make_article(session, "a")
        for old in current_reasons(session):
            old.retired_at = LONG_AGO
        made = [
            CannedReason(kind=kind, title=text[:8], text=text, position=place)
            for place, (kind, text) in enumerate(
                [("request_changes", STALE), ("request_changes", WRONG), ("reject", THIN)]
            )
        ]
        session.add_all(made)
        session.flush()
        return {reason.text: reason.id for reason in made}


def decide(browser: Browser, status: str, **fields: Any) -> TestResponse:
    form = {"revision_status": status, "row_version": "1"}
    return browser.post("/articles/a/decisions", form | fields)


def decision(session_of: Sessions) -> Decision:
    with session_of() as session:
        return session.scalars(select(Decision)).one()


def titles(browser: Browser) -> list[str]:
    return re.findall('<b dir="auto">(.*?)</b>', browser.get("/admin/reasons").text)


# --- choosing one -----------------------------------------------------------------------------------------------------


def test_the_server_adds_the_text_of_the_chosen_reason_to_the_note(
    browser_of: Browsers, reviewer: User, reasons: dict[str, int], session_of: Sessions
) -> None:
    answer = decide(browser_of(reviewer), "changes_requested", reason_id=reasons[STALE], note="See step 2.")
    assert answer.status_code == 303
    made = decision(session_of)
    assert (made.note, made.reason_id) == (f"{STALE}\n\nSee step 2.", reasons[STALE])


def test_a_reason_alone_is_note_enough(
    browser_of: Browsers, reviewer: User, reasons: dict[str, int], session_of: Sessions
) -> None:
    assert decide(browser_of(reviewer), "rejected", reason_id=reasons[THIN]).status_code == 303
    assert decision(session_of).note == THIN


def test_what_the_page_has_filled_in_and_somebody_changed_is_not_added_again(
    browser_of: Browsers, reviewer: User, reasons: dict[str, int], session_of: Sessions
) -> None:
    filled = {
        "reason_id": reasons[STALE],
        "reason_filled": reasons[STALE],
        "note": "Its versions are very old.",
    }
    decide(browser_of(reviewer), "changes_requested", **filled)
    made = decision(session_of)
    assert (made.note, made.reason_id) == ("Its versions are very old.", reasons[STALE])


def test_a_reason_of_the_other_kind_is_refused_in_place_and_one_that_is_not_needed_is_left_out(
    browser_of: Browsers, reviewer: User, reasons: dict[str, int], session_of: Sessions
) -> None:
    browser = browser_of(reviewer)
    answer = decide(browser, "rejected", reason_id=reasons[STALE], note="No.")
    assert answer.status_code == 422
    assert "Reason is not a reason for this outcome." in answer.text
    assert re.search(rf'value="{reasons[STALE]}"\s+data-text="{STALE}"\s+selected', answer.text)
    assert decide(browser, "rejected", reason_id="x", note="No.").status_code == 422
    assert decide(browser, "approved", reason_id=reasons[STALE]).status_code == 303
    assert (decision(session_of).reason_id, decision(session_of).note) == (None, "")


def test_the_api_lists_reasons_and_takes_one(
    program_of: Programs, reviewer: User, reasons: dict[str, int]
) -> None:
    program = program_of(reviewer)
    listed = program.get("/reasons").json
    assert [(item["kind"], item["text"]) for item in listed["items"]] == [
        ("request_changes", STALE),
        ("request_changes", WRONG),
        ("reject", THIN),
    ]
    assert listed["next"] is None
    sent = {"outcome": "reject", "row_version": 1, "reason_id": reasons[STALE]}
    assert program.post("/articles/a/decisions", json=sent).status_code == 422
    assert program.post("/articles/a/decisions", json=sent | {"reason_id": 2**62}).status_code == 422
    answer = program.post("/articles/a/decisions", json=sent | {"reason_id": reasons[THIN]})
    assert (answer.status_code, answer.json["note"], answer.json["reason_id"]) == (201, THIN, reasons[THIN])


@pytest.mark.parametrize(
    ("note", "full"), [("", STALE), (f"{STALE} So.", f"{STALE} So."), ("So.", f"{STALE}\n\nSo.")]
)
def test_a_note_says_a_reason_once(note: str, full: str) -> None:
    assert with_reason(note, STALE) == full


# --- keeping them -----------------------------------------------------------------------------------------------------


def test_a_lead_adds_changes_moves_and_retires_reasons_and_the_log_tells(
    browser_of: Browsers, lead: User, reasons: dict[str, int], session_of: Sessions
) -> None:
    browser = browser_of(lead)
    new = {"kind": "request_changes", "title": "No <b>", "text": "Say & show."}
    assert browser.post("/admin/reasons", new).status_code == 303
    assert titles(browser) == [STALE[:8], WRONG[:8], "No &lt;b&gt;", THIN[:8]]
    made = max(reasons.values()) + 1
    assert browser.post(f"/admin/reasons/{made}/position?_method=PUT", {"to": "0"}).status_code == 303
    assert titles(browser)[:3] == ["No &lt;b&gt;", STALE[:8], WRONG[:8]]
    assert "Say &amp; show." in browser.get(f"/admin/reasons/{made}").text
    browser.post(f"/admin/reasons/{made}?_method=PUT", {"title": "Renamed", "text": "Other."})
    assert titles(browser)[0] == "Renamed"
    assert browser.post(f"/admin/reasons/{made}?_method=DELETE").status_code == 303
    assert "Renamed" not in titles(browser)
    assert browser.post(f"/admin/reasons/{made}?_method=DELETE").status_code == 404
    with session_of() as session:
        kinds = session.scalars(select(Event.kind).where(Event.kind.startswith("reason.")).order_by(Event.id))
        assert list(kinds) == ["reason.added", "reason.moved", "reason.edited", "reason.retired"]
        assert session.scalars(select(Event.actor).where(Event.kind == "reason.added")).one() == lead.email


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": " "}, "Title must have 1 to 80 characters."),
        ({"text": "x" * 2001}, "Text must have 1 to 2,000 characters."),
        ({"kind": "approve"}, "Not a valid choice."),
    ],
)
def test_a_wrong_reason_is_told_in_place_and_kept(
    browser_of: Browsers, lead: User, reasons: dict[str, int], fields: dict[str, str], message: str
) -> None:
    sent = {"kind": "reject", "title": "My title", "text": "My text"} | fields
    browser = browser_of(lead)
    for path in ("/admin/reasons", f"/admin/reasons/{reasons[THIN]}?_method=PUT"):
        if "kind" in fields and "PUT" in path:
            continue
        answer = browser.post(path, sent)
        assert answer.status_code == 422
        assert message in answer.text
        assert "My text" in answer.text or "My title" in answer.text


def test_the_page_says_how_often_each_was_chosen_and_stops_counting_in_time(
    browser_of: Browsers,
    lead: User,
    reviewer: User,
    reasons: dict[str, int],
    session_of: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decide(browser_of(reviewer), "rejected", reason_id=reasons[THIN])
    with session_of() as session:
        assert uses_of_reasons(session) == {reasons[STALE]: 0, reasons[WRONG]: 0, reasons[THIN]: 1}
    assert MOST_USES == 1_000
    monkeypatch.setattr("review_app.reviewing.queries.MOST_USES", -1)
    with session_of() as session:
        assert uses_of_reasons(session)[reasons[THIN]] == 0


def test_the_list_is_bounded(
    browser_of: Browsers, lead: User, reasons: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_app.reviewing.reasons.actions.MOST_REASONS", 2)
    sent = {"kind": ReasonKind.REQUEST_CHANGES.value, "title": "One more", "text": "My text"}
    answer = browser_of(lead).post("/admin/reasons", sent)
    assert answer.status_code == 409
    assert "Please retire one first." in answer.text
    assert reason_queries.MOST_REASONS == 50
