"""The same few people in every test, by role, and how each comes in: as a browser or as a program."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from flask import Flask, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from review_app.accounts.actions import add_token, attempt_login
from review_app.accounts.models import User
from review_app.accounts.rules import Role
from review_app.accounts.views import _enter
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.outbox.actions import SYSTEM
from tests.factories import PASSWORD, make_user

TOKEN_FIELD = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Browser:
    """A person's browser without JavaScript: keeps cookies, and sends the forgery token of the last page it saw."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.forgery_token = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self._seen(self.client.get(path, **options))

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form."""
        return self._seen(
            self.client.post(path, data={"csrf_token": self.forgery_token, **(data or {})}, **options)
        )

    def log_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        """Open the login page and send it."""
        self.get("/login")
        return self.post("/login", {"email": email, "password": password})

    def come_in(self, user: User) -> None:
        """Be logged in as by `log_in`, without the pages on the way: most tests are not about the door."""
        app = self.client.application
        with app.test_request_context("/login", environ_base=self.client.environ_base):
            with transaction() as writes:
                found = attempt_login(
                    writes, user.email, user.password_hash, address="127.0.0.1", now=utc_now()
                )
            _enter(*found)
            self.forgery_token = generate_csrf()
            begun = dict(session)
            db.session.remove()
        with self.client.session_transaction() as cookie:
            cookie.update(begun)

    def _seen(self, response: TestResponse) -> TestResponse:
        if response.mimetype == "text/html" and (found := TOKEN_FIELD.search(response.text)):
            self.forgery_token = found.group(1)
        return response


class Program:
    """A program with a token: sends and reads JSON."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    def __getattr__(self, method: str) -> Callable[..., TestResponse]:
        """`get`, `post`, `put`, `patch` or `delete` under `/api/v1`."""

        def call(path: str, **options: Any) -> TestResponse:
            headers = {**self.headers, **options.pop("headers", {})}
            return self.client.open(f"/api/v1{path}", method=method.upper(), headers=headers, **options)

        return call


def _person(app: Flask, role: Role, name: str) -> User:
    with app.app_context(), transaction() as session:
        user = make_user(session, role, f"{name}@example.com")
        session.flush()
        session.expunge(user)
        return user


@pytest.fixture
def reviewer(app: Flask) -> User:
    """A reviewer."""
    return _person(app, Role.REVIEWER, "reviewer")


@pytest.fixture
def colleague(app: Flask) -> User:
    """Another reviewer."""
    return _person(app, Role.REVIEWER, "colleague")


@pytest.fixture
def lead(app: Flask) -> User:
    """A team lead."""
    return _person(app, Role.LEAD, "lead")


@pytest.fixture
def admin(app: Flask) -> User:
    """An administrator."""
    return _person(app, Role.ADMIN, "admin")


@pytest.fixture
def browser_of(app: Flask) -> Callable[[User], Browser]:
    """A logged-in browser for a person."""

    def open_browser(user: User) -> Browser:
        browser = Browser(app.test_client())
        browser.come_in(user)
        return browser

    return open_browser


@pytest.fixture
def program_of(app: Flask) -> Callable[[User], Program]:
    """A program that acts as a person."""

    def connect(user: User) -> Program:
        with app.app_context(), transaction() as session:
            person = session.get_one(User, user.id)
            token = add_token(session, person, "test", actor=SYSTEM, now=utc_now())
        return Program(app.test_client(), token)

    return connect


@pytest.fixture
def session_of(app: Flask) -> Callable[[], AbstractContextManager[Session]]:
    """`with session_of() as session:` is one transaction on the test's database."""

    @contextmanager
    def begin() -> Iterator[Session]:
        with app.app_context():
            with transaction() as session:
                yield session
            db.session.remove()

    return begin
