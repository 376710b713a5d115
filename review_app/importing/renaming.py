"""A record's fields under our names, by a table of a mapping. Quick where there is nothing to rename."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from review_app.articles.rules import SCORES
from review_app.importing import rules
from review_app.importing.record import RawRecord
from review_app.importing.shape import Unfit, is_empty, shown
from review_app.importing.text_values import KNOWN

MOST_LEARNT = 1_000
SOURCE_ID = "source_id"
WHOLE_FIELDS = KNOWN | {rules.BODY, SOURCE_ID}
IN_GROUPS: dict[str, frozenset[str] | None] = {
    "score": frozenset(SCORES),
    "revision": frozenset({"status", "version", "last_reviewed"}),
    "flags": None,
    "payload": None,
}
"""What may stand in a group, None if it is anything."""


def is_field(path: str) -> bool:
    """Whether this is one of our fields: a whole one, or with a dot one in a group."""
    group, _, name = path.partition(".")
    allowed = IN_GROUPS.get(group, frozenset())
    return path in WHOLE_FIELDS or bool(name and (allowed is None or name in allowed))


@dataclass(frozen=True, slots=True)
class Table:
    """What one `[formats.…]` of a mapping says, or the top of it for all formats. `names` is from a path to a path."""

    prefixes: tuple[str, ...] = ()
    leave_out: tuple[str, ...] | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def with_more(self, more: Table) -> Table:
        """This, gone on with by another, which holds where both say something."""
        leave_out = self.leave_out if more.leave_out is None else more.leave_out
        return Table((*self.prefixes, *more.prefixes), leave_out, {**self.names, **more.names})


class Renaming:
    """A table made ready for many records. It learns which names need nothing, so that most records cost one look."""

    def __init__(self, table: Table) -> None:
        self.prefixes = tuple(sorted(table.prefixes, key=len, reverse=True))
        self.leave_out = table.leave_out or ()
        self.names = table.names
        self.groups = frozenset(name.partition(".")[0] for name in table.names if "." in name)
        self.untouched = WHOLE_FIELDS - self.names.keys() - self.groups

    def knows_all(self, fields: dict[str, Any]) -> bool:
        """Whether each name is known to stay as it is."""
        return self.untouched.issuperset(fields)

    def renamed(self, raw: RawRecord) -> RawRecord:
        """The record under our names. Raises `Unfit` if two of its names are one field and differ."""
        entries = [entry for name, value in raw.fields.items() for entry in self._entries(name, value)]
        landing = _Landing(raw.body_html)
        for entry in sorted(entries, key=_turn):
            landing.put(entry)
        remarks = tuple((self._target(name) or name, message) for name, message in raw.remarks)
        return replace(raw, fields=landing.fields, body_html=landing.take_body(), remarks=remarks)

    def _target(self, name: str) -> str | None:
        """Which field a name is; itself if the mapping does not know it, None if it is left out."""
        if name in self.names:
            return self.names[name]
        if name in WHOLE_FIELDS:
            return name
        for prefix in self.prefixes:
            bare = name.removeprefix(prefix)
            if bare and bare != name:
                return self.names.get(bare, bare)
        return None if self.leave_out and name.startswith(self.leave_out) else name

    def _entries(self, name: str, value: Any) -> Iterator[_Entry]:
        """A field with where it goes; of a group, those parts that go elsewhere apart from the rest."""
        target = self._target(name)
        if target is None:
            return
        if target not in self.groups or not isinstance(value, dict):
            if name == target and target not in self.groups:
                self._learn(name)
            yield _Entry(name, target, value)
            return
        apart = {key: self.names[f"{target}.{key}"] for key in value if f"{target}.{key}" in self.names}
        rest = {key: inner for key, inner in value.items() if key not in apart}
        if rest or not apart:
            yield _Entry(name, target, rest)
        for key, inner_target in apart.items():
            yield _Entry(f"{name}.{key}", inner_target, value[key])

    def _learn(self, name: str) -> None:
        if len(self.untouched) < MOST_LEARNT:
            self.untouched |= {name}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A value, what the source calls it, and which field it is."""

    name: str
    target: str
    value: Any

    @property
    def is_in_group(self) -> bool:
        return self.target not in WHOLE_FIELDS and is_field(self.target)


def _turn(entry: _Entry) -> int:
    """First what keeps its name, then what gets another, at last what goes into a group that may be there by then."""
    return 2 if entry.is_in_group else int(entry.name != entry.target)


class _Landing:
    """The fields of one record under our names, and which of the source's names each came from."""

    def __init__(self, body: str) -> None:
        self.fields: dict[str, Any] = {rules.BODY: body}
        self.came_from: dict[str, str] = {}

    def put(self, entry: _Entry) -> None:
        """Set a field. Raises `Unfit` if another name has set it to something else."""
        if entry.is_in_group:
            group, _, key = entry.target.partition(".")
            self._put(self._group(group, entry), key, entry)
        elif entry.target in WHOLE_FIELDS or self._is_free(self.fields, entry.target, entry.value):
            self._put(self.fields, entry.target, entry)
        else:  # none of our fields, so both may stay, each under a name of its own
            self.fields[entry.name] = entry.value

    def take_body(self) -> str:
        """The text, which is no field any more afterwards."""
        body = self.fields.pop(rules.BODY)
        if not isinstance(body, str) and not is_empty(body):
            raise Unfit(rules.BODY, f"{rules.BODY} must be a text (HTML), but is {shown(body)}.")
        return body or ""

    def _group(self, name: str, entry: _Entry) -> dict[str, Any]:
        group = self.fields.get(name)
        if not isinstance(group, dict) and not is_empty(group):
            raise self._differ(name, entry, group)
        # A copy, for what the reader gave is not ours to change.
        self.fields[name] = dict(group or {})
        made: dict[str, Any] = self.fields[name]
        return made

    def _put(self, into: dict[str, Any], key: str, entry: _Entry) -> None:
        if not self._is_free(into, key, entry.value):
            raise self._differ(entry.target, entry, into[key])
        if is_empty(into.get(key)):
            into[key] = entry.value
            self.came_from[entry.target] = entry.name

    def _is_free(self, into: dict[str, Any], key: str, value: object) -> bool:
        there = into.get(key)
        return is_empty(there) or is_empty(value) or (type(there) is type(value) and there == value)

    def _differ(self, target: str, entry: _Entry, there: object) -> Unfit:
        first = self.came_from.get(target) or self.came_from.get(target.partition(".")[0]) or target
        return Unfit(
            target,
            f"{shown(first)} and {shown(entry.name)} are both {target}, but differ: {shown(there)} and {shown(entry.value)}.",
        )
