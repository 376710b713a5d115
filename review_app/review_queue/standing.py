"""A shared view given to one reviewer: what waits in it, now and later, is theirs, until that ends. The verbs, and reading it.

What follows from it, article by article, is done by the job (`standing_runs.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from urllib.parse import parse_qsl

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import Session, joinedload

from review_app.accounts.models import User
from review_app.accounts.rules import Permission
from review_app.articles.models import Article
from review_app.base.errors import Conflict, Invalid, NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.outbox.actions import Actor, log_event
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.models import Assignment, SavedView, StandingAssignment


def standings_of(session: Session, views: Sequence[SavedView]) -> dict[int, StandingAssignment]:
    """To whom these views are given now, by the view's id. One statement."""
    live = select(StandingAssignment).where(
        StandingAssignment.view_id.in_([view.id for view in views]), StandingAssignment.ended_at.is_(None)
    )
    people = joinedload(StandingAssignment.user), joinedload(StandingAssignment.assigned_by)
    return {found.view_id: found for found in session.scalars(live.options(*people)) if found.view_id}


def standing_of(session: Session, view: SavedView) -> StandingAssignment | None:
    """To whom this view is given now."""
    return standings_of(session, [view]).get(view.id)


def given_by(standing: StandingAssignment) -> Select[Article]:
    """What waits and is its reviewer's by this assignment."""
    return (
        select(Article)
        .join(Assignment, Assignment.article_id == Article.id)
        .where(
            Article.awaiting_review,
            Article.assigned_to_id == standing.user_id,
            Assignment.standing_id == standing.id,
        )
    )


def count_given(session: Session, standings: Collection[StandingAssignment], most: int) -> dict[int, int]:
    """How many articles wait by each of these, counted to `most` + 1, by its id. One statement."""
    counts = []
    for standing in standings:
        some = given_by(standing).with_only_columns(Article.id).limit(most + 1).subquery()
        counts.append(select(literal(standing.id), func.count()).select_from(some))
    return dict(session.execute(union_all(*counts)).all()) if counts else {}


def assign_view(
    session: Session, view: SavedView, reviewer: User, *, actor: Actor, now: datetime
) -> StandingAssignment:
    """Give a shared view to a reviewer; if somebody else has it, from them. Nothing happens if it is theirs already.

    Raises `Conflict` for a view of one's own alone and for one that looks for an assignment, `Invalid` for somebody who may
    not review, `NotFound` for a view that was removed meanwhile.
    """
    # Its row is held, so that two leads give it one after the other.
    session.refresh(view, ["query", "shared", "removed_at"], with_for_update=True)
    _check_can_be_given(view, reviewer)
    before = standing_of(session, view)
    if before is not None and before.user_id == reviewer.id:
        return before
    if before is not None:
        end(session, before, "given to another", actor=actor, now=now)
        session.flush()  # or the new one would stand beside it
    standing = StandingAssignment(
        view_id=view.id, user_id=reviewer.id, assigned_by_id=actor.id, assigned_at=now, untold=0
    )
    session.add(standing)
    after = {"assigned_to": reviewer.email, "name": view.name, "query": view.query}
    log_event(session, "view.assigned", ("view", str(view.id)), actor=actor, now=now, after=after)
    return standing


def _check_can_be_given(view: SavedView, reviewer: User) -> None:
    if view.removed_at is not None:
        raise NotFound(_l("There is no such saved view, or it is not yours."))
    if not view.shared:
        raise Conflict(_l("Only a view that everybody sees can be assigned. Share it first."))
    if QueueFilters.read(dict(parse_qsl(view.query)))[0].assigned:
        raise Conflict(
            _l(
                "This view looks for what is assigned, so it cannot be assigned itself. Take that filter off first."
            )
        )
    if not reviewer.may(Permission.REVIEW):
        raise Invalid(_l("They cannot review."), {"reviewer": [_l("has no way in any more")]})


def check_may_look_for(session: Session, view: SavedView, filters: QueueFilters) -> None:
    """Raises `Conflict` when a view that is assigned were to look for an assignment."""
    if filters.assigned and standing_of(session, view) is not None:
        raise Conflict(
            _l(
                "This view is assigned to somebody, so it cannot look for what is assigned. Take it back first."
            )
        )


def unassign_view(session: Session, view: SavedView, *, actor: Actor, now: datetime) -> bool:
    """Take a view back from whoever has it. Returns whether somebody had."""
    session.refresh(view, ["removed_at"], with_for_update=True)
    standing = standing_of(session, view)
    if standing is not None:
        end(session, standing, "taken back", actor=actor, now=now)
    return standing is not None


def end(session: Session, standing: StandingAssignment, reason: str, *, actor: Actor, now: datetime) -> None:
    """From here on it gives nothing more, and the job frees what it gave. Needs who has it."""
    standing.ended_at = now
    log_event(
        session,
        "view.unassigned",
        ("view", str(standing.view_id or "")),
        actor=actor,
        now=now,
        before={"assigned_to": standing.user.email},
        after={"reason": reason},
    )
