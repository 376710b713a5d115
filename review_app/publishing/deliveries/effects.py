"""What follows from a delivery that arrived, died or was cancelled: the place of the article, its publication, new events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.orm import Session

from review_app.outbox.actions import announce
from review_app.outbox.models import OutboxEvent
from review_app.publishing.deliveries.rules import State
from review_app.publishing.deliveries.sending import Tried
from review_app.publishing.kinds.face import Action, Content, Remote, Result
from review_app.publishing.models import Publication, RemoteArticle, Target

Ended = tuple[Row[Any], str, str]
"""A delivery (its id, target, article, publication and action), the state it has now, and the reason."""

ANNOUNCED = {Action.PUBLISH: "article.published", Action.WITHDRAW: "publication.withdrawn"}


def note_effects(
    session: Session, target: Target, ended: Sequence[Ended], tried: Sequence[Tried], *, now: datetime
) -> None:
    """Write down what follows, for the deliveries that were ours to mark."""
    ours = {delivery.id for delivery, _, _ in ended}
    _note_places(session, target, [one for one in tried if one.parcel.delivery_id in ours], now)
    _note_publications(session, ended, now)
    arrived = [one for one in tried if one.outcome.result is Result.DONE and one.parcel.delivery_id in ours]
    _announce(session, target, arrived, now)


def _note_places(session: Session, target: Target, tried: Iterable[Tried], now: datetime) -> None:
    found = {
        one.parcel.content.article_id: remote
        for one in tried
        if one.parcel.content is not None and (remote := _place(one)) is not None
    }
    if not found:
        return
    kept = session.scalars(
        select(RemoteArticle)
        .where(RemoteArticle.target_id == target.id, RemoteArticle.article_id.in_(found))
        .order_by(RemoteArticle.article_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    rows = {row.article_id: row for row in kept}
    for article_id, remote in sorted(found.items()):
        row = rows.get(article_id)
        if row is None:
            row = RemoteArticle(target_id=target.id, article_id=article_id)
            session.add(row)
        row.remote_id, row.guid, row.url = remote.remote_id, remote.guid, remote.url
        row.state, row.version, row.updated_at = remote.state, remote.version, now
    session.flush()


def _place(one: Tried) -> Remote | None:
    """Where the article is there: as the kind read it, or what was known of one that is withdrawn now."""
    remote, content = one.outcome.remote, one.parcel.content
    if remote is not None or content is None or content.remote is None:
        return remote
    if one.parcel.action is Action.WITHDRAW and one.outcome.result is Result.DONE:
        return replace(content.remote, state="withdrawn")
    return None


def _note_publications(session: Session, ended: Iterable[Ended], now: datetime) -> None:
    """Delivered, dead, or no longer to be published; and what stood there before a withdrawal is withdrawn."""
    become: dict[tuple[str, str], list[int]] = {}
    withdrawn: dict[int, list[int]] = {}
    for delivery, state, reason in ended:
        if delivery.publication_id is not None and (now_is := _becomes(state)) is not None:
            become.setdefault((now_is, reason), []).append(delivery.publication_id)
        if delivery.action == Action.WITHDRAW.value and state == State.DELIVERED.value:
            withdrawn.setdefault(delivery.target_id, []).append(delivery.article_id)
    for (state, reason), ids in sorted(become.items()):
        values: dict[str, Any] = {"state": state, "reason": reason}
        if state == "delivered":
            values["delivered_at"] = now
        _update(session, Publication.id.in_(ids), values=values)
    for target_id, ids in withdrawn.items():
        there = Publication.target_id == target_id, Publication.state == "delivered"
        _update(session, *there, Publication.article_id.in_(ids), values={"state": "withdrawn"})


def _update(session: Session, *where: ColumnElement[bool], values: dict[str, Any]) -> None:
    session.execute(
        update(Publication).where(*where).values(values).execution_options(synchronize_session=False)
    )


def _becomes(state: str) -> str | None:
    """The state of a publication whose delivery is in this one, if that says anything new."""
    if state == State.CANCELLED.value:
        return "failed"
    return state if state in {State.DELIVERED.value, State.DEAD.value} else None


def _announce(session: Session, target: Target, arrived: Iterable[Tried], now: datetime) -> None:
    """Tell others what was published or taken down in a place of others; once, however often it is sent."""
    placed = {
        f"delivery:{one.parcel.delivery_id}": (one.parcel, one.parcel.content, remote)
        for one in arrived
        if one.parcel.content is not None and (remote := _place(one)) is not None
    }
    if not placed:
        return
    told = set(session.scalars(select(OutboxEvent.cause).where(OutboxEvent.cause.in_(placed))))
    for cause, (parcel, content, remote) in placed.items():
        if cause not in told:
            kind = ANNOUNCED[parcel.action]
            payload = _payload(content, target, remote)
            announce(session, kind, parcel.subject, cause=cause, payload=payload, now=now)


def _payload(content: Content, target: Target, remote: Remote) -> dict[str, Any]:
    return {
        "source_id": content.source_id,
        "version": content.version,
        "slug": content.slug,
        "target": target.name,
        "target_id": target.id,
        "url": remote.url,
    }
