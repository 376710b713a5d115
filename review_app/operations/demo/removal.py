"""Taking the demo data away. What real people imported and decided on their own articles stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Column, delete, exists, select
from sqlalchemy.orm import Session, aliased

from review_app.accounts.models import ApiToken, LoginAttempt, User, UserSession
from review_app.articles.models import Article, Policy
from review_app.articles.search import forget_articles
from review_app.base.database import Base
from review_app.evidence.actions import forget
from review_app.evidence.models import EvidenceRun
from review_app.importing.models import ImportBatch
from review_app.notifications.models import Notification
from review_app.operations.demo.people import DEMO
from review_app.operations.demo.traces import Subjects, Traces
from review_app.outbox.actions import log_event
from review_app.outbox.models import ChangeRecord, Event, OutboxEvent
from review_app.publishing.models import Publication, PublishRun, PublishRunItem
from review_app.review_queue.models import Claim, Skip
from review_app.reviewing.models import Decision, ReviewSlot
from review_app.reviewing.rules import Outcome, slot_of
from review_app.reviewing.slots import take_from_slot

KEPT = "accounts only disabled, since they took part in real work"


def remove(session: Session, now: datetime) -> dict[str, int]:
    """Take all demo data away, with what anybody did to them. Returns how many of each kind went.

    Demo people whose name stands under something real (a decision, an import, a publish run, a line of the log) are not
    deleted, or that would lose its author: they are disabled, renamed, and their number is told under `KEPT`.
    """
    traces = Traces.find(session)
    decisions = _remove_decisions(session, traces)
    _remove_articles(session, traces)
    runs = _remove_empty_runs(session, traces)
    session.execute(delete(ImportBatch).where(ImportBatch.id.in_(traces.batches)))
    session.execute(delete(EvidenceRun).where(EvidenceRun.batch_id.in_(traces.batches)))
    policies = _remove_policies(session, traces)
    _remove_from_log_and_outbox(session, traces, runs, policies)
    kept = _remove_people(session, traces.people, now)
    counts = {
        "articles": len(traces.articles),
        "decisions": decisions,
        "imports": len(traces.batches),
        "publish runs": len(runs),
        "policy versions": len(policies),
        "accounts": len(traces.people) - kept,
    }
    return counts | ({KEPT: kept} if kept else {})


def _remove_decisions(session: Session, traces: Traces) -> int:
    """With them goes what they added to the sums of whoever made them, a real person's too."""
    on_demo = Decision.article_id.in_(traces.articles)
    undoing = aliased(Decision)
    undone = set(session.scalars(select(undoing.reverts_id).where(undoing.article_id.in_(traces.articles))))
    decisions = session.scalars(select(Decision).where(on_demo)).all()
    for decision in decisions:
        if decision.outcome != Outcome.ROLLBACK:
            if decision.id not in undone:
                take_from_slot(session, decision)
            _drop_if_empty(session, decision)
    session.execute(delete(Decision).where(on_demo))
    return len(decisions)


def _drop_if_empty(session: Session, decision: Decision) -> None:
    key = (decision.reviewer_id, slot_of(decision.decided_at), decision.outcome)
    slot = session.get(ReviewSlot, key)
    if slot is not None and slot.decisions == 0:
        session.delete(slot)
        session.flush()


def _remove_articles(session: Session, traces: Traces) -> None:
    """Texts, metadata, flags, claims, skips and publications go with their articles."""
    forget_articles(session, list(traces.articles))
    forget(session, list(traces.articles))
    session.execute(delete(Article).where(Article.id.in_(traces.articles)))


def _remove_empty_runs(session: Session, traces: Traces) -> Sequence[int]:
    took_on = exists().where(PublishRunItem.run_id == PublishRun.id)
    asked_last = exists().where(Publication.run_id == PublishRun.id)
    left = select(PublishRun.id).where(PublishRun.id.in_(traces.runs), ~took_on, ~asked_last)
    empty = session.scalars(left).all()
    session.execute(delete(PublishRun).where(PublishRun.id.in_(empty)))
    return empty


def _remove_policies(session: Session, traces: Traces) -> Sequence[int]:
    """A version under which a real article was decided stays on record."""
    used = exists().where(Decision.policy_version == Policy.version)
    unused = session.scalars(select(Policy.version).where(Policy.version.in_(traces.policies), ~used)).all()
    session.execute(delete(Policy).where(Policy.version.in_(unused)))
    return unused


def _remove_from_log_and_outbox(
    session: Session, traces: Traces, runs: Sequence[int], policies: Sequence[int]
) -> None:
    emails = [user.email for user in traces.people]
    subjects = Subjects(
        {
            "article": list(traces.articles.values()),
            "import": [str(batch) for batch in traces.batches],
            "publish_run": [str(run) for run in runs],
            "policy": [str(version) for version in policies],
            "user": emails,
        }
    )
    session.execute(delete(Event).where(subjects.in_log()))
    session.execute(delete(ChangeRecord).where(subjects.in_log(ChangeRecord)))
    session.execute(delete(Notification).where(subjects.in_log(Notification)))
    session.execute(delete(OutboxEvent).where(subjects.in_outbox()))
    session.execute(delete(LoginAttempt).where(LoginAttempt.email.in_(emails)))


def _remove_people(session: Session, people: Sequence[User], now: datetime) -> int:
    """Returns how many had to be kept."""
    named = _still_named(session, [user.id for user in people])
    for user in people:
        if user.id in named:
            _shut_out(session, user, now)
    gone = [user.id for user in people if user.id not in named]
    session.execute(delete(User).where(User.id.in_(gone)))
    return len(named)


def _still_named(session: Session, ids: Sequence[int]) -> set[int]:
    """Those whom a row names that does not go with them. The log names by number without a foreign key."""
    columns = [
        *_columns_naming_people(),
        Event.__table__.c.actor_id,
        ChangeRecord.__table__.c.owner_id,
    ]
    return {
        found
        for column in columns
        for found in session.scalars(select(column).where(column.in_(ids)).distinct())
    }


def _columns_naming_people() -> Iterator[Column[int]]:
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is User.__table__ and key.ondelete != "CASCADE":
                yield key.parent


def _shut_out(session: Session, user: User, now: datetime) -> None:
    """From here on an ordinary account without a way in. Not `disable_user`: the last administrator goes too."""
    for held in (UserSession, ApiToken, Claim, Skip, Notification):
        session.execute(delete(held).where(held.user_id == user.id))
    user.is_active, user.is_demo = False, False
    user.name, user.email = f"Former {user.name.lower()} (demo)", f"former-demo-{user.id}@example.com"
    log_event(session, "user.disabled", ("user", user.email), actor=DEMO, now=now)
