"""Claiming creates a claim, releasing deletes it, skipping sends an article behind the others."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.actions import began_to_wait, touch
from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.articles.rules import SETTLED
from review_app.base.errors import Conflict, Invalid
from review_app.outbox.actions import Actor, log_event
from review_app.review_queue.models import Claim, Skip
from review_app.review_queue.queries import claim_of, free, live, skipped_by, waiting
from review_app.review_queue.rules import MOST_CLAIMS, REASON_LENGTH


class ClaimHeld(Conflict):
    """Somebody else holds the article; `held_by` and `expires_at` say who and until when."""

    title = "Somebody else is reviewing this"

    def __init__(self, claim: Claim) -> None:
        super().__init__(
            f"{claim.user.name} is reviewing this article.",
            held_by=claim.user.email,
            expires_at=claim.expires_at.isoformat(),
        )


class TooManyClaims(Conflict):
    """The reviewer holds as many articles as one may."""

    title = "Three articles are open already"

    def __init__(self) -> None:
        super().__init__(
            f"You already hold {MOST_CLAIMS} articles. Decide, skip or release one of them first."
        )


def claim_next(
    session: Session, user: User, filters: Filters, *, now: datetime, lease: timedelta
) -> Claim | None:
    """Claim the first free article within the filters, those this reviewer skipped last. None when there is none.

    Two reviewers can never get the same one: on PostgreSQL a row that another is just claiming is passed over, and a
    claim that was committed after our look is met by the upsert, which then changes nothing, and we look again.
    Raises `TooManyClaims`.
    """
    _leave_room(session, user, now)
    base = waiting(session, filters).where(free(now)).limit(1).with_for_update(of=Article, skip_locked=True)
    fresh = base.where(~skipped_by(user)).order_by(Article.queue_rank, Article.id)
    passed_over = base.join(Skip, (Skip.article_id == Article.id) & (Skip.user_id == user.id)).order_by(
        Skip.skipped_at, Article.id
    )
    while (article := session.scalar(fresh) or session.scalar(passed_over)) is not None:
        claim = _take(session, article, user, now=now, lease=lease)
        if claim is not None:
            return claim
    return None


def hold(session: Session, article: Article, user: User, *, now: datetime, lease: timedelta) -> Claim:
    """Claim this article, or renew the lease on it. Raises `ClaimHeld` or `TooManyClaims`."""
    _leave_room(session, user, now, besides=article)
    claim = _take(session, article, user, now=now, lease=lease)
    if claim is None:
        raise ClaimHeld(_holder(session, article, now))
    return claim


def release(session: Session, article: Article, user: User) -> None:
    """Give the article back. Nothing happens if this reviewer does not hold it."""
    session.execute(delete(Claim).where(Claim.article_id == article.id, Claim.user_id == user.id))


def skip(session: Session, article: Article, user: User, reason: str, *, actor: Actor, now: datetime) -> None:
    """Pass an article over: the claim ends, the reason is logged, the article goes behind for this reviewer.

    Raises `Invalid` for a reason that is too long and `ClaimHeld` when somebody else is at it.
    """
    if len(reason) > REASON_LENGTH:
        raise Invalid("That reason is too long.", {"reason": [f"may have {REASON_LENGTH} characters"]})
    check_not_held_by_another(session, article, user, now)
    release(session, article, user)
    session.execute(delete(Skip).where(Skip.article_id == article.id, Skip.user_id == user.id))
    session.add(Skip(article_id=article.id, user_id=user.id, reason=reason, skipped_at=now))
    log_event(
        session,
        "article.skipped",
        ("article", article.source_id),
        actor=actor,
        now=now,
        after={"reason": reason},
    )


def settle(session: Session, article: Article) -> None:
    """After a decision: nobody holds the article any more, and nobody has skipped it."""
    session.execute(delete(Claim).where(Claim.article_id == article.id))
    session.execute(delete(Skip).where(Skip.article_id == article.id))


def put_into_queue(session: Session, article: Article, *, actor: Actor, now: datetime) -> None:
    """A lead wants a person to look at it. Raises `Conflict` when it waits already or is settled."""
    if article.awaiting_review:
        raise Conflict("This article is in the queue already.")
    if article.revision_status in SETTLED:
        raise Conflict(f"This article is {article.revision_status}; roll that decision back first.")
    article.awaiting_review = article.needs_human_review = True
    entry = began_to_wait(now)
    article.queue_rank, article.waiting_since = entry["queue_rank"], entry["waiting_since"]
    touch(article, now)
    log_event(session, "article.queued", ("article", article.source_id), actor=actor, now=now)


def check_not_held_by_another(session: Session, article: Article, user: User, now: datetime) -> Claim | None:
    """The claim of this reviewer, if there is one. Raises `ClaimHeld` when it is somebody else's."""
    claim = claim_of(session, article, now)
    if claim is not None and claim.user_id != user.id:
        raise ClaimHeld(claim)
    return claim


def _holder(session: Session, article: Article, now: datetime) -> Claim:
    claim = claim_of(session, article, now)
    if claim is None:
        raise Conflict("Somebody else had this article a moment ago. Please try again.")
    return claim


def _leave_room(session: Session, user: User, now: datetime, besides: Article | None = None) -> None:
    # The row lock keeps one person's parallel requests from each finding room. It is the weak kind, which does not
    # wait for rows that merely point at this person.
    session.execute(select(User.id).where(User.id == user.id).with_for_update(key_share=True))
    held = select(func.count()).select_from(Claim).where(Claim.user_id == user.id, live(now))
    if besides is not None:
        held = held.where(Claim.article_id != besides.id)
    if (session.scalar(held) or 0) >= MOST_CLAIMS:
        raise TooManyClaims


def _take(session: Session, article: Article, user: User, *, now: datetime, lease: timedelta) -> Claim | None:
    """The claim, if the article was free, its lease had run out, or it is this reviewer's already."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    fresh = insert(Claim).values(
        article_id=article.id, user_id=user.id, claimed_at=now, expires_at=now + lease
    )
    renewed = live(now) & (Claim.user_id == user.id)
    taken = fresh.on_conflict_do_update(
        index_elements=[Claim.article_id],
        set_={
            "user_id": user.id,
            "expires_at": now + lease,
            "claimed_at": case((renewed, Claim.claimed_at), else_=now),
        },
        where=or_(Claim.expires_at <= now, Claim.user_id == user.id),
    ).returning(Claim)
    return session.scalar(taken, execution_options={"populate_existing": True})
