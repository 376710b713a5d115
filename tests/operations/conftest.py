"""The demo data, loaded once: all tests read them in one copy, and a test that changes them gets a copy of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from review_app.app import create_app
from review_app.base.database import db
from review_app.base.settings import Settings
from review_app.operations.demo.loading import DemoLogin, load_demo
from tests.support.application import closing, environment
from tests.support.postgresql import copied

A_WEDNESDAY = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)
UNDO = timedelta(seconds=20)

Copy = Callable[[str], AbstractContextManager[str]]
"""Gives the address of a copy of a database for as long as it is needed."""


@dataclass(frozen=True, slots=True)
class DemoDesk:
    """A desk with the demo data, which no test may change: how to read it, and what loading it returned and said."""

    reading: Callable[[], AbstractContextManager[Session]]
    logins: list[DemoLogin]
    said: list[str]
    now: datetime = A_WEDNESDAY


@pytest.fixture(scope="session")
def _copy_of(
    database_kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Copy:
    server = request.getfixturevalue("postgres_server") if database_kind == "postgresql" else None

    @contextmanager
    def copy(url: str) -> Iterator[str]:
        if server is None:
            file = tmp_path_factory.mktemp("demo") / "review.sqlite3"
            yield f"sqlite:///{shutil.copy(url.removeprefix('sqlite:///'), file)}"
            return
        with copied(server, url.partition("?")[0].rpartition("/")[2]) as address:
            yield address

    return copy


@contextmanager
def _application(url: str, folder: Path) -> Iterator[Flask]:
    with closing(create_app(Settings.from_environment(environment(url, folder)))) as app:
        app.testing = True
        yield app


@pytest.fixture(scope="session")
def _loaded(
    database_kind: str,
    _copy_of: Copy,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, list[DemoLogin], list[str]]]:
    """The address of a database into which the demo data were loaded on a Wednesday afternoon, and what was said."""
    empty = request.getfixturevalue(f"_{database_kind}_template")
    with _copy_of(str(empty) if database_kind == "sqlite" else empty.name) as url:
        said: list[str] = []
        with _application(url, tmp_path_factory.mktemp("demo_data")) as app, app.app_context():
            logins = load_demo(now=A_WEDNESDAY, undo=UNDO, progress=said.append)
        yield url, logins, said


@pytest.fixture(scope="session")
def demo_desk(
    _loaded: tuple[str, list[DemoLogin], list[str]], _copy_of: Copy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoDesk]:
    """A desk with the demo data, to read."""
    url, logins, said = _loaded
    folder = tmp_path_factory.mktemp("demo_desk")
    with _copy_of(url) as own, _application(own, folder) as app:

        @contextmanager
        def reading() -> Iterator[Session]:
            with app.app_context():
                yield db.session()
                db.session.remove()

        yield DemoDesk(reading, logins, said)


@pytest.fixture
def loaded_url(_loaded: tuple[str, list[DemoLogin], list[str]], _copy_of: Copy) -> Iterator[str]:
    """The address of a database with the demo data, for this test alone. Use it with `database_url`'s fixtures."""
    with _copy_of(_loaded[0]) as url:
        yield url
