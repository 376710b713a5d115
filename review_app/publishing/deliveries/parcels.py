"""Making parcels of deliveries, with the article as the desk says it now; and leaving out what has become moot."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from review_app.base.messages import lazy_gettext as _l
from review_app.publishing.content import contents_of
from review_app.publishing.deliveries.leases import Leased
from review_app.publishing.deliveries.marks import Moot
from review_app.publishing.deliveries.rules import State
from review_app.publishing.kinds.face import Action, Content, Parcel
from review_app.publishing.models import Delivery, Publication

NOT_APPROVED = _l("it is no longer approved")
NOT_THIS_VERSION = _l("it is no longer approved in this version")
NO_ARTICLE = _l("there is no such article any more")
SINCE_PUBLISHED = _l("it has been approved and published there again since")


def packed(session: Session, leased: Sequence[Leased], site_url: str) -> tuple[list[Parcel], list[Moot]]:
    """The parcels of these deliveries of one target, and what is not to be sent, with the reason."""
    of_articles = {row.article_id for row in leased if row.action != Action.TELL.value and row.article_id}
    contents = contents_of(session, of_articles, leased[0].target.id, site_url) if of_articles else {}
    versions = _versions(session, leased)
    again = _published_again(session, leased)
    parcels, moot = [], []
    for delivery in leased:
        content = contents.get(delivery.article_id or 0)
        reason = _why_moot(delivery, content, versions.get(delivery.publication_id or 0), again)
        if reason:
            moot.append(Moot(delivery.id, reason))
        else:
            parcels.append(_parcel(delivery, content))
    return parcels, moot


def _why_moot(delivery: Leased, content: Content | None, version: str | None, again: Collection[int]) -> str:
    if delivery.action == Action.TELL.value:
        return ""
    if content is None:
        return NO_ARTICLE
    if delivery.action == Action.WITHDRAW.value:
        return SINCE_PUBLISHED if content.indexable and delivery.id in again else ""
    if not content.indexable:
        return NOT_APPROVED
    return NOT_THIS_VERSION if version is not None and version != content.version else ""


def _versions(session: Session, leased: Sequence[Leased]) -> dict[int, str]:
    """The versions that were asked for, by publication. What follows from a publication asks for none: what stands counts."""
    wanted = {delivery.publication_id for delivery in leased} - {None}
    if not wanted:
        return {}
    rows = session.execute(select(Publication.id, Publication.version).where(Publication.id.in_(wanted)))
    return {row.id: row.version for row in rows}


def _published_again(session: Session, leased: Sequence[Leased]) -> set[int]:
    """The withdrawals among these after which the article arrived there anew: old ones that somebody sends again."""
    withdrawals = [delivery.id for delivery in leased if delivery.action == Action.WITHDRAW.value]
    if not withdrawals:
        return set()
    later = aliased(Delivery)
    found = session.scalars(
        select(Delivery.id)
        .join(later, (later.target_id == Delivery.target_id) & (later.article_id == Delivery.article_id))
        .where(Delivery.id.in_(withdrawals), later.id > Delivery.id)
        .where(later.action == Action.PUBLISH.value, later.state == State.DELIVERED.value)
        .distinct()
    )
    return set(found)


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
