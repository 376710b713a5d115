"""What Alembic runs: the application's own engine, and its models as the truth."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app

from review_app.base.database import Base

SEARCH = "article_search"
"""The full-text index is written by hand in its migration; SQLite keeps it in several tables of that name."""


def _is_ours(_object: object, name: str | None, kind: str, *_: Any) -> bool:
    return not (kind == "table" and (name or "").startswith(SEARCH))


def _run() -> None:
    migrate = current_app.extensions["migrate"]
    with migrate.db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=_is_ours,
            **migrate.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


_run()
