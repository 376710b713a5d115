"""Loading the demo data and taking them away leaves a desk exactly as it was."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review_app.accounts.actions import add_token
from review_app.accounts.rules import Role
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.importing.batches import finish, open_batch
from review_app.operations.demo.loading import demo_is_loaded, load_demo, remove_demo
from review_app.outbox.actions import SYSTEM
from review_app.review_queue.actions import hold, skip
from review_app.reviewing.actions import roll_back
from review_app.reviewing.policy import set_floors
from review_app.reviewing.rules import Outcome
from tests.factories import make_article, make_user
from tests.operations.conftest import A_WEDNESDAY, UNDO
from tests.operations.demo_acts import (
    AFTER,
    BEFORE,
    LEASE,
    a_waiting_demo_article,
    dump,
    judge,
    publish,
    real_person,
)

Transaction = Callable[[], AbstractContextManager[Session]]

pytestmark = pytest.mark.slow


@pytest.fixture
def real_desk(session_of: Transaction) -> None:
    """A desk on which people already work: with a policy, imports, decisions, a rollback, claims, skips, publications.

    Articles wait there that come before any of the demo's, and others do not wait, as many of the demo's do not.
    """
    with session_of() as session:
        lead = make_user(session, Role.LEAD, "lead@example.com")
        reviewer = make_user(session, email="real@example.com")
        add_token(session, reviewer, "script", actor=SYSTEM, now=BEFORE)
        floors = {"quality": 30}
        set_floors(session, lead, floors, "why not", based_on=0, actor=lead.as_actor(), now=BEFORE)
        batch = open_batch(session, "real.jsonl", "page", user_id=lead.id, actor=lead.as_actor(), now=BEFORE)
        finish(session, batch, BEFORE)
        for number in range(1, 9):
            make_article(session, f"real-{number}", batch_id=batch.id, queue_rank=number)
        for number in range(9, 60):
            make_article(session, f"real-{number}", awaiting_review=False, needs_human_review=False)
        for number, outcome in enumerate((Outcome.APPROVE, Outcome.APPROVE, Outcome.REJECT, Outcome.SAVE), 1):
            hold(session, lock_article(session, f"real-{number}"), reviewer, now=BEFORE, lease=LEASE)
            decision = judge(session, f"real-{number}", reviewer, outcome, BEFORE + timedelta(seconds=70))
        publish(session, ["real-1"], lead, BEFORE + timedelta(hours=1))
        undo_at, article = BEFORE + timedelta(hours=2), lock_article(session, "real-4")
        actor = lead.as_actor()
        roll_back(session, decision, article, lead, note="no", actor=actor, now=undo_at, undo=UNDO)
        actor = reviewer.as_actor()
        skip(session, lock_article(session, "real-5"), reviewer, "not mine", actor=actor, now=BEFORE)
        hold(session, lock_article(session, "real-6"), reviewer, now=AFTER, lease=LEASE)


def real_people_work_on_demo_articles(session: Session) -> None:
    """They approve and roll back, publish, and pass over."""
    reviewer, lead = real_person(session, "real"), real_person(session, "lead")
    first = a_waiting_demo_article(session, reviewer, AFTER)
    taken_back = judge(session, first, reviewer, Outcome.APPROVE, AFTER)
    article, actor = lock_article(session, first), lead.as_actor()
    roll_back(session, taken_back, article, lead, note="no", actor=actor, now=AFTER, undo=UNDO)
    # In the same quarter of an hour as a decision on a real article, so that one row of sums holds both.
    second = a_waiting_demo_article(session, reviewer, BEFORE)
    judge(session, second, reviewer, Outcome.APPROVE, BEFORE + timedelta(seconds=90))
    publish(session, [second], lead, AFTER)
    third = a_waiting_demo_article(session, lead, AFTER)
    skip(session, lock_article(session, third), lead, "no", actor=actor, now=AFTER)


@pytest.mark.usefixtures("real_desk")
def test_a_desk_with_real_work_is_afterwards_exactly_as_it_was(app: Flask, session_of: Transaction):
    with session_of() as session:
        before = dump(session)
    with app.app_context():
        load_demo(now=A_WEDNESDAY, undo=UNDO)
    with session_of() as session:
        real_work = [row for row in dump(session)["article"] if row in before["article"]]
        assert real_work == before["article"], "loading has touched a real article"
        real_people_work_on_demo_articles(session)
    with app.app_context():
        removed = remove_demo(now=AFTER)
    with session_of() as session:
        assert dump(session) == before
    assert len(before["search"]) == 59
    assert removed["articles"] == 300
    assert removed["publish runs"] == 5
    assert removed["policy versions"] == 0, "the desk has one of its own"


def test_an_empty_desk_is_empty_again_and_can_be_filled_again(app: Flask, session_of: Transaction):
    with session_of() as session:
        before = dump(session)
    for _ in range(2):
        with app.app_context():
            load_demo(now=A_WEDNESDAY, undo=UNDO)
        with session_of() as session:
            assert demo_is_loaded(session)
            assert session.scalar(select(func.count()).select_from(Article)) == 300
        with app.app_context():
            removed = remove_demo(now=AFTER)
        with session_of() as session:
            assert dump(session) == before
            assert not demo_is_loaded(session)
    assert removed.pop("decisions") > 150
    assert removed == {"articles": 300, "imports": 6, "publish runs": 4, "policy versions": 1, "accounts": 6}


def test_removing_what_is_not_there_removes_nothing(app: Flask):
    with app.app_context():
        assert set(remove_demo(now=AFTER).values()) == {0}
