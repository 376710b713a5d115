"""The geometry of the chart of decisions per day: Python gives every number, the template draws."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from review_app.base.languages import told
from review_app.base.messages import lazy_gettext as _l
from review_app.base.web import number
from review_app.insights.queries import DayFigures, Statistics
from review_app.insights.words import day_in_year, day_words

HEIGHT = 180
"""Of the plot, in pixels."""

MOST_BARS = 62
STEPS = (1, 7, 28, 91, 364)
"""Days of one bar: the least that makes no more than `MOST_BARS` of them."""

TITLES = {
    1: _l("Decisions per day"),
    7: _l("Decisions per week"),
    28: _l("Decisions per four weeks"),
    91: _l("Decisions per quarter"),
    364: _l("Decisions per year"),
}
ALL_LABELS = 8
"""So many labels where it is wide; where it is narrow, every other one goes."""

BAR_SHARE = 0.72
"""Of the room a bar has, so much is bar; the rest is gap."""

KINDS = (
    ("approved", "approved", _l("Approved"), _l("%(days)s: %(count)s approved")),
    (
        "changes_requested",
        "returned",
        _l("Changes requested"),
        _l("%(days)s: %(count)s changes requested"),
    ),
    ("rejected", "rejected", _l("Rejected"), _l("%(days)s: %(count)s rejected")),
    ("archived", "other", _l("Archived"), _l("%(days)s: %(count)s archived")),
)
"""The parts of a bar from the bottom up: the figure, the class of its colour, its word, and what it says of itself."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle: `x` and `width` in per cent of the plot, `y` (from the top) and `height` in pixels."""

    x: float
    width: float
    y: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Gridline:
    """A horizontal line, `y` pixels from the top."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Label:
    """A word under the plot; minor ones go where it is narrow."""

    x: float
    text: str
    minor: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """All that `components/chart.html` draws."""

    title: str
    height: int
    summary: str
    legend: Sequence[tuple[str, str]]
    bars: Sequence[Bar]
    gridlines: Sequence[Gridline]
    labels: Sequence[Label]
    header: Sequence[str]
    rows: Sequence[Sequence[str | int]]


@dataclass(frozen=True, slots=True)
class _Span:
    """The days of one bar, and its parts by figure."""

    first: date
    last: date
    parts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.parts.values())

    @property
    def words(self) -> str:
        if self.first == self.last:
            return day_words(self.first)
        return _l("%(first)s to %(last)s", first=day_words(self.first), last=day_words(self.last))


def decisions_chart(statistics: Statistics) -> Chart:
    """Decisions per day of a period, stacked by what they said; of long periods per week or more."""
    step = next((step for step in STEPS if len(statistics.days) <= step * MOST_BARS), STEPS[-1])
    spans = list(_spans(statistics.days, step))
    scale = _scale(max(span.total for span in spans))
    return Chart(
        title=told(TITLES[step]),
        height=HEIGHT,
        summary=_summary(spans),
        legend=[(figure, word) for figure, _, word, _ in KINDS],
        bars=list(_bars(spans, scale[-1])),
        gridlines=[Gridline(_y(value, scale[-1]), number(value)) for value in scale],
        labels=list(_labels(spans)),
        header=[
            _l("Days") if step > 1 else _l("Day"),
            *(word for _, _, word, _ in KINDS),
            _l("Together"),
        ],
        rows=[[span.words, *span.parts.values(), span.total] for span in spans],
    )


def _spans(days: Sequence[DayFigures], step: int) -> Iterator[_Span]:
    for start in range(0, len(days), step):
        some = days[start : start + step]
        parts = {figure: sum(getattr(day.figures, figure) for day in some) for figure, *_ in KINDS}
        yield _Span(some[0].date, some[-1].date, parts)


def _scale(most: int) -> list[int]:
    """Where the gridlines are: round numbers from 0 to at least `most`."""
    rough = max(most, 1) / 4
    power = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return list(range(0, step * math.ceil(max(most, 1) / step) + 1, step))


def _y(value: int, top: int) -> float:
    return round(HEIGHT * (1 - value / top), 2)


def _bars(spans: Sequence[_Span], top: int) -> Iterator[Bar]:
    room = 100 / len(spans)
    for place, span in enumerate(spans):
        below = 0
        for figure, kind, _, title in KINDS:
            count = span.parts[figure]
            if count:
                y = _y(below + count, top)
                yield Bar(
                    x=round(room * (place + (1 - BAR_SHARE) / 2), 3),
                    width=round(room * BAR_SHARE, 3),
                    y=y,
                    height=round(_y(below, top) - y, 2),
                    kind=kind,
                    title=_l(str(title), days=span.words, count=number(count)),
                )
            below += count


def _labels(spans: Sequence[_Span]) -> Iterator[Label]:
    """The last bar has one, and others at even distances before it; every other one is minor."""
    distance = math.ceil(len(spans) / ALL_LABELS)
    for nth, place in enumerate(range(len(spans) - 1, -1, -distance)):
        text = day_in_year(spans[place].first)
        yield Label(round(100 * (place + 0.5) / len(spans), 3), text, minor=nth % 2 == 1)


def _summary(spans: Sequence[_Span]) -> str:
    together = sum(span.total for span in spans)
    if not together:
        return _l("No decisions in this period.")
    busiest = max(spans, key=lambda span: span.total)
    return _l(
        "%(count)s decisions from %(first)s to %(last)s; most on %(busiest)s (%(most)s).",
        count=number(together),
        first=day_words(spans[0].first),
        last=day_words(spans[-1].last),
        busiest=busiest.words,
        most=number(busiest.total),
    )
