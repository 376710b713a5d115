"""What Alembic runs: the application's own engine, and its models as the truth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from review_app.base.database import Base

SEARCH = "article_search"
"""The full-text index is written by hand in its migration; SQLite keeps it in several tables of that name."""


def _is_ours(_object: object, name: str | None, kind: str, *_: Any) -> bool:
    return not (kind == "table" and (name or "").startswith(SEARCH))


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """SQLite changes a constraint only by making the table again, and dropping the old one would empty what points at it.

    The switch does nothing inside a transaction, so it is made on the driver's connection, before SQLAlchemy begins one.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _run() -> None:
    migrate = current_app.extensions["migrate"]
    with migrate.db.engine.connect() as connection, _without_foreign_keys(connection):
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=_is_ours,
            **migrate.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


_run()
