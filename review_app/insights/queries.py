"""Reading the sums that are kept with every decision. Decisions themselves are never read here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.insights.rules import Figures, Period, Slot, Tally, begin_of
from review_app.reviewing.models import ReviewSlot
from review_app.reviewing.rules import COUNTED


@dataclass(frozen=True, slots=True)
class ReviewerFigures:
    """What one reviewer decided."""

    user_id: int
    email: str
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What was decided on one day of the zone."""

    date: date
    figures: Figures


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of a period: altogether, each reviewer's (the busiest first), each day's (also of days without any)."""

    period: Period
    zone: ZoneInfo
    totals: Figures
    reviewers: Sequence[ReviewerFigures]
    days: Sequence[DayFigures]


@dataclass(frozen=True, slots=True)
class Recent:
    """How many decisions were made today, and in the last 7 and 28 days, today included."""

    today: int
    week: int
    month: int


def statistics(
    session: Session, first: date, last: date, zone: ZoneInfo, *, reviewer_id: int | None = None
) -> Statistics:
    """The figures of the days `first` to `last` of a zone, both included; of one reviewer, or of all. One query."""
    period = Period(first, last)
    totals, people = Tally(), dict[int, tuple[str, str]]()
    by_person: dict[int, Tally] = defaultdict(Tally)
    by_day: dict[date, Tally] = defaultdict(Tally)
    for user_id, email, name, slot_start, slot in _slots(session, period, zone, reviewer_id):
        people[user_id] = (email, name)
        for tally in (totals, by_person[user_id], by_day[slot_start.astimezone(zone).date()]):
            tally.add(slot)
    reviewers = [
        ReviewerFigures(user_id, *people[user_id], tally.figures()) for user_id, tally in by_person.items()
    ]
    reviewers.sort(key=lambda one: (-one.figures.decisions, one.email))
    days = [DayFigures(day, by_day[day].figures()) for day in period.days()]
    return Statistics(period, zone, totals.figures(), reviewers, days)


def _slots(
    session: Session, period: Period, zone: ZoneInfo, reviewer_id: int | None
) -> Iterator[tuple[int, str, str, datetime, Slot]]:
    begin, end = period.moments(zone)
    query = (
        select(
            User.id,
            User.email,
            User.name,
            ReviewSlot.slot_start,
            ReviewSlot.outcome,
            ReviewSlot.decisions,
            ReviewSlot.handling,
            ReviewSlot.waiting,
            ReviewSlot.score_changes,
            ReviewSlot.score_counts,
        )
        .join(User, User.id == ReviewSlot.reviewer_id)
        .where(ReviewSlot.slot_start >= begin, ReviewSlot.slot_start < end, ReviewSlot.decisions > 0)
    )
    if reviewer_id is not None:
        query = query.where(ReviewSlot.reviewer_id == reviewer_id)
    for user_id, email, name, slot_start, *sums in session.execute(query):
        yield user_id, email, name, slot_start, Slot(*sums)


def recent(session: Session, today: date, zone: ZoneInfo, *, reviewer_id: int | None = None) -> Recent:
    """What was decided lately, by one reviewer or by all. One query."""
    since = today - timedelta(days=27)
    query = (
        select(ReviewSlot.slot_start, func.sum(ReviewSlot.decisions))
        .where(ReviewSlot.slot_start >= begin_of(since, zone), ReviewSlot.outcome.in_(COUNTED))
        .group_by(ReviewSlot.slot_start)
    )
    if reviewer_id is not None:
        query = query.where(ReviewSlot.reviewer_id == reviewer_id)
    ages = [
        ((today - start.astimezone(zone).date()).days, int(count)) for start, count in session.execute(query)
    ]
    return Recent(*(sum(count for age, count in ages if age < days) for days in (1, 7, 28)))
