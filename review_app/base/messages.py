"""Sentences that can be translated later: said deep down in English, told at the edge in the reader's language.

What is said is a plain `str` in English, so that logs, commands and programs read it as it stands; it also remembers the
message it was made from, by which `languages.py` finds its translation. Knows no framework.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any


class Figure(str):
    """A whole number in a message, with thousands apart: `1,200`. Told as the reader's language writes it."""

    __slots__ = ("figure",)
    figure: int

    def __new__(cls, figure: int) -> Figure:
        """The number as English has it."""
        made = super().__new__(cls, f"{figure:,}")
        made.figure = figure
        return made


class Day(str):
    """A date in a message: `24 Nov 2026`, or in full `24 November 2026`. Told as the reader's language writes it."""

    __slots__ = ("day", "full")
    day: date
    full: bool

    def __new__(cls, day: date, *, full: bool = False) -> Day:
        """The date as English has it."""
        made = super().__new__(cls, f"{day.day} {day:%B %Y}" if full else f"{day.day} {day:%b %Y}")
        made.day, made.full = day, full
        return made


class Message(str):
    """An English sentence and the message (gettext's msgid) with its values that it was made from.

    `plural` is the message for numbers other than one, `number` the figure that decides. What is cut, joined or changed in
    case is a bare `str` again: that is to be done with the translation.
    """

    __slots__ = ("message", "number", "plural", "values")
    message: str
    plural: str | None
    number: int
    values: dict[str, Any]

    def __mod__(self, values: Any) -> Message:
        """The same with more values in it: WTForms says its bounds so."""
        return _made(
            super().__mod__(values), self.message, self.plural, (self.number, {**values, **self.values})
        )


def lazy_gettext(message: str, /, **values: Any) -> Message:
    """A sentence with values in it, `"%(name)s holds it"`; without values a percent sign stands for itself."""
    return _made(message % values if values else message, message, None, (0, values))


def lazy_ngettext(one: str, many: str, number: int, /, **values: Any) -> Message:
    """A sentence that depends on a number, which stands in it as `%(num)s`."""
    values = {"num": number} | values
    return _made((one if number == 1 else many) % values, one, many, (number, values))


def joined(parts: Iterable[str], by: str, end: str = "") -> Message:
    """Several messages one after the other, each of which is told by itself."""
    named = {f"part_{number}": part for number, part in enumerate(parts)}
    return lazy_gettext(by.join(f"%({name})s" for name in named) + end, **named)


def _made(text: str, message: str, plural: str | None, counted: tuple[int, dict[str, Any]]) -> Message:
    made = Message(text)
    made.message, made.plural = message, plural
    made.number, made.values = counted
    return made
