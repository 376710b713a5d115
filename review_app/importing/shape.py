"""What may stand in a record at all: storable text, bounded sizes, and the right kind of value in known fields."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from itertools import chain
from typing import Any

from review_app.importing import rules
from review_app.importing.limits import DEFAULT_LIMITS, Limits
from review_app.importing.record import RawRecord

KINDS: dict[str, type] = {
    **dict.fromkeys(rules.TEXT_FIELDS, str),
    **dict.fromkeys((*rules.LIST_FIELDS, *rules.ROW_FIELDS), list),
    **dict.fromkeys(rules.GROUP_FIELDS, dict),
}
LARGEST = 10**rules.MOST_DIGITS

CONTAINERS = frozenset({dict, list})
SINGLE_KINDS = frozenset({str, int, bool, type(None)})
QUICK_KINDS = CONTAINERS | SINGLE_KINDS

Pending = tuple[str, Any, int]
"""A value still to be looked at: its path in the record, itself, and how deep it stands (the record is at 1)."""


class Unfit(Exception):
    """Why a record is refused: the field (a path such as `score.quality`) and a sentence for a person."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def check_shape(raw: RawRecord, limits: Limits = DEFAULT_LIMITS) -> None:
    """Raise `Unfit` for what no record may hold; afterwards each known field is of its kind, or empty.

    A quick look without paths settles nearly every record; only what it is not sure of is gone through place by place.
    """
    if not _is_surely_fine(raw.fields, limits):
        _check_values(raw.fields, limits)
    _check_text(rules.BODY, raw.body_html, limits.body_characters)
    if not _are_usual(raw.fields):
        _check_kinds(raw)


def _check_kinds(raw: RawRecord) -> None:
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


# --- the quick look ---------------------------------------------------------------------------------------------------


def _is_surely_fine(fields: dict[str, Any], limits: Limits) -> bool:
    """Whether all values keep within the limits; they are taken level by level, and their texts looked at together."""
    names: list[object] = []
    texts: list[str] = []
    level: list[Any] = [fields]
    for _ in range(limits.json_depth):
        lists = [value for value in level if type(value) is list]
        groups = [value for value in level if type(value) is dict]
        if any(len(items) > limits.list_items for items in lists):
            return False
        names += chain.from_iterable(groups)
        if len(names) > limits.fields:
            return False
        values = [*chain.from_iterable(lists), *chain.from_iterable(group.values() for group in groups)]
        texts += [value for value in values if type(value) is str]
        others = [value for value in values if type(value) is not str]
        level = [value for value in others if type(value) in CONTAINERS]
        if len(level) < len(others) and not _are_fine_scalars(others):
            return False
        if not level:
            return _are_fine_names(names) and _are_fine_texts(texts, limits)
    return False


def _are_fine_scalars(values: list[Any]) -> bool:
    numbers = [value for value in values if type(value) is int]
    kinds = {type(value) for value in values}
    return kinds <= QUICK_KINDS and (not numbers or -LARGEST < min(numbers) <= max(numbers) < LARGEST)


def _are_fine_names(names: list[object]) -> bool:
    words = [name for name in names if type(name) is str and len(name) <= rules.MOST_KEY_CHARACTERS]
    return len(words) == len(names) and rules.is_storable("".join(words))


def _are_fine_texts(texts: list[str], limits: Limits) -> bool:
    together = "".join(texts)
    return len(together) <= limits.cell_characters and rules.is_storable(together)


def _are_usual(fields: dict[str, Any]) -> bool:
    """Whether each known field is just of its kind, and the items of each list are."""
    for name, value in fields.items():
        kind = KINDS.get(name)
        if kind is list and type(value) is list:
            kinds = {type(item) for item in value}
            if kinds - ({dict} if name in rules.ROW_FIELDS else SINGLE_KINDS):
                return False
        elif kind is not None and type(value) is not kind:
            return False
    return True


# --- place by place ---------------------------------------------------------------------------------------------------


def _check_values(fields: dict[str, Any], limits: Limits) -> None:
    names = 0
    pending: list[Pending] = [("", fields, 1)]
    while pending:
        path, value, depth = pending.pop()
        if isinstance(value, str):
            _check_text(path, value, limits.cell_characters)
        elif isinstance(value, (dict, list)):
            if depth > limits.json_depth:
                raise Unfit(path, f"{_short(path)} is nested more than {limits.json_depth} deep.")
            names += len(value) if isinstance(value, dict) else 0
            if names > limits.fields:
                raise Unfit("", f"The record has more than {limits.fields:,} fields.")
            pending += _within(path, value, depth + 1, limits.list_items)
        elif value is not None:
            _check_number(path, value)


def _within(path: str, value: dict[str, Any] | list[Any], depth: int, most_items: int) -> Iterable[Pending]:
    if isinstance(value, list):
        if len(value) > most_items:
            raise Unfit(path, f"{_short(path)} has {len(value):,} items; a list may have {most_items:,}.")
        return [(f"{path}[{number}]", item, depth) for number, item in enumerate(value)]
    for name in value:
        _check_name(path, name)
    return [(f"{path}.{name}" if path else name, item, depth) for name, item in value.items()]


def _check_name(path: str, name: object) -> None:
    if not isinstance(name, str) or len(name) > rules.MOST_KEY_CHARACTERS:
        where = f" in {_short(path)}" if path else ""
        limit = rules.MOST_KEY_CHARACTERS
        raise Unfit(path, f"The name of a field{where} is longer than {limit} characters, or no text.")
    if not rules.is_storable(name):
        _check_text(f"{path}.{name}" if path else name, name, rules.MOST_KEY_CHARACTERS)


def _check_text(path: str, text: str, most: int) -> None:
    if len(text) > most:
        raise Unfit(path, f"{_short(path)} has {len(text):,} characters; at most {most:,} are allowed.")
    found = None if rules.is_storable(text) else rules.NOT_STORABLE.search(text)
    if found:
        what = "a NUL character" if found[0] == "\0" else "half of a surrogate pair, which is no character"
        raise Unfit(path, f"{_short(path)} contains {what} (position {found.start() + 1}).")


def _check_number(path: str, value: object) -> None:
    if isinstance(value, int):
        if abs(value) >= LARGEST:
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
