"""Reading bulk actions: how they stand, what they would do, what they left out and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, null, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.rules import SCORES, SETTLED, RevisionStatus
from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import PAGE_ROWS, Page, decode_cursor, encode_cursor, page_of
from review_app.review_queue.models import Claim
from review_app.review_queue.queries import live
from review_app.reviewing.bulk.models import BulkAction, BulkItem
from review_app.reviewing.bulk.rules import AT_WORK, DECIDES, Action, Left, Result
from review_app.reviewing.queries import Rules
from review_app.reviewing.rules import allowed_statuses, stays_in_queue

Reason = ColumnElement[str | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One frozen article, why it would be left out (None: it would not), and who holds it if somebody does."""

    item: BulkItem
    reason: str | None
    holder: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a bulk action would do now: to how many articles, how many it leaves out for each reason.

    `indexable` of those that it would touch are indexable now.
    """

    ready: int
    left: dict[Left, int]
    indexable: int


def get_bulk(session: Session, bulk_id: int) -> BulkAction:
    """One bulk action with who asked for it. Raises `NotFound`."""
    query = select(BulkAction).where(BulkAction.id == bulk_id).options(joinedload(BulkAction.user))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_l("There is no bulk action %(number)s.", number=bulk_id))
    return found


def lock_bulk(session: Session, bulk_id: int) -> BulkAction:
    """The row of a bulk action, held until the transaction ends. Raises `NotFound`."""
    query = select(BulkAction).where(BulkAction.id == bulk_id).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_l("There is no bulk action %(number)s.", number=bulk_id))
    return found


def list_bulks(session: Session, after: str | None = None, size: int = PAGE_ROWS) -> Page[BulkAction]:
    """Bulk actions, the newest first, a page at a time."""
    query = select(BulkAction).options(joinedload(BulkAction.user)).order_by(BulkAction.id.desc())
    if after:
        query = query.where(BulkAction.id < decode_cursor(after, int)[0])
    return page_of(session.scalars(query.limit(size + 1)).all(), size, lambda bulk: encode_cursor(bulk.id))


def at_work(session: Session, size: int = 100) -> Sequence[BulkAction]:
    """Those that a worker has something to do for, the oldest first."""
    # The states stand in the statement itself, as the partial index has them.
    query = select(BulkAction).where(_one_of(BulkAction.state, AT_WORK))
    return session.scalars(query.order_by(BulkAction.id).limit(size)).all()


def _one_of(column: Any, values: Sequence[str]) -> ColumnElement[bool]:
    return column.in_([literal(str(value), literal_execute=True) for value in values])  # type: ignore[no-any-return]


def plan_of(session: Session, bulk: BulkAction, rules: Rules, now: datetime) -> Plan:
    """What it would do now; one look at each of its articles."""
    reason = why_left(bulk, rules).label("reason")
    looked = _items(bulk, now).add_columns(reason, Article.indexable).subquery()
    shown = case((looked.c.indexable, 1), else_=0)
    query = select(looked.c.reason, func.count(), func.sum(shown)).group_by(looked.c.reason)
    found = {row[0]: (row[1], row[2]) for row in session.execute(query)}
    ready, indexable = found.pop(None, (0, 0))
    return Plan(ready, {why: found[why][0] for why in Left if why in found}, int(indexable or 0))


def list_planned(
    session: Session,
    bulk: BulkAction,
    rules: Rules,
    now: datetime,
    *,
    left: bool,
    after: str | None = None,
    size: int = PAGE_ROWS,
) -> Page[Row]:
    """A page of the articles that would be left out, or of those that would not."""
    reason, holder = why_left(bulk, rules), aliased(User)
    query = _items(bulk, now).with_only_columns(BulkItem, reason, holder.name)
    query = query.outerjoin(holder, holder.id == Claim.user_id).options(joinedload(BulkItem.article))
    query = query.where(reason.is_not(None) if left else reason.is_(None))
    return _page(session, query, after, size)


KINDS: Final[Mapping[str, ColumnElement[bool]]] = {
    "waiting": BulkItem.result == Result.WAITING.value,
    "done": (BulkItem.result == Result.DONE.value) & (BulkItem.undo == ""),
    "left": BulkItem.result == Result.LEFT.value,
    "failed": BulkItem.result == Result.FAILED.value,
    "not done": BulkItem.result.in_([Result.LEFT.value, Result.FAILED.value]),
    "changed": BulkItem.result == Result.DONE.value,
    "taken_back": BulkItem.undo == "back",
    "stayed": BulkItem.undo == "left",
}
"""Which of its articles one may ask for."""


def list_items(
    session: Session,
    bulk: BulkAction,
    kind: str | None,
    *,
    after: str | None = None,
    size: int = PAGE_ROWS,
) -> Page[Row]:
    """A page of its articles as they were settled, all or one of `KINDS`."""
    query = select(BulkItem, BulkItem.reason, null()).where(BulkItem.bulk_id == bulk.id)
    if kind is not None:
        query = query.where(KINDS[kind])
    return _page(session, query.options(joinedload(BulkItem.article)), after, size)


def _page(session: Session, query: Select[*tuple[Any, ...]], after: str | None, size: int) -> Page[Row]:
    if after:
        query = query.where(BulkItem.article_id > decode_cursor(after, int)[0])
    rows = [Row(*row) for row in session.execute(query.order_by(BulkItem.article_id).limit(size + 1))]
    return page_of(rows, size, lambda row: encode_cursor(row.item.article_id))


def reasons_of(
    session: Session, bulk: BulkAction, article_ids: Sequence[int], rules: Rules, *, now: datetime
) -> dict[int, str]:
    """Those of these articles that are left out now, and why. The same question as the preview asks."""
    reason = why_left(bulk, rules)
    query = _items(bulk, now).with_only_columns(BulkItem.article_id, reason)
    query = query.where(BulkItem.article_id.in_(article_ids), reason.is_not(None))
    return {row[0]: row[1] for row in session.execute(query) if row[1]}


def _items(bulk: BulkAction, now: datetime) -> Select[Any]:
    """Its articles, each with the claim of somebody else if there is one."""
    held = and_(Claim.article_id == Article.id, live(now), Claim.user_id != bulk.user_id)
    return (
        select(BulkItem.article_id)
        .join(Article, Article.id == BulkItem.article_id)
        .outerjoin(Claim, held)
        .where(BulkItem.bulk_id == bulk.id)
    )


def why_left(bulk: BulkAction, rules: Rules) -> Reason:
    """Why an article is left out, or NULL. What it says no more than `decide` does is said before anything is begun."""
    action = Action(bulk.action)
    return case(
        (Article.row_version != BulkItem.row_version, literal(Left.CHANGED.value)),
        (Claim.article_id.is_not(None), literal(Left.HELD.value)),
        *(_why_not_decided(action, rules) if action in DECIDES else _why_not_moved(action, bulk)),
        else_=null(),
    )


def _why_not_decided(action: Action, rules: Rules) -> list[tuple[ColumnElement[bool], Any]]:
    outcome, status = DECIDES[action]
    barred = [one.value for one in RevisionStatus if status not in allowed_statuses(one, outcome)]
    stands = and_(
        Article.revision_status == status.value, Article.awaiting_review.is_(stays_in_queue(outcome))
    )
    why = [
        (stands, literal(Left.ALREADY.value)),
        (Article.revision_status.in_(barred), literal(Left.NOT_ALLOWED.value)),
    ]
    if action is not Action.APPROVE:
        return why
    columns = {name: getattr(Article, name) for name in SCORES}
    low = [column < rules.floors[name] for name, column in columns.items() if rules.floors.get(name)]
    why.append((or_(*(column.is_(None) for column in columns.values())), literal(Left.UNSCORED.value)))
    return [*why, (or_(*low), literal(Left.BELOW_FLOOR.value))] if low else why


def _why_not_moved(action: Action, bulk: BulkAction) -> list[tuple[ColumnElement[bool], Any]]:
    not_waiting = (Article.awaiting_review.is_(False), literal(Left.NOT_WAITING.value))
    if action is Action.PUT_BEHIND:
        return [not_waiting]
    if action is Action.ASSIGN:
        # whose they become is known only once it is confirmed
        whose = Article.assigned_to_id.is_not_distinct_from(bulk.params.get("reviewer_id"))
        return [
            not_waiting,
            *([(whose, literal(Left.ALREADY.value))] if "reviewer_id" in bulk.params else []),
        ]
    settled = Article.revision_status.in_([status.value for status in SETTLED])
    return [
        (Article.awaiting_review.is_(True), literal(Left.ALREADY.value)),
        (settled, literal(Left.NOT_ALLOWED.value)),
    ]
