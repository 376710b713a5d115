"""The application under test, whole and on a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from review_app.app import create_app
from review_app.base.database import db
from review_app.base.settings import Settings

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


class SharedTemplates(BytecodeCache):
    """Templates are compiled once for all applications of a test run, not once for each."""

    compiled: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """What was compiled of the same source before."""
        if found := self.compiled.get(f"{bucket.key} {bucket.checksum}"):
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        self.compiled[f"{bucket.key} {bucket.checksum}"] = bucket.bytecode_to_string()


def _compile_addresses_when_asked() -> None:
    """Werkzeug compiles code for the addresses of each route, of every application anew: four fifths of its making.

    A test builds the addresses of few routes; only those are compiled.
    """
    compile_now = Rule._compile_builder

    def compile_later(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        made: list[Callable[..., tuple[str, str]]] = []

        def build(self: Rule, *values: Any, **named: Any) -> tuple[str, str]:
            if not made:
                made.append(compile_now(rule, append_unknown))
            return made[0](self, *values, **named)

        return build

    Rule._compile_builder = compile_later  # type: ignore[method-assign]


_compile_addresses_when_asked()


@contextmanager
def closing(app: Flask) -> Iterator[Flask]:
    """Close every database connection of the application afterwards: each one left open is a warning, so an error."""
    app.jinja_env.bytecode_cache = SharedTemplates()
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()
        app.extensions["jobs"].huey.storage.close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings for development on this test's own database and folder."""
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
