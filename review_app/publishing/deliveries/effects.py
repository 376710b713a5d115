"""What follows from a delivery that arrived, died or was cancelled: the place of the article, its publication, new events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.outbox.actions import announce
from review_app.outbox.models import OutboxEvent
from review_app.publishing.deliveries.queries import is_as_approved
from review_app.publishing.deliveries.rules import State
from review_app.publishing.deliveries.sending import Tried
from review_app.publishing.kinds.face import Action, Content, Remote, Result
from review_app.publishing.models import Publication, RemoteArticle, Target

Ended = tuple[Row[Any], str, str]
"""A delivery (its id, message id, target, article, publication and action), the state it has now, and the reason."""
Articles = Mapping[int, Any]
"""What the desk says now of the articles that a batch is about; nobody decides on them until it is written down."""

ANNOUNCED = {Action.PUBLISH: "article.published", Action.WITHDRAW: "publication.withdrawn"}


def note_effects(
    session: Session,
    target: Target,
    ended: Sequence[Ended],
    tried: Sequence[Tried],
    *,
    articles: Articles,
    now: datetime,
) -> None:
    """Write down what follows, for the deliveries that were ours to mark."""
    ours = {delivery.id for delivery, _, _ in ended}
    _note_places(session, target, [one for one in tried if one.parcel.delivery_id in ours], now)
    _lock_publications(session, target, ended)
    lost = _lost(session, target, ended)
    _note_publications(session, ended, now)
    _ask_again(session, articles, lost, now)
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


def _lock_publications(session: Session, target: Target, ended: Iterable[Ended]) -> None:
    """Before they are changed, and in the order of their articles, as a run takes them on."""
    of = {row.article_id for row, _, _ in ended if row.article_id and row.action != Action.TELL.value}
    if of:
        query = select(Publication.id).where(
            Publication.target_id == target.id, Publication.article_id.in_(of)
        )
        query = query.order_by(Publication.article_id, Publication.id).with_for_update(key_share=True)
        session.execute(query).all()


def _lost(session: Session, target: Target, ended: Iterable[Ended]) -> list[tuple[str, Any]]:
    """The withdrawals among these whose article is to stand there as it was published, by message id, with that publication.

    A rejection was rolled back: before the withdrawal was sent, which is moot now, or while it was. What of it the place has
    seen in a try that failed, nobody knows.
    """
    over = {State.DELIVERED.value, State.CANCELLED.value}
    withdrawn = {
        row.article_id: row.message_id
        for row, state, _ in ended
        if row.action == Action.WITHDRAW.value and state in over and row.article_id
    }
    if not withdrawn:
        return []
    query = (
        select(Publication.id, Publication.article_id, Publication.target_id)
        .join(Article, Article.id == Publication.article_id)
        .where(Publication.target_id == target.id, Publication.article_id.in_(withdrawn))
    )
    found = session.execute(query.where(*is_as_approved()))
    return [(withdrawn[row.article_id], row) for row in found]


def _ask_again(session: Session, articles: Articles, lost: Iterable[tuple[str, Any]], now: datetime) -> None:
    """Have these published once more, behind whatever else goes there."""
    for message_id, publication in lost:
        article = articles[publication.article_id]
        which = {"publication_id": publication.id, "target_id": publication.target_id}
        payload = {
            "source_id": article.source_id,
            "version": article.revision_version,
            "slug": article.slug,
        }
        cause = f"withdrawal:{message_id}:{now.isoformat()}"
        subject = f"article:{article.source_id}"
        announce(session, "publication.requested", subject, cause=cause, payload=payload | which, now=now)
        # Of one that was taken away; what a withdrawal that is moot has left alone stands as it stood.
        taken = Publication.id == publication.id, Publication.state == "withdrawn"
        _update(session, *taken, values={"state": "delivering", "reason": ""})


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
        which: list[ColumnElement[bool]] = [Publication.id.in_(ids)]
        if state == "delivered":
            values["delivered_at"] = now
        else:
            # Of an old delivery that was sent again, and failed, nothing follows for what stands, waits or was taken down.
            which.append(Publication.state == "delivering")
        _update(session, *which, values=values)
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
    """Tell others what was published or taken down in a place of others; once, however often it is sent and changes nothing.

    Its article is held, so that its events are numbered in the order in which they happen. Whether it may be told of still,
    is asked when it is handed over.
    """
    placed = {
        f"delivery:{one.parcel.message_id}": (one.parcel, one.parcel.content, remote)
        for one in arrived
        if one.parcel.content is not None and (remote := _place(one)) is not None
    }
    if not placed:
        return
    told = dict(
        session.execute(
            select(OutboxEvent.cause, OutboxEvent.state).where(OutboxEvent.cause.in_(placed))
        ).all()
    )
    for usual, (parcel, content, remote) in placed.items():
        is_new = usual not in told
        if not is_new and told[usual] != "cancelled" and not _is_changed(content.remote, remote):
            continue
        cause = usual if is_new else f"{usual}:{now.isoformat()}"
        payload = _payload(content, target, remote)
        announce(session, ANNOUNCED[parcel.action], parcel.subject, cause=cause, payload=payload, now=now)


def _is_changed(before: Remote | None, after: Remote) -> bool:
    return before is None or (before.state, before.version) != (after.state, after.version)


def _payload(content: Content, target: Target, remote: Remote) -> dict[str, Any]:
    return {
        "source_id": content.source_id,
        "version": content.version,
        "slug": content.slug,
        "target": target.name,
        "target_id": target.id,
        "url": remote.url,
    }
