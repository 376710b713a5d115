"""Which of a source's names are which of our fields, and which of its words are which status: a small TOML file.

`mapping.toml` beside this module holds the defaults and explains each table; a file of the user's goes on from there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from review_app.base.errors import Invalid
from review_app.base.messages import Figure
from review_app.base.messages import lazy_gettext as _l
from review_app.importing import rules
from review_app.importing.record import RawRecord, Refusal
from review_app.importing.renaming import SOURCE_ID, Renaming, Table, is_field
from review_app.importing.shape import Unfit, is_empty, shown
from review_app.importing.text_values import ALL_TEXT, read_values

DEFAULTS = Path(__file__).with_name("mapping.toml")
MOST_CHARACTERS = 64 * 1024
TABLE_KEYS = frozenset({"prefixes", "leave_out", "names"})
FORMATS = ("text", "json", "jsonl", "csv", "wxr", "markdown")
IMPORTABLE = frozenset(rules.IMPORTED_STATUSES.values())


@dataclass(frozen=True)
class Mapping:
    """How the names and words of a source are read. `statuses` is for `validation.validate`."""

    everywhere: Table
    formats: AnyMapping[str, Table]
    statuses: AnyMapping[str, str]
    _made: dict[str, Renaming] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    @cache
    def default() -> Mapping:
        """What holds without a file of the user's."""
        return _parsed(DEFAULTS.read_text("utf-8"))

    @classmethod
    def from_toml(cls, text: str) -> Mapping:
        """The defaults, gone on with by a user's file. Raises `Invalid`, saying what in it is wrong."""
        return cls.default().with_more(_parsed(text))

    def with_more(self, more: Mapping) -> Mapping:
        """This, gone on with by another, which holds where both say something."""
        formats = {
            name: self.formats.get(name, Table()).with_more(more.formats.get(name, Table()))
            for name in {*self.formats, *more.formats}
        }
        return Mapping(
            self.everywhere.with_more(more.everywhere), formats, {**self.statuses, **more.statuses}
        )

    def apply(self, raw: RawRecord, format_name: str = "") -> RawRecord | Refusal:
        """The record with its fields under our names, or a refusal if two of its names are one field and differ.

        `format_name` is the reader's. Names that the mapping does not know stay as they are.
        """
        if not all(isinstance(name, str) for name in raw.fields):
            return raw  # which `check_shape` refuses, as it does further inside
        renaming = self._renaming(format_name)
        try:
            if not renaming.knows_all(raw.fields):
                raw = renaming.renamed(raw)
            if format_name in ALL_TEXT:
                raw = replace(raw, fields=read_values(raw.fields, format_name))
        except Unfit as unfit:
            return _refusal(raw, unfit)
        return _with_id(raw) if raw.fallback_id else raw

    def _renaming(self, format_name: str) -> Renaming:
        if format_name not in self._made:
            table = self.everywhere.with_more(self.formats.get(format_name, Table()))
            self._made[format_name] = Renaming(table)
        return self._made[format_name]


def _refusal(raw: RawRecord, unfit: Unfit) -> Refusal:
    name = rules.storable(rules.shortened(unfit.field, rules.MOST_KEY_CHARACTERS))
    reason = rules.storable(unfit.reason)
    return Refusal(raw.line, raw.item, name, reason, rules.storable(raw.raw), _id_in(raw.fields))


def _id_in(fields: dict[str, Any]) -> str | None:
    payload = fields.get("payload")
    found = payload.get(SOURCE_ID) if isinstance(payload, dict) else fields.get(SOURCE_ID)
    return found if isinstance(found, str) and rules.SOURCE_ID.fullmatch(found) else None


def _with_id(raw: RawRecord) -> RawRecord:
    payload = raw.fields.get("payload")
    named = [raw.fields.get(SOURCE_ID), payload.get(SOURCE_ID) if isinstance(payload, dict) else None]
    if not all(is_empty(value) for value in named):
        return raw
    return replace(raw, fields={**raw.fields, SOURCE_ID: raw.fallback_id})


# --- the file ---------------------------------------------------------------------------------------------------------


def _parsed(text: str) -> Mapping:
    if len(text) > MOST_CHARACTERS:
        raise Invalid(_l("The mapping has more than %(most)s characters.", most=Figure(MOST_CHARACTERS)))
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid(
            _l("The mapping is no valid TOML: %(error)s.", error=rules.one_line(str(error)))
        ) from None
    _only(_l("The mapping"), tables, {*TABLE_KEYS, "statuses", "formats"})
    formats = _group(tables, "formats")
    _only("[formats]", formats, FORMATS)
    return Mapping(
        _table("", tables),
        {name: _format_table(f"formats.{name}", _group(formats, name, "formats.")) for name in formats},
        _statuses(_group(tables, "statuses")),
    )


def _only(where: str, table: dict[str, Any], allowed: Iterable[str]) -> None:
    for name in table:
        if name not in allowed:
            known = ", ".join(sorted(allowed))
            raise Invalid(
                _l(
                    "%(where)s has %(name)s, which is none of: %(known)s.",
                    where=where,
                    name=shown(name),
                    known=known,
                )
            )


def _group(table: dict[str, Any], name: str, inside: str = "") -> dict[str, Any]:
    group = table.get(name, {})
    if not isinstance(group, dict):
        raise Invalid(
            _l(
                "%(name)s must be a table, [%(name)s], but is %(value)s.",
                name=inside + name,
                value=shown(group),
            )
        )
    return group


def _format_table(inside: str, table: dict[str, Any]) -> Table:
    _only(f"[{inside}]", table, TABLE_KEYS)
    return _table(f"{inside}.", table)


def _table(inside: str, table: dict[str, Any]) -> Table:
    leave_out = _beginnings(inside, table, "leave_out") if "leave_out" in table else None
    names = _names(f"[{inside}names]", _group(table, "names", inside))
    return Table(_beginnings(inside, table, "prefixes"), leave_out, names)


def _beginnings(inside: str, table: dict[str, Any], name: str) -> tuple[str, ...]:
    texts = table.get(name, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise Invalid(
            _l(
                "%(name)s must be a list of texts that are not empty, but is %(value)s.",
                name=inside + name,
                value=shown(texts),
            )
        )
    return tuple(texts)


def _names(where: str, table: dict[str, Any]) -> dict[str, str]:
    names: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name, target in _paths(table):
        if not isinstance(target, str) or not is_field(target):
            raise Invalid(
                _l(
                    "%(where)s has %(name)s as %(field)s, which is none of our fields.",
                    where=where,
                    name=shown(name),
                    field=shown(target),
                )
            )
        if target in taken:
            raise Invalid(
                _l(
                    "%(where)s has %(one)s and %(other)s, both as %(field)s.",
                    where=where,
                    one=shown(taken[target]),
                    other=shown(name),
                    field=target,
                )
            )
        names[name] = target
        taken[target] = name
    return names


def _paths(table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The entries; `rating.quality` without quotation marks is a table in TOML, and means the same."""
    for name, target in table.items():
        if isinstance(target, dict):
            for inner_name, inner in target.items():
                yield f"{name}.{inner_name}", inner
        else:
            yield name, target


def _statuses(table: dict[str, Any]) -> dict[str, str]:
    statuses: dict[str, str] = {}
    for source_word, status in table.items():
        word = source_word.strip().lower()
        if status not in sorted(IMPORTABLE):
            raise Invalid(
                _l(
                    "[statuses] has %(word)s as %(status)s: an import can set only %(one)s or %(other)s.",
                    word=shown(source_word),
                    status=shown(status),
                    **dict(zip(("one", "other"), sorted(IMPORTABLE), strict=True)),
                )
            )
        if statuses.get(word, status) != status:
            raise Invalid(_l("[statuses] has %(word)s twice.", word=shown(word)))
        statuses[word] = status
    return statuses


def mapping_of(text: str) -> Mapping:
    """The mapping of a user's file, or the defaults if there is none. Raises `Invalid`, naming the field `mapping`."""
    if not text.strip():
        return Mapping.default()
    try:
        return Mapping.from_toml(text)
    except Invalid as error:
        raise Invalid(error.detail, {"mapping": [error.detail]}) from error
