"""PostgreSQL for the tests: a server, and on it a database that is as new for every test.

The server is the one that `REVIEW_TEST_POSTGRES_URL` names (as a superuser), or else one of our own from the system's programs.
To copy the template takes fifty times as long as to empty the tables of a copy, so one copy serves one test after the other;
a test that altered tables or had statistics gathered is the last of its copy.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from tests.support.application import migrate
from tests.support.servers import as_user, leashed, own_folder

SMALL_BYTES = 8 * 8192
"""A table or an index up to this size is emptied row by row, which is quick but leaves its pages. Below ten pages the planner
takes any table for one of ten, so that it plans as in a new one. What is larger is truncated."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """The maintenance database of a server on which tests may create databases."""
    given = os.environ.get("REVIEW_TEST_POSTGRES_URL")
    if given:
        yield make_url(given)
        return
    user = _unprivileged_user()
    with own_folder(user) as folder:
        programs = _programs()
        initialise = [programs / "initdb", "-D", "data", "-U", "app", "--auth=trust", "--no-sync"]
        locale = ["--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run([*initialise, *locale], cwd=folder, check=True, capture_output=True, **as_user(user))
        url = URL.create("postgresql", "app", database="postgres", query={"host": str(folder)})
        # No port: each test process has its own socket. Durability costs time, and nobody needs these data tomorrow.
        options = [
            "listen_addresses=",
            f"unix_socket_directories={folder}",
            "fsync=off",
            "full_page_writes=off",
            "wal_level=minimal",
            "max_wal_senders=0",
            # It would seldom come in time, and then plans would hang on when it came.
            "autovacuum=off",
            "max_connections=200",
        ]
        command = [str(programs / "postgres"), "-D", "data"]
        for option in options:
            command += ["-c", option]
        with leashed(command, folder, user=user, ready=lambda: _answers(url)):
            yield url


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    return "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"


def _programs() -> Path:
    found = shutil.which("initdb")
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    if versions:
        return versions[-1]
    if found:
        return Path(found).resolve().parent
    pytest.fail(
        "PostgreSQL is not installed (initdb); `make test` installs it, or set REVIEW_TEST_POSTGRES_URL"
    )


def _answers(url: URL) -> bool:
    try:
        administer(url, "SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def administer(url: URL, statement: str) -> None:
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def copied(server: URL, template: str) -> Iterator[str]:
    """The address of a copy of a database, for as long as it is needed."""
    name = f"review_test_{secrets.token_hex(6)}"
    administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield at(server, name)
    finally:
        administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def at(server: URL, name: str) -> str:
    """The address of a database on the server."""
    return server.set(database=name).render_as_string(hide_password=False)


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection[Any]]:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


# --- as new -----------------------------------------------------------------------------------------------------------

WATCH = """
CREATE SCHEMA as_new;
CREATE TABLE as_new.altered (command text);
CREATE FUNCTION as_new.note() RETURNS event_trigger LANGUAGE plpgsql
    AS 'BEGIN INSERT INTO as_new.altered VALUES (tg_tag); END';
"""
BEGIN_TO_WATCH = "CREATE EVENT TRIGGER as_new ON ddl_command_end EXECUTE FUNCTION as_new.note()"

TABLES = """
SELECT relname, reltuples, pg_relation_size(oid), (
    SELECT coalesce(max(pg_relation_size(indexrelid)), 0) FROM pg_index WHERE indrelid = pg_class.oid
) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
FILL = """
SELECT format('INSERT INTO public.%%1$I (%%2$s) OVERRIDING SYSTEM VALUE SELECT %%2$s FROM as_new.%%1$I',
    relname, string_agg(quote_ident(attname), ', '))
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE pg_class.oid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' GROUP BY relname
"""
SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"
SET_BACK = (
    """SELECT format('SELECT setval(%L, %s, %L)', 'public."{0}"', last_value, is_called) FROM public."{0}\""""
)
DELETE = 'DELETE FROM "{}"'
END_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class Template:
    """An empty database with every table, and how a copy becomes like it again."""

    name: str
    tuples: dict[str, float]
    """How many rows the planner believes to be in each table: in a new one it does not know, and guesses."""
    fill: str
    """Statements that write what the migrations wrote, and set back the sequences."""


def _watched(connection: psycopg.Connection[Any], name: str) -> Template:
    """Keep a copy of the rows that the migrations wrote, and have every change of tables noted from here on."""
    connection.execute(WATCH)
    tuples, fill = {}, []
    for table, rows, size, _ in connection.execute(TABLES).fetchall():
        tuples[table] = rows
        if size:
            connection.execute(f'CREATE TABLE as_new."{table}" AS TABLE public."{table}"')
            fill += connection.execute(FILL, [f'public."{table}"']).fetchone() or ()
    for (sequence,) in connection.execute(SEQUENCES).fetchall():
        fill += connection.execute(SET_BACK.format(sequence)).fetchone() or ()
    connection.execute(BEGIN_TO_WATCH)
    return Template(name, tuples, ";".join(fill))


def _renewed(connection: psycopg.Connection[Any], template: Template) -> bool:
    """Make a copy of the template as it was. False if it cannot be, since its tables were altered."""
    connection.execute(END_OTHERS)
    tables = connection.execute(TABLES).fetchall()
    if connection.execute("SELECT command FROM as_new.altered LIMIT 1").fetchone() or any(
        rows not in {-1, template.tuples[table]} for table, rows, *_ in tables
    ):
        return False
    large = [f'"{table}"' for table, _, *sizes in tables if max(sizes) > SMALL_BYTES]
    statements = [
        "SET LOCAL session_replication_role = replica",  # rows go in any order, whatever refers to them
        *([f"TRUNCATE {', '.join(large)} CASCADE"] if large else []),
        *(DELETE.format(table) for table, _, size, _ in tables if size),
        template.fill,
    ]
    with connection.transaction():
        connection.execute(";".join(statements))
    return True


@pytest.fixture(scope="session")
def _postgresql_template(
    postgres_server: URL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Template]:
    name = f"review_template_{secrets.token_hex(6)}"
    administer(postgres_server, f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0")
    url = at(postgres_server, name)
    try:
        migrate(url, tmp_path_factory.mktemp("template"))
        with _connected(url) as connection:
            template = _watched(connection, name)
        yield template
    finally:
        administer(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')


class Copies:
    """One copy of a template after the other, each for as many tests as it can be made as new for."""

    def __init__(self, server: URL, template: Template) -> None:
        self._server, self._template = server, template
        self._copy = ExitStack()
        self._connection: psycopg.Connection[Any] | None = None
        self._url = ""

    @contextmanager
    def as_new(self) -> Iterator[str]:
        """The address of a copy that nobody has written to."""
        if self._connection is None:
            self._url = self._copy.enter_context(copied(self._server, self._template.name))
            self._connection = self._copy.enter_context(_connected(self._url))
        try:
            yield self._url
            fit = _renewed(self._connection, self._template)
        except BaseException:
            fit = False
            raise
        finally:
            if not fit:
                self.drop()

    def drop(self) -> None:
        """Drop the copy at hand, if there is one."""
        self._connection = None
        self._copy.close()


@pytest.fixture(scope="session")
def _postgresql_copies(postgres_server: URL, _postgresql_template: Template) -> Iterator[Copies]:
    copies = Copies(postgres_server, _postgresql_template)
    yield copies
    copies.drop()


@pytest.fixture
def _postgresql_url(_postgresql_copies: Copies) -> Iterator[str]:
    with _postgresql_copies.as_new() as url:
        yield url
