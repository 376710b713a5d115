"""The queue is read along its own indexes, however long it is: asked of the database's own plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.articles.ordering import any_out_of_place
from review_app.evidence.models import ArticleEvidence
from review_app.review_queue.actions import claim_next
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.models import Skip
from review_app.review_queue.place import place_of
from review_app.review_queue.queries import choices, lengths, list_queue, queue_length
from review_app.review_queue.reasons import before_on_its_day
from review_app.review_queue.rules import Sort
from tests.factories import LONG_AGO, make_article

Sessions = Callable[[], AbstractContextManager[Session]]
NOW = LONG_AGO + timedelta(days=1)
STACKS = ("flask", "nginx")
RARE = "cobol"
PLAIN_INDEX = "ix_article_queue"
INDEX_OF = {
    Sort.DESK: PLAIN_INDEX,
    Sort.OLDEST: "ix_article_waiting_since",
    Sort.NEWEST: "ix_article_waiting_since",
    Sort.LOWEST: "ix_article_score_sum",
    Sort.HIGHEST: "ix_article_score_sum",
    Sort.REPETITION: "ix_article_evidence_repeated",
    Sort.DUE: "ix_article_due_on",
}
FROM = "FROM (article|merge_proposal)"


@pytest.fixture
def long_queue(session_of: Sessions) -> None:
    """Articles of which most do not wait, and statistics that say so."""
    with session_of() as session:
        for number in range(400):
            stack = RARE if number % 80 == 0 else STACKS[number % 8 // 4]
            article = make_article(session, awaiting_review=number % 4 == 0, primary_stack=stack)
            article.waiting_since += timedelta(minutes=number)
            article.due_by_hand, article.due_on = True, (NOW + timedelta(days=number % 9)).date()
            session.add(
                ArticleEvidence(
                    article_id=article.id,
                    text_digest=article.text_digest,
                    measure_version=1,
                    measured_at=LONG_AGO,
                    facts={"images_from_placeholders": number % 7},
                    paragraphs=100,
                    shared=number % 100,
                    repeated=number % 100,
                    title_digest=number,
                    **{f"title_part_{part}": number // 2 for part in range(3)},
                )
            )
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
        for shortcut in ("seqscan", "bitmapscan", "sort"):  # which pay as long as tables are as short as here
            session.execute(text(f"SET LOCAL enable_{shortcut} = off"))

    def explain(conn: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")) and re.search(reading, statement):
            raw = conn.connection.cursor()
            raw.execute(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + statement, parameters)
            found.append("\n".join(str(row[-1]) for row in raw.fetchall()))

    event.listen(connection, "before_cursor_execute", explain)
    yield found
    event.remove(connection, "before_cursor_execute", explain)


def test_a_page_of_the_queue_is_read_along_its_index(session_of: Sessions, long_queue: None) -> None:
    for sort in Sort:
        with session_of() as session:
            after = list_queue(session, Filters(), now=NOW, sort=sort).next
            with plans(session) as found:
                list_queue(session, Filters(), now=NOW, sort=sort, after=after)
        assert INDEX_OF[sort] in found[0], sort
        assert "Sort" not in found[0]
        assert "TEMP B-TREE" not in found[0]


RARE_FILTERS = (
    {"age": "3"},
    {"overall_min": "60"},
    {"clarity_max": "40"},
    {"scored": "no"},
    {"repeats": "90"},
    {"title": "repeated"},
    {"images": "placeholder"},
    {"text": "changed"},
    {"merge": "waiting"},
    {"due": "overdue"},
    {"assigned": "me"},
    {"claimed": "no"},
)


def test_a_page_within_a_rare_filter_is_a_walk_in_order_with_look_ups(
    session_of: Sessions, long_queue: None, reviewer: User
) -> None:
    for rare in RARE_FILTERS:
        filters = QueueFilters.of(rare).asked_by(reviewer, NOW)
        with session_of() as session, plans(session) as found:
            list_queue(session, filters, now=NOW)
        assert "FOR ORDER BY" not in found[0], rare
        assert not re.search(r"SCAN \w+$", found[0], re.MULTILINE), rare
        assert "Seq Scan" not in found[0], rare


def test_the_counts_of_all_tabs_are_one_statement(session_of: Sessions, long_queue: None) -> None:
    some = [QueueFilters(stack=RARE), QueueFilters(stack="flask"), QueueFilters(overall_min="99")]
    with session_of() as session, plans(session) as found:
        assert lengths(session, some, 20) == [5, 21, 0]
    assert len(found) <= 1


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
    assert "ix_article_queue_assigned_to_id" in found[0]
    assert "TEMP B-TREE" not in found[0]


def test_claiming_the_next_within_a_filter_reads_along_the_filter_s_index(
    session_of: Sessions, long_queue: None, reviewer: User
) -> None:
    with session_of() as session, plans(session) as found:
        claim_next(session, reviewer, Filters(stack=RARE), now=NOW, lease=timedelta(minutes=15))
    assert "ix_article_queue_primary_stack" in found[1]


ASSIGNED_INDEX = "ix_article_queue_assigned_to_id"


def test_the_next_is_one_s_own_or_nobody_s_along_an_index_however_much_is_assigned_and_skipped(
    session_of: Sessions, long_queue: None, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        waiting = select(Article.id).where(Article.awaiting_review).order_by(Article.queue_rank)
        theirs = session.scalars(waiting.limit(60)).all()
        session.execute(update(Article).where(Article.id.in_(theirs)).values(assigned_to_id=colleague.id))
        for article_id in session.scalars(waiting.offset(60).limit(20)):
            session.add(Skip(article_id=article_id, user_id=reviewer.id, reason="", skipped_at=NOW))
    with session_of() as session:
        session.execute(text("ANALYZE"))
    with session_of() as session, plans(session) as found:
        assert claim_next(session, reviewer, Filters(), now=NOW, lease=timedelta(minutes=15))
    assert len(found) == 2, "one look for what is theirs, one for what is nobody's"
    for plan in found:
        assert ASSIGNED_INDEX in plan
        assert "Sort" not in plan
        assert "TEMP B-TREE" not in plan


def test_what_stands_out_of_place_is_found_along_an_index(session_of: Sessions, long_queue: None) -> None:
    with session_of() as session, plans(session) as found:
        assert not any_out_of_place(session)
    assert len(found) == 2
    assert all("ix_article_ordered_by" in plan for plan in found)


def test_the_place_among_those_of_one_day_is_counted_along_the_queue(
    session_of: Sessions, long_queue: None
) -> None:
    with session_of() as session, plans(session) as found:
        last = select(Article).where(Article.awaiting_review).order_by(Article.queue_rank.desc())
        article = session.scalars(last).first()
        assert article is not None
        assert before_on_its_day(session, article) == 99
    assert PLAIN_INDEX in found[-1]


def test_the_oldest_is_found_along_the_index(session_of: Sessions, long_queue: None) -> None:
    with session_of() as session, plans(session) as found:
        queue_length(session, Filters())
    assert INDEX_OF[Sort.OLDEST] in found[1]


def test_the_choices_of_filters_are_found_along_their_indexes(session_of: Sessions, long_queue: None) -> None:
    with session_of() as session, plans(session) as found:
        values = choices(session)
    assert values["stack"] == sorted([RARE, *STACKS])
    assert values["flag"] == ["needs_human_review"]
    assert "ix_article_queue_primary_stack" in found[0]


@pytest.mark.parametrize(
    ("filters", "index"), [(Filters(), PLAIN_INDEX), (Filters(stack=RARE), "ix_article_queue_primary_stack")]
)
def test_an_article_s_place_is_counted_along_the_index(
    session_of: Sessions, long_queue: None, filters: Filters, index: str
) -> None:
    with session_of() as session:
        article = list_queue(session, Filters(stack=RARE), now=NOW).rows[2].article
        with plans(session) as found:
            place_of(session, article, filters)
    assert found[0].count(index) >= 4
    assert "TEMP B-TREE" not in found[0]
