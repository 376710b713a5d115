"""The policy's page: floors with a reason, the checklist, and what held before."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from review_app.accounts.models import User
from review_app.articles.models import Policy
from review_app.outbox.models import Event
from review_app.reviewing.models import ChecklistItem
from review_app.reviewing.policy import add_item, set_floors
from review_app.reviewing.queries import current_rules
from tests.factories import LONG_AGO
from tests.reviewing.desk import Sessions
from tests.support.cast import Browser

Browsers = Callable[[User], Browser]
FLOORS = {
    "quality": "60",
    "freshness": "",
    "depth": "0",
    "clarity": "100",
    "reason": "Too thin.",
    "version": "0",
}


def errors(response: TestResponse) -> list[str]:
    """The lines of the error summary."""
    summary = response.text[response.text.index('class="summary"') :].split("</ul>")[0]
    found = re.findall("<li>(.*?)</li>", summary, re.DOTALL)
    return [unescape(re.sub("<[^>]+>", "", line).strip()) for line in found]


def send(browser: Browser, path: str = "/admin/policy", **fields: Any) -> TestResponse:
    browser.get("/admin/policy")
    return browser.post(path, fields)


def test_a_lead_sets_floors_and_the_page_tells_them_with_the_reason(
    session_of: Sessions, browser_of: Browsers, lead: User
) -> None:
    browser = browser_of(lead)
    answer = send(browser, **FLOORS)
    assert (answer.status_code, answer.location) == (303, "/admin/policy")
    page = browser.get("/admin/policy").text
    for text in ("Version 1 holds", "Too thin.", "Now 60", "No floor now", "lead"):
        assert text in page
    with session_of() as session:
        assert current_rules(session).floors == {"quality": 60, "clarity": 100}
        assert session.scalars(select(Event).where(Event.kind == "policy.set")).one().actor == lead.email


def test_a_new_policy_leaves_a_change_record(browser_of: Browsers, lead: User) -> None:
    browser = browser_of(lead)
    send(browser, **FLOORS)
    page = browser.get("/admin/changes").text
    for words in (
        "Policy 1",
        "Too thin.",
        "quality at least 60, clarity at least 100",
        "as version 0 had it",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reason": " "}, "Reason is needed to change the policy."),
        ({"quality": "101"}, "Quality must be a whole number from 0 to 100, not “101”."),
        ({"clarity": "1e1"}, "Clarity must be a whole number from 0 to 100, not “1e1”."),
        ({"version": "x"}, "The form does not say which version it was made from. Reload the page."),
    ],
)
def test_a_wrong_policy_is_told_in_place_and_kept(
    session_of: Sessions, browser_of: Browsers, lead: User, fields: dict[str, str], message: str
) -> None:
    answer = send(browser_of(lead), **FLOORS | {"depth": "77"} | fields)
    assert answer.status_code == 422
    assert errors(answer) == [message]
    assert 'value="77"' in answer.text
    with session_of() as session:
        assert session.scalars(select(Policy)).all() == []


def test_a_policy_that_somebody_else_set_meanwhile_is_shown_and_nothing_typed_is_lost(
    session_of: Sessions, browser_of: Browsers, lead: User
) -> None:
    with session_of() as session:
        set_floors(session, lead, {"quality": 33}, "theirs", based_on=0, actor=lead.as_actor(), now=LONG_AGO)
    browser = browser_of(lead)
    answer = send(browser, **FLOORS)
    assert answer.status_code == 409
    assert "Somebody else changed the policy" in errors(answer)[0]
    assert "Now 33" in answer.text
    assert re.search(r'id="quality"[^>]*value="60"', answer.text)
    assert 'name="version" value="1"' in answer.text
    assert send(browser, **FLOORS | {"version": "1"}).status_code == 303


def test_a_line_is_added_and_retired(session_of: Sessions, browser_of: Browsers, lead: User) -> None:
    browser = browser_of(lead)
    assert (
        send(browser, "/admin/policy/checklist", text=" Read <b>all</b> of it ", required="y").status_code
        == 303
    )
    page = browser.get("/admin/policy").text
    assert "Read &lt;b&gt;all&lt;/b&gt; of it" in page
    with session_of() as session:
        item = session.scalars(select(ChecklistItem).order_by(ChecklistItem.id.desc())).first()
        assert item is not None
        assert (item.text, item.required) == ("Read <b>all</b> of it", True)
    address = f"/admin/policy/checklist/{item.id}?_method=DELETE"
    assert address in page
    assert send(browser, address).status_code == 303
    assert "Read &lt;b&gt;" not in browser.get("/admin/policy").text
    assert send(browser, address).status_code == 404


def test_a_line_is_changed_made_required_and_moved_and_the_log_tells(
    session_of: Sessions, browser_of: Browsers, lead: User
) -> None:
    with session_of() as session:
        first, *_, last = (item.id for item in current_rules(session).checklist)
    browser = browser_of(lead)
    here = f"/admin/policy/checklist/{last}"
    answer = browser.post(f"{here}?_method=PUT", {"text": "Read <b>twice</b>", "required": "y"})
    assert (answer.status_code, answer.location) == (303, f"/admin/policy#item-{last}")
    assert browser.post(f"{here}/position?_method=PUT", {"to": "0"}).status_code == 303
    page = browser.get("/admin/policy").text
    assert "Read &lt;b&gt;twice&lt;/b&gt;" in page
    assert page.index(f'id="item-{last}"') < page.index(f'id="item-{first}"')
    with session_of() as session:
        item = current_rules(session).checklist[0]
        assert (item.id, item.required) == (last, True)
        kinds = session.scalars(
            select(Event.kind).where(Event.kind.startswith("checklist.")).order_by(Event.id)
        )
        assert list(kinds) == ["checklist.edited", "checklist.moved"]
    browser.post(f"{here}?_method=PUT", {"text": "Read once"})
    with session_of() as session:
        assert current_rules(session).checklist[0].required is False


def test_new_words_that_are_refused_come_back_as_they_were_typed(browser_of: Browsers, lead: User) -> None:
    browser = browser_of(lead)
    answer = browser.post("/admin/policy/checklist/1?_method=PUT", {"text": "x" * 301, "required": "y"})
    assert answer.status_code == 422
    assert "must have 1 to 300 characters" in answer.text
    assert f'value="{"x" * 301}"' in answer.text
    assert "checked" in answer.text
    assert browser.post("/admin/policy/checklist/1/position?_method=PUT", {"to": "x"}).status_code == 422
    assert browser.post("/admin/policy/checklist/99?_method=PUT", {"text": "x"}).status_code == 404


@pytest.mark.parametrize("text", ["", "  ", "x" * 301])
def test_a_line_needs_words_and_not_too_many(
    session_of: Sessions, browser_of: Browsers, lead: User, text: str
) -> None:
    answer = send(browser_of(lead), "/admin/policy/checklist", text=text)
    assert answer.status_code == 422
    assert errors(answer) == ["New line must have 1 to 300 characters."]
    with session_of() as session:
        assert all(item.text != text for item in session.scalars(select(ChecklistItem)))


def test_a_reviewer_neither_sees_nor_changes_the_policy(
    session_of: Sessions, browser_of: Browsers, reviewer: User, lead: User
) -> None:
    with session_of() as session:
        item = add_item(session, "Stays", required=False, actor=lead.as_actor(), now=LONG_AGO).id
    browser = browser_of(reviewer)
    assert browser.get("/admin/policy").status_code == 403
    browser.get("/queue")
    for path in (
        "/admin/policy",
        "/admin/policy/checklist",
        f"/admin/policy/checklist/{item}?_method=DELETE",
    ):
        assert browser.post(path, FLOORS | {"text": "mine"}).status_code == 403
    with session_of() as session:
        assert session.scalars(select(Policy)).all() == []
        assert session.get_one(ChecklistItem, item).retired_at is None


def test_an_address_takes_its_own_methods_alone(browser_of: Browsers, lead: User) -> None:
    browser = browser_of(lead)
    assert browser.get("/admin/policy/checklist").status_code == 405
    assert browser.get("/admin/policy/checklist/1").status_code == 405
    browser.forgery_token = "forged"
    assert browser.post("/admin/policy", FLOORS).status_code == 400
