"""The queue stands in the order of the policy, wherever an article comes from and whatever changes in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles import jobs, ordering
from review_app.articles.models import Article, DueDay, FigureChange
from review_app.articles.queries import lock_article
from review_app.articles.rules import Ranking
from review_app.articles.search import forget_articles
from review_app.evidence.actions import remeasure
from review_app.outbox.actions import SYSTEM
from review_app.review_queue.actions import put_into_queue
from review_app.review_queue.due_dates import set_due
from review_app.reviewing.policy import DeskRules, set_floors
from review_app.reviewing.queries import current_rules
from review_app.worker import run_pending
from tests.factories import make_article
from tests.reviewing.desk import import_again, judge, retire_checklist, undo

Sessions = Callable[[], AbstractContextManager[Session]]
MONDAY = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 11, day) for day in (17, 18, 19, 20))
LONG = (
    "A paragraph that is long enough to be compared with those of other articles, about leases and queues. "
)


def set_desk(session: Session, lead: User, *, now: datetime = MONDAY, **desk: Any) -> None:
    """Set the policy for the desk."""
    based_on = current_rules(session).version
    rules = DeskRules(**desk)
    set_floors(session, lead, {}, "A test.", based_on=based_on, desk=rules, actor=SYSTEM, now=now)


def queue(session: Session) -> list[str]:
    """The articles that wait, in order."""
    query = select(Article.source_id).where(Article.awaiting_review)
    return list(session.scalars(query.order_by(Article.queue_rank, Article.id)))


def due(session: Session) -> dict[str, date | None]:
    """By when each waiting article is due."""
    query = select(Article.source_id, Article.due_on).where(Article.awaiting_review).order_by(Article.id)
    return dict(session.execute(query).all())


def assert_days_add_up(session: Session) -> None:
    """What the table of days says is what there is."""
    version = ordering.current_order(session).due_version
    sums = select(DueDay.day, func.sum(DueDay.articles)).where(DueDay.version == version).group_by(DueDay.day)
    told = {day: int(number) for day, number in session.execute(sums) if number}
    there = Counter(day for day in due(session).values() if day)
    assert told == there


def test_a_change_of_the_policy_puts_the_whole_queue_into_another_order(
    app: Flask, session_of: Sessions, lead: User
) -> None:
    with session_of() as session:
        make_article(session, "old", quality=90, freshness=90, depth=90, clarity=90, difficulty="advanced")
        make_article(session, "unscored", depth=None, difficulty="intermediate", view_count=5_000_000)
        make_article(session, "poor", clarity=3, difficulty="beginner", view_count=None)
    expected = {
        "lowest_score": ["unscored", "poor", "old"],
        "difficulty": ["poor", "unscored", "old"],
        "views": ["unscored", "old", "poor"],
        "oldest": ["old", "unscored", "poor"],
    }
    for ranking, order in expected.items():
        with session_of() as session:
            versions = session.scalars(select(Article.row_version)).all()
            set_desk(session, lead, ranking=Ranking(ranking))
        run_pending(app)
        with session_of() as session:
            assert queue(session) == order
            assert session.scalars(select(Article.row_version)).all() == versions
            assert not ordering.any_out_of_place(session)


def test_what_is_written_in_the_new_order_stands_in_it_at_once(session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        set_desk(session, lead, ranking=Ranking.LOWEST_SCORE)
        retire_checklist(session)
        make_article(session, "first", quality=50)
        make_article(session, "second", quality=60)
        import_again(session, "third", **{"score.quality": 40})
        assert queue(session) == ["third", "first", "second"]
        saved = judge(session, "second", lead, "save", scores={"quality": 30})
        assert queue(session) == ["second", "third", "first"]
        undo(session, saved, lead)
        assert queue(session) == ["third", "first", "second"]
        decision = judge(session, "third", lead, "approve")
        assert queue(session) == ["first", "second"]
        undo(session, decision, lead)
        assert queue(session) == ["third", "first", "second"]
        import_again(session, "third", **{"score.quality": 55})
        assert queue(session) == ["first", "third", "second"]
        article = make_article(session, "put", awaiting_review=False, quality=1)
        put_into_queue(session, article, actor=SYSTEM, now=MONDAY)
        session.flush()
        assert queue(session)[0] == "put"


def test_what_a_lead_puts_behind_stays_there_until_it_begins_to_wait_anew(
    app: Flask, session_of: Sessions, lead: User
) -> None:
    with session_of() as session:
        behind = make_article(session, "behind", quality=1)
        make_article(session, "other")
        behind.behind_since = MONDAY
        session.flush()
        assert queue(session) == ["other", "behind"]
        set_desk(session, lead, ranking=Ranking.LOWEST_SCORE)
    run_pending(app)
    with session_of() as session:
        retire_checklist(session)
        assert queue(session) == ["other", "behind"]
        decision = judge(session, "behind", lead, "approve")
        undo(session, decision, lead)
        assert queue(session) == ["other", "behind"]
        judge(session, "behind", lead, "request_changes")
        import_again(session, "behind", body="<p>Other words.</p>", **{"score.quality": 1})
        assert queue(session) == ["behind", "other"]


def test_the_job_works_in_short_transactions_and_goes_on_where_it_was_killed(
    app: Flask, session_of: Sessions, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "AT_ONCE", 3)
    with session_of() as session:
        for number in range(8):
            make_article(session, f"n{number}", quality=50 - number)
    with session_of() as session:
        set_desk(session, lead, ranking=Ranking.LOWEST_SCORE, due_after_days=1, due_a_day=2)
    with session_of() as session:
        assert ordering.place_some(session) == 3
    with pytest.raises(KeyboardInterrupt):
        _be_killed_while_placing(session_of)
    with app.app_context():
        jobs.order_queue()
    with session_of() as session:
        assert queue(session) == [f"n{number}" for number in reversed(range(8))]
        assert list(due(session).values()) == [
            day for day in (TUESDAY, WEDNESDAY, THURSDAY, FRIDAY) for _ in range(2)
        ]
        assert_days_add_up(session)


def _be_killed_while_placing(session_of: Sessions) -> None:
    with session_of() as session:
        assert ordering.place_some(session) == 3
        raise KeyboardInterrupt


def test_a_bulk_of_articles_is_spread_over_the_days(session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        set_desk(session, lead, due_after_days=3, due_a_day=2)
        for number in range(5):
            import_again(session, f"n{number}", now=MONDAY)
        assert list(due(session).values()) == [THURSDAY, THURSDAY, FRIDAY, FRIDAY, date(2026, 11, 23)]
        assert_days_add_up(session)


def test_a_day_has_room_again_when_an_article_is_settled_or_taken_back(
    session_of: Sessions, lead: User
) -> None:
    with session_of() as session:
        set_desk(session, lead, due_after_days=1, due_a_day=1)
        retire_checklist(session)
        import_again(session, "a", now=MONDAY)
        import_again(session, "b", now=MONDAY)
        decision = judge(session, "a", lead, "reject", now=MONDAY)
        import_again(session, "c", now=MONDAY)
        assert due(session) == {"b": WEDNESDAY, "c": TUESDAY}
        undo(session, decision, lead, now=MONDAY)
        assert due(session)["a"] == TUESDAY, "a rollback gives it back its place, even on a full day"
        assert_days_add_up(session)
        ids = list(session.scalars(select(Article.id).where(Article.source_id != "b")))
        ordering.forget_days(session, ids)
        forget_articles(session, ids)
        session.execute(delete(Article).where(Article.id.in_(ids)))
        session.expire_all()
        assert_days_add_up(session)
        import_again(session, "d", now=MONDAY)
        assert due(session) == {"b": WEDNESDAY, "d": TUESDAY}


def test_rows_of_one_day_are_added_up_before_they_are_many(
    session_of: Sessions, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_app.articles.due.MOST_ROWS_BESIDES", 3)
    with session_of() as session:
        set_desk(session, lead, due_after_days=1, due_a_day=100)
        for number in range(9):
            import_again(session, f"n{number}", now=MONDAY)
        assert len(session.scalars(select(DueDay)).all()) < 6
        assert_days_add_up(session)


def test_a_day_that_a_lead_chose_outlives_a_new_policy_and_can_be_given_back(
    app: Flask, session_of: Sessions, lead: User
) -> None:
    with session_of() as session:
        set_desk(session, lead, due_after_days=1, due_a_day=10)
        make_article(session, "a")
        make_article(session, "b")
        session.flush()
        set_due(session, lock_article(session, "b"), FRIDAY, actor=SYSTEM, now=MONDAY)
    with session_of() as session:
        set_desk(session, lead, due_after_days=2, due_a_day=10)
    run_pending(app)
    with session_of() as session:
        assert due(session) == {"a": WEDNESDAY, "b": FRIDAY}
        assert_days_add_up(session)
        set_due(session, lock_article(session, "b"), None, actor=SYSTEM, now=MONDAY)
        assert due(session)["b"] == WEDNESDAY
        assert_days_add_up(session)


def test_another_ranking_alone_changes_no_due_date(app: Flask, session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        set_desk(session, lead, due_after_days=1)
        make_article(session, "a")
    with session_of() as session:
        later = MONDAY + timedelta(days=30)
        set_desk(session, lead, now=later, due_after_days=1, ranking=Ranking.VIEWS)
    run_pending(app)
    with session_of() as session:
        assert due(session) == {"a": TUESDAY}


def test_without_a_term_nothing_is_due_any_more(app: Flask, session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        set_desk(session, lead, due_after_days=1)
        make_article(session, "a")
    with session_of() as session:
        set_desk(session, lead)
    run_pending(app)
    with session_of() as session:
        assert due(session) == {"a": None}


def test_what_repeats_others_moves_up_when_that_is_found(
    app: Flask, session_of: Sessions, lead: User
) -> None:
    with session_of() as session:
        set_desk(session, lead, ranking=Ranking.REPETITION)
        own = make_article(session, "own", html=f"<p>{LONG} Mine alone.</p>")
        like = make_article(session, "like", html=f"<p>{LONG * 2}</p>")
        remeasure(session, [own.id, like.id], MONDAY)
    run_pending(app)
    with session_of() as session:
        assert queue(session) == ["own", "like"]
        copy = make_article(session, "copy", html=f"<p>{LONG * 2}</p>")
        assert queue(session) == ["own", "like", "copy"]
        remeasure(session, [copy.id], MONDAY)
    run_pending(app)
    with session_of() as session:
        assert queue(session) == ["like", "copy", "own"]
        assert session.scalars(select(FigureChange)).all() == []


def test_evidence_leaves_nothing_to_do_where_the_queue_is_ranked_otherwise(session_of: Sessions) -> None:
    with session_of() as session:
        remeasure(session, [make_article(session, html=f"<p>{LONG}</p>").id], MONDAY)
        assert not ordering.any_out_of_place(session)
