"""The statistics as programs and spreadsheets read them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from review_app.articles.rules import SCORES
from review_app.base.api import Input, Text
from review_app.base.csv import harmless
from review_app.insights.queries import Statistics
from review_app.insights.rules import Figures

COUNTS = ("decisions", "saves", "approved", "changes_requested", "rejected", "archived")
MEASURES = ("approval_rate", "median_handling_seconds", "median_wait_seconds")


def as_json(statistics: Statistics) -> dict[str, Any]:
    """What the JSON API tells. Dates are those of `tz`; rates 0 to 1; durations in seconds, at most 1% off."""
    return {
        "from": statistics.period.first.isoformat(),
        "to": statistics.period.last.isoformat(),
        "tz": statistics.zone.key,
        "totals": figures_as_json(statistics.totals),
        "reviewers": [
            {"email": one.email, "name": one.name, **figures_as_json(one.figures)}
            for one in statistics.reviewers
        ],
        "days": [{"date": day.date.isoformat(), **figures_as_json(day.figures)} for day in statistics.days],
    }


def figures_as_json(figures: Figures) -> dict[str, Any]:
    """Figures by name; None where there is nothing to tell."""
    values = {name: getattr(figures, name) for name in COUNTS}
    values |= {name: _rounded(getattr(figures, name)) for name in MEASURES}
    changes = {name: _rounded(change) for name, change in figures.mean_score_change.items()}
    return values | {"mean_score_change": changes}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


HEADER = ("of", "name", *COUNTS, *MEASURES, *(f"mean_change_{score}" for score in SCORES))


def as_rows(statistics: Statistics) -> Iterator[list[str | int | float]]:
    """The same as a table: everybody, each reviewer, each day; told apart by the first column."""
    yield list(HEADER)
    yield _row("all", f"{statistics.period.first} to {statistics.period.last}", statistics.totals)
    for one in statistics.reviewers:
        yield _row("reviewer", one.email, one.figures)
    for day in statistics.days:
        yield _row("day", day.date.isoformat(), day.figures)


def _row(of: str, name: str, figures: Figures) -> list[str | int | float]:
    values = figures_as_json(figures)
    changes = values.pop("mean_score_change")
    return [harmless(value) for value in (of, name, *values.values(), *changes.values())]


class StatisticsQuery(Input, frozen=True):
    """Which days, of which time zone."""

    first: Annotated[date, Meta(description="The first day.")] | UnsetType = msgspec.field(
        name="from", default=UNSET
    )
    last: Annotated[date, Meta(description="The last day.")] | UnsetType = msgspec.field(
        name="to", default=UNSET
    )
    tz: Annotated[Text, Meta(description="A name of the IANA, such as Europe/Berlin.")] = "UTC"


class ScoreChanges(Struct, frozen=True):
    """By how much decisions changed each score, in the mean; null where there is nothing to tell."""

    quality: float | None
    freshness: float | None
    depth: float | None
    clarity: float | None


class FiguresAnswer(Struct, frozen=True):
    """Figures of some decisions. Saves are told apart; what was rolled back is in no figure.

    The rate is 0 to 1, durations are in seconds and at most 1% off; null where there is nothing to tell.
    """

    decisions: int
    saves: int
    approved: int
    changes_requested: int
    rejected: int
    archived: int
    approval_rate: float | None
    median_handling_seconds: Annotated[float | None, Meta(description="From claim to decision.")]
    median_wait_seconds: Annotated[float | None, Meta(description="From import to decision.")]
    mean_score_change: ScoreChanges


class ReviewerFigures(FiguresAnswer, frozen=True, kw_only=True):
    """The figures of one reviewer."""

    email: str
    name: str


class DayFigures(FiguresAnswer, frozen=True, kw_only=True):
    """The figures of one day."""

    date: date


class StatisticsAnswer(Struct, frozen=True):
    """The figures of a period: altogether, each reviewer's (the busiest first), each day's (also of days without any)."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    tz: str
    totals: FiguresAnswer
    reviewers: list[ReviewerFigures]
    days: list[DayFigures]
