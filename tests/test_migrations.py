"""Migrations match the models, and run down and up again, on each database."""

from __future__ import annotations

from collections import Counter

import flask_migrate
import pytest
from sqlalchemy import inspect

from review_app.base.database import Base, db


def test_the_migrations_match_the_models(app):
    with app.app_context():
        flask_migrate.check()


def test_the_check_of_migrations_sees_a_column_that_is_missing(app):
    with app.app_context():
        with db.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE api_token DROP COLUMN revoked_at")
        with pytest.raises(SystemExit):
            flask_migrate.check()


def test_the_migrations_run_down_and_up_again(app):
    with app.app_context():
        before = shape_of_database()
        flask_migrate.downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        flask_migrate.upgrade()
        assert shape_of_database() == before
        assert set(Base.metadata.tables) <= set(before)


def shape_of_database() -> dict[str, Counter[str]]:
    """Tables with the names of their columns, indexes and constraints."""
    inspector = inspect(db.engine)
    return {
        table: Counter(
            str(item["name"])
            for items in (
                inspector.get_columns(table),
                inspector.get_indexes(table),
                inspector.get_unique_constraints(table),
                inspector.get_check_constraints(table),
                inspector.get_foreign_keys(table),
            )
            for item in items
        )
        for table in inspector.get_table_names()
    }
