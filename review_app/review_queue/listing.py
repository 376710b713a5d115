"""The list of the queue as a page shows it: rows within filters, tabs of saved views, columns, and what was asked wrongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.base.clock import utc_now
from review_app.base.errors import Invalid
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import Page
from review_app.review_queue import pages
from review_app.review_queue.filters import ALL, QueueFilters
from review_app.review_queue.models import SavedView
from review_app.review_queue.queries import QueueLength, QueueRow, list_queue, queue_length
from review_app.review_queue.reasons import Reason
from review_app.review_queue.rows import ShownRow, shown
from review_app.review_queue.rules import COLUMNS, MOST_ON_TABS, SORTS, Column, Sort
from review_app.review_queue.saved_views import Tastes, columns_in, counts_of, filters_of, may_change

SORT_OF = {
    Column.WAITING: (Sort.OLDEST, Sort.NEWEST),
    Column.OVERALL: (Sort.LOWEST, Sort.HIGHEST),
    Column.DUE: (Sort.DUE, Sort.DUE),
    Column.REPEATED: (Sort.REPETITION, Sort.REPETITION),
}
"""The columns by which a list can be put in order: the first click, and the next."""
DESCENDING = frozenset({Sort.NEWEST, Sort.HIGHEST, Sort.REPETITION})


@dataclass(frozen=True, slots=True)
class Tab:
    """A saved view above the list."""

    label: str
    url: str
    current: bool
    count: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column; `url` puts the list in its order, `direction` is the one that it has now."""

    column: Column
    text: str
    url: str = ""
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """All that the list's templates show. `wrong` says for each field what is wrong with it, `typed` what stood there."""

    filters: QueueFilters
    wrong: Mapping[str, Sequence[str]]
    typed: Mapping[str, str]
    rows: Sequence[ShownRow]
    reasons: Mapping[int, Reason]
    length: QueueLength
    columns: Sequence[Column]
    heads: Sequence[Head]
    chips: Sequence[tuple[str, str]]
    next_url: str | None
    empty: pages.Empty | None
    view: SavedView | None
    may_change_view: bool

    def context(self) -> dict[str, Any]:
        """The same as templates name it, with what is always so."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {
            "flags_of": pages.flags_of,
            "sorts": SORTS,
            "all_columns": COLUMNS,
            "summary": [
                ("results" if name == "after" else name, _fault(name, text))
                for name, texts in self.wrong.items()
                for text in texts
            ],
        }


def _fault(name: str, text: str) -> str:
    if name == "after":
        return _l("The place in the list %(fault)s.", fault=text)
    label = {**QueueFilters.LABELS, "sort": _l("Order")}.get(name, name)
    return _l("%(field)s %(fault)s.", field=label, fault=text)


def view_instead(values: Mapping[str, str], tastes: Tastes, user: User) -> str | None:
    """Where a queue without filters leads: to a saved view's, if one is asked for or is this person's first.

    Never to an address that would lead on again: a view that narrows nothing is shown where one is.
    """
    if set(values) - {"view"}:
        return None
    view = tastes.view(values["view"]) if "view" in values else tastes.default
    if view is None or (not view.query and "view" in values):
        return None
    return pages.queue_url(filters_of(view, user, utc_now()))


def listing_of(session: Session, user: User, tastes: Tastes, values: Mapping[str, str]) -> Listing:
    """The list that an address asks for. What cannot be meant is left out, and said."""
    filters, wrong = QueueFilters.read(values)
    filters = filters.asked_by(user, utc_now())
    filters, page = _page(session, filters, wrong)
    view = tastes.view(filters.view)
    columns = columns_in(view, tastes)
    length = queue_length(session, filters)
    here = url_for("review_queue.queue")
    return Listing(
        filters=filters,
        wrong=wrong,
        typed={name: values.get(name, "") for name in wrong},
        rows=shown(session, page.rows, columns, filters.q),
        reasons=pages.reasons_of(session, page.rows),
        length=length,
        columns=columns,
        heads=[_head(column, filters, here) for column in columns],
        chips=filters.chips(here),
        next_url=page.next and here + filters.from_the_start().query(after=page.next),
        empty=None if page.rows else pages.why_empty(session, filters, filters.after, length),
        view=view,
        may_change_view=view is not None and may_change(user, view),
    )


def _page(
    session: Session, filters: QueueFilters, wrong: dict[str, list[str]]
) -> tuple[QueueFilters, Page[QueueRow]]:
    now = utc_now()
    try:
        return filters, list_queue(session, filters, now=now, sort=filters.order, after=filters.after)
    except Invalid as error:  # the cursor: the list is shown from its start
        wrong |= error.fields
        filters = filters.from_the_start()
        return filters, list_queue(session, filters, now=now, sort=filters.order)


def _head(column: Column, filters: QueueFilters, here: str) -> Head:
    if column not in SORT_OF:
        return Head(column, COLUMNS[column])
    first, second = SORT_OF[column]
    now = filters.order
    direction = ("descending" if now in DESCENDING else "ascending") if now in SORT_OF[column] else ""
    wanted = second if now is first else first
    return Head(column, COLUMNS[column], here + filters.from_the_start().query(sort=wanted.value), direction)


def tabs(session: Session, user: User, tastes: Tastes, filters: QueueFilters) -> list[Tab]:
    """The first saved views, each with how much waits in it, behind the one that shows all."""
    now = utc_now()
    counts = counts_of(session, tastes.views, user, now)
    everything = not tastes.view(filters.view) and (filters.view == ALL or not filters.active())
    all_of_it = url_for("review_queue.queue") + ("?view=all" if tastes.default else "")
    return [Tab(_l("All waiting"), all_of_it, everything)] + [
        Tab(
            view.name,
            pages.queue_url(filters_of(view, user, now)),
            filters.view == str(view.id),
            counts[view.id],
        )
        for view in tastes.views[:MOST_ON_TABS]
    ]
