"""Why an article stands where it stands in the queue, in a sentence; when it is due, and to whom it is assigned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.articles.ordering import Order, current_order, repeated_of, standing_of
from review_app.articles.ranking import TIME_BITS, Standing, working_days_between
from review_app.articles.rules import Ranking

MOST_BEFORE = 1_000
"""So many articles of the same day are counted to tell the place among them."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Where an article stands: `fact` is what decides, in a few words; `sentence` says it whole.

    `nth` counts those that are due on the same day, as far as `MOST_BEFORE`; None where that decides nothing.
    """

    ranking: Ranking
    fact: str
    sentence: str
    due_on: date | None
    overdue: bool
    due_by_hand: bool
    assigned_to: str | None
    assigned_to_id: int | None
    nth: int | None = None


def reasons(session: Session, articles: Sequence[Article], today: date) -> dict[int, Reason]:
    """The places of articles, by id, which were read with who they are assigned to. `today` is the viewer's."""
    order = current_order(session)
    repeated = repeated_of(session, order, [article.id for article in articles])
    return {article.id: _reason(article, order, repeated.get(article.id), today) for article in articles}


def reason_of(session: Session, article: Article, today: date) -> Reason:
    """The place of one article, as exactly as it can be told."""
    reason = reasons(session, [article], today)[article.id]
    if reason.ranking is not Ranking.DUE or not reason.due_on or not reason.fact:
        return reason
    nth = before_on_its_day(session, article) + 1
    if nth > MOST_BEFORE:
        return reason
    return replace(
        reason, nth=nth, sentence=f"{reason.sentence} It is the {ordinal(nth)} of those due that day."
    )


def before_on_its_day(session: Session, article: Article) -> int:
    """How many stand before it among those of its day, which are those of the same key: a walk along the index."""
    start = article.queue_rank >> TIME_BITS << TIME_BITS
    here = or_(
        Article.queue_rank < article.queue_rank,
        (Article.queue_rank == article.queue_rank) & (Article.id < article.id),
    )
    before = select(Article.id).where(
        Article.awaiting_review, Article.queue_rank >= start, Article.queue_rank <= article.queue_rank, here
    )
    some = before.order_by(Article.queue_rank, Article.id).limit(MOST_BEFORE).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _reason(article: Article, order: Order, repeated: int | None, today: date) -> Reason:
    fact, sentence = _why(article, order, repeated)
    due_on = article.due_on if article.awaiting_review else None
    return Reason(
        order.ranking,
        fact,
        sentence,
        due_on,
        due_on is not None and due_on < today,
        article.due_by_hand,
        article.assigned_to.name if article.assigned_to else None,
        article.assigned_to_id,
    )


def _why(article: Article, order: Order, repeated: int | None) -> tuple[str, str]:
    if not article.awaiting_review:
        return "", "It is not in the queue."
    if article.ordered_by != order.version:
        return "", "The desk is just being put into another order, and this article has not been moved yet."
    if article.behind_since is not None:
        return "Put behind", "A team lead has put it behind all others."
    standing = standing_of(article, repeated)
    if order.ranking is Ranking.DUE:
        return _why_due(article, standing)
    return WHY[order.ranking](standing)


def _why_due(article: Article, standing: Standing) -> tuple[str, str]:
    if standing.due_on is None:
        return "No due date", "It has no due date, so it comes after all that have one."
    day = day_in_words(standing.due_on)
    if article.due_by_hand:
        return f"Due {day}", f"Due {day}, which a team lead chose; the desk shows first what is due first."
    days = working_days_between(standing.waiting_since.astimezone(UTC).date(), standing.due_on)
    after = f"{days} working day{'s' * (days != 1)} after it came"
    return f"Due {day}", f"Due {day}, {after}; the desk shows first what is due first."


def _why_oldest(standing: Standing) -> tuple[str, str]:
    since = day_in_words(standing.waiting_since.astimezone(UTC).date())
    return "", f"It has waited since {since}; the desk shows first what has waited longest."


def _why_lowest(standing: Standing) -> tuple[str, str]:
    name, score = standing.lowest
    if score is None:
        return (
            f"No {name} score",
            f"It has no score for {name} yet; the desk shows low and missing scores first.",
        )
    return (
        f"{name.capitalize()} {score}",
        f"Its lowest score is {name} {score}; the desk shows low scores first.",
    )


def _why_repeated(standing: Standing) -> tuple[str, str]:
    if standing.repeated is None:
        return (
            "Not measured yet",
            "It has not been measured for repetition yet, so it comes after all that have.",
        )
    return (
        f"{standing.repeated}% repeated",
        f"{standing.repeated}% of its paragraphs stand in other articles too; the desk shows repetition first.",
    )


def _why_difficulty(standing: Standing) -> tuple[str, str]:
    word = standing.difficulty.strip() or "not given"
    return word.capitalize(), f"Its difficulty is {word}; the desk shows the easier ones first."


def _why_views(standing: Standing) -> tuple[str, str]:
    if standing.view_count is None:
        return "No views given", "It came without a count of views, so it comes after all that have one."
    views = f"{standing.view_count:,} views (synthetic)"
    return views, f"It has {views}; the desk shows what is viewed most first."


WHY: Mapping[Ranking, Callable[[Standing], tuple[str, str]]] = {
    Ranking.OLDEST: _why_oldest,
    Ranking.LOWEST_SCORE: _why_lowest,
    Ranking.REPETITION: _why_repeated,
    Ranking.DIFFICULTY: _why_difficulty,
    Ranking.VIEWS: _why_views,
}


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`, `11th`, `21st`."""
    if number % 100 in {11, 12, 13}:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def day_in_words(day: date) -> str:
    """A day: `24 Nov 2026`."""
    return f"{day.day} {day:%b %Y}"
