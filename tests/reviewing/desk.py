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
from review_app.importing.actions import Place, settle
from review_app.importing.models import ImportBatch
from review_app.importing.record import RawRecord, Record
from review_app.importing.validation import validate
from review_app.outbox.actions import SYSTEM
from review_app.reviewing.actions import Judgement, decide, roll_back
from review_app.reviewing.models import ChecklistItem, Decision
from review_app.reviewing.policy import set_floors
from review_app.reviewing.queries import current_rules
from review_app.reviewing.rules import Outcome
from tests.factories import LONG_AGO
from tests.importing.records import record

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


def import_again(
    session: Session,
    source_id: str = "a",
    body: str = "<p>Some text.</p>",
    *,
    now: datetime = NOW,
    **changes: Any,
) -> ImportBatch:
    """The record of this id comes, for the first time or again; dotted names reach inside, as in `record`."""
    sent = record(source_id, body=body, **changes)
    raw = RawRecord(line=1, item=1, fields=sent, body_html=sent.pop("body"), raw="")
    read = validate(raw, now.date())
    assert isinstance(read, Record), read
    batch = ImportBatch(name="again", origin="command", state="running", created_at=now)
    session.add(batch)
    session.flush()
    settle(session, batch, [(Place("again.jsonl", "jsonl"), read)], now=now)
    assert batch.rejected == 0
    return batch


def keep_new_texts_out(session: Session, lead: User, *, keep: bool = True) -> None:
    """The policy by which an approved article stays indexable, in the approved text, when another text arrives."""
    rules = current_rules(session)
    set_floors(
        session,
        session.get_one(User, lead.id),
        rules.floors,
        "test",
        based_on=rules.version,
        keep_indexable=keep,
        actor=SYSTEM,
        now=NOW,
    )
