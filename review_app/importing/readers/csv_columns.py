"""Columns of a CSV file: which field each one holds, by its name, and what a cell of it says.

A column's name is a dotted path: `title`, `score.quality`, `payload.source_id`. Those of the desk's own fields may be
written with blanks or underscores and in any case: `Score Quality`, `view count`. Others are kept as they are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from review_app.importing import rules
from review_app.importing.limits import Limits
from review_app.importing.readers.json_records import BadRecord, decode, first_twice
from review_app.importing.readers.reader import UnreadableFile
from review_app.importing.shape import shown

PLAIN_FIELDS = frozenset(
    (
        *rules.TEXT_FIELDS,
        *rules.COUNT_FIELDS,
        *rules.LIST_FIELDS,
        *rules.ROW_FIELDS,
        *rules.GROUP_FIELDS,
        rules.BODY,
        "source_id",
    )
)
IN_GROUPS = {
    "score": frozenset({"quality", "freshness", "depth", "clarity"}),
    "revision": frozenset({"status", "version", "last_reviewed"}),
    "flags": frozenset({"ai_generated_style", "has_images", "image_heavy", "needs_human_review"}),
    "payload": frozenset({"source_id", "generator", "paragraphs", "scenario", "seed"}),
}
BETWEEN_ITEMS = "|"
"""Separates the items of a list that is not written in JSON."""
JSON_BEGINS = {
    **dict.fromkeys((*rules.LIST_FIELDS, *rules.ROW_FIELDS), "["),
    **dict.fromkeys(rules.GROUP_FIELDS, "{"),
}


@dataclass(frozen=True)
class Column:
    """One column: its name for people, and the path of its field; an empty path is a column without a name."""

    name: str
    path: tuple[str, ...]

    @cached_property
    def is_known(self) -> bool:
        """Whether the desk has a field for it."""
        first, *inner = self.path or ("",)
        return first in PLAIN_FIELDS if not inner else ".".join(inner) in IN_GROUPS.get(first, ())

    @cached_property
    def is_count(self) -> bool:
        """Whether digits in it are a number."""
        first, *inner = self.path
        if not inner:
            return first in rules.COUNT_FIELDS
        return first in rules.GROUPS_OF_COUNTS or inner[0] in rules.COUNTS_IN_GROUPS.get(first, ())


def column(header: str) -> Column:
    """The column with this header."""
    name = header.strip()
    if rules.underscored(name) in PLAIN_FIELDS:
        return Column(name, (rules.underscored(name),))
    parts = [part.strip() for part in name.split(".")]
    if len(parts) == 1:
        return Column(name, _in_a_group(rules.underscored(name)) or ((name,) if name else ()))
    if not all(parts) or rules.underscored(parts[0]) == rules.BODY:
        return Column(name, (name,))
    group = rules.underscored(parts[0])
    if group not in IN_GROUPS:
        return Column(name, tuple(parts))
    inner = rules.underscored(parts[1])
    return Column(name, (group, inner if inner in IN_GROUPS[group] else parts[1], *parts[2:]))


def _in_a_group(name: str) -> tuple[str, ...]:
    group, _, inner = name.partition("_")
    return (group, inner) if inner in IN_GROUPS.get(group, ()) else ()


def check_columns(columns: Sequence[Column], limits: Limits) -> None:
    """Raise `UnreadableFile` if a header cannot be understood: nothing below it would be sure."""
    if len(columns) > limits.columns:
        raise UnreadableFile(
            f"The header has {len(columns):,} columns; at most {limits.columns:,} are allowed."
        )
    for one in columns:
        if len(one.name) > rules.MOST_KEY_CHARACTERS:
            raise UnreadableFile(
                f"The name of a column is longer than {rules.MOST_KEY_CHARACTERS} characters."
            )
        if len(one.path) >= limits.json_depth:
            raise UnreadableFile(
                f"The column {shown(one.name)} is nested more than {limits.json_depth} deep."
            )
    paths = [one.path for one in columns if one.path]
    twice = first_twice(".".join(path) for path in paths)
    if twice:
        names = " and ".join(shown(one.name) for one in columns if ".".join(one.path) == twice)
        raise UnreadableFile(f"Two columns are for {shown(twice)}: {names}.")
    taken = set(paths)
    for path in paths:
        for length in range(1, len(path)):
            if path[:length] in taken:
                outer, inner = ".".join(path[:length]), ".".join(path)
                raise UnreadableFile(
                    f"The column {shown(outer)} is one value, and {shown(inner)} is within it."
                )


def put(fields: dict[str, Any], one: Column, text: str, limits: Limits) -> None:
    """Put what a cell says where it belongs; an empty cell says nothing. Raises `BadRecord`."""
    if not text:
        return
    if not one.path:
        raise BadRecord("", f"A cell says {shown(text)}, but its column has no name.")
    if len(text) > limits.cell_characters:
        raise BadRecord(
            one.name,
            f"{one.name} has {len(text):,} characters; at most {limits.cell_characters:,} are allowed.",
        )
    inner = fields
    for part in one.path[:-1]:
        inner = inner.setdefault(part, {})
    inner[one.path[-1]] = _value(one, text, limits)


def _value(one: Column, text: str, limits: Limits) -> Any:
    if one.is_count:
        number = rules.count_or_text(text.strip())
        return number if isinstance(number, int) else text
    first = one.path[0]
    if len(one.path) == 1 and first in JSON_BEGINS:
        if text.lstrip().startswith(JSON_BEGINS[first]):
            return _json(one, text, limits)
        if first in rules.LIST_FIELDS:
            return [item.strip() for item in text.split(BETWEEN_ITEMS) if item.strip()]
    return text


def _json(one: Column, text: str, limits: Limits) -> Any:
    try:
        return decode(text, limits.json_depth, f"cell of {one.name}")
    except BadRecord as bad:
        field = (
            f"{one.name}.{bad.field}" if bad.field and not bad.field.startswith("[") else one.name + bad.field
        )
        raise BadRecord(field, bad.reason) from None
