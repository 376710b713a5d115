"""Sentences of ours that the database keeps in English, known again when they are shown, to be told in any language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from review_app.base.messages import Figure, lazy_gettext

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


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = PLACE.split(sentence)
    return re.compile(
        "".join(f"(?P<{piece}>.+?)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)),
        re.DOTALL,
    )


def _value(text: str, parts: Iterable[str]) -> str:
    return Figure(int(text.replace(",", ""))) if FIGURE.fullmatch(text) else known_again(text, parts)
