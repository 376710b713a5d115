"""The queue is read along its own indexes, however long it is: asked of the database's own plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.filters import Filters
from review_app.review_queue.actions import claim_next
from review_app.review_queue.queries import choices, list_queue, queue_length
from review_app.review_queue.rules import Sort
from tests.factories import LONG_AGO, make_article

Sessions = Callable[[], AbstractContextManager[Session]]
NOW = LONG_AGO + timedelta(days=1)
STACKS = ("flask", "nginx")
RARE = "cobol"
PLAIN_INDEX = "ix_article_queue"
FROM = "FROM (article|merge_proposal)"


@pytest.fixture
def long_queue(session_of: Sessions) -> None:
    """Articles of which most do not wait, and statistics that say so."""
    with session_of() as session:
        for number in range(400):
            stack = RARE if number % 80 == 0 else STACKS[number % 8 // 4]
            make_article(session, awaiting_review=number % 4 == 0, primary_stack=stack)
    with session_of() as session:
        session.execute(text("ANALYZE"))


@contextmanager
def plans(session: Session, reading: str = FROM) -> Iterator[list[str]]:
    """The plans of the statements in the block that read articles, or what waits to be merged into them, in order.

    `reading` is a pattern for other statements.
    """
    found: list[str] = []
    connection = session.connection()
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        session.execute(text("SET LOCAL enable_seqscan = off"))

    def explain(conn: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")) and re.search(reading, statement):
            raw = conn.connection.cursor()
            raw.execute(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + statement, parameters)
            found.append("\n".join(str(row[-1]) for row in raw.fetchall()))

    event.listen(connection, "before_cursor_execute", explain)
    yield found
    event.remove(connection, "before_cursor_execute", explain)


@pytest.mark.parametrize("sort", list(Sort))
def test_a_page_of_the_queue_is_read_along_its_index(
    session_of: Sessions, long_queue: None, sort: Sort
) -> None:
    with session_of() as session:
        after = list_queue(session, Filters(), now=NOW, sort=sort).next
        with plans(session) as found:
            list_queue(session, Filters(), now=NOW, sort=sort, after=after)
    assert PLAIN_INDEX in found[0]
    assert "Sort" not in found[0]
    assert "TEMP B-TREE" not in found[0]


def test_a_filtered_page_is_read_along_the_filter_s_index(session_of: Sessions, long_queue: None) -> None:
    with session_of() as session, plans(session) as found:
        list_queue(session, Filters(stack=RARE), now=NOW)
    assert "ix_article_queue_primary_stack" in found[0]
    assert "TEMP B-TREE" not in found[0]


def test_claiming_the_next_reads_along_the_index(
    session_of: Sessions, long_queue: None, reviewer: User
) -> None:
    with session_of() as session, plans(session) as found:
        claim_next(session, reviewer, Filters(), now=NOW, lease=timedelta(minutes=15))
    assert PLAIN_INDEX in found[0]
    assert "TEMP B-TREE" not in found[0]


def test_claiming_the_next_within_a_filter_reads_along_the_filter_s_index(
    session_of: Sessions, long_queue: None, reviewer: User
) -> None:
    with session_of() as session, plans(session) as found:
        claim_next(session, reviewer, Filters(stack=RARE), now=NOW, lease=timedelta(minutes=15))
    assert "ix_article_queue_primary_stack" in found[0]


def test_the_oldest_is_found_along_the_index(session_of: Sessions, long_queue: None) -> None:
    with session_of() as session, plans(session) as found:
        queue_length(session, Filters())
    assert "ix_article_waiting_since" in found[1]


def test_the_choices_of_filters_are_found_along_their_indexes(session_of: Sessions, long_queue: None) -> None:
    with session_of() as session, plans(session) as found:
        values = choices(session)
    assert values["stack"] == sorted([RARE, *STACKS])
    assert values["flag"] == ["needs_human_review"]
    assert "ix_article_queue_primary_stack" in found[0]
