"""Sentences that can be translated later: said deep down in English, told at the edge in the reader's language.

What is said is a plain `str` in English, so that logs, commands and programs read it as it stands; it also remembers the
message it was made from, by which `languages.py` finds its translation. Knows no framework.
"""

from __future__ import annotations

from typing import Any


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


class Figure(int):
    """A number as a value of a message: with its thousands apart, as the language does it."""

    def __str__(self) -> str:
        return f"{int(self):,}"


def lazy_gettext(message: str, /, **values: Any) -> Message:
    """A sentence with values in it, `"%(name)s holds it"`; without values a percent sign stands for itself."""
    return _made(message % values if values else message, message, None, (0, values))


def lazy_ngettext(one: str, many: str, number: int, /, **values: Any) -> Message:
    """A sentence that depends on a number, which stands in it as `%(num)s`."""
    values = {"num": number} | values
    return _made((one if number == 1 else many) % values, one, many, (number, values))


def _made(text: str, message: str, plural: str | None, counted: tuple[int, dict[str, Any]]) -> Message:
    made = Message(text)
    made.message, made.plural = message, plural
    made.number, made.values = counted
    return made
