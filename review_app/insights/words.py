"""How the statistics are put into words: days, durations, shares and changes, in the language of the page."""

from __future__ import annotations

from datetime import date
from typing import Final

from babel.dates import format_date
from babel.numbers import format_decimal

from review_app.base.languages import language, told
from review_app.base.messages import lazy_gettext as _l
from review_app.base.web import number

UNITS: Final = (
    (_l("%(shown)s s"), 1, 100),
    (_l("%(shown)s min"), 60, 6_000),
    (_l("%(shown)s h"), 3_600, 172_800),
)
"""Each with its seconds, and the seconds from which on the next one suits better."""


def day_words(day: date) -> str:
    """A date as people write it: `16 Nov 2026`."""
    return _dated(day, _l("d MMM y"))


def day_in_year(day: date) -> str:
    """The same without its year, where there is little room: `16 Nov`."""
    # TRANSLATORS: how a date without its year is written (Unicode TR 35, date format patterns)
    return _dated(day, _l("d MMM"))


def _dated(day: date, pattern: str) -> str:
    text: str = format_date(day, told(pattern), locale=language())
    return text


def duration_words(seconds: float) -> str:
    """A duration in a unit that suits it: `42 s`, `1.8 min`, `31 h`, `5.2 days`."""
    for words, size, limit in UNITS:
        if seconds < limit:
            return _in_unit(str(words), round(seconds / size, 1 if size > 1 else 0))
    return _in_unit(str(_l("%(shown)s days")), round(seconds / 86_400, 1))


def _in_unit(words: str, amount: float) -> str:
    shown = number(int(amount) if float(amount).is_integer() else amount)
    said: str = told(_l(words, shown=shown))
    return said


def percent(share: float | None) -> str:
    """A share of 1 in per cent, or a dash for none."""
    if share is None:
        return "–"
    said: str = told(_l("%(share)s%%", share=f"{100 * share:.0f}"))
    return said


def signed(value: float | None) -> str:
    """A change with its sign, or a dash for none."""
    if value is None:
        return "–"
    text: str = format_decimal(value, "+0.0;−0.0", locale=language())
    return text if round(value, 1) else "0"
