"""What the tests of the statistics share: decisions made at any time by anybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from review_app.accounts.models import User
from review_app.articles.queries import lock_article
from review_app.outbox.actions import SYSTEM
from review_app.review_queue.actions import hold
from review_app.reviewing.actions import Judgement, decide, roll_back
from review_app.reviewing.queries import get_decision
from review_app.reviewing.rules import Outcome
from tests.factories import make_article

UNDO, LEASE = timedelta(seconds=20), timedelta(minutes=15)


@pytest.fixture
def decided(session_of) -> Callable[..., int]:
    """Somebody decides on a fresh article. Returns the number of the decision."""

    def make(
        user: User,
        at: datetime,
        outcome: Outcome = Outcome.APPROVE,
        *,
        handling: float | None = 60,
        wait: float = 3600,
        **scores: int,
    ) -> int:
        with session_of() as session:
            person = session.get_one(User, user.id)
            made = make_article(session, imported_at=at - timedelta(seconds=wait))
            article = lock_article(session, made.source_id)
            if handling is not None:
                hold(session, article, person, now=at - timedelta(seconds=handling), lease=LEASE)
            judgement = Judgement(outcome, article.row_version, scores=scores, note="So.")
            return decide(session, article, person, judgement, actor=SYSTEM, now=at, undo=UNDO).id

    return make


@pytest.fixture
def taken_back(session_of) -> Callable[..., None]:
    """Somebody rolls a decision back."""

    def undo(decision_id: int, user: User, at: datetime) -> None:
        with session_of() as session:
            decision, person = get_decision(session, decision_id), session.get_one(User, user.id)
            article = lock_article(session, decision.article.source_id)
            roll_back(session, decision, article, person, note="No.", actor=SYSTEM, now=at, undo=UNDO)

    return undo
