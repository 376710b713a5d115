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
from review_app.articles.rules import DIFFICULTY_WORDS, SCORE_LABELS, SCORE_WORDS, Ranking
from review_app.base.messages import Day, Figure
from review_app.base.messages import lazy_gettext as _l
from review_app.base.messages import lazy_ngettext as _ln

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
    sentence = _l("%(why)s It is the %(nth)s of those due that day.", why=reason.sentence, nth=ordinal(nth))
    return replace(reason, nth=nth, sentence=sentence)


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
        return "", _l("It is not in the queue.")
    if article.ordered_by != order.version:
        return "", _l(
            "The desk is just being put into another order, and this article has not been moved yet."
        )
    if article.behind_since is not None:
        return _l("Put behind"), _l("A team lead has put it behind all others.")
    standing = standing_of(article, repeated)
    if order.ranking is Ranking.DUE:
        return _why_due(article, standing)
    return WHY[order.ranking](standing)


def _why_due(article: Article, standing: Standing) -> tuple[str, str]:
    if standing.due_on is None:
        return _l("No due date"), _l("It has no due date, so it comes after all that have one.")
    day = Day(standing.due_on)
    fact = _l("Due %(day)s", day=day)
    if article.due_by_hand:
        return fact, _l(
            "Due %(day)s, which a team lead chose; the desk shows first what is due first.", day=day
        )
    return fact, _ln(
        "Due %(day)s, %(num)s working day after it came; the desk shows first what is due first.",
        "Due %(day)s, %(num)s working days after it came; the desk shows first what is due first.",
        working_days_between(standing.waiting_since.astimezone(UTC).date(), standing.due_on),
        day=day,
    )


def _why_oldest(standing: Standing) -> tuple[str, str]:
    since = Day(standing.waiting_since.astimezone(UTC).date())
    return "", _l("It has waited since %(day)s; the desk shows first what has waited longest.", day=since)


def _why_lowest(standing: Standing) -> tuple[str, str]:
    name, score = standing.lowest
    word = SCORE_WORDS[name]
    if score is None:
        return _l("No %(score)s score", score=word), _l(
            "It has no score for %(score)s yet; the desk shows low and missing scores first.", score=word
        )
    return _l("%(score)s %(value)s", score=SCORE_LABELS[name], value=score), _l(
        "Its lowest score is %(score)s %(value)s; the desk shows low scores first.", score=word, value=score
    )


def _why_repeated(standing: Standing) -> tuple[str, str]:
    if standing.repeated is None:
        return _l("Not measured yet"), _l(
            "It has not been measured for repetition yet, so it comes after all that have."
        )
    return _l("%(percent)s%% repeated", percent=standing.repeated), _l(
        "%(percent)s%% of its paragraphs stand in other articles too; the desk shows repetition first.",
        percent=standing.repeated,
    )


DIFFICULTY_LABELS = {
    "beginner": _l("Beginner"),
    "intermediate": _l("Intermediate"),
    "advanced": _l("Advanced"),
    "expert": _l("Expert"),
}


def _why_difficulty(standing: Standing) -> tuple[str, str]:
    word = standing.difficulty.strip()
    if not word:
        return _l("Not given"), _l("Its difficulty is not given; the desk shows the easier ones first.")
    return DIFFICULTY_LABELS.get(word.lower(), word.capitalize()), _l(
        "Its difficulty is %(word)s; the desk shows the easier ones first.",
        word=DIFFICULTY_WORDS.get(word, word),
    )


def _why_views(standing: Standing) -> tuple[str, str]:
    if standing.view_count is None:
        return _l("No views given"), _l(
            "It came without a count of views, so it comes after all that have one."
        )
    views = Figure(standing.view_count)
    return _l("%(views)s views (synthetic)", views=views), _l(
        "It has %(views)s views (synthetic); the desk shows what is viewed most first.", views=views
    )


WHY: Mapping[Ranking, Callable[[Standing], tuple[str, str]]] = {
    Ranking.OLDEST: _why_oldest,
    Ranking.LOWEST_SCORE: _why_lowest,
    Ranking.REPETITION: _why_repeated,
    Ranking.DIFFICULTY: _why_difficulty,
    Ranking.VIEWS: _why_views,
}


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`, `11th`, `21st`."""
    last = 0 if number % 100 in {11, 12, 13} else number % 10
    if last == 1:
        return _l("%(num)sst", num=number)
    if last == 2:
        return _l("%(num)snd", num=number)
    if last == 3:
        return _l("%(num)srd", num=number)
    return _l("%(num)sth", num=number)
