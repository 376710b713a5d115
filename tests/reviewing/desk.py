"""Deciding without pages, for tests of the rules: one call, with plain defaults."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.reviewing.actions import Judgement, decide, roll_back
from review_app.reviewing.models import ChecklistItem, Decision
from review_app.reviewing.rules import Outcome
from tests.factories import LONG_AGO

Sessions = Callable[[], AbstractContextManager[Session]]
NOW = LONG_AGO + timedelta(days=1)
UNDO = timedelta(seconds=20)


def retire_checklist(session: Session) -> None:
    """A desk begins with lines on its checklist; most tests are about something else."""
    for item in session.scalars(select(ChecklistItem)):
        item.retired_at = LONG_AGO


def judge(
    session: Session, source_id: str, user: User, outcome: Outcome | str, *, now: datetime = NOW, **said: Any
) -> Decision:
    """Decide on the version that stands now, unless `row_version` says otherwise."""
    article = lock_article(session, source_id)
    judgement = Judgement(Outcome(outcome), **{"row_version": article.row_version, "note": "Because."} | said)
    return decide(session, article, user, judgement, actor=user.as_actor(), now=now, undo=UNDO)


def undo(
    session: Session, decision: Decision, user: User, note: str = "A mistake.", *, now: datetime = NOW
) -> Decision:
    """Roll a decision back."""
    article = session.get_one(Article, decision.article_id)
    return roll_back(session, decision, article, user, note=note, actor=user.as_actor(), now=now, undo=UNDO)
