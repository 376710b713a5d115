"""Keeps every waiting article in the place that the policy gives it, with the day by which it is due.

Whatever writes an article, its place follows in the same transaction: here, as it is flushed, and for new ones that are
inserted by the hundred in `place_new`. Which version of the policy a place follows stands beside it, so that a job finds those
that follow another, and there is nothing to be forgotten when the policy changes or a worker is killed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, delete, event, inspect, or_, select
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import flag_modified

from review_app.articles import due, figures
from review_app.articles.due import Days
from review_app.articles.models import Article, FigureChange, Policy
from review_app.articles.ranking import Standing, due_day, rank
from review_app.articles.rules import SCORES, Ranking
from review_app.base.database import insert_rows

AT_ONCE = 250
"""Articles that one transaction puts in their new place."""
NO_POLICY = -1
"""The version that a day follows which is to be given anew."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the policy says of the queue. `version` and `due_version` are the policy's since which it says so."""

    version: int = 0
    ranking: Ranking = Ranking.OLDEST
    due_after_days: int | None = None
    due_a_day: int | None = None
    due_version: int = 0
    due_since: datetime | None = None

    def days(self, session: Session) -> Days:
        """The days to hand out."""
        return Days(session, self.due_version, self.due_a_day if self.due_after_days is not None else None)


def current_order(session: Session) -> Order:
    """What holds now."""
    since = aliased(Policy)
    query = select(
        Policy.order_version,
        Policy.ranking,
        Policy.due_after_days,
        Policy.due_a_day,
        Policy.due_version,
        since.changed_at,
    ).outerjoin(since, since.version == Policy.due_version)
    with session.no_autoflush:
        row = session.execute(query.order_by(Policy.version.desc()).limit(1)).first()
    return Order() if row is None else Order(row[0], Ranking(row[1]), *row[2:])


def versions_of(policy: Policy, order: Order) -> tuple[int, int]:
    """Since which version a new policy orders the queue as it does, and since which things are due so.

    Its own where it changes something of that; else articles would be moved, and given other days, for nothing.
    """
    same_days = (policy.due_after_days, policy.due_a_day) == (order.due_after_days, order.due_a_day)
    same = same_days and policy.ranking == order.ranking
    return order.version if same else policy.version, order.due_version if same_days else policy.version


def repeated_of(session: Session, order: Order, ids: Collection[int]) -> Mapping[int, int]:
    """Which percentage of their paragraphs stands elsewhere too, if the order of the queue asks for it."""
    return figures.repeated(session, ids) if order.ranking is Ranking.REPETITION and ids else {}


def standing_of(article: Article, repeated: int | None) -> Standing:
    """What of a waiting article its place depends on."""
    return Standing(
        article.waiting_since,
        article.due_on,
        article.scores,
        article.difficulty,
        article.view_count,
        repeated,
        article.behind_since,
    )


@event.listens_for(Session, "before_flush")
def _as_they_are_written(session: Session, *_: Any) -> None:
    written = (one for one in [*session.new, *session.dirty] if isinstance(one, Article))
    articles = [one for one in written if one.awaiting_review or _was(one, "awaiting_review")]
    if articles:
        _place_all(session, articles)


def _place_all(session: Session, articles: Sequence[Article]) -> None:
    order = current_order(session)
    repeated = repeated_of(session, order, [one.id for one in articles if one.awaiting_review and one.id])
    days = order.days(session)
    for article in sorted(articles, key=lambda one: one.id or 0):
        _place(article, order, days, repeated.get(article.id))
    days.write()


def _place(article: Article, order: Order, days: Days, repeated: int | None) -> None:
    if article.awaiting_review:
        _set_due(article, order, days)
        article.queue_rank = rank(order.ranking, standing_of(article, repeated))
        article.ordered_by = order.version
    counted = _was(article, "awaiting_review") and _was(article, "due_by") == order.due_version
    if (gone := _was(article, "due_on")) and counted:
        days.change(gone, -1)
    if article.due_on and article.awaiting_review:
        days.change(article.due_on, 1)


def _set_due(article: Article, order: Order, days: Days) -> None:
    """A new day for what has just begun to wait or follows an older policy; a day that somebody chose stays."""
    since = inspect(article).attrs
    began = since.waiting_since.history.has_changes()
    chosen = since.due_on.history.has_changes() or (article.due_by_hand and not began)
    if not chosen and (began or article.due_by != order.due_version):
        article.due_on = _day_for(article.waiting_since, order, days)
        article.due_by_hand = False
    if began and since.waiting_since.history.deleted:
        article.behind_since = None
    article.due_by = order.due_version


def _day_for(waiting_since: datetime, order: Order, days: Days) -> date | None:
    if order.due_after_days is None:
        return None
    return days.first_free(due_day(waiting_since, order.due_since, order.due_after_days))


def _was(article: Article, name: str) -> Any:
    """What the database has, as yet; None of an article that is not in it."""
    state = inspect(article)
    if not state.persistent:
        return None
    history = state.attrs[name].history
    return history.deleted[0] if history.deleted else getattr(article, name)


def place_new(session: Session, articles: Sequence[dict[str, Any]]) -> None:
    """Complete the columns of new articles, in order: their places and their days. No other import hands out days meanwhile."""
    order = current_order(session)
    if order.due_a_day is not None:
        due.take_turns(session)
    days = order.days(session)
    for columns in articles:
        waits = columns["awaiting_review"]
        day = _day_for(columns["waiting_since"], order, days) if waits else None
        columns |= {"due_on": day, "due_by": order.due_version, "due_by_hand": False}
        columns |= {"assigned_to_id": None, "behind_since": None}
        scores = {name: columns[name] for name in SCORES}
        since = columns["waiting_since"]
        standing = Standing(since, day, scores, columns["difficulty"], columns["view_count"])
        columns |= {"queue_rank": rank(order.ranking, standing), "ordered_by": order.version}
        if day:
            days.change(day, 1)
    days.write()


def forget_days(session: Session, article_ids: Iterable[int]) -> None:
    """Before articles are deleted: nothing of them is due any more."""
    order = current_order(session)
    if order.due_a_day is not None:
        due.give_days_back(session, order.due_version, article_ids)


def note_figures(session: Session, article_ids: Collection[int]) -> None:
    """Evidence about these articles has changed: where the queue is ranked by it, let the job place them again."""
    if article_ids and current_order(session).ranking is Ranking.REPETITION:
        insert_rows(session, FigureChange, [{"article_id": article_id} for article_id in article_ids])


def any_out_of_place(session: Session) -> bool:
    """Whether some waiting article follows another version of the policy than holds, or other evidence than there is."""
    version = current_order(session).version
    first = [
        select(Article.id).where(Article.awaiting_review, other).limit(1)
        for other in (Article.ordered_by < version, Article.ordered_by > version)
    ]
    return any(session.scalar(query) is not None for query in (*first, select(FigureChange.id).limit(1)))


def place_some(session: Session) -> int:
    """Place the next articles that follow another version of the policy than holds; gives how many there were.

    The article's row version stays: what a person reads of it has not changed.
    """
    order = current_order(session)
    other = or_(Article.ordered_by < order.version, Article.ordered_by > order.version)
    query = select(Article).where(Article.awaiting_review, other).order_by(Article.ordered_by, Article.id)
    if order.due_a_day is not None:
        due.take_turns(session)
    return len(_place_again(session, query.limit(AT_ONCE), order))


def place_changed(session: Session) -> int:
    """Place the next articles about which evidence has changed; gives how many changes were looked at.

    Those that somebody is just writing stay noted: they may have read the figure of before.
    """
    noted = session.scalars(select(FigureChange).order_by(FigureChange.id).limit(AT_ONCE)).all()
    ids = {change.article_id for change in noted}
    order = current_order(session)
    done = ids
    if order.ranking is Ranking.REPETITION:
        query = select(Article).where(Article.id.in_(ids), Article.awaiting_review).order_by(Article.id)
        waiting = set(session.scalars(query.with_only_columns(Article.id)))
        done = ids - (waiting - _place_again(session, query, order))
    over = [change.id for change in noted if change.article_id in done]
    session.execute(
        delete(FigureChange).where(FigureChange.id.in_(over)).execution_options(synchronize_session=False)
    )
    return len(over)


def _place_again(session: Session, query: Select[Article], order: Order) -> set[int]:
    """Place what the query finds and nobody else is writing; gives the ids."""
    articles = session.scalars(query.with_for_update(skip_locked=True)).all()
    if order.ranking is Ranking.REPETITION:
        figures.hold(session)
    for article in articles:
        flag_modified(article, "ordered_by")
    session.flush()
    return {article.id for article in articles}
