"""Taking deliveries to send them, by conditional updates: whoever has changed a row has it, until its lease is over.

While these statements run nobody else can take anything of the target, so there are few, and they are built once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.base.database import Base
from review_app.outbox.models import OutboxEvent
from review_app.publishing.deliveries.queries import OPEN, is_first
from review_app.publishing.deliveries.rules import LEASE, LEASED_AT_ONCE, MOST_AT_ONCE, State
from review_app.publishing.kinds import KINDS
from review_app.publishing.models import Delivery, Target

DELIVERIES = Base.metadata.tables["delivery"]
_FREE: Final = Delivery.lease_until.is_(None) | (Delivery.lease_until <= bindparam("now"))
_NEXT: Final = (
    select(Delivery.id)
    .where(
        Delivery.target_id == bindparam("to"), OPEN, Delivery.due_at <= bindparam("now"), _FREE, is_first()
    )
    .order_by(Delivery.due_at, Delivery.id)
    .limit(bindparam("most"))
)
# Two questions and not one that sorts by it: each is answered from the beginning of its index.
_URGENT: Final = _NEXT.where(text("delivery.urgent"))
_OTHERS: Final = _NEXT.where(text("NOT delivery.urgent"))
_TAKE: Final = (
    update(DELIVERIES)
    .where(DELIVERIES.c.id.in_(bindparam("ids", expanding=True)))
    .where(DELIVERIES.c.state.in_([State.WAITING.value, State.DELIVERING.value]), _FREE)
    .values(state=State.DELIVERING.value, leased_by=bindparam("worker"), lease_until=bindparam("until"))
    .returning(
        *(
            DELIVERIES.c[name]
            for name in (
                "id",
                "outbox_id",
                "message_id",
                "subject",
                "action",
                "article_id",
                "publication_id",
                "due_at",
                "urgent",
            )
        )
    )
)
_EVENTS: Final = select(OutboxEvent.id, OutboxEvent.kind, OutboxEvent.created_at, OutboxEvent.payload).where(
    OutboxEvent.id.in_(bindparam("ids", expanding=True))
)
_TARGET: Final = (
    select(Target)
    .where(Target.id == bindparam("wanted"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class Leased:
    """A delivery that a worker holds, with what its event says."""

    id: int
    target: Target
    message_id: str
    subject: str
    action: str
    article_id: int | None
    publication_id: int | None
    leased_by: str
    sequence: int
    kind: str
    happened_at: datetime
    payload: Mapping[str, Any]


def lease_some(
    session: Session, target_id: int, worker: str, now: datetime, *, held: Target | None = None
) -> Sequence[Leased]:
    """Take the next deliveries of a target that are due and free, the first of each subject, with target and events.

    What is urgent comes before all else, else what has been due for longest.

    Of a target that is failing one worker at a time takes some, so that one that hangs does not hold them all. `held` is the
    target if this transaction has locked it already.
    """
    target = held or lock_target(session, target_id)
    if target is None or target.kind not in KINDS or not _may_be_sent_to(target, now):
        return ()
    if target.failing_since is not None and _is_being_sent_to(session, target_id, now):
        return ()
    ids = _next_ids(session, target, now)
    if not ids:
        return ()
    rows = session.execute(_TAKE, {"ids": ids, "now": now, "worker": worker, "until": now + LEASE}).all()
    events = {row.id: row for row in session.execute(_EVENTS, {"ids": [row.outbox_id for row in rows]})}
    return [
        Leased(
            id=row.id,
            target=target,
            message_id=row.message_id,
            subject=row.subject,
            action=row.action,
            article_id=row.article_id,
            publication_id=row.publication_id,
            leased_by=worker,
            sequence=row.outbox_id,
            kind=events[row.outbox_id].kind,
            happened_at=events[row.outbox_id].created_at,
            payload=events[row.outbox_id].payload,
        )
        for row in sorted(rows, key=lambda row: (not row.urgent, row.due_at, row.id))
    ]


def _next_ids(session: Session, target: Target, now: datetime) -> Sequence[int]:
    most = _how_many(target)
    found: list[int] = []
    for query in (_URGENT, _OTHERS):
        if len(found) < most:
            values = {"to": target.id, "now": now, "most": most - len(found)}
            found += session.scalars(query, values)
    return found


def lock_target(session: Session, target_id: int) -> Target | None:
    """A target's row, held until the transaction ends; who only refers to it need not wait."""
    return session.scalar(_TARGET, {"wanted": target_id})


def lock_articles(session: Session, ids: Collection[int]) -> dict[int, Any]:
    """What the desk says now of these articles, by number; nobody decides on them until the transaction ends.

    To be called after the target is held and before anything else is: `deliveries/__init__.py` tells the order.
    """
    if not ids:
        return {}
    asked = (
        Article.id,
        Article.source_id,
        Article.slug,
        Article.indexable,
        Article.revision_version,
        Article.decided_at,
    )
    query = select(*asked).where(Article.id.in_(ids)).order_by(Article.id).with_for_update(key_share=True)
    return {row.id: row for row in session.execute(query)}


def _may_be_sent_to(target: Target, now: datetime) -> bool:
    """As `queries.may_be_sent_to` asks the database."""
    return target.enabled and (target.resting_until is None or target.resting_until <= now)


def _is_being_sent_to(session: Session, target_id: int, now: datetime) -> bool:
    leased = select(func.count()).where(Delivery.target_id == target_id, OPEN, Delivery.lease_until > now)
    return bool(session.scalar(leased))


def _how_many(target: Target) -> int:
    """As many as usual, and more of a kind whose one call takes more."""
    kind = KINDS[target.kind]
    return LEASED_AT_ONCE if kind.senders > 1 else min(max(kind.at_once, LEASED_AT_ONCE), MOST_AT_ONCE)


def put_off(session: Session, until: Mapping[int, datetime]) -> None:
    """Give back these deliveries, to be taken again at these moments, as if nobody had taken them."""
    for delivery_id, moment in until.items():
        session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id)
            .values(state=State.WAITING.value, due_at=moment, leased_by=None, lease_until=None)
            .execution_options(synchronize_session=False)
        )


def note_begun(session: Session, delivery_ids: Sequence[int], now: datetime) -> None:
    """Note, before it is sent, that what these publish may stand there from now on: their worker may be killed at any moment."""
    if delivery_ids:
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(delivery_ids), Delivery.begun_at.is_(None))
            .values(begun_at=now)
            .execution_options(synchronize_session=False)
        )


def renew(session: Session, delivery_ids: Sequence[int], worker: str, now: datetime) -> None:
    """Hold on to what is still being sent."""
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids), Delivery.leased_by == worker)
        .values(lease_until=now + LEASE)
        .execution_options(synchronize_session=False)
    )
