"""Marks: how far something has come. Whoever holds one is the only one at it, in whatever process."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from review_app.publishing.models import PublishMark


def hold_mark(session: Session, name: str) -> PublishMark:
    """The mark of this name, held until the transaction ends; on SQLite whoever writes is alone anyhow."""
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    fresh = (sqlite_insert if on_sqlite else postgresql_insert)(PublishMark).values(name=name, value=0)
    session.execute(fresh.on_conflict_do_nothing())
    query = select(PublishMark).where(PublishMark.name == name).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()
