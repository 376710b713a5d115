"""Giving an article to a reviewer, whose next takes it first; and taking it from them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, joinedload

from review_app.accounts.models import User
from review_app.accounts.rules import Permission
from review_app.articles.models import Article
from review_app.base.errors import Conflict, Invalid
from review_app.base.messages import lazy_gettext as _l
from review_app.notifications.actions import notify
from review_app.notifications.rules import Kind
from review_app.outbox.actions import SYSTEM, Actor, log_event
from review_app.review_queue.models import Assignment, StandingAssignment

ME, NOBODY = "me", "nobody"
AT_ONCE = 250
"""Articles that one transaction takes from people who have left."""


def assigned(value: str, user_id: int | None) -> ColumnElement[bool]:
    """The condition that an article is assigned to `me` (who has this id), to `nobody`, or to the person of an email."""
    if value == NOBODY:
        return Article.assigned_to_id.is_(None)
    if value == ME:
        return Article.assigned_to_id == user_id
    person = select(User.id).where(User.email == value.strip().lower()).scalar_subquery()
    return Article.assigned_to_id == person


def open_to(user: User) -> ColumnElement[bool]:
    """The condition that an article is this reviewer's or nobody's."""
    return or_(Article.assigned_to_id.is_(None), Article.assigned_to_id == user.id)


def assign(
    session: Session,
    article: Article,
    user: User | None,
    *,
    actor: Actor,
    now: datetime,
    tell: bool = True,
    standing: StandingAssignment | None = None,
) -> bool:
    """Let an article come to this reviewer's next and to nobody else's; None: to anybody's. Returns whether that is new.

    The caller holds the article's row. What a reviewer reads of it does not change, so an open page does not go stale.
    `tell`: notify the reviewer; whoever assigns many at once tells of them in one go and not here.
    `standing`: the assignment of a view by which it comes; when that ends, the article is nobody's again.
    Raises `Conflict` when the article does not wait, `Invalid` for somebody who may not review.
    """
    if not article.awaiting_review:
        raise Conflict(_l("This article is not in the queue, so it cannot be assigned."))
    if user is not None and not user.may(Permission.REVIEW):
        raise Invalid(_l("They cannot review."), {"reviewer": [_l("has no way in any more")]})
    if article.assigned_to_id == (user and user.id):
        return False
    before = article.assigned_to_id
    article.assigned_to_id = user.id if user else None
    if user is not None:
        session.merge(
            Assignment(
                article_id=article.id,
                user_id=user.id,
                assigned_by=actor.name,
                assigned_at=now,
                standing_id=standing and standing.id,
            )
        )
        if tell:
            _tell(session, article, user, actor=actor, now=now)
    log_event(
        session,
        "article.assigned",
        ("article", article.source_id),
        actor=actor,
        now=now,
        before={"assigned_to_id": before},
        after={"assigned_to_id": article.assigned_to_id, "assigned_to": user and user.email},
    )
    return True


def _tell(session: Session, article: Article, user: User, *, actor: Actor, now: datetime) -> None:
    text = _l("“%(title)s” is assigned to you.", title=article.title)
    subject = ("article", article.source_id)
    notify(session, user.id, Kind.ASSIGNED, text=text, subject=subject, by=actor, now=now)


def person_to_assign(session: Session, email: str) -> User | None:
    """The reviewer of this email, or None for an empty one. Raises `Invalid`."""
    email = email.strip().lower()
    if not email:
        return None
    found = session.scalar(select(User).where(User.email == email, User.is_active))
    if found is None:
        raise Invalid(_l("That reviewer is not known."), {"reviewer": [_l("is nobody who has a way in")]})
    return found


def assignment_of(session: Session, article: Article) -> Assignment | None:
    """By whom the article was given to whom it is assigned now."""
    whence = joinedload(Assignment.standing).joinedload(StandingAssignment.view)
    theirs = Assignment.user_id == article.assigned_to_id
    return session.scalar(
        select(Assignment).where(Assignment.article_id == article.id, theirs).options(whence)
    )


def forget_ended(session: Session, article: Article) -> None:
    """After an article got an earlier state back: whose it was by a view that is no longer theirs, it is not again."""
    ended = select(StandingAssignment.id).join(Assignment, Assignment.standing_id == StandingAssignment.id)
    ended = ended.where(StandingAssignment.ended_at.is_not(None), Assignment.article_id == article.id)
    if session.scalar(ended.where(Assignment.user_id == article.assigned_to_id)) is not None:
        article.assigned_to_id = None


def reviewers(session: Session, most: int = 500) -> list[User]:
    """Those to whom an article can be assigned, by name."""
    query = select(User).where(User.is_active).order_by(User.name, User.id).limit(most)
    return list(session.scalars(query))


def left_behind(session: Session) -> bool:
    """Whether something is assigned to somebody who cannot log in any more."""
    return session.scalar(_left_behind().with_only_columns(Article.id).limit(1)) is not None


def free_some(session: Session, now: datetime) -> int:
    """Give to anybody what is assigned to people who have left, some at a time; gives how many there were."""
    query = _left_behind().order_by(Article.id).limit(AT_ONCE).with_for_update(of=Article, skip_locked=True)
    articles = session.scalars(query).all()
    for article in articles:
        assign(session, article, None, actor=SYSTEM, now=now)
    return len(articles)


def _left_behind() -> Select[Article]:
    gone = select(User.id).where(~User.is_active)
    return select(Article).where(Article.awaiting_review, Article.assigned_to_id.in_(gone))
