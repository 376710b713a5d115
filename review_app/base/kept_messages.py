"""Sentences of ours that the database keeps, to be told in any language when they are shown.

Kept in English they are known again by their words (`known_again`); kept as what they are made of (`parts_of`) they are
made again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

from review_app.base.messages import Day, Figure, Message, lazy_gettext
from review_app.base.messages import lazy_ngettext as counted

PLACE = re.compile(r"%\((\w+)\)s")
FIGURE = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")


def known_again(text: str, sentences: Iterable[str], parts: Iterable[str] = ()) -> str:
    """A kept text as the message it was once made from, with its values; as it is if it was made from none of them.

    `sentences` are messages as they are before their values are set in; `parts` those that may stand in one of them.
    """
    for sentence in sentences:
        found = _pattern(str(sentence)).fullmatch(text)
        if found:
            values = {name: _value(value, parts) for name, value in found.groupdict().items()}
            return lazy_gettext(str(sentence), **values)
    return text


def parts_of(message: Message, longest: int) -> dict[str, Any]:
    """What a message is made of, as JSON has it. Of each text in it so many characters are kept."""
    values = {name: _kept(value, longest) for name, value in message.values.items()}
    made: dict[str, Any] = {"message": message.message, "values": values}
    return made if message.plural is None else made | {"plural": message.plural, "number": message.number}


def _kept(value: Any, longest: int) -> Any:
    if isinstance(value, Message):
        return parts_of(value, longest)
    if isinstance(value, Figure):
        return {"figure": value.figure}
    if isinstance(value, Day):
        return {"day": value.day.isoformat(), "full": value.full}
    return value[:longest] if isinstance(value, str) else value


def made_again(parts: Mapping[str, Any]) -> Message:
    """The message of which these are the parts."""
    values = {name: _again(value) for name, value in parts["values"].items()}
    if "plural" in parts:
        return counted(parts["message"], parts["plural"], parts["number"], **values)
    return lazy_gettext(parts["message"], **values)


def _again(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if "figure" in value:
        return Figure(value["figure"])
    return Day(date.fromisoformat(value["day"]), full=value["full"]) if "day" in value else made_again(value)


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = PLACE.split(sentence)
    return re.compile(
        "".join(f"(?P<{piece}>.+?)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)),
        re.DOTALL,
    )


def _value(text: str, parts: Iterable[str]) -> str:
    return Figure(int(text.replace(",", ""))) if FIGURE.fullmatch(text) else known_again(text, parts)
