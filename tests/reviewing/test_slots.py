"""The sums that statistics read equal a recount of the decisions, whatever was decided and rolled back."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.accounts.rules import Role
from review_app.articles.rules import SCORES
from review_app.base.database import transaction
from review_app.review_queue.actions import hold
from review_app.reviewing.models import Decision, ReviewSlot
from review_app.reviewing.queries import standing_decision
from review_app.reviewing.rules import bucket_of, slot_of
from tests.factories import make_article, make_user
from tests.reviewing.desk import NOW, judge, retire_checklist, undo

Sums = dict[tuple[Any, ...], dict[str, Any]]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["save", "approve", "request_changes", "reject", "undo", "undo"]),
        st.integers(0, 2),  # which article
        st.integers(0, 1),  # which reviewer
        st.integers(0, 3000),  # seconds since the step before
        st.one_of(st.none(), st.integers(0, 100)),  # its quality
        st.booleans(),  # claimed before
    ),
    max_size=12,
)


def kept(session: Session) -> Sums:
    """The sums as they are kept; slots that have become empty say nothing."""
    return {
        (slot.reviewer_id, slot.slot_start, slot.outcome): {
            "decisions": slot.decisions,
            "handling": slot.handling,
            "waiting": slot.waiting,
            "changes": {name: sum_ for name, sum_ in slot.score_changes.items() if slot.score_counts[name]},
            "counts": {name: count for name, count in slot.score_counts.items() if count},
        }
        for slot in session.scalars(select(ReviewSlot))
        if slot.decisions
    }


def recounted(session: Session) -> Sums:
    """The same from the decisions themselves, rollbacks and what they undid left out."""
    decisions = session.scalars(select(Decision)).all()
    undone = {decision.reverts_id for decision in decisions}
    sums: Sums = {}
    for decision in decisions:
        if decision.id in undone or decision.outcome == "rollback":
            continue
        key = (decision.reviewer_id, slot_of(decision.decided_at), decision.outcome)
        sums.setdefault(
            key,
            {
                "decisions": 0,
                **{name: defaultdict(int) for name in ("handling", "waiting", "changes", "counts")},
            },
        )
        slot = sums[key]
        slot["decisions"] += 1
        for name, seconds in (("handling", decision.handling_seconds), ("waiting", decision.wait_seconds)):
            if seconds is not None:
                slot[name][str(bucket_of(seconds))] += 1
        for score in SCORES:
            before, after = decision.before["scores"][score], decision.after["scores"][score]
            if before is not None and after is not None:
                slot["changes"][score] += after - before
                slot["counts"][score] += 1
    return sums


def follow(session: Session, steps: list[Any], users: list[User]) -> None:
    articles = [make_article(session, quality=None if number == 2 else 50) for number in range(3)]
    now = NOW
    for outcome, which, who, seconds, quality, claimed in steps:
        now += timedelta(seconds=seconds)
        article, user = articles[which], users[who]
        if outcome == "undo":
            standing = standing_decision(session, article)
            if standing is not None:
                undo(session, standing, users[2], now=now)
            continue
        if claimed:
            hold(
                session,
                article,
                user,
                now=now - timedelta(seconds=seconds % 700),
                lease=timedelta(minutes=15),
            )
        if outcome != "approve" or quality is not None:
            judge(session, article.source_id, user, outcome, now=now, scores={"quality": quality})
        else:
            judge(session, article.source_id, user, "save", now=now, scores={"quality": quality})


def test_the_sums_equal_a_recount_after_any_decisions_and_rollbacks(app: Flask, examples: int) -> None:
    with app.app_context(), transaction() as session:
        retire_checklist(session)
        users = [make_user(session), make_user(session), make_user(session, Role.LEAD)]

        @settings(max_examples=examples // 2)
        @given(STEPS)
        def whatever_happens(steps: list[Any]) -> None:
            with session.begin_nested() as everything:
                follow(session, steps, users)
                session.flush()
                assert kept(session) == recounted(session)
                everything.rollback()

        whatever_happens()
