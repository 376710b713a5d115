"""The orders in which the queue is read, each along an index and a page at a time.

An order is made of one or two stretches: those articles that have what is sorted by, then those that have it not. A cursor
names its order, the stretch, and the last row's key in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, exists, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from review_app.articles.models import Article
from review_app.base.errors import Invalid
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import decode_cursor
from review_app.evidence.models import ArticleEvidence
from review_app.review_queue.rules import Sort

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def _same(value: Any) -> Any:
    return value


def _to_number(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _to_moment(number: int) -> datetime:
    return EPOCH + number * MICROSECOND


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows in the order of one column and then of `last`. `narrow` takes the rows of other stretches out."""

    column: InstrumentedAttribute[Any]
    last: InstrumentedAttribute[Any] = Article.id
    descending: bool = False
    narrow: Callable[[Select[Any]], Select[Any]] = _same
    to_number: Callable[[Any], int] = _same
    from_number: Callable[[int], Any] = _same

    def apply(self, query: Select[Any], place: tuple[int, int] | None) -> Select[Any]:
        """Put a query over articles into this order, to begin after a place."""
        key = (self.column, self.last)
        query = self.narrow(query).order_by(*(part.desc() if self.descending else part for part in key))
        if place is None:
            return query
        there = tuple_(literal(self._value(place[0]), self.column.type), literal(place[1]))
        return query.where(tuple_(*key) < there if self.descending else tuple_(*key) > there)

    def _value(self, number: int) -> Any:
        try:
            return self.from_number(number)
        except (OverflowError, ValueError) as error:
            raise Invalid(
                _l("The cursor is not one of ours."), {"after": [_l("is not a cursor of this list")]}
            ) from error


def _measured(query: Select[Any]) -> Select[Any]:
    return query.join(ArticleEvidence, ArticleEvidence.article_id == Article.id)


def _unmeasured(query: Select[Any]) -> Select[Any]:
    return query.where(~exists().where(ArticleEvidence.article_id == Article.id))


def _due(query: Select[Any]) -> Select[Any]:
    return query.where(Article.due_on.is_not(None))


def _due_on_no_day(query: Select[Any]) -> Select[Any]:
    return query.where(Article.due_on.is_(None))


def _since(*, descending: bool) -> Stretch:
    return Stretch(Article.waiting_since, descending=descending, to_number=_to_number, from_number=_to_moment)


ORDERS: dict[Sort, Sequence[Stretch]] = {
    Sort.DESK: [Stretch(Article.queue_rank)],
    Sort.OLDEST: [_since(descending=False)],
    Sort.NEWEST: [_since(descending=True)],
    Sort.LOWEST: [Stretch(Article.score_sum)],
    Sort.HIGHEST: [Stretch(Article.score_sum, descending=True)],
    Sort.REPETITION: [
        Stretch(ArticleEvidence.repeated, last=ArticleEvidence.article_id, descending=True, narrow=_measured),
        Stretch(Article.queue_rank, narrow=_unmeasured),
    ],
    Sort.DUE: [
        Stretch(Article.due_on, narrow=_due, to_number=date.toordinal, from_number=date.fromordinal),
        Stretch(Article.queue_rank, narrow=_due_on_no_day),
    ],
}


def stretches_from(sort: Sort, after: str | None) -> list[tuple[int, Stretch, tuple[int, int] | None]]:
    """The stretches that are left from a cursor on, with their numbers, and the place in the first of them.

    Raises `Invalid` for a cursor that is none, or that of another order.
    """
    stretches = list(enumerate(ORDERS[sort]))
    if not after:
        return [(number, stretch, None) for number, stretch in stretches]
    name, begin, key, last = decode_cursor(after, str, int, int, int)
    if name != sort or not isinstance(begin, int) or not 0 <= begin < len(stretches):
        raise Invalid(
            _l("The cursor belongs to another list."), {"after": [_l("is not a cursor of this list")]}
        )
    place = (int(key), int(last))
    return [(number, stretch, place if number == begin else None) for number, stretch in stretches[begin:]]
