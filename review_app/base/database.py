"""The database: one declarative base, one UTC time type, one way to commit.

SQLite is opened in WAL mode with foreign keys on and `synchronous=FULL`. A transaction that writes begins with
`BEGIN IMMEDIATE`, since a reader that turns writer while another writes fails without waiting.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, cast

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate
from flask_migrate import upgrade as migrate_upgrade
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    Table,
    Text,
    event,
    insert,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.types import TypeDecorator

from review_app.base.paths import MIGRATIONS
from review_app.base.private import make_private
from review_app.base.settings import Settings

BUSY_MILLISECONDS = 10_000
"""How long SQLite waits for another writer."""

CACHE_KIBIBYTES = 32 * 1024
"""What a connection to SQLite may keep of the database; 2 MB are usual, and little."""
CHECKPOINT_PAGES = 4_000
"""After so many pages (16 MB) the write-ahead log goes into the database: pages written often are written once."""

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """A moment in UTC, aware on both databases. Naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; SQLite keeps no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read back aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column that is plainly INTEGER (64 bit there)."""

Json = JSON().with_variant(JSONB, "postgresql")


class Base(DeclarativeBase):
    """The parent of every model."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMES),
        type_annotation_map={
            int: BigId,
            str: Text,
            datetime: UTCDateTime,
            date: Date,
            dict[str, Any]: Json,
            list[Any]: Json,
        },
    )


db = SQLAlchemy(model_class=Base, disable_autonaming=True, session_options={"expire_on_commit": False})
_migrate = Migrate(render_as_batch=True, compare_type=True)


def connect(app: Flask, settings: Settings) -> None:
    """Give the application its database."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_pre_ping": True}
    db.init_app(app)
    _migrate.init_app(app, db, directory=str(MIGRATIONS))


def upgrade(app: Flask, revision: str = "head") -> None:
    """Bring the database up to `revision`."""
    with app.app_context():
        migrate_upgrade(revision=revision)


def is_current(app: Flask) -> bool:
    """Whether the database has every migration there is."""
    with app.app_context(), db.engine.connect() as connection:
        config = app.extensions["migrate"].migrate.get_config()
        heads = set(ScriptDirectory.from_config(config).get_heads())
        return set(MigrationContext.configure(connection).get_current_heads()) == heads


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work: committed whole, or not at all. The only place that commits.

    What was read before it began is forgotten, so that every value in it is read under its own locks.
    """
    session = db.session()
    session.rollback()
    session.connection(execution_options={"review_writes": True})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def insert_rows(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Send rows to a table in one go, without an object for each. Every row names the same columns, defaults included."""
    if rows:
        session.execute(insert(cast("Table", model.__table__)), rows)


def widen_cache(session: Session, kibibytes: int) -> None:
    """Let this connection to SQLite keep more of the database: for work that touches all of its indexes again and again."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql(f"PRAGMA cache_size=-{kibibytes}")


@event.listens_for(Engine, "do_connect")
def _make(dialect: Dialect, _record: Any, arguments: Sequence[Any], _named: Any) -> None:
    """A new file of SQLite is for our user alone, for it holds hashes of passwords; its `-wal` and `-shm` follow its mode."""
    if dialect.name == "sqlite" and arguments and not str(arguments[0]).startswith((":memory:", "file:")):
        make_private(arguments[0])


@event.listens_for(Engine, "connect")
def _open(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        f"busy_timeout={BUSY_MILLISECONDS}",
        "foreign_keys=ON",
        "synchronous=FULL",
        "temp_store=MEMORY",
        f"cache_size=-{CACHE_KIBIBYTES}",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get("review_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
