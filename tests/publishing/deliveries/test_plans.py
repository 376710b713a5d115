"""Many at once, of a table whose statistics know of none: what is next is found without reading all that waits for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

from review_app.base.clock import utc_now
from review_app.base.database import insert_rows
from review_app.outbox.models import OutboxEvent
from review_app.publishing.deliveries.leases import lease_some
from review_app.publishing.deliveries.queries import due_targets
from review_app.publishing.deliveries.relay import relay_some
from review_app.publishing.deliveries.rules import RELAYED_AT_ONCE
from review_app.publishing.models import Delivery
from tests.publishing.deliveries.conftest import make_target

Sessions = Callable[[], AbstractContextManager[Session]]
DELIVERED, WAITING = 1_000, 1_500


@pytest.fixture
def target_id(session_of: Sessions) -> int:
    """A target to which much was delivered, as the statistics say, and to which as much more is to go since then."""
    with session_of() as session:
        target_id = make_target(session, "http://127.0.0.1:9/hook").id
        _fill(session, target_id, range(DELIVERED), "delivered")
    with session_of() as session:
        session.execute(text("ANALYZE"))
    with session_of() as session:
        _fill(session, target_id, range(DELIVERED, DELIVERED + WAITING), "waiting")
    return target_id


def _tell(session: Session, numbers: range, state: str, release_at: datetime) -> list[dict[str, Any]]:
    said = {"kind": "article.approved", "payload": {}, "state": state, "created_at": utc_now()}
    named = ({"id": one + 1, "cause": f"test:{one}", "subject": f"article:a-{one}"} for one in numbers)
    events = [one | said | {"release_at": release_at} for one in named]
    insert_rows(session, OutboxEvent, events)
    return events


def _fill(session: Session, target_id: int, numbers: range, state: str) -> None:
    now = utc_now() - timedelta(minutes=1)
    events = _tell(session, numbers, "delivered", now)
    kept = {"target_id": target_id, "action": "tell", "state": state, "created_at": now, "due_at": now}
    rows = [
        {"outbox_id": one["id"], "message_id": f"msg_{one['id']}", "subject": one["subject"]} | kept
        for one in events
    ]
    insert_rows(session, Delivery, [{"reason": "", "attempts": 0} | row for row in rows])


@contextmanager
def heard(of: str) -> Iterator[list[tuple[str, Any]]]:
    """The statements of the block that say `of`, with their values."""
    statements: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if of in statement:
            statements.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    yield statements
    event.remove(Engine, "before_cursor_execute", note)


def rows_read(plan: dict[str, Any]) -> float:
    """How many rows a part of PostgreSQL's plan and its parts read, those that it left out included."""
    left_out = ("Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck")
    own = plan["Actual Rows"] + sum(plan.get(name, 0) for name in left_out)
    return own * plan["Actual Loops"] + sum(rows_read(part) for part in plan.get("Plans", ()))


def assert_cheap(connection: Connection, statement: str, parameters: Any) -> None:
    """Fail if the statement reads much more than there is once; SQLite does not count, but names its indexes."""
    if connection.dialect.name == "postgresql":
        explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        (found,) = explained.scalar_one()
        assert rows_read(found["Plan"]) < 10 * WAITING, found
        return
    steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert [step for step in steps if "_subject_id (subject=?" in step], steps
    assert not [step for step in steps if re.search("SCAN (delivery|outbox)(?! USING INDEX ix)", step)], steps


def test_the_next_of_many_deliveries_are_found_by_their_indexes(session_of: Sessions, target_id: int) -> None:
    with session_of() as session, heard("AS earlier") as statements:
        assert lease_some(session, target_id, "worker", utc_now())
    assert len(statements) == 2, "what is urgent, and the rest"
    with session_of() as session:
        for said in statements:
            assert_cheap(session.connection(), *said)


def test_what_is_urgent_among_many_is_found_without_the_others(session_of: Sessions, target_id: int) -> None:
    with session_of() as session:
        session.execute(update(Delivery).where(Delivery.id > DELIVERED + WAITING - 3).values(urgent=True))
    with session_of() as session, heard("AS earlier") as statements:
        leased = lease_some(session, target_id, "worker", utc_now())
        assert [one.id for one in leased[:4]] == [DELIVERED + WAITING - 2 + n for n in range(3)] + [
            DELIVERED + 1
        ]
    statement, parameters = statements[0]
    with session_of() as session:
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
            (found,) = explained.scalar_one()
            assert rows_read(found["Plan"]) < 50, found
        else:
            explained = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            assert "USING COVERING INDEX ix_delivery_urgent" in str(steps := explained.all()) or (
                "USING INDEX ix_delivery_urgent" in str(steps)
            ), steps


def test_the_targets_for_which_much_waits_are_found_by_its_indexes(
    session_of: Sessions, target_id: int
) -> None:
    with session_of() as session, heard("AS earlier") as statements:
        assert due_targets(session, utc_now()) == [target_id]
    (said,) = statements
    with session_of() as session:
        assert_cheap(session.connection(), *said)


def test_the_next_of_many_events_are_found_by_their_indexes(session_of: Sessions) -> None:
    now = utc_now()
    with session_of() as session:
        _tell(session, range(DELIVERED), "delivered", now)
    with session_of() as session:
        session.execute(text("ANALYZE"))
    with session_of() as session:
        numbers = range(DELIVERED, DELIVERED + WAITING)
        _tell(session, numbers[::2], "waiting", now)
        _tell(session, numbers[1::2], "waiting", now + timedelta(hours=1))
    with session_of() as session, heard("outbox.subject") as statements:
        assert relay_some(session, now)[0] == RELAYED_AT_ONCE
    assert len(statements) == 2  # what is next, and whether anything of the same subjects comes before it
    with session_of() as session:
        for one in statements:
            assert_cheap(session.connection(), *one)
