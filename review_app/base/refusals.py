"""What msgspec refuses, said in plain words and by the field that is wrong. It tells of the first one only."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import Struct

from review_app.base.errors import Invalid

WHERE = re.compile(r"(?P<what>.*?)(?: - at `(?P<path>.*)`)?", re.DOTALL)
NAMED = re.compile(r"\.([^.\[\]]+)")
KINDS = {
    "int": "a whole number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "datetime": "a moment with its zone",
    "date": "a date",
}
LONGEST_NAME = 100
"""So much of a field's name is repeated, however long it was sent."""
MOMENT = "must be a moment with its zone, such as 2026-11-16T14:00:00Z"

_Words = Callable[[re.Match[str]], str]


def _kinds(found: re.Match[str]) -> str:
    wanted = [KINDS.get(kind, kind) for kind in found[1].split(" | ")]
    return f"must be {' or '.join(wanted)}"


PHRASES: tuple[tuple[re.Pattern[str], _Words], ...] = (
    (re.compile(r"Object missing required field `.*`"), lambda _: "is needed"),
    (re.compile(r"Object contains unknown field `.*`", re.DOTALL), lambda _: "is not known here"),
    (re.compile(r"Expected `(.+)`, got `.+`"), _kinds),
    (re.compile(r"Expected `\w+` >= (.+)"), lambda found: f"must be at least {found[1]}"),
    (re.compile(r"Expected `\w+` <= (.+)"), lambda found: f"must be at most {found[1]}"),
    (re.compile(r"Expected `str` of length <= (.+)"), lambda found: f"may have {found[1]} characters"),
    (re.compile(r"Expected `str` of length >= 1"), lambda _: "must not be empty"),
    (re.compile(r"Expected `array` of length <= (.+)"), lambda found: f"may have {found[1]} entries"),
    (re.compile(r"Expected `array` of length >= 1"), lambda _: "must not be empty"),
    (re.compile(r"Expected `str` matching regex .*"), lambda _: "has characters that are not allowed in it"),
    (re.compile(r".*`datetime` with a timezone.*|Invalid RFC3339 encoded datetime"), lambda _: MOMENT),
    (re.compile(r"Invalid RFC3339 encoded date"), lambda _: "must be a date, such as 2026-11-16"),
    (re.compile(r"(Number|Integer value) out of range"), lambda _: "is too large"),
)


def refusal_of(error: msgspec.ValidationError, kind: type[Struct]) -> Invalid:
    """The same as a domain error. A field is named by itself (`quality`), not by its path (`scores.quality`)."""
    found = WHERE.fullmatch(str(error))
    what, path = (found["what"], found["path"] or "$") if found else (str(error), "$")
    names = NAMED.findall(path)
    if inner := re.fullmatch(r"Object (?:missing required|contains unknown) field `(.*)`", what, re.DOTALL):
        names.append(inner[1])
    words = _one_of(kind, names) if what.startswith("Invalid enum value") else _in_words(what)
    if not names:
        return Invalid(f"The body {words}." if words.startswith(("must", "is", "has")) else f"{words}.")
    name = names[-1][:LONGEST_NAME]
    return Invalid(f"{name} {words}.", {name: [words]})


def _in_words(what: str) -> str:
    for pattern, phrase in PHRASES:
        if found := pattern.fullmatch(what):
            return phrase(found)
    return what


def _one_of(kind: Any, names: list[str]) -> str:
    for name in names:
        types = {part.encode_name: part.type for part in msgspec.structs.fields(kind)}
        kind = next(filter(_is_struct, _parts(types[name])), types[name])
    return f"must be one of: {', '.join(_values(kind))}"


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _values(kind: Any) -> Iterator[str]:
    for part in _parts(kind):
        if isinstance(part, type) and issubclass(part, enum.Enum):
            yield from (str(member.value) for member in part)
        elif get_origin(part) is Literal:
            yield from map(str, get_args(part))


def _parts(kind: Any) -> Iterator[Any]:
    """A type and what it is made of, as far as a union or an annotation goes."""
    yield kind
    if get_origin(kind) is not Literal:
        for part in get_args(kind):
            yield from _parts(part)
