"""Rolling back what a run published, as a cohort: each approval is undone, so it is not indexable first, and gone second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, insert, literal, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.accounts.rules import Permission
from review_app.articles.models import Article
from review_app.base.errors import Conflict, DomainError, Invalid
from review_app.base.messages import lazy_gettext as _l
from review_app.base.messages import lazy_ngettext as _ln
from review_app.notifications.actions import notify
from review_app.notifications.rules import Kind
from review_app.outbox.actions import Actor, log_event
from review_app.outbox.changes import note_change, observe_change
from review_app.publishing.models import Publication, PublishRun, PublishRunItem, RunRollback, RunRollbackItem
from review_app.publishing.queries import unfinished_rollback
from review_app.publishing.rules import LEASE, MOST_APPROVALS_UNDONE, UNENDED, WITHDRAWN_AT_ONCE
from review_app.publishing.stopping import stop_run
from review_app.reviewing.actions import roll_back
from review_app.reviewing.queries import standing_decision
from review_app.reviewing.rules import NOTE_LENGTH, Outcome, says_something

DECIDED_SINCE = _l("it has been decided on since")
NOT_INDEXABLE = _l("it was withdrawn before")
NO_APPROVAL = _l("no approval of the desk made it indexable, so none can be undone")
TOO_MANY = _l("it was approved too often in a row")

Rows = Sequence[tuple[RunRollbackItem, Article]]


def roll_back_run(
    session: Session, run: PublishRun, user: User, note: str, *, actor: Actor, now: datetime
) -> RunRollback:
    """Ask for all that a run published to be withdrawn; a worker does it. A run that has not ended is stopped first.

    The caller holds the run's row. Raises `Invalid` without a reason, `Conflict` when it published nothing or it is being
    rolled back already.
    """
    _check(session, run, note)
    if run.state in UNENDED:
        stop_run(session, run, actor=actor, now=now)
    rollback = RunRollback(run_id=run.id, user_id=user.id, note=note.strip(), created_at=now)
    session.add(rollback)
    session.flush()
    rollback.total = _freeze(session, rollback)
    if not rollback.total:
        raise Conflict(_l("This run published nothing, so there is nothing to withdraw."))
    _write_down(session, run, rollback, actor=actor)
    return rollback


def _check(session: Session, run: PublishRun, note: str) -> None:
    if not says_something(note):
        raise Invalid(_l("Please say why."), {"note": [_l("is needed to roll back a run")]})
    if len(note) > NOTE_LENGTH:
        raise Invalid(
            _l("That note is too long."), {"note": [_l("may have %(most)s characters", most=NOTE_LENGTH)]}
        )
    if unfinished_rollback(session, run.id) is not None:
        raise Conflict(_l("This run is being rolled back already."))


def _freeze(session: Session, rollback: RunRollback) -> int:
    """The articles that this very run sent, whoever asked for them besides."""
    sent = (
        select(
            literal(rollback.id),
            Publication.article_id,
            func.max(Publication.version),
            func.max(PublishRunItem.decided_at),
            literal(""),
            literal(""),
        )
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .where(PublishRunItem.run_id == rollback.run_id, PublishRunItem.sent_at.is_not(None))
        .group_by(Publication.article_id)
    )
    names = ["rollback_id", "article_id", "version", "decided_at", "result", "reason"]
    session.execute(insert(RunRollbackItem).from_select(names, sent))
    of_this = RunRollbackItem.rollback_id == rollback.id
    return session.scalar(select(func.count()).select_from(RunRollbackItem).where(of_this)) or 0


def _write_down(session: Session, run: PublishRun, rollback: RunRollback, *, actor: Actor) -> None:
    subject, now = ("publish_run", str(run.id)), rollback.created_at
    note_change(
        session,
        subject,
        user_id=rollback.user_id,
        actor=actor,
        reason=rollback.note,
        expected=(
            f"Up to {rollback.total:,} articles that run {run.id} published are withdrawn from every target;"
            " those that were decided on since stay as they are."
        ),
        rollback="Approve the articles again and start another run.",
        now=now,
    )
    after = {"articles": rollback.total, "note": rollback.note}
    log_event(session, "publish_run.rollback_requested", subject, actor=actor, now=now, after=after)


def lease_rollback(rollback: RunRollback, worker: str, now: datetime) -> bool:
    """Take it if nobody works on it. The caller holds its row."""
    held = rollback.lease_until is not None and rollback.lease_until > now
    if held or rollback.state not in {"queued", "running"}:
        return False
    rollback.state, rollback.leased_by, rollback.lease_until = "running", worker, now + LEASE
    return True


def withdraw_some(session: Session, rollback: RunRollback, *, now: datetime, undo: timedelta) -> bool:
    """Withdraw the next few articles of the cohort. Returns whether there may be more. The caller holds the rollback's row."""
    user = session.get_one(User, rollback.user_id)
    if not user.may(Permission.PUBLISH):
        _end(session, rollback, now, failure=f"{user.name} may not publish any more.")
        return False
    rows = _next(session, rollback)
    if not rows:
        _end(session, rollback, now)
        return False
    told: Counter[int] = Counter()
    for item, article in rows:
        item.result, item.reason, deciders = _withdrawn(
            session, rollback, user, (item, article), now=now, undo=undo
        )
        told.update(deciders)
    results = [item.result for item, _ in rows]
    rollback.withdrawn += results.count("withdrawn")
    rollback.stayed += results.count("stayed")
    rollback.lease_until = now + LEASE
    _tell(session, rollback, told, user=user, now=now)
    return True


def _next(session: Session, rollback: RunRollback) -> Rows:
    """Held in the order of their ids, as every run does."""
    query = (
        select(RunRollbackItem, Article)
        .join(Article, Article.id == RunRollbackItem.article_id)
        .where(RunRollbackItem.rollback_id == rollback.id, RunRollbackItem.result == "")
        .order_by(RunRollbackItem.article_id)
        .limit(WITHDRAWN_AT_ONCE)
        .with_for_update(of=Article)
    )
    return [(item, article) for item, article in session.execute(query)]


def _withdrawn(
    session: Session,
    rollback: RunRollback,
    user: User,
    row: tuple[RunRollbackItem, Article],
    *,
    now: datetime,
    undo: timedelta,
) -> tuple[str, str, list[int]]:
    """What became of one, why it stayed if it did, and whose approvals were undone. What stands against one stops no other."""
    item, article = row
    if why := _why_it_stays(item, article):
        return "stayed", why, []
    deciders: list[int] = []
    try:
        with session.begin_nested():
            while article.indexable and len(deciders) < MOST_APPROVALS_UNDONE:
                deciders.append(_undo_approval(session, article, user, rollback, now=now, undo=undo))
            session.flush()
            if article.indexable:
                raise Conflict(TOO_MANY)
    except OperationalError:
        raise  # the database is away or busy, which is not about this article: the job comes again
    except DomainError as error:
        session.refresh(article)
        return "stayed", error.detail, []
    return "withdrawn", "", deciders


def _why_it_stays(item: RunRollbackItem, article: Article) -> str:
    # Not by the version, which is the same again when an approval is rolled back and given anew.
    if article.decided_at != item.decided_at:
        return DECIDED_SINCE
    return "" if article.indexable else NOT_INDEXABLE


def _undo_approval(
    session: Session, article: Article, user: User, rollback: RunRollback, *, now: datetime, undo: timedelta
) -> int:
    """Undo the approval that holds; one before it may make the article indexable still. Returns who had approved."""
    decision = standing_decision(session, article)
    if decision is None or decision.outcome != Outcome.APPROVE:
        raise Conflict(NO_APPROVAL)
    roll_back(
        session,
        decision,
        article,
        user,
        note=rollback.note,
        actor=user.as_actor(),
        now=now,
        undo=undo,
        tell=False,
    )
    return decision.reviewer_id


def _tell(session: Session, rollback: RunRollback, told: Counter[int], *, user: User, now: datetime) -> None:
    """One message for all of a portion that one person had approved, not one an article."""
    for person, count in told.items():
        text = _ln(
            "%(num)s approval of yours was rolled back with publish run %(run)s: %(why)s",
            "%(num)s approvals of yours were rolled back with publish run %(run)s: %(why)s",
            count,
            run=rollback.run_id,
            why=rollback.note,
        )
        subject = ("publish_run", str(rollback.run_id))
        notify(session, person, Kind.RETURNED, text=text, subject=subject, by=user.as_actor(), now=now)


def _end(session: Session, rollback: RunRollback, now: datetime, failure: str = "") -> None:
    rollback.state, rollback.failure, rollback.ended_at = ("stopped" if failure else "finished"), failure, now
    rollback.leased_by, rollback.lease_until = None, None
    observed = f"{rollback.withdrawn:,} withdrawn, {rollback.stayed:,} left as they are. {failure}".rstrip()
    observe_change(session, ("publish_run", str(rollback.run_id)), observed, now)
