"""Where an article stands within some filters: its number, how many wait there, and its neighbours. It claims nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, literal, select, tuple_
from sqlalchemy.orm import Session

from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.base.messages import Figure, joined
from review_app.review_queue.queries import waiting
from review_app.review_queue.rules import MOST_PLACED

KEY = Article.queue_rank, Article.id


@dataclass(frozen=True, slots=True)
class Place:
    """How many wait before and after an article (counted to `MOST_PLACED` and no further), and the next ones by id."""

    before: int
    after: int
    previous: str | None
    next: str | None

    @property
    def number(self) -> str:
        """Which one it is: `7`, or `1,000+`."""
        return _counted(self.before + 1)

    @property
    def length(self) -> str:
        """How many there are: `42`, or `1,000+`."""
        return _counted(self.before + 1 + self.after)


def _counted(count: int) -> str:
    return Figure(count) if count <= MOST_PLACED else joined([Figure(MOST_PLACED)], "", "+")


def place_of(session: Session, article: Article, filters: Filters) -> Place | None:
    """The article's place in one statement; None if it does not wait within these filters."""
    if not article.awaiting_review:
        return None
    here = tuple_(literal(article.queue_rank), literal(article.id))
    before, after = _side(session, filters, tuple_(*KEY) < here), _side(session, filters, tuple_(*KEY) > here)
    before = before.order_by(*(column.desc() for column in KEY))
    after = after.order_by(*KEY)
    itself = waiting(session, filters).where(Article.id == article.id).with_only_columns(Article.id)
    row = session.execute(
        select(
            itself.scalar_subquery(),
            _count(before),
            _count(after),
            before.limit(1).with_only_columns(Article.source_id).scalar_subquery(),
            after.limit(1).with_only_columns(Article.source_id).scalar_subquery(),
        )
    ).one()
    return None if row[0] is None else Place(*row[1:])


def _side(session: Session, filters: Filters, condition: ColumnElement[bool]) -> Select[Any]:
    return waiting(session, filters).where(condition)


def _count(articles: Select[Any]) -> ScalarSelect[Any]:
    some = articles.with_only_columns(Article.id).limit(MOST_PLACED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
