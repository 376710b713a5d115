"""Who may call: only a valid token opens the API, and it does what its person may do."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from review_app.accounts.actions import change_role, disable_user, revoke_token
from review_app.accounts.models import ApiToken, User
from review_app.accounts.permissions import NAMED
from review_app.accounts.rules import LEAST_ROLE, Permission, Role
from review_app.base.clock import utc_now
from review_app.outbox.actions import SYSTEM
from tests.factories import make_article
from tests.support.cast import Browser, Program

ProgramOf = Callable[[User], Program]
BrowserOf = Callable[[User], Browser]
SessionOf = Callable[[], AbstractContextManager[Session]]


def calls(app: Flask) -> list[tuple[str, str, Role]]:
    """Each call of the API that is not for all: its method, an address that it takes, and the least role for it."""
    found = []
    for rule in app.url_map.iter_rules():
        permission = getattr(app.view_functions[rule.endpoint], NAMED, None)
        if rule.rule.startswith("/api/") and permission is not Permission.PUBLIC:
            path = re.sub("<.*?>", "1", rule.rule)
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            found += [(method, path, LEAST_ROLE[permission]) for method in methods]
    return found


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer rd_forged", "Basic cmQ6cmQ=", "rd_forged"]
)
def test_nothing_opens_without_a_valid_token(app: Flask, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    assert len(calls(app)) >= 20
    for method, path, _ in calls(app):
        answer = app.test_client().open(path, method=method, headers=headers)
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json"), path
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_cookie_does_not_open_the_api(browser_of: BrowserOf, admin: User) -> None:
    browser = browser_of(admin)
    assert browser.get("/queue").status_code == 200
    assert browser.get("/api/v1/articles").status_code == 401
    assert browser.post("/api/v1/queue/next").status_code == 401


def test_a_token_does_not_open_the_pages(program_of: ProgramOf, admin: User) -> None:
    program = program_of(admin)
    assert program.client.get("/queue", headers=program.headers).status_code == 303


def test_a_token_opens_the_api_and_sets_no_cookie(program_of: ProgramOf, reviewer: User) -> None:
    answer = program_of(reviewer).get("/articles")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_ends_with_its_person(program_of: ProgramOf, reviewer: User, session_of: SessionOf) -> None:
    program = program_of(reviewer)
    with session_of() as session:
        disable_user(session, session.get_one(User, reviewer.id), actor=SYSTEM, now=utc_now())
    assert program.get("/articles").status_code == 401


def test_a_revoked_token_opens_nothing(program_of: ProgramOf, reviewer: User, session_of: SessionOf) -> None:
    program = program_of(reviewer)
    with session_of() as session:
        revoke_token(session, session.query(ApiToken).one(), actor=SYSTEM, now=utc_now())
    assert program.get("/articles").status_code == 401


def test_a_token_loses_what_its_person_loses(
    program_of: ProgramOf, lead: User, admin: User, session_of: SessionOf
) -> None:
    program = program_of(lead)
    assert program.get("/imports").status_code == 200
    with session_of() as session:
        change_role(session, session.get_one(User, lead.id), Role.REVIEWER, actor=SYSTEM, now=utc_now())
    assert program.get("/imports").status_code == 403
    assert program.get("/articles").status_code == 200


def test_each_call_asks_for_its_role(
    app: Flask, program_of: ProgramOf, reviewer: User, lead: User, session_of: SessionOf
) -> None:
    with session_of() as session:
        make_article(session, "1")
    reviewing, leading = program_of(reviewer), program_of(lead)

    def status(program: Program, method: str, path: str) -> int:
        return app.test_client().open(path, method=method, headers=program.headers).status_code

    for method, path, least in calls(app):
        assert (status(reviewing, method, path) == 403) == (least is not Role.REVIEWER), path
        assert (status(leading, method, path) == 403) == (least is Role.ADMIN), path
