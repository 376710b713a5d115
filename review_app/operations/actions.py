"""Writing down how jobs ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from review_app.base.jobs import Ended
from review_app.operations.models import JobCount

COUNTS = cast("Table", JobCount.__table__)


def add_ended(session: Session, ended: Mapping[Ended, int]) -> None:
    """Add how often jobs have ended. In the order of their names, so that two workers never wait for each other."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    fresh = insert(COUNTS)
    adding = fresh.on_conflict_do_update(
        index_elements=["job", "result"], set_={"runs": JobCount.runs + fresh.excluded.runs}
    )
    rows = [{"job": job, "result": result, "runs": runs} for (job, result), runs in sorted(ended.items())]
    session.execute(adding, rows)
