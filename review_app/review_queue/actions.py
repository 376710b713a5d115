"""Claiming creates a claim, releasing deletes it, skipping sends an article behind the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.actions import began_to_wait, touch
from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.articles.rules import SETTLED, in_words
from review_app.base.errors import Conflict, Invalid
from review_app.base.messages import lazy_gettext as _l
from review_app.base.messages import lazy_ngettext as _ln
from review_app.outbox.actions import Actor, log_event
from review_app.review_queue.assignments import open_to
from review_app.review_queue.models import Claim, Skip
from review_app.review_queue.queries import claim_of, free, live, skipped_by, waiting
from review_app.review_queue.rules import MOST_CLAIMS, REASON_LENGTH


class ClaimHeld(Conflict):
    """Somebody else holds the article; `held_by` and `expires_at` say who and until when."""

    title = "Somebody else is reviewing this"

    def __init__(self, claim: Claim) -> None:
        super().__init__(
            _l("%(name)s is reviewing this article.", name=claim.user.name),
            held_by=claim.user.email,
            expires_at=claim.expires_at.isoformat(),
        )


class TooManyClaims(Conflict):
    """The reviewer holds as many articles as one may."""

    title = "Three articles are open already"

    def __init__(self) -> None:
        super().__init__(
            _ln(
                "You already hold %(num)s article. Decide, skip or release one of them first.",
                "You already hold %(num)s articles. Decide, skip or release one of them first.",
                MOST_CLAIMS,
            )
        )


def claim_next(
    session: Session, user: User, filters: Filters, *, now: datetime, lease: timedelta
) -> Claim | None:
    """Claim the first free article within the filters: this reviewer's own, then what nobody is to do. None without any.

    What they skipped comes last; what is assigned to somebody else never comes, unless the filters ask for it.
    Two reviewers can never get the same one: on PostgreSQL a row that another is just claiming is passed over, and a
    claim that was committed after our look is met by the upsert, which then changes nothing, and we look again.
    Raises `TooManyClaims`.
    """
    _leave_room(session, user, now)
    ways = list(_ways_to_next(session, user, filters, now))
    while (article := _first(session, ways)) is not None:
        claim = _take(session, article, user, now=now, lease=lease)
        if claim is not None:
            return claim
    return None


def _first(session: Session, queries: Iterable[Select[Any]]) -> Article | None:
    return next((found for query in queries if (found := session.scalar(query)) is not None), None)


def _ways_to_next(session: Session, user: User, filters: Filters, now: datetime) -> Iterator[Select[Any]]:
    """Where to look for the next, in turn; each looks along an index and takes the first that is free."""
    base = waiting(session, filters).where(free(now)).limit(1).with_for_update(of=Article, skip_locked=True)
    fresh, order = base.where(~skipped_by(user)), (Article.queue_rank, Article.id)
    passed_over = base.join(Skip, (Skip.article_id == Article.id) & (Skip.user_id == user.id))
    passed_over = passed_over.order_by(Skip.skipped_at, Article.id)
    active = filters.active()
    if "assigned" in active:
        yield from (fresh.order_by(*order), passed_over)
        return
    yield fresh.where(Article.assigned_to_id == user.id).order_by(*order)
    # PostgreSQL does not see that whatever is null is alike, so the index is in this order for it only if we say so. With
    # other filters the index of one of these may be shorter, and is in the order of the queue alone.
    nobodys = fresh.where(Article.assigned_to_id.is_(None))
    yield nobodys.order_by(*order) if active else nobodys.order_by(Article.assigned_to_id, *order)
    yield passed_over.where(open_to(user))


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
        fault = _l("may have %(most)s characters", most=REASON_LENGTH)
        raise Invalid(_l("That reason is too long."), {"reason": [fault]})
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
        raise Conflict(_l("This article is in the queue already."))
    if article.revision_status in SETTLED:
        status = in_words(article.revision_status)
        raise Conflict(_l("This article is %(status)s; roll that decision back first.", status=status))
    article.awaiting_review = article.needs_human_review = True
    entry = began_to_wait(now)
    article.queue_rank, article.waiting_since = entry["queue_rank"], entry["waiting_since"]
    touch(article, now)
    log_event(session, "article.queued", ("article", article.source_id), actor=actor, now=now)


def put_behind(session: Session, article: Article, *, actor: Actor, now: datetime) -> None:
    """A lead sends it behind all others, for everybody. Raises `Conflict` when it does not wait."""
    if not article.awaiting_review:
        raise Conflict(_l("This article is not in the queue."))
    article.behind_since = now
    touch(article, now)
    log_event(session, "article.put_behind", ("article", article.source_id), actor=actor, now=now)


def place_of(article: Article) -> dict[str, Any]:
    """Whether an article waits, since when, and what its place follows from: as JSON, so that it can be given back."""
    return {
        "awaiting_review": article.awaiting_review,
        "needs_human_review": article.needs_human_review,
        "queue_rank": article.queue_rank,
        "waiting_since": article.waiting_since.isoformat(),
        "behind_since": article.behind_since and article.behind_since.isoformat(),
        "due_on": article.due_on and article.due_on.isoformat(),
    }


def put_back(
    session: Session, article: Article, place: Mapping[str, Any], *, actor: Actor, now: datetime
) -> None:
    """Give an article the place in the queue that it had."""
    article.awaiting_review, article.needs_human_review = (
        place["awaiting_review"],
        place["needs_human_review"],
    )
    article.queue_rank = place["queue_rank"]
    since, behind, due = (place[name] for name in ("waiting_since", "behind_since", "due_on"))
    article.waiting_since = datetime.fromisoformat(since)
    article.behind_since = datetime.fromisoformat(behind) if behind else None
    article.due_on = date.fromisoformat(due) if due else None
    touch(article, now)
    log_event(session, "article.put_back", ("article", article.source_id), actor=actor, now=now)


def check_not_held_by_another(session: Session, article: Article, user: User, now: datetime) -> Claim | None:
    """The claim of this reviewer, if there is one. Raises `ClaimHeld` when it is somebody else's."""
    claim = claim_of(session, article, now)
    if claim is not None and claim.user_id != user.id:
        raise ClaimHeld(claim)
    return claim


def _holder(session: Session, article: Article, now: datetime) -> Claim:
    claim = claim_of(session, article, now)
    if claim is None:
        raise Conflict(_l("Somebody else had this article a moment ago. Please try again."))
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
