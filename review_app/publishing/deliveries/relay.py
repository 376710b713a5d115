"""Handing over: released events become deliveries, one for each target that hears them, in the order of the events."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, text, update
from sqlalchemy.orm import Session, aliased

from review_app.articles.models import Article
from review_app.base.database import insert_rows
from review_app.outbox.models import OutboxEvent
from review_app.publishing.deliveries.parcels import unreleased
from review_app.publishing.deliveries.queries import ENDED, EVENT_OVER, WAITING_EVENT
from review_app.publishing.deliveries.rules import LOOK_AGAIN, RELAYED_AT_ONCE, State
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
REQUESTED, PUBLISHED = "publication.requested", "article.published"
NOT_WAITING = (*ENDED, State.DELIVERING.value)
GONE = frozenset({"article.withdrawn", "publication.withdrawn"})


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the articles and publications that the events of one batch are about."""

    article_ids: Mapping[str, int]
    hidden: Collection[str]
    """The articles that are not indexable."""
    publication_ids: Collection[int]
    sent: Collection[tuple[int, int | None]]
    """Target and article wherever an article may stand: it was published there, or is being, or a worker once began to."""


def relay_some(session: Session, now: datetime) -> tuple[int, set[int]]:
    """Hand over the next released events. Returns with how many it is done, and for which targets there is something now."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
    events = session.scalars(_released(now)).all()
    known = _known(session, events)
    events = _held(session, events, now)
    if not events:
        return 0, set()
    untrue = _untrue(session, events, known, now)
    later = {event.subject for event, moment in untrue if moment is not None}
    not_now = {event.id for event, _ in untrue} | {event.id for event in events if event.subject in later}
    handed = [event for event in events if event.id not in not_now]
    targets = session.scalars(
        select(Target).order_by(Target.id).execution_options(populate_existing=True)
    ).all()
    rows = [row for event in handed for row in _deliveries(event, targets, known, now)]
    insert_rows(session, Delivery, rows)
    _hasten(session, rows, now)
    _end(session, handed, "delivered")
    _end(session, [event for event, moment in untrue if moment is None], "cancelled")
    return len(handed) + len(untrue), {row["target_id"] for row in rows}


def _end(session: Session, events: Collection[OutboxEvent], state: str) -> None:
    if events:
        session.execute(
            update(OutboxEvent)
            .where(OutboxEvent.id.in_([event.id for event in events]))
            .values(state=state)
            .execution_options(synchronize_session=False)
        )


def _held(session: Session, events: Sequence[OutboxEvent], now: datetime) -> list[OutboxEvent]:
    """Those that still stand, now that nobody else can take them back; of one subject none after one that does not.

    Held only now: whoever takes an event back holds its article, which the rows of deliveries refer to. What was numbered
    earlier and written later than these were found is not among them, and holds them back as well.
    """
    if not events:
        return []
    ids = {event.id for event in events}
    standing = set(
        session.scalars(
            select(OutboxEvent.id)
            .where(OutboxEvent.id.in_(ids), WAITING_EVENT, OutboxEvent.release_at <= now)
            .order_by(OutboxEvent.id)
            .with_for_update()
        )
    )
    unseen = session.execute(
        select(OutboxEvent.subject, func.min(OutboxEvent.id))
        .where(OutboxEvent.subject.in_({event.subject for event in events}))
        .where(OutboxEvent.state.not_in(EVENT_OVER), OutboxEvent.id < max(ids))
        .where(OutboxEvent.id.not_in(standing))
        .group_by(OutboxEvent.subject)
    )
    first: dict[str, int] = dict(unseen.all())
    return [one for one in events if one.id in standing and one.id < first.get(one.subject, one.id + 1)]


def _untrue(
    session: Session, events: Sequence[OutboxEvent], known: _Known, now: datetime
) -> list[tuple[OutboxEvent, datetime | None]]:
    """What says that an article is published which the desk has withdrawn meanwhile: nobody is to hear that last.

    With the moment until which the withdrawal may still be undone; None of one that nobody need hear of any more.
    """
    said = [event for event in events if event.kind == PUBLISHED]
    hidden = {event.subject for event in said if event.subject.removeprefix("article:") in known.hidden}
    until = unreleased(session, hidden, now)
    for event in said:
        if event.subject in until:
            event.release_at = min(until[event.subject], now + LOOK_AGAIN)
    taken_down = _taken_down(session, [event for event in said if "target_id" in event.payload], events)
    return [
        (event, until.get(event.subject))
        for event in said
        if event.subject in hidden or event.id in taken_down
    ]


def _taken_down(session: Session, said: Sequence[OutboxEvent], events: Sequence[OutboxEvent]) -> set[int]:
    """What says that a place of others shows what it has taken down since, or is about to: `events` are handed over with it.

    A withdrawal that turns out to be moot has it published once more, which is told.
    """
    if not said:
        return set()
    subjects = {event.subject for event in said}
    going = select(Delivery.subject, Delivery.target_id).where(
        Delivery.subject.in_(subjects),
        Delivery.action == Action.WITHDRAW.value,
        Delivery.state.not_in(ENDED),
    )
    gone = (
        select(Article.source_id, RemoteArticle.target_id)
        .join(Article, Article.id == RemoteArticle.article_id)
        .where(Article.source_id.in_({subject.removeprefix("article:") for subject in subjects}))
        .where(RemoteArticle.state == "withdrawn")
    )
    down = {(row[0], row[1]) for row in session.execute(going)}
    down |= {(f"article:{row[0]}", row[1]) for row in session.execute(gone)}
    withdrawn = {event.subject: event.id for event in reversed(events) if event.kind in GONE}
    return {
        event.id
        for event in said
        if (event.subject, event.payload["target_id"]) in down
        or withdrawn.get(event.subject, event.id) < event.id
    }


def _hasten(session: Session, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Bring forward what waits of articles that must go: of one article the earlier is sent first, and would hold that up.

    What was to be published and is not approved any more waits for no next try: it is cancelled when its turn comes. After the
    rows were inserted, since those refer to the target, which others hold before its deliveries.
    """
    subjects = {row["subject"] for row in rows if row["urgent"]}
    if not subjects:
        return
    waiting = session.execute(
        select(Delivery.id, Delivery.action, Delivery.due_at, Article.indexable)
        .join(Article, Article.id == Delivery.article_id, isouter=True)
        .where(Delivery.subject.in_(subjects), Delivery.state.not_in(NOT_WAITING))
        .order_by(Delivery.id)
        .with_for_update(of=Delivery)
    ).all()
    never = [
        row.id
        for row in waiting
        if row.action == Action.PUBLISH.value and not row.indexable and row.due_at > now
    ]
    for ids, values in (([row.id for row in waiting], {"urgent": True}), (never, {"due_at": now})):
        if ids:
            session.execute(
                update(Delivery)
                .where(Delivery.id.in_(ids), Delivery.state == State.WAITING.value)
                .values(**values)
                .execution_options(synchronize_session=False)
            )


def is_released(now: datetime) -> tuple[Any, ...]:
    """What an event must be: its time has come, and no earlier one of its subject still waits for its own."""
    earlier = aliased(OutboxEvent, name="earlier")
    held_back = (
        select(earlier.id)
        .where(earlier.subject == OutboxEvent.subject, earlier.id < OutboxEvent.id, earlier.release_at > now)
        # By the subject, and not among all that waits: see `queries.is_first`.
        .where(earlier.state.not_in(EVENT_OVER))
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
        select(Article.source_id, Article.id, Article.indexable)
        .where(Article.source_id.in_(named))
        .order_by(Article.id)
        .with_for_update(read=True, key_share=True)
    ).all()
    article_ids = {row.source_id: row.id for row in rows}
    hidden = {row.source_id for row in rows if not row.indexable}
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
    return _Known(article_ids, hidden, frozenset(publications), _sent(session, withdrawn))


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
