"""Rolling back: a new decision that undoes the last one that stands, and never opens the gate to an unread text."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from review_app.accounts.models import User
from review_app.articles.actions import State, set_state
from review_app.articles.models import Article
from review_app.base.errors import Conflict, Forbidden, Invalid
from review_app.outbox.models import OutboxEvent
from review_app.reviewing.models import Decision
from tests.factories import make_article
from tests.reviewing.desk import NOW, UNDO, Sessions, judge, undo

LATER = NOW + UNDO + timedelta(seconds=1)


@pytest.mark.parametrize("outcome", ["save", "approve", "request_changes", "reject", "archive"])
def test_everything_is_as_it_was_before(session_of: Sessions, lead: User, outcome: str) -> None:
    with session_of() as session:
        article = make_article(session, "a", queue_rank=42, quality=11, revision_version="4.5.6")
        before = State.of(article)
        decision = judge(session, "a", lead, outcome, scores={"quality": 99})
        undone = undo(session, decision, lead)
        assert State.of(article) == before
        assert article.row_version == 3
        assert (undone.outcome, undone.reverts_id) == ("rollback", decision.id)
        assert session.scalars(select(Decision)).all() == [decision, undone]


def test_an_article_that_was_approved_is_so_again(session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        article = make_article(
            session,
            "a",
            revision_status="approved",
            awaiting_review=False,
            indexable=True,
            published_version="1.2.3",
        )
        decision = judge(session, "a", lead, "reject")
        assert not article.indexable
        undo(session, decision, lead)
        assert article.indexable
        assert article.published_version == "1.2.3"


def test_never_back_to_the_approval_of_another_text(session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        article = make_article(session, "a")
        judge(session, "a", lead, "approve")
        decision = judge(session, "a", lead, "reject")
        article.text_digest = "another text"
        undo(session, decision, lead)
        assert (article.revision_status, article.indexable) == ("drafted", False)
        assert article.awaiting_review


def test_only_the_last_that_stands_and_each_one_once(session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        article = make_article(session, "a", quality=1)
        first = judge(session, "a", lead, "save", scores={"quality": 2})
        second = judge(session, "a", lead, "save", scores={"quality": 3})
        with pytest.raises(Conflict):
            undo(session, first, lead)
        undone = undo(session, second, lead)
        for again in (second, undone):
            with pytest.raises(Conflict):
                undo(session, again, lead)
        undo(session, first, lead)
        assert article.quality == 1


def test_the_database_lets_nothing_be_undone_twice(session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        make_article(session, "a")
        undone = undo(session, judge(session, "a", lead, "reject"), lead)
        copy = {column.name: getattr(undone, column.name) for column in Decision.__table__.columns}
        with pytest.raises(IntegrityError):
            session.execute(Decision.__table__.insert().values(**copy | {"id": 999}))


def test_a_reviewer_takes_back_the_own_decision_while_the_window_lasts(
    session_of: Sessions, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        article = make_article(session, "a")
        decision = judge(session, "a", reviewer, "reject")
        for user, now in ((colleague, NOW), (reviewer, LATER), (colleague, LATER)):
            with pytest.raises(Forbidden):
                undo(session, decision, user, now=now)
        undo(session, decision, reviewer, "", now=NOW + UNDO)
        assert article.revision_status == "drafted"


def test_a_lead_needs_a_note_but_for_the_own_fresh_decision(
    session_of: Sessions, reviewer: User, lead: User
) -> None:
    with session_of() as session:
        make_article(session, "a")
        undo(session, judge(session, "a", lead, "reject"), lead, "")
        for decision, now in (
            (judge(session, "a", reviewer, "save"), NOW),
            (judge(session, "a", lead, "save"), LATER),
        ):
            with pytest.raises(Invalid) as refused:
                undo(session, decision, lead, " ", now=now)
            assert list(refused.value.fields) == ["note"]
        undo(session, decision, lead, "seen twice", now=LATER)


def test_what_was_rolled_back_in_time_never_reaches_the_outside(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        make_article(session, "a")
        undo(session, judge(session, "a", reviewer, "approve"), reviewer, now=NOW + timedelta(seconds=5))
        assert [event.state for event in session.scalars(select(OutboxEvent))] == ["cancelled"]


def test_what_was_rolled_back_late_is_told_at_once(session_of: Sessions, reviewer: User, lead: User) -> None:
    with session_of() as session:
        make_article(session, "a")
        undo(session, judge(session, "a", reviewer, "approve"), lead, now=LATER)
        events = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id)).all()
        assert [(event.kind, event.release_at) for event in events] == [
            ("article.approved", NOW + UNDO),
            ("article.withdrawn", LATER),
        ]


def test_a_page_opened_before_a_rollback_is_stale(session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        article = make_article(session, "a")
        decision = judge(session, "a", lead, "save")
        seen = article.row_version
        undo(session, decision, lead)
        with pytest.raises(Conflict):
            judge(session, "a", lead, "approve", row_version=seen)


def test_setting_a_state_cannot_make_anything_but_an_approved_article_indexable(session_of: Sessions) -> None:
    with session_of() as session:
        article = make_article(
            session,
            "a",
            revision_status="approved",
            awaiting_review=False,
            indexable=True,
            published_version="1",
        )
        before = State.of(article)
        for status in ("drafted", "reviewed", "changes_requested", "rejected", "archived"):
            values = {**before.as_json(), "status": status, "awaiting_review": True}
            set_state(article, State.from_json(values), NOW)
            session.flush()
            assert not article.indexable
            assert article.published_version is None
    with session_of() as session:
        assert session.scalars(select(Article)).one().awaiting_review is False
