"""Which tests run on which database, and a fresh, migrated one for every test; for PostgreSQL see `postgresql`."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.application import migrate

KINDS = ("sqlite", "postgresql")
ONE_DATABASE = (
    "importing/test_real_wordpress.py",
    "operations/test_serving.py",
    "publishing/wordpress/test_through_the_desk.py",
    "test_architecture.py",
    "test_assets.py",
    "test_documented.py",
    "test_languages.py",
    "test_packaging.py",
)
"""What is tested once, on the first of the databases that were chosen, as are all tests of the browser: what takes long or a
real WordPress, and asks nothing of the database that another does not ask of each."""


def _kinds(text: str) -> list[str]:
    kinds = text.split(",")
    unknown = set(kinds) - set(KINDS)
    if unknown:
        raise argparse.ArgumentTypeError(f"knows {', '.join(KINDS)}, not {', '.join(sorted(unknown))}")
    return kinds


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--databases sqlite,postgresql` runs every test that uses a database once on each."""
    parser.addoption("--databases", type=_kinds, default=["sqlite"], help="some of: " + ", ".join(KINDS))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses a database once on each of those chosen, or only on the first of them."""
    if "database_kind" in metafunc.fixturenames:
        kinds, test = metafunc.config.getoption("--databases"), metafunc.definition
        if test.get_closest_marker("only_sqlite"):
            kinds = ["sqlite"]
        elif test.get_closest_marker("only_postgresql"):
            kinds = [kind for kind in kinds if kind == "postgresql"]
        elif test.get_closest_marker("browser") or test.path.as_posix().endswith(ONE_DATABASE):
            kinds = kinds[:1]
        metafunc.parametrize("database_kind", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`."""
    return request.param


@pytest.fixture
def examples(database_kind: str, request: pytest.FixtureRequest) -> int:
    """How many examples a property that works on the database is tried with: on a second database a quarter of them.

    The rules that are tried are the same code there; what differs are constraints, locks and types, which few examples meet.
    """
    is_first = database_kind == request.config.getoption("--databases")[0]
    return settings.default.max_examples if is_first else settings.default.max_examples // 4


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> str:
    """The address of an empty database that has every table, for this test alone."""
    return request.getfixturevalue(f"_{database_kind}_url")


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    file = folder / "template.sqlite3"
    migrate(f"sqlite:///{file}", folder)
    return file


@pytest.fixture
def _sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    file = shutil.copy(_sqlite_template, tmp_path / "review.sqlite3")
    return f"sqlite:///{file}"
