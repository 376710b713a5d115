"""Bullets of a metadata box: as a list of texts, a group of named values, or a list of such groups."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from review_app.importing.limits import DEFAULT_LIMITS
from review_app.importing.rules import (
    COUNTS_IN_GROUPS,
    GROUPS_OF_COUNTS,
    count_or_text,
    shortened,
    underscored,
)

BULLET = re.compile(r"(\s*)(?:[•◦▪‣∙●]|[-*–](?=\s|$))\s*(.*)")
NAMED = re.compile(r"([^:]{1,80}?)\s*:\s*(.*)")
SURELY_NAMED = re.compile(r"([^\W\d_][\w /.-]{0,39}?)\s*:(?:\s+(.*))?")
DEEPER = 4
"""Blanks before a bullet of a list within a list."""

Pair = tuple[str, Any]
USUAL_DEPTH = DEFAULT_LIMITS.json_depth


class BoxFault(Exception):
    """Why a page is refused: the line (from 1), the field, and a sentence for a person."""

    def __init__(self, line: int, field: str, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Bullet:
    """One bullet: its line (from 0), how far it is indented, and its text, which may have been wrapped."""

    line: int
    indent: int
    texts: list[str]

    @property
    def text(self) -> str:
        return " ".join(self.texts).strip()


def is_bullet(line: str) -> bool:
    """Whether a line is a bullet, with or without text."""
    return BULLET.fullmatch(line) is not None


def as_bullet(line: str, number: int) -> Bullet:
    """The bullet in a line that is one."""
    found = BULLET.fullmatch(line)
    if found is None:
        raise ValueError(f"no bullet: {line!r}")
    return Bullet(number, len(found[1].expandtabs()), [found[2].strip()])


def group(name: str, bullets: Sequence[Bullet], depth: int = 1, *, most: int = USUAL_DEPTH) -> dict[str, Any]:
    """Bullets as named values, at most so many groups deep.

    Raises `BoxFault` for one without a name, and for a name that stands twice.
    """
    values: dict[str, Any] = {}
    position = 0
    while position < len(bullets):
        bullet = bullets[position]
        key, value = _named(name, bullet)
        end = _end_of_list_within(bullets, position) if not value else position + 1
        if end > position + 1:
            value = guessed(f"{name}.{key}", bullets[position + 1 : end], depth + 1, most=most)
        if key in values:
            raise BoxFault(
                bullet.line + 1, f"{name}.{key}", f"“{key.replace('_', ' ')}” stands twice in {name}."
            )
        values[key] = _counted(name, key, value)
        position = end
    return values


def rows(name: str, bullets: Sequence[Bullet], order: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Named values as a list of groups: a name that is there already begins the next one, and so does a bare bullet.

    Where that gives groups of different names (a value was left out), the source's `order` of names tells better.
    """
    by_name = _split(name, bullets, lambda key, row: key in row)
    if not order or len({frozenset(row) for row in by_name}) <= 1:
        return by_name
    later = {key: order[number + 1 :] for number, key in enumerate(order)}
    return _split(
        name, bullets, lambda key, row: key in row or any(other in row for other in later.get(key, ()))
    )


def guessed(
    name: str, bullets: Sequence[Bullet], depth: int = 1, *, most: int = USUAL_DEPTH
) -> list[Any] | dict[str, Any]:
    """Bullets under a label of ours not known: named values if all are, else texts."""
    if depth > most:
        raise BoxFault(bullets[0].line + 1, name, f"{shortened(name, 80)} is nested more than {most} deep.")
    outer = min((bullet.indent for bullet in bullets), default=0)
    named = [SURELY_NAMED.fullmatch(bullet.text) for bullet in bullets]
    if not bullets or not all(named):
        return [bullet.text for bullet in bullets]
    pairs = zip(named, bullets, strict=True)
    keys = [underscored(found[1]) for found, bullet in pairs if found and bullet.indent == outer]
    if len(set(keys)) < len(keys) or (depth == 1 and outer >= DEEPER):
        return rows(name, bullets)
    return group(name, bullets, depth, most=most)


def _named(name: str, bullet: Bullet) -> tuple[str, Any]:
    found = NAMED.fullmatch(bullet.text)
    if not found:
        shown = shortened(bullet.text, 60)
        raise BoxFault(bullet.line + 1, name, f"“{shown}” in {name} is no named value, such as “key: value”.")
    return underscored(found[1]), found[2].strip()


def _end_of_list_within(bullets: Sequence[Bullet], position: int) -> int:
    end = position + 1
    while end < len(bullets) and bullets[end].indent > bullets[position].indent:
        end += 1
    return end


def _counted(name: str, key: str, value: object) -> object:
    is_count = name in GROUPS_OF_COUNTS or key in COUNTS_IN_GROUPS.get(name, ())
    return count_or_text(value) if is_count and isinstance(value, str) else value


def _split(
    name: str, bullets: Sequence[Bullet], begins: Callable[[str, dict[str, Any]], bool]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{}]
    for bullet in bullets:
        if not bullet.text:
            found.append({})
            continue
        key, value = _named(name, bullet)
        if begins(key, found[-1]):
            found.append({})
        found[-1][key] = value
    return [row for row in found if row]
