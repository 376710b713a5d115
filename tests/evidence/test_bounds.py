"""Evidence reads along its indexes and in a few statements, however much there is: asked of the database's own plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from review_app.articles.queries import get_article
from review_app.evidence.actions import remeasure
from review_app.evidence.queries import articles_with, evidence_of, most_repeated
from tests.evidence.texts import changed, html, paragraph
from tests.factories import LONG_AGO, make_article

Sessions = Callable[[], AbstractContextManager[Session]]
TODAY = date(2026, 11, 2)


@pytest.fixture(params=[30, 150])
def desk(session_of: Sessions, request: pytest.FixtureRequest) -> None:
    """Few or many articles, in which paragraphs recur, word for word and nearly."""
    with session_of() as session:
        ids = []
        for number in range(request.param):
            body = html(
                paragraph(number % 10), changed(paragraph(100), 0.05, number), paragraph(200 + number)
            )
            ids.append(
                make_article(session, f"n{number:03}", body, title=f"One of the titles {number % 5}").id
            )
        remeasure(session, ids, LONG_AGO)
    with session_of() as session:
        session.execute(text("ANALYZE"))


@contextmanager
def plans(session: Session) -> Iterator[list[str]]:
    """The plans of the block's statements, in order."""
    found: list[str] = []
    connection = session.connection()
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        session.execute(text("SET LOCAL enable_seqscan = off"))

    def explain(conn: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        raw = conn.connection.cursor()
        raw.execute(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + statement, parameters)
        found.append("\n".join(str(row[-1] if sqlite else row[0]) for row in raw.fetchall()))

    event.listen(connection, "before_cursor_execute", explain)
    yield found
    event.remove(connection, "before_cursor_execute", explain)


def assert_along_indexes(plan: str) -> None:
    for table in ("article", "article_body", "article_evidence", "paragraph", "passage"):
        lines = [line.strip() for line in plan.splitlines()]
        assert f"SCAN {table}" not in lines, plan
        assert not any(line.startswith(f"->  Seq Scan on {table}") for line in lines), plan


def test_the_evidence_on_an_article_is_read_along_indexes_in_eight_statements(
    session_of: Sessions, desk: None
) -> None:
    with session_of() as session:
        article = get_article(session, "n001")
        with plans(session) as found:
            evidence = evidence_of(session, article, TODAY)
    kinds = [fact.kind for fact in evidence.facts]
    assert {"paragraphs", "paragraphs_nearly", "title_same", "title_nearly"} <= set(kinds)
    assert len(found) <= 8
    for plan in found:
        assert_along_indexes(plan)
    assert "ix_passage_band_0" in found[2]
    assert "ix_passage_band_3" in found[2]
    assert any("ix_article_evidence_title_part_2" in plan for plan in found)


def test_the_most_repeated_paragraphs_are_read_along_their_index(session_of: Sessions, desk: None) -> None:
    with session_of() as session:
        after = most_repeated(session, size=3).next
        with plans(session) as found:
            most_repeated(session, after, size=3)
    assert "ix_passage_repeated" in found[0]
    assert "TEMP B-TREE" not in found[0]
    assert "Sort" not in found[0]
    assert len(found) == 2
    assert_along_indexes(found[1])


def test_the_articles_of_a_paragraph_are_read_along_their_index(session_of: Sessions, desk: None) -> None:
    with session_of() as session:
        digest = most_repeated(session).rows[0].digest
        after = articles_with(session, digest, size=1).next
        with plans(session) as found:
            articles_with(session, digest, after, size=1)
    assert "ix_paragraph_digest_article_id" in found[0]
    assert "TEMP B-TREE" not in found[0]
