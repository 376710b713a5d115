"""What people do with checks: have pages read now, or have a difference mended."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from review_app.articles.models import Article
from review_app.base.errors import Conflict, NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.outbox.actions import Actor, announce, log_event
from review_app.outbox.models import OutboxEvent
from review_app.publishing.deliveries.parcels import unreleased
from review_app.publishing.deliveries.queries import OPEN as OPEN_DELIVERY
from review_app.publishing.deliveries.rules import State as DeliveryState
from review_app.publishing.kinds.face import Action
from review_app.publishing.models import Delivery, Publication, PublishRunItem
from review_app.publishing.running import subject_of
from review_app.publishing.truth.models import PublicCheck
from review_app.publishing.truth.pages import PublicPage, pages_by_key
from review_app.publishing.truth.rules import MENDED_SETTLE, State

NO_DIFFERENCE = _l("Nothing is to be mended there any more.")
MENDING = _l("It is being mended already; it is read again in a moment.")
UNDO_OPEN = _l("What was decided on it last can still be undone. Try again in a moment.")
NOT_SENT = _l("What is approved now was not sent there by a run yet. Start a run for it.")
TARGET_OFF = _l("The target is switched off, so nothing can be sent there. Switch it on first.")
WANTED = {Action.PUBLISH: "publication.requested", Action.WITHDRAW: "publication.withdrawal_requested"}
"""What the log of deliveries says a mending was."""


def ask_for_check(session: Session, now: datetime, article_ids: Collection[int] | None = None) -> int:
    """Have the pages of these articles, or all, read as soon as may be. Returns how many there are."""
    query = update(PublicCheck).values(due_at=now).execution_options(synchronize_session=False)
    if article_ids is not None:
        query = query.where(PublicCheck.article_id.in_(article_ids))
    count: int = session.execute(query).rowcount  # type: ignore[attr-defined]
    return count


def mend(
    session: Session, check_id: int, *, actor: Actor, now: datetime, site_url: str
) -> tuple[PublicCheck, int | None]:
    """Publish or withdraw there again, as the desk says now, and read it after that.

    Returns the check, and the target that has something to send if it is a place of others. Raises `NotFound`, and `Conflict`
    when nothing differs any more, it is being mended, or the target is off; and while a place of others may not get it: the
    decision can still be undone, or no run has sent it there, for it waits for its day, say.
    """
    check = _locked(session, check_id)
    if check.state != State.DIFFERS:
        raise Conflict(NO_DIFFERENCE)
    if check.mended_at is not None:
        raise Conflict(MENDING)
    page = pages_by_key(session, [check], site_url).get((check.article_id, check.target_id))
    if page is None:
        raise Conflict(NO_DIFFERENCE)
    if page.kind == "site":
        _show_again(session, check, page, now)
    elif check.target.enabled:
        _send_again(session, check, page, now)
    else:
        raise Conflict(TARGET_OFF)
    check.mended_at, check.due_at = now, now + MENDED_SETTLE
    subject = ("article", check.article.source_id)
    after = {"target": check.target.name, "url": page.url, "index": page.index, "findings": check.findings}
    log_event(session, "truth.mended", subject, actor=actor, now=now, after=after)
    return check, None if page.kind == "site" else check.target_id


def _locked(session: Session, check_id: int) -> PublicCheck:
    """With its article, which nobody decides on until the transaction ends."""
    of_it = select(PublicCheck.article_id).where(PublicCheck.id == check_id).scalar_subquery()
    session.execute(select(Article.id).where(Article.id == of_it).with_for_update(key_share=True))
    check = session.scalar(
        select(PublicCheck)
        .where(PublicCheck.id == check_id)
        .options(joinedload(PublicCheck.article), joinedload(PublicCheck.target))
        .with_for_update(of=PublicCheck)
        .execution_options(populate_existing=True)
    )
    if check is None:
        raise NotFound(_l("There is no check %(number)s.", number=check_id))
    return check


def _show_again(session: Session, check: PublicCheck, page: PublicPage, now: datetime) -> None:
    """Our own pages follow the desk at once, so what differs is what others keep of them: tell those anew."""
    article = check.article
    payload = {
        "source_id": article.source_id,
        "version": article.published_version or article.revision_version,
    }
    payload |= {"slug": article.slug, "target": check.target.name, "url": page.url}
    kind = "article.published" if page.index else "publication.withdrawn"
    cause = f"mend:{check.id}:{now.isoformat()}"
    announce(session, kind, f"article:{article.source_id}", cause=cause, payload=payload, now=now)


def _send_again(session: Session, check: PublicCheck, page: PublicPage, now: datetime) -> None:
    """A delivery to this target alone, with the event that asks for it handed over already; what waits there goes first."""
    action = Action.PUBLISH if page.index else Action.WITHDRAW
    subject = subject_of(check.article)
    if unreleased(session, [subject], now):
        raise Conflict(UNDO_OPEN)
    sent = _sent(session, check) if page.index else None
    if page.index and sent is None:
        raise Conflict(NOT_SENT)
    event = OutboxEvent(
        cause=f"mend:{check.id}:{now.isoformat()}",
        kind=WANTED[action],
        subject=subject,
        payload={"source_id": check.article.source_id, "target_id": check.target_id},
        created_at=now,
        release_at=now,
        state="delivered",
    )
    session.add(event)
    session.flush()
    session.add(
        Delivery(
            target_id=check.target_id,
            outbox_id=event.id,
            message_id=f"msg_{secrets.token_hex(16)}",
            subject=subject,
            action=action.value,
            urgent=action is Action.WITHDRAW,
            article_id=check.article_id,
            publication_id=sent,
            state=DeliveryState.WAITING.value,
            created_at=now,
            due_at=now,
            finished_at=None,
            leased_by=None,
            lease_until=None,
        )
    )
    session.flush()
    earlier = update(Delivery).where(
        OPEN_DELIVERY, Delivery.target_id == check.target_id, Delivery.subject == subject
    )
    session.execute(
        earlier.where(Delivery.state == DeliveryState.WAITING.value)
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


def _sent(session: Session, check: PublicCheck) -> int | None:
    """The publication with which a run has sent there what is approved now, under the very approval that holds."""
    article = check.article
    return session.scalar(
        select(Publication.id)
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .where(Publication.article_id == article.id, Publication.target_id == check.target_id)
        .where(Publication.version == article.revision_version, PublishRunItem.sent_at.is_not(None))
        .where(PublishRunItem.decided_at.is_not_distinct_from(article.decided_at))
        .limit(1)
    )
