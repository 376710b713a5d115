"""How many statements a page costs: an exact number, and the same however much there is to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from review_app.accounts.models import User
from tests.factories import make_article
from tests.reviewing.desk import Sessions, judge, retire_checklist
from tests.support.cast import Browser

Browsers = Callable[[User], Browser]


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements of the block; what only begins a transaction is none."""
    statements: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield statements
    event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture(params=[2, 30])
def desk(session_of: Sessions, request: pytest.FixtureRequest, lead: User) -> None:
    """Few articles with a short history, or many with a long one."""
    with session_of() as session:
        retire_checklist(session)
        for number in range(request.param):
            make_article(session, f"n{number:02}", flags={f"flag{number % 9}": True, "has_images": True})
        for _ in range(request.param):
            judge(session, "n00", lead, "save")


PAGES = {
    "/queue": 16,
    "/queue?stack=flask&sort=newest": 16,
    "/queue?sort=lowest&q=title&age=1": 17,
    "/articles": 4,
    "/articles/n00": 11,
    "/articles/n00/review": 17,
    "/admin/policy": 6,
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_costs_so_many_statements(desk: None, browser_of: Browsers, lead: User, path: str) -> None:
    browser = browser_of(lead)
    browser.get("/queue")
    with counted() as statements:
        assert browser.get(path).status_code == 200
    assert len(statements) == PAGES[path], "\n".join(statements)


def test_a_decision_and_the_next_claim_cost_so_many(desk: None, browser_of: Browsers, lead: User) -> None:
    browser = browser_of(lead)
    browser.get("/queue")
    with counted() as statements:
        answer = browser.post("/articles/n01/decisions", {"revision_status": "approved", "row_version": "1"})
    assert answer.status_code == 303
    assert len(statements) == 25, "\n".join(statements)


def test_a_heartbeat_costs_so_many(desk: None, browser_of: Browsers, lead: User) -> None:
    browser = browser_of(lead)
    browser.get("/queue")
    with counted() as statements:
        answer = browser.post("/articles/n01/claim?_method=PUT", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert len(statements) == 6, "\n".join(statements)
