"""Each test finds its database as new, although on PostgreSQL one copy of the template serves many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.support.postgresql import SMALL_BYTES, Copies

pytestmark = [
    pytest.mark.only_postgresql(reason="on SQLite each test has a file of its own"),
    pytest.mark.slow,
]

USER = """
INSERT INTO "user" (email, name, password_hash, role, is_active, is_demo, time_zone, theme, created_at)
VALUES (%s, 'a', '', 'lead', true, false, 'UTC', '', now()) RETURNING id
"""
SIZE = "SELECT pg_relation_size('public.user')"
SEQUENCES = "SELECT * FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename"
TABLES = """
SELECT relname, reltuples, query_to_xml(format('SELECT * FROM %I ORDER BY 1', relname), true, true, '')::text
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname
"""


@pytest.fixture
def copies(database_kind: str, request: pytest.FixtureRequest) -> Copies:
    """What gives each test its database."""
    assert database_kind == "postgresql"
    return request.getfixturevalue("_postgresql_copies")


@contextmanager
def opened(copies: Copies) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    """The name of the database that a test gets, and a connection to it."""
    with copies.as_new() as url:
        address = make_url(url).set(drivername="postgresql")
        with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as connection:
            yield str(address.database), connection


def everything(connection: psycopg.Connection[Any]) -> list[Any]:
    """All rows, what the planner believes of their number, and where the sequences stand."""
    return [connection.execute(statement).fetchall() for statement in (TABLES, SEQUENCES)]


@pytest.fixture
def new(copies: Copies) -> list[Any]:
    """All there is in a copy that was never written to."""
    copies.drop()
    with opened(copies) as (_, connection):
        return everything(connection)


@pytest.mark.parametrize("people", [1, 3_000], ids=["a little", "much"])
def test_what_was_written_is_gone_and_what_was_deleted_is_back(
    copies: Copies, new: list[Any], people: int
) -> None:
    with opened(copies) as (used, connection):
        connection.cursor().executemany(USER, [(f"{number}@example.com",) for number in range(people)])
        assert (connection.execute(SIZE).fetchone()[0] > SMALL_BYTES) == (people > 1)
        connection.execute("DELETE FROM canned_reason")
        connection.execute("UPDATE checklist_item SET required = NOT required")
    with opened(copies) as (name, connection):
        assert name == used
        assert everything(connection) == new
        assert connection.execute(SIZE).fetchone()[0] <= SMALL_BYTES
        assert connection.execute(USER, ["a@example.com"]).fetchone() == (1,)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE claim ADD COLUMN shoe integer",
        "DROP INDEX ix_article_source_hash",
        "ANALYZE article",
        "VACUUM",
    ],
)
def test_a_database_that_was_altered_serves_no_other_test(
    copies: Copies, new: list[Any], statement: str
) -> None:
    with opened(copies) as (used, connection):
        connection.execute(USER, ["a@example.com"])
        connection.execute(statement)
    with opened(copies) as (name, connection):
        assert name != used
        assert everything(connection) == new


def test_a_connection_that_was_left_open_holds_up_nobody(copies: Copies) -> None:
    with opened(copies) as (used, connection):
        address = connection.info.dsn
        left = psycopg.connect(address)
        left.execute('LOCK TABLE "user"')
    with opened(copies) as (name, connection):
        assert name == used
        assert connection.execute(USER, ["a@example.com"]).fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
    left.close()
