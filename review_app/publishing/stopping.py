"""Stopping a run: what is out stays out, what is not sent is cancelled, and what somebody is just sending ends as it ends."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, cast, exists, literal, select, update
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
QUIETLY = {"synchronize_session": False}


def stop_run(session: Session, run: PublishRun, *, actor: Actor, now: datetime) -> int:
    """Send nothing more of this run, and return how many publications that cancels. The caller holds the row.

    What another run took on too goes out with that one. Raises `Conflict` when the run has ended.
    """
    if run.state not in UNENDED:
        raise Conflict(_l("This run has ended, so there is nothing to stop."))
    _take_back_requests(session, run)
    _take_back_deliveries(session, run, now)
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


def _take_back_requests(session: Session, run: PublishRun) -> None:
    """What the deliverer has not heard of yet."""
    cause = literal("publication:") + cast(PublishRunItem.publication_id, String) + literal(f":run:{run.id}")
    handed_over = select(cause).where(PublishRunItem.run_id == run.id, PublishRunItem.sent_at.is_not(None))
    taken_back = session.scalars(
        update(OutboxEvent)
        .where(OutboxEvent.cause.in_(handed_over), OutboxEvent.kind == "publication.requested")
        .where(OutboxEvent.state == "waiting")
        .values(state="cancelled")
        .returning(OutboxEvent.payload)
        .execution_options(**QUIETLY)
    ).all()
    _unsend(session, run, [payload["publication_id"] for payload in taken_back])


def _take_back_deliveries(session: Session, run: PublishRun, now: datetime) -> None:
    """What was never tried. A try that failed may have arrived all the same, so what was tried goes on."""
    sent = select(PublishRunItem.publication_id).where(
        PublishRunItem.run_id == run.id, PublishRunItem.sent_at.is_not(None)
    )
    untried = session.execute(
        select(Delivery.id, Delivery.publication_id)
        .where(Delivery.publication_id.in_(sent), Delivery.action == "publish")
        .where(Delivery.state == "waiting", Delivery.attempts == 0)
        .order_by(Delivery.id)
        .with_for_update(skip_locked=True)
    ).all()
    for start in range(0, len(untried), STATEMENT_ROWS):
        some = untried[start : start + STATEMENT_ROWS]
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_([delivery_id for delivery_id, _ in some]))
            .values(state="cancelled", reason=STOPPED, finished_at=now)
            .execution_options(**QUIETLY)
        )
        _unsend(session, run, [publication_id for _, publication_id in some if publication_id])


def _unsend(session: Session, run: PublishRun, ids: list[int]) -> None:
    """They were never sent, so they wait again, to be cancelled with the others, and give back their room of the day."""
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
            .values(sent_at=None, newly=False)
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
