"""Handing over: released events become deliveries, one for each target that hears them, in the order of the events."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, select, text, update
from sqlalchemy.orm import Session, aliased

from review_app.articles.models import Article
from review_app.base.database import insert_rows
from review_app.outbox.models import OutboxEvent
from review_app.publishing.deliveries.queries import ENDED, WAITING_EVENT
from review_app.publishing.deliveries.rules import RELAYED_AT_ONCE, State
from review_app.publishing.kinds import KINDS
from review_app.publishing.kinds.face import Action
from review_app.publishing.models import Delivery, Publication, RemoteArticle, Target

ONE_AT_A_TIME = 0x5244_0008
"""The advisory lock under which PostgreSQL lets one hand over at a time: two could change the order. SQLite has one writer."""

PUBLIC_KINDS = (
    "article.approved",
    "article.published",
    "article.withdrawn",
    "import.finished",
    "publish_run.finished",
)
"""What a target may choose to hear of. The rest is for ourselves."""
REQUESTED = "publication.requested"
GONE = frozenset({"article.withdrawn", "publication.withdrawn"})


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the articles and publications that the events of one batch are about."""

    article_ids: Mapping[str, int]
    publication_ids: Collection[int]
    sent: Collection[tuple[int, int | None]]
    """Target and article wherever an article may stand: it was published there, or is being, or a worker once began to."""


def relay_some(session: Session, now: datetime) -> tuple[int, set[int]]:
    """Hand over the next released events. Returns how many, and the targets for which there is something to send now."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
    events = session.scalars(_released(now)).all()
    known = _known(session, events)
    events = _held(session, events, now)
    if not events:
        return 0, set()
    targets = session.scalars(
        select(Target).order_by(Target.id).execution_options(populate_existing=True)
    ).all()
    rows = [row for event in events for row in _deliveries(event, targets, known, now)]
    insert_rows(session, Delivery, rows)
    session.execute(
        update(OutboxEvent)
        .where(OutboxEvent.id.in_([event.id for event in events]))
        .values(state="delivered")
        .execution_options(synchronize_session=False)
    )
    _let_go_first(session, {row["subject"] for row in rows if row["urgent"]}, now)
    return len(events), {row["target_id"] for row in rows}


def _let_go_first(session: Session, subjects: Collection[str], now: datetime) -> None:
    """Bring forward what waits of articles that must go: of one article the earlier is sent first, and would hold that up.

    What was to be published and is not approved any more waits for no next try: it is cancelled when its turn comes.
    """
    if not subjects:
        return
    # What a worker is taking or marking at this moment is left alone, and never waited for.
    waiting = select(Delivery.id).where(Delivery.subject.in_(subjects), Delivery.state.not_in(ENDED))
    ids = session.scalars(waiting.with_for_update(skip_locked=True)).all()
    shut = Delivery.article_id.in_(select(Article.id).where(~Article.indexable))
    never = (Delivery.state == State.WAITING.value) & (Delivery.action == Action.PUBLISH.value) & shut
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(urgent=True, due_at=case((never & (Delivery.due_at > now), now), else_=Delivery.due_at))
        .execution_options(synchronize_session=False)
    )


def _held(session: Session, events: Sequence[OutboxEvent], now: datetime) -> list[OutboxEvent]:
    """Those that still stand, now that nobody else can take them back; of one subject none after one that does not.

    Held only now: whoever takes an event back holds its article, which the rows of deliveries refer to.
    """
    standing = set(
        session.scalars(
            select(OutboxEvent.id)
            .where(OutboxEvent.id.in_([event.id for event in events]), *is_released(now))
            .order_by(OutboxEvent.id)
            .with_for_update()
        )
    )
    held, waiting = [], set()
    for event in events:
        if event.id in standing and event.subject not in waiting:
            held.append(event)
        else:
            waiting.add(event.subject)
    return held


def is_released(now: datetime) -> tuple[Any, ...]:
    """What an event must be: its time has come, and no earlier one of its subject still waits for its own."""
    earlier = aliased(OutboxEvent, name="earlier")
    held_back = (
        select(earlier.id)
        .where(earlier.subject == OutboxEvent.subject, earlier.id < OutboxEvent.id, earlier.release_at > now)
        # By the subject, and not among all that waits: see `queries.is_first`.
        .where(earlier.state.not_in(("delivered", "cancelled")))
        .correlate(OutboxEvent)
    )
    return WAITING_EVENT, OutboxEvent.release_at <= now, ~held_back.exists()


def _released(now: datetime) -> Select[OutboxEvent]:
    return (
        select(OutboxEvent)
        .where(*is_released(now))
        .order_by(OutboxEvent.id)
        .limit(RELAYED_AT_ONCE)
        .execution_options(populate_existing=True)
    )


def _known(session: Session, events: Iterable[OutboxEvent]) -> _Known:
    named = {event.subject.removeprefix("article:") for event in events if _is_of_article(event)}
    rows = session.execute(
        select(Article.source_id, Article.id)
        .where(Article.source_id.in_(named))
        .order_by(Article.id)
        .with_for_update(read=True, key_share=True)
    )
    article_ids = {row.source_id: row.id for row in rows}
    asked = {event.payload.get("publication_id") for event in events if event.kind == REQUESTED} - {None}
    publications = session.scalars(
        select(Publication.id)
        .where(Publication.id.in_(asked))
        .order_by(Publication.id)
        .with_for_update(read=True, key_share=True)
    ).all()
    withdrawn = {
        article_ids.get(event.subject.removeprefix("article:"), 0) for event in events if event.kind in GONE
    }
    return _Known(article_ids, frozenset(publications), _sent(session, withdrawn))


def _is_of_article(event: OutboxEvent) -> bool:
    return event.subject.startswith("article:")


def _sent(session: Session, article_ids: Collection[int]) -> set[tuple[int, int | None]]:
    there = select(RemoteArticle.target_id, RemoteArticle.article_id).where(
        RemoteArticle.article_id.in_(article_ids), RemoteArticle.state != "withdrawn"
    )
    tried = (
        select(Delivery.target_id, Delivery.article_id)
        .where(Delivery.article_id.in_(article_ids), Delivery.action == Action.PUBLISH.value)
        .where((Delivery.state != State.CANCELLED.value) | Delivery.begun_at.is_not(None))
        .distinct()
    )
    return {(row[0], row[1]) for query in (there, tried) for row in session.execute(query)}


def _deliveries(
    event: OutboxEvent, targets: Sequence[Target], known: _Known, now: datetime
) -> Iterable[dict[str, Any]]:
    article_id = (
        known.article_ids.get(event.subject.removeprefix("article:")) if _is_of_article(event) else None
    )
    publication_id = event.payload.get("publication_id") if event.kind == REQUESTED else None
    for target in targets:
        action = _action(event, target, article_id, known)
        if action is not None:
            yield {
                "target_id": target.id,
                "outbox_id": event.id,
                "message_id": f"msg_{secrets.token_hex(16)}",
                "subject": event.subject,
                "action": action.value,
                "urgent": event.kind in GONE or action is Action.WITHDRAW,
                "article_id": article_id,
                "publication_id": publication_id if publication_id in known.publication_ids else None,
                "state": State.WAITING.value,
                "reason": "",
                "attempts": 0,
                "created_at": now,
                "due_at": now,
            }


def _action(event: OutboxEvent, target: Target, article_id: int | None, known: _Known) -> Action | None:
    """What the target is to do about the event, if it hears of it at all."""
    kind = KINDS.get(target.kind)
    if kind is None:
        return None
    if kind.hears is None:
        chosen = PUBLIC_KINDS if target.events is None else target.events
        return Action.TELL if event.kind in PUBLIC_KINDS and event.kind in chosen else None
    if event.kind not in kind.hears:
        return None
    if event.kind == REQUESTED:
        return Action.PUBLISH if event.payload.get("target_id") == target.id else None
    if event.kind not in GONE:
        return Action.PUBLISH
    # A kind that articles are brought to has to take away only what it may have.
    is_there = REQUESTED not in kind.hears or (target.id, article_id) in known.sent
    return Action.WITHDRAW if is_there else None
