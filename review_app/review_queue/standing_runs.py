"""What follows from standing assignments of views, some articles a transaction: giving, telling, ending, freeing.

Whoever works on one holds its row, so two workers share a run: what one has given is told by whichever comes to its end.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from urllib.parse import parse_qsl

from sqlalchemy import ColumnElement, Select, exists, select, tuple_
from sqlalchemy.orm import Session, joinedload

from review_app.accounts.rules import Permission
from review_app.articles.models import Article
from review_app.base.messages import Figure
from review_app.base.messages import lazy_gettext as _l
from review_app.base.messages import lazy_ngettext as _ln
from review_app.notifications.actions import notify
from review_app.notifications.rules import Kind
from review_app.outbox.actions import SYSTEM
from review_app.review_queue.assignments import AT_ONCE, assign
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.models import Claim, SavedView, StandingAssignment
from review_app.review_queue.queries import free, live, waiting
from review_app.review_queue.standing import end, given_by

Key = tuple[int, int]
"""A place in the queue: rank and id."""
START: Key = (-(2**63), 0)
ALL_OF_IT = (
    joinedload(StandingAssignment.user),
    joinedload(StandingAssignment.assigned_by),
    joinedload(StandingAssignment.view).joinedload(SavedView.owner),
)


class Over(StrEnum):
    """Why an assignment ends by itself."""

    VIEW = "the view was removed"
    SHARED = "the view is not shared any more"
    REVIEWER = "the reviewer cannot review any more"
    OWNER = "the owner of the view has left"


def open_standings(session: Session) -> Sequence[StandingAssignment]:
    """Those that stand, and those that have ended and have not freed all that they gave."""
    query = select(StandingAssignment).where(StandingAssignment.freed_at.is_(None))
    return session.scalars(query.order_by(StandingAssignment.id).options(*ALL_OF_IT)).all()


def wants_work(session: Session, standing: StandingAssignment, now: datetime) -> bool:
    """Whether there is something to give, to tell, to end or to free."""
    if standing.ended_at is not None:
        given = given_by(standing).with_only_columns(Article.id).limit(1)
        return session.scalar(given) is None or session.scalar(given.where(free(now))) is not None
    if standing.untold or why_over(standing) is not None:
        return True
    return session.scalar(to_give(session, standing, now).with_only_columns(Article.id).limit(1)) is not None


def go_on(session: Session, standing_id: int, after: Key, now: datetime) -> Key | None:
    """The next step of one assignment; gives where the one after begins, or None at the end or when another worker is at it."""
    mine = select(StandingAssignment).where(StandingAssignment.id == standing_id).options(*ALL_OF_IT)
    mine = mine.with_for_update(of=StandingAssignment, skip_locked=True)
    standing = session.scalar(mine, execution_options={"populate_existing": True})
    if standing is None or standing.freed_at is not None:
        return None
    if standing.ended_at is not None:
        return _free_some(session, standing, now)
    if (over := why_over(standing)) is not None:
        _end_by_itself(session, standing, over, now)
        return START
    return _give_some(session, standing, after, now)


def why_over(standing: StandingAssignment) -> Over | None:
    """Why it cannot stand any longer, if it cannot."""
    view = standing.view
    if view is None or view.removed_at is not None:
        return Over.VIEW
    if not standing.user.may(Permission.REVIEW):
        return Over.REVIEWER
    if not view.owner.is_active:
        return Over.OWNER
    return None if view.shared else Over.SHARED


def to_give(session: Session, standing: StandingAssignment, now: datetime) -> Select[Article]:
    """What waits in the view as its reviewer sees it, is nobody's, and is held by nobody else; along an index, in order."""
    filters = _filters(standing, now)
    if filters is None:
        return select(Article).where(Article.id.is_(None))
    query = waiting(session, filters).where(
        Article.assigned_to_id.is_(None), ~_held_by_another(standing.user_id, now)
    )
    # As in `actions.claim_next`: PostgreSQL must be told that whatever is null is alike, to go along the index.
    order = (Article.queue_rank, Article.id)
    return query.order_by(*order) if filters.active() else query.order_by(Article.assigned_to_id, *order)


def _filters(standing: StandingAssignment, now: datetime) -> QueueFilters | None:
    """None for a view that would give what it never meant: one that looks for an assignment, or has a part without meaning."""
    view = standing.view
    found, wrong = QueueFilters.read(dict(parse_qsl(view.query))) if view else (None, {})
    return None if found is None or wrong or found.assigned else found.asked_by(standing.user, now)


def _held_by_another(user_id: int, now: datetime) -> ColumnElement[bool]:
    held = exists().where(Claim.article_id == Article.id, live(now), Claim.user_id != user_id)
    return held.correlate(Article)


def _give_some(session: Session, standing: StandingAssignment, after: Key, now: datetime) -> Key | None:
    some = to_give(session, standing, now).where(tuple_(Article.queue_rank, Article.id) > after)
    some = some.limit(AT_ONCE).with_for_update(of=Article, skip_locked=True)
    articles = session.scalars(some, execution_options={"populate_existing": True}).all()
    ids = [article.id for article in articles]
    kept = _held(session, ids, standing.user_id, now) | _of_earlier_views(session, standing, ids, now)
    for article in articles:
        if article.id not in kept:
            assign(session, article, standing.user, actor=SYSTEM, now=now, tell=False, standing=standing)
            standing.untold += 1
    if len(articles) == AT_ONCE:
        return articles[-1].queue_rank, articles[-1].id
    _tell(session, standing, now)
    return None


def _held(session: Session, ids: Collection[int], besides: int | None, now: datetime) -> set[int]:
    """Which of these somebody holds (`besides` aside), asked once their rows are ours.

    On PostgreSQL a claim may have been committed after our look at the queue began and before it came to the row.
    """
    held = select(Claim.article_id).where(Claim.article_id.in_(ids), live(now))
    return set(session.scalars(held.where(Claim.user_id != besides) if besides else held)) if ids else set()


def _of_earlier_views(
    session: Session, standing: StandingAssignment, ids: Collection[int], now: datetime
) -> set[int]:
    """Which of these are in a view of a lower position that is assigned too; of like positions the older view's."""
    found: set[int] = set()
    for other in open_standings(session) if ids else ():
        if other.ended_at is None and why_over(other) is None and _place(other) < _place(standing):
            filters = _filters(other, now)
            if filters is not None:
                theirs = waiting(session, filters).where(Article.id.in_(ids))
                found |= set(session.scalars(theirs.with_only_columns(Article.id)))
    return found


def _place(standing: StandingAssignment) -> Key:
    return (standing.view.position, standing.view.id) if standing.view else START


def _tell(session: Session, standing: StandingAssignment, now: datetime) -> None:
    """The reviewer, once for all that a run gave."""
    count, name = standing.untold, standing.view.name if standing.view else ""
    if count:
        text = _ln(
            "%(num)s article of the view “%(name)s” is assigned to you.",
            "%(num)s articles of the view “%(name)s” are assigned to you.",
            count,
            num=Figure(count),
            name=name,
        )
        about = ("queue", "?assigned=me")
        notify(session, standing.user_id, Kind.ASSIGNED, text=text, subject=about, by=SYSTEM, now=now)
        standing.untold = 0


def _end_by_itself(session: Session, standing: StandingAssignment, over: Over, now: datetime) -> None:
    """When somebody has left, the lead who gave the view is told, or else its owner."""
    end(session, standing, over.value, actor=SYSTEM, now=now)
    view, lead = standing.view, standing.assigned_by
    if view is None or over not in {Over.REVIEWER, Over.OWNER}:
        return
    lead = lead if lead is not None and lead.is_active else view.owner
    if over is Over.OWNER:
        text = _l(
            "The view “%(view)s” is assigned to nobody any more: %(name)s, whose view it was, has left.",
            view=view.name,
            name=view.owner.name,
        )
    else:
        text = _l(
            "The view “%(view)s” is assigned to nobody any more: %(name)s cannot review any more.",
            view=view.name,
            name=standing.user.name,
        )
    about = ("queue", f"/views/{view.id}/assignment")
    notify(session, lead.id, Kind.RETURNED, text=text, subject=about, by=SYSTEM, now=now)


def _free_some(session: Session, standing: StandingAssignment, now: datetime) -> Key | None:
    """Give to anybody what it gave and nobody holds. What is held is looked at again once that has ended."""
    some = given_by(standing).where(free(now)).order_by(Article.queue_rank, Article.id)
    some = some.limit(AT_ONCE).with_for_update(of=Article, skip_locked=True)
    articles = session.scalars(some, execution_options={"populate_existing": True}).all()
    held = _held(session, [article.id for article in articles], None, now)
    for article in articles:
        if article.id not in held:
            assign(session, article, None, actor=SYSTEM, now=now)
    if len(articles) == AT_ONCE:
        return START
    if session.scalar(given_by(standing).with_only_columns(Article.id).limit(1)) is None:
        standing.freed_at = now
    return None
