"""What may stand in a record at all: storable text, bounded sizes, and the right kind of value in known fields."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from review_app.importing import rules
from review_app.importing.record import RawRecord

Pending = tuple[str, Any, int]
"""A value still to be looked at: its path in the record, itself, and how deep it stands (the record is at 1)."""


class Unfit(Exception):
    """Why a record is refused: the field (a path such as `score.quality`) and a sentence for a person."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def check_shape(raw: RawRecord) -> None:
    """Raise `Unfit` for what no record may hold; afterwards each known field is of its kind, or empty."""
    _check_values(raw.fields)
    _check_text(rules.BODY, raw.body_html, rules.MOST_BODY_CHARACTERS)
    for name in rules.TEXT_FIELDS:
        _check_kind(name, raw.fields.get(name), str, "a text")
    for name in (*rules.LIST_FIELDS, *rules.ROW_FIELDS):
        _check_kind(name, raw.fields.get(name), list, "a list")
    for name in rules.GROUP_FIELDS:
        _check_kind(name, raw.fields.get(name), dict, "a group of named values")
    for name in rules.LIST_FIELDS:
        _check_items(name, raw.fields.get(name) or (), wanted_groups=False)
    for name in rules.ROW_FIELDS:
        _check_items(name, raw.fields.get(name) or (), wanted_groups=True)


def is_empty(value: object) -> bool:
    """Whether a value says nothing: null, blank text, or a list or group with nothing in it."""
    return value is None or value in ([], {}) or (isinstance(value, str) and not value.strip())


def shown(value: object) -> str:
    """A value as it may stand in a sentence: at most 60 characters, on one line."""
    return rules.storable(rules.shortened(json.dumps(value, ensure_ascii=False, default=str), 60))


def _check_values(fields: dict[str, Any]) -> None:
    names = 0
    pending: list[Pending] = [("", fields, 1)]
    while pending:
        path, value, depth = pending.pop()
        if isinstance(value, str):
            if "\0" in value or not value.isascii() or len(value) > rules.MOST_CELL_CHARACTERS:
                _check_text(path, value, rules.MOST_CELL_CHARACTERS)
        elif isinstance(value, (dict, list)):
            if depth > rules.MOST_DEEP:
                raise Unfit(path, f"{_short(path)} is nested more than {rules.MOST_DEEP} deep.")
            names += len(value) if isinstance(value, dict) else 0
            if names > rules.MOST_FIELDS:
                raise Unfit("", f"The record has more than {rules.MOST_FIELDS:,} fields.")
            pending += _within(path, value, depth + 1)
        elif value is not None:
            _check_number(path, value)


def _within(path: str, value: dict[str, Any] | list[Any], depth: int) -> Iterable[Pending]:
    if isinstance(value, list):
        if len(value) > rules.MOST_ITEMS:
            raise Unfit(
                path, f"{_short(path)} has {len(value):,} items; a list may have {rules.MOST_ITEMS:,}."
            )
        return [(f"{path}[{number}]", item, depth) for number, item in enumerate(value)]
    for name in value:
        _check_name(path, name)
    return [(f"{path}.{name}" if path else name, item, depth) for name, item in value.items()]


def _check_name(path: str, name: object) -> None:
    if not isinstance(name, str) or len(name) > rules.MOST_KEY_CHARACTERS:
        where = f" in {_short(path)}" if path else ""
        limit = rules.MOST_KEY_CHARACTERS
        raise Unfit(path, f"The name of a field{where} is longer than {limit} characters, or no text.")
    if not name.isascii() or "\0" in name:
        _check_text(f"{path}.{name}" if path else name, name, rules.MOST_KEY_CHARACTERS)


def _check_text(path: str, text: str, most: int) -> None:
    if len(text) > most:
        raise Unfit(path, f"{_short(path)} has {len(text):,} characters; at most {most:,} are allowed.")
    found = rules.NOT_STORABLE.search(text)
    if found:
        what = "a NUL character" if found[0] == "\0" else "half of a surrogate pair, which is no character"
        raise Unfit(path, f"{_short(path)} contains {what} (position {found.start() + 1}).")


def _check_number(path: str, value: object) -> None:
    if isinstance(value, int):
        if abs(value) >= 10**rules.MOST_DIGITS:
            raise Unfit(path, f"{_short(path)} is a number of more than {rules.MOST_DIGITS} digits.")
    elif not isinstance(value, float) or not math.isfinite(value):
        raise Unfit(path, f"{_short(path)} is {shown(value)}, which is neither a text nor a number.")


def _check_kind(name: str, value: object, kind: type, wanted: str) -> None:
    if not isinstance(value, kind) and not is_empty(value):
        raise Unfit(name, f"{name} must be {wanted}, but is {shown(value)}.")


def _check_items(name: str, items: Iterable[object], *, wanted_groups: bool) -> None:
    for number, item in enumerate(items):
        if isinstance(item, dict) != wanted_groups or isinstance(item, list):
            wanted = "a group of named values" if wanted_groups else "a single value"
            raise Unfit(f"{name}[{number}]", f"{name}[{number}] must be {wanted}, but is {shown(item)}.")


def _short(path: str) -> str:
    return rules.storable(rules.shortened(path, 80)) or "The record"
