"""Imports that hand out due dates in the same moment: real threads, a real database, a connection each."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import date

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.ordering import place_new
from review_app.articles.rules import SCORES
from tests.articles.test_ordering import MONDAY, set_desk

Sessions = Callable[[], AbstractContextManager[Session]]
IMPORTS, EACH, A_DAY = 6, 5, 7


def test_however_many_imports_run_no_day_gets_more_than_the_policy_says(
    database_url: str, session_of: Sessions, lead: User
) -> None:
    with session_of() as session:
        set_desk(session, lead, due_after_days=1, due_a_day=A_DAY)
    engine, gate = create_engine(database_url, pool_size=IMPORTS), threading.Barrier(IMPORTS)

    def bring(_import: int) -> list[date]:
        rows = [dict.fromkeys(SCORES, 50) | {"difficulty": "", "view_count": 0} for _ in range(EACH)]
        with Session(engine) as session:
            gate.wait(timeout=30)
            session.connection(execution_options={"review_writes": True})
            new = [row | {"awaiting_review": True, "waiting_since": MONDAY} for row in rows]
            place_new(session, new)
            session.commit()
        return [row["due_on"] for row in new]

    with ThreadPoolExecutor(IMPORTS) as threads:
        days = Counter(day for given in threads.map(bring, range(IMPORTS)) for day in given)
    engine.dispose()
    assert sum(days.values()) == IMPORTS * EACH
    assert sorted(days.values(), reverse=True) == [A_DAY] * 4 + [IMPORTS * EACH - 4 * A_DAY]
