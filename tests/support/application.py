"""The application under test, whole and on a database of its own."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from review_app.app import create_app
from review_app.base.database import db, upgrade
from review_app.base.jobs import Jobs
from review_app.base.settings import Settings
from tests.support.sharing import share

SECRET_KEY = "the tests share this key, which is longer than 32 bytes"


def environment(database_url: str, data_dir: Path) -> dict[str, str]:
    """The variables under which the tests run the application, and may start its command line."""
    return {
        "REVIEW_ENV": "development",
        "REVIEW_DATA_DIR": str(data_dir),
        "REVIEW_DATABASE_URL": database_url,
        "REVIEW_SECRET_KEY": SECRET_KEY,
        # Tests import more often than people may; those of the quota set it themselves.
        "REVIEW_IMPORTS_AT_ONCE": "1000",
        "REVIEW_IMPORTS_AN_HOUR": "10000",
    }


def _hasten(connection: Any, _record: Any) -> None:
    """Let SQLite wait for no disk. As for PostgreSQL here: nobody needs these data tomorrow."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


@contextmanager
def closing(app: Flask) -> Iterator[Flask]:
    """Close every database connection of the application afterwards: each one left open is a warning, so an error."""
    share(app)
    with app.app_context():
        for engine in db.engines.values():
            event.listen(engine, "connect", _hasten)
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()
        app.extensions["jobs"].huey.storage.close()


def migrate(url: str, folder: Path) -> None:
    """Give an empty database every table."""
    with closing(create_app(Settings.from_environment(environment(url, folder)))) as app:
        upgrade(app)


@pytest.fixture(scope="session")
def _queue_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty queue. To make its file and table waits for the disk five times; to copy it does not."""
    folder = tmp_path_factory.mktemp("queue")
    Jobs(Flask("queue"), Settings.from_environment(environment("sqlite://", folder)), ()).huey.storage.close()
    return folder / "jobs.sqlite3"


@pytest.fixture
def settings(database_url: str, tmp_path: Path, _queue_file: Path) -> Settings:
    """Settings for development on this test's own database and folder."""
    shutil.copy(_queue_file, tmp_path)
    return Settings.from_environment(environment(database_url, tmp_path))


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application. An error that nobody expects reaches the test, not a page."""
    with closing(create_app(settings)) as app:
        app.testing = True
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript, and nobody logged in."""
    return app.test_client()
