"""Stopping and pausing a run: what is out stays out, what nobody has tried to send is taken back, and what was tried goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, String, cast, exists, literal, select, update
from sqlalchemy.orm import Session, aliased

from review_app.base.errors import Conflict
from review_app.base.messages import lazy_gettext as _l
from review_app.outbox.actions import Actor, log_event
from review_app.outbox.models import OutboxEvent
from review_app.publishing.models import Delivery, Publication, PublishRun, PublishRunItem
from review_app.publishing.queries import run_progress
from review_app.publishing.rules import STATEMENT_ROWS, UNENDED, RunState
from review_app.publishing.running import end_run, refresh_counts

STOPPED = _l("its run was stopped before it was sent")
PAUSED = _l("its run was paused before it was sent")
QUIETLY = {"synchronize_session": False}


def stop_run(session: Session, run: PublishRun, *, actor: Actor, now: datetime) -> int:
    """Send nothing more of this run, and return how many publications that cancels. The caller holds the row.

    What another run took on too goes out with that one. Raises `Conflict` when the run has ended.
    """
    if run.state not in UNENDED:
        raise Conflict(_l("This run has ended, so there is nothing to stop."))
    take_back(session, run, STOPPED, now)
    _cancel_waiting(session, run)
    run.state = RunState.STOPPED.value
    session.flush()
    session.expire_all()
    cancelled = run_progress(session, run.id).cancelled
    refresh_counts(session, run)
    end_run(session, run, RunState.STOPPED, now, stopped=True, cancelled=cancelled)
    after = {"published": run.published, "failed": run.failed, "cancelled": cancelled}
    log_event(session, "publish_run.stopped", ("publish_run", str(run.id)), actor=actor, now=now, after=after)
    return cancelled


def take_back(session: Session, run: PublishRun, reason: str, now: datetime) -> None:
    """Have what this run handed over, and nobody has tried to send, wait again as if it had not been. The caller holds its row.

    What another run handed over of the same articles is not touched.
    """
    _hold_publications(session, run)
    _take_back_requests(session, run)
    _take_back_deliveries(session, run, reason, now)


def _hold_publications(session: Session, run: PublishRun) -> None:
    """In the order of their articles, as a run takes them on, so that neither waits for the other for ever."""
    session.execute(
        select(Publication.id)
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .where(PublishRunItem.run_id == run.id, Publication.state.in_(("waiting", "delivering")))
        .order_by(Publication.article_id, Publication.target_id)
        .with_for_update(of=Publication, key_share=True)
    ).all()


def _asked_by(run: PublishRun) -> ColumnElement[bool]:
    """Whether an event asks, for this run, to bring an article to a place of others."""
    cause = literal("publication:") + cast(PublishRunItem.publication_id, String) + literal(f":run:{run.id}")
    handed_over = select(cause).where(PublishRunItem.run_id == run.id, PublishRunItem.sent_at.is_not(None))
    return OutboxEvent.cause.in_(handed_over) & (OutboxEvent.kind == "publication.requested")


def _taken_back() -> ColumnElement[str]:
    """What names such an event from then on: its run may hand the same over again."""
    return OutboxEvent.cause + literal(":taken back:") + cast(OutboxEvent.id, String)


def _take_back_requests(session: Session, run: PublishRun) -> None:
    """What the deliverer has not heard of yet."""
    taken_back = session.scalars(
        update(OutboxEvent)
        .where(_asked_by(run), OutboxEvent.state == "waiting")
        .values(state="cancelled", cause=_taken_back())
        .returning(OutboxEvent.payload)
        .execution_options(**QUIETLY)
    ).all()
    _unsend(session, run, [payload["publication_id"] for payload in taken_back])


def _take_back_deliveries(session: Session, run: PublishRun, reason: str, now: datetime) -> None:
    """What was never tried. A try that failed may have arrived all the same, so what was tried goes on."""
    untried = session.execute(
        select(Delivery.id, Delivery.publication_id, Delivery.outbox_id)
        .join(OutboxEvent, OutboxEvent.id == Delivery.outbox_id)
        .where(_asked_by(run), Delivery.state == "waiting", Delivery.attempts == 0)
        .order_by(Delivery.id)
        .with_for_update(of=Delivery, skip_locked=True)
    ).all()
    for start in range(0, len(untried), STATEMENT_ROWS):
        some = untried[start : start + STATEMENT_ROWS]
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_([row.id for row in some]))
            .values(state="cancelled", reason=reason, finished_at=now)
            .execution_options(**QUIETLY)
        )
        session.execute(
            update(OutboxEvent)
            .where(OutboxEvent.id.in_([row.outbox_id for row in some]))
            .values(cause=_taken_back())
            .execution_options(**QUIETLY)
        )
        _unsend(session, run, [row.publication_id for row in some if row.publication_id])


def _unsend(session: Session, run: PublishRun, ids: Sequence[int]) -> None:
    """They were never sent, so they wait again and give back their room of the day."""
    for start in range(0, len(ids), STATEMENT_ROWS):
        some = ids[start : start + STATEMENT_ROWS]
        session.execute(
            update(Publication)
            .where(Publication.id.in_(some), Publication.state == "delivering")
            .values(state="waiting")
            .execution_options(**QUIETLY)
        )
        session.execute(
            update(PublishRunItem)
            .where(PublishRunItem.run_id == run.id, PublishRunItem.publication_id.in_(some))
            .values(sent_at=None, decided_at=None, newly=False)
            .execution_options(**QUIETLY)
        )


def _cancel_waiting(session: Session, run: PublishRun) -> None:
    of_this = select(PublishRunItem.publication_id).where(
        PublishRunItem.run_id == run.id, PublishRunItem.sent_at.is_(None)
    )
    other = aliased(PublishRun)
    wanted_elsewhere = exists().where(
        PublishRunItem.publication_id == Publication.id,
        PublishRunItem.run_id == other.id,
        PublishRunItem.sent_at.is_(None),
        other.id != run.id,
        other.state.in_(UNENDED),
    )
    session.execute(
        update(Publication)
        .where(Publication.id.in_(of_this), Publication.state == "waiting")
        .where(~wanted_elsewhere.correlate(Publication))
        .values(state="cancelled", reason=STOPPED)
        .execution_options(**QUIETLY)
    )
