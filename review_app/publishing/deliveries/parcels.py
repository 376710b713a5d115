"""Making parcels of deliveries, with the article as the desk says it now; and leaving out what has become moot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.base.messages import lazy_gettext as _l
from review_app.outbox.models import OutboxEvent
from review_app.publishing.content import contents_of
from review_app.publishing.deliveries.leases import Leased
from review_app.publishing.deliveries.marks import Moot
from review_app.publishing.deliveries.queries import DECIDED, EVENT_OVER, is_as_approved
from review_app.publishing.deliveries.rules import LOOK_AGAIN
from review_app.publishing.kinds.face import Action, Content, Parcel
from review_app.publishing.models import Publication

NOT_APPROVED = _l("it is no longer approved")
NOT_THIS_VERSION = _l("it is no longer approved in this version")
NO_ARTICLE = _l("there is no such article any more")
SINCE_PUBLISHED = _l("it has been approved and published there again since")


@dataclass(frozen=True, slots=True)
class Packed:
    """What is to be sent; what has become moot; and what waits, until when, since somebody may still take back what holds now."""

    parcels: list[Parcel] = field(default_factory=list)
    moot: list[Moot] = field(default_factory=list)
    put_off: dict[int, datetime] = field(default_factory=dict)


def packed(session: Session, leased: Sequence[Leased], site_url: str, now: datetime) -> Packed:
    """Sort these deliveries of one target by what the desk says of their articles."""
    of_articles = {row.article_id for row in leased if row.action != Action.TELL.value and row.article_id}
    contents = contents_of(session, of_articles, leased[0].target.id, site_url) if of_articles else {}
    versions = _versions(session, leased)
    standing = _standing(session, leased)
    open_until = unreleased(session, {row.subject for row in leased if row.article_id in contents}, now)
    found = Packed()
    for delivery in leased:
        content = contents.get(delivery.article_id or 0)
        version = versions.get(delivery.publication_id or 0)
        reason = _why_moot(delivery, content, version, stands=delivery.article_id in standing)
        if delivery.subject in open_until and (reason or delivery.action == Action.PUBLISH.value):
            found.put_off[delivery.id] = min(open_until[delivery.subject], now + LOOK_AGAIN)
        elif reason:
            found.moot.append(Moot(delivery.id, reason, delivery.article_id))
        else:
            found.parcels.append(_parcel(delivery, content))
    return found


def _why_moot(delivery: Leased, content: Content | None, version: str | None, *, stands: bool) -> str:
    if delivery.action == Action.TELL.value:
        return ""
    if content is None:
        return NO_ARTICLE
    if delivery.action == Action.WITHDRAW.value:
        return SINCE_PUBLISHED if stands else ""
    if not content.indexable:
        return NOT_APPROVED
    return NOT_THIS_VERSION if version is not None and version != content.version else ""


def wanted_still(session: Session, parcels: Sequence[Parcel], now: datetime) -> set[int]:
    """The deliveries among these publishes whose articles the desk still says to be indexable in the version that is sent."""
    versions = {one.content.article_id: one.content.version for one in parcels if one.content}
    found = session.execute(
        select(Article.id, Article.revision_version).where(Article.id.in_(versions), Article.indexable)
    )
    approved = {row.id for row in found if versions[row.id] == row.revision_version}
    not_yet = unreleased(session, {one.subject for one in parcels}, now)
    return {
        one.delivery_id
        for one in parcels
        if one.content and one.content.article_id in approved and one.subject not in not_yet
    }


def unreleased(session: Session, subjects: Collection[str], now: datetime) -> Mapping[str, datetime]:
    """Those of these subjects on which was decided so lately that it may be undone and nobody hears of it; and until when."""
    if not subjects:
        return {}
    query = (
        select(OutboxEvent.subject, func.max(OutboxEvent.release_at))
        .where(OutboxEvent.subject.in_(subjects), OutboxEvent.kind.in_(DECIDED))
        # By the subject, and not among all that waits: see `queries.is_first`.
        .where(OutboxEvent.state.not_in(EVENT_OVER), OutboxEvent.release_at > now)
        .group_by(OutboxEvent.subject)
    )
    return dict(session.execute(query).all())


def _versions(session: Session, leased: Sequence[Leased]) -> dict[int, str]:
    """The versions that were asked for, by publication. What follows from a publication asks for none: what stands counts."""
    wanted = {delivery.publication_id for delivery in leased} - {None}
    if not wanted:
        return {}
    rows = session.execute(select(Publication.id, Publication.version).where(Publication.id.in_(wanted)))
    return {row.id: row.version for row in rows}


def _standing(session: Session, leased: Sequence[Leased]) -> set[int | None]:
    """The articles whose withdrawals among these are moot: they stand there in the version that is approved now.

    Old withdrawals that somebody sends again, and those that waited until their rejection was rolled back.
    """
    articles = {row.article_id for row in leased if row.action == Action.WITHDRAW.value}
    if not articles:
        return set()
    query = select(Publication.article_id).join(Article, Article.id == Publication.article_id)
    query = query.where(Publication.target_id == leased[0].target.id, Publication.article_id.in_(articles))
    return set(session.scalars(query.where(*is_as_approved())))


def _parcel(delivery: Leased, content: Content | None) -> Parcel:
    return Parcel(
        delivery_id=delivery.id,
        message_id=delivery.message_id,
        action=Action(delivery.action),
        kind=delivery.kind,
        subject=delivery.subject,
        sequence=delivery.sequence,
        happened_at=delivery.happened_at,
        payload=delivery.payload,
        content=content,
    )
