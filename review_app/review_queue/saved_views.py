"""Saved views of the queue: keeping, changing, removing them, and which of them a person sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, joinedload

from review_app.accounts.models import User
from review_app.accounts.rules import Role
from review_app.base.errors import Forbidden, Invalid, NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.models import QueueTaste, SavedView
from review_app.review_queue.queries import lengths
from review_app.review_queue.rules import (
    COUNTED_ON_TABS,
    MOST_ON_TABS,
    MOST_VIEWS,
    NAME_LENGTH,
    USUAL_COLUMNS,
    Column,
    columns_of,
)


@dataclass(frozen=True, slots=True)
class Tastes:
    """What a person sees of saved views: all of them in order, the one to begin with, and the columns they like."""

    views: Sequence[SavedView]
    default: SavedView | None
    columns: tuple[Column, ...]

    def view(self, number: str) -> SavedView | None:
        """The one of this number, as it stands in an address."""
        return next((view for view in self.views if str(view.id) == number), None)


def tastes_of(session: Session, user: User) -> Tastes:
    """The views that this person sees: their own first, then those that others share. Two statements."""
    views = session.scalars(
        select(SavedView)
        .where((SavedView.owner_id == user.id) | SavedView.shared, SavedView.removed_at.is_(None))
        .options(joinedload(SavedView.owner))
        .order_by(SavedView.position, SavedView.id)
        .limit(2 * MOST_VIEWS)
    ).all()
    views = sorted(views, key=lambda view: view.owner_id != user.id)
    taste = session.get(QueueTaste, user.id)
    wanted = taste.default_view_id if taste else None
    default = next((view for view in views if view.id == wanted), None)
    return Tastes(views, default, columns_of(taste.columns) if taste and taste.columns else USUAL_COLUMNS)


def filters_of(view: SavedView, user: User, now: datetime) -> QueueFilters:
    """What a view looks for, when this person opens it. What has lost its meaning since is left out."""
    found, _ = QueueFilters.read(dict(parse_qsl(view.query)) | {"view": str(view.id)})
    return found.asked_by(user, now)


def columns_in(view: SavedView | None, tastes: Tastes) -> tuple[Column, ...]:
    """The columns to show: the view's, if it names some, else the person's."""
    return columns_of(view.columns) if view is not None and view.columns else tastes.columns


def counts_of(session: Session, views: Sequence[SavedView], user: User, now: datetime) -> dict[int, str]:
    """How much waits in each of the views that stand as tabs, counted to a bound: `42`, or `999+`."""
    some = views[:MOST_ON_TABS]
    counts = lengths(session, [filters_of(view, user, now) for view in some], COUNTED_ON_TABS)
    return {
        view.id: f"{COUNTED_ON_TABS}+" if count > COUNTED_ON_TABS else str(count)
        for view, count in zip(some, counts, strict=True)
    }


def get_view(session: Session, user: User, view_id: int) -> SavedView:
    """A view that this person sees. Raises `NotFound`."""
    view = session.get(SavedView, view_id, options=[joinedload(SavedView.owner)])
    if view is None or view.removed_at is not None or not (view.shared or view.owner_id == user.id):
        raise NotFound(_l("There is no such saved view, or it is not yours."))
    return view


def may_change(user: User, view: SavedView) -> bool:
    """Its owner may, and of a shared one any lead."""
    return view.owner_id == user.id or (view.shared and _leads(user))


def add_view(
    session: Session,
    user: User,
    name: str,
    filters: QueueFilters,
    *,
    now: datetime,
    columns: Sequence[Column] | None = None,
    shared: bool = False,
) -> SavedView:
    """Keep filters and order under a name, behind the views there are. Raises `Invalid`, or `Forbidden` to share."""
    own = list(
        session.scalars(
            select(SavedView).where(SavedView.owner_id == user.id, SavedView.removed_at.is_(None))
        )
    )
    if len(own) >= MOST_VIEWS:
        raise Invalid(
            _l("You have as many views as one may have."),
            {"name": [_l("is one more than %(most)s views", most=MOST_VIEWS)]},
        )
    view = SavedView(
        owner_id=user.id,
        name=_free_name(session, user, name),
        query=query_of(filters),
        columns=_kept(columns),
        shared=False,
        position=1 + max((view.position for view in own), default=0),
        created_at=now,
        removed_at=None,
    )
    view.owner = user
    _share(user, view, shared=shared)
    session.add(view)
    session.flush()
    return view


def query_of(filters: QueueFilters) -> str:
    """What is kept of filters: what they look for and their order, not where somebody was in the list."""
    return urlencode(filters.active() | ({"sort": filters.sort} if filters.sort else {}))


def change_view(session: Session, user: User, view: SavedView, changes: dict[str, Any]) -> None:
    """Change a view: `name`, `filters`, `columns`, `shared`, `position`, whichever are named. Raises as `add_view`."""
    _check_may_change(user, view)
    if "name" in changes:
        view.name = _free_name(session, user, changes["name"], besides=view)
    if "filters" in changes:
        view.query = query_of(changes["filters"])
    if "columns" in changes:
        view.columns = _kept(changes["columns"])
    if "shared" in changes:
        _share(user, view, shared=changes["shared"])
    if "position" in changes:
        view.position = changes["position"]


def remove_view(session: Session, user: User, view: SavedView, now: datetime) -> None:
    """Take a view away. It can be taken back until its owner's next one goes."""
    _check_may_change(user, view)
    session.execute(
        delete(SavedView).where(SavedView.owner_id == view.owner_id, SavedView.removed_at.is_not(None))
    )
    view.removed_at = now


def restore_view(session: Session, user: User, view_id: int) -> SavedView:
    """Take back the removal of a view. Raises `NotFound` when it is gone for good."""
    view = session.get(SavedView, view_id)
    if view is None or view.removed_at is None or not may_change(user, view):
        raise NotFound(_l("There is no such saved view to take back."))
    view.removed_at = None
    return view


def prefer_view(session: Session, user: User, view: SavedView | None) -> None:
    """Let the queue open with this view; None for all that waits."""
    _taste(session, user).default_view_id = view.id if view else None


def prefer_columns(session: Session, user: User, columns: Sequence[Column]) -> None:
    """Let rows have these columns where a view names none; no column at all means the usual ones."""
    _taste(session, user).columns = _kept(columns)


def _taste(session: Session, user: User) -> QueueTaste:
    taste = session.get(QueueTaste, user.id)
    if taste is None:
        taste = QueueTaste(user_id=user.id, default_view_id=None, columns=None)
        session.add(taste)
    return taste


def _kept(columns: Sequence[Column] | None) -> list[str] | None:
    return [column.value for column in columns] if columns else None


def _leads(user: User) -> bool:
    return Role(user.role).includes(Role.LEAD)


def _share(user: User, view: SavedView, *, shared: bool) -> None:
    if shared != view.shared and not _leads(user):
        raise Forbidden(_l("Only a team lead shares a view with everybody."))
    view.shared = shared


def _check_may_change(user: User, view: SavedView) -> None:
    if not may_change(user, view):
        raise Forbidden(
            _l("This view belongs to %(name)s; save one of your own instead.", name=view.owner.name)
        )


def _free_name(session: Session, user: User, name: str, besides: SavedView | None = None) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid(_l("A view needs a name."), {"name": [_l("must not be empty")]})
    if len(name) > NAME_LENGTH:
        raise Invalid(
            _l("That name is too long."), {"name": [_l("may have %(most)s characters", most=NAME_LENGTH)]}
        )
    owner_id = besides.owner_id if besides else user.id
    others = select(SavedView.id).where(
        SavedView.owner_id == owner_id,
        SavedView.removed_at.is_(None),
        func.lower(SavedView.name) == name.lower(),
    )
    if set(session.scalars(others)) - {besides.id if besides else None}:
        raise Invalid(
            _l("You have a view of that name."), {"name": [_l("is the name of another of your views")]}
        )
    return name
