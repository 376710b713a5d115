"""Records of formats in which all is text: the digits and lists in known fields become what they stand for.

Done after the mapping, since only then a field's name tells what it must be. What cannot be read stays as it is, for the
validation to refuse.
"""

from __future__ import annotations

from typing import Any

from review_app.importing import rules
from review_app.importing.readers.php_values import BrokenValue, looks_serialised, unserialise
from review_app.importing.shape import Unfit

ALL_TEXT = frozenset({"csv", "wxr"})
"""The formats, by the names of their readers."""
FROM_PHP = frozenset({"wxr"})
KNOWN = frozenset(
    {
        *rules.TEXT_FIELDS,
        *rules.COUNT_FIELDS,
        *rules.LIST_FIELDS,
        *rules.GROUP_FIELDS,
        *rules.ROW_FIELDS,
    }
)


def read_values(fields: dict[str, Any], format_name: str) -> dict[str, Any]:
    """The fields with numbers and lists read. Raises `Unfit` for a known field whose PHP value is broken."""
    if format_name in FROM_PHP:
        _refuse_broken(fields)
    return {name: _read(name, value) if name in KNOWN else value for name, value in fields.items()}


def _read(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return rules.count_or_text(value) if name in rules.COUNT_FIELDS else value
    if not isinstance(value, dict):
        return value
    if name in rules.LIST_FIELDS:
        return [_line(key, inner) for key, inner in value.items()]
    if name in rules.ROW_FIELDS:
        return list(value.values()) if all(key.isdecimal() for key in value) else value
    return {key: _number(name, key, inner) for key, inner in value.items()}


def _refuse_broken(fields: dict[str, Any]) -> None:
    # The reader has unserialised all that could be; what still looks so is broken.
    for name in KNOWN & fields.keys():
        value = fields[name]
        if isinstance(value, str) and looks_serialised(value):
            try:
                unserialise(value)
            except BrokenValue as broken:
                raise Unfit(name, f"{name} is a PHP value that is broken: {broken.reason}.") from None


def _line(key: str, value: Any) -> Any:
    """An entry of a list that has names, as the source's pages print it: `recommended action: measure first`."""
    if key.isdecimal() or not isinstance(value, str):
        return value
    return f"{key.replace('_', ' ')}: {value}"


def _number(group: str, key: str, value: Any) -> Any:
    is_count = group in rules.GROUPS_OF_COUNTS or key in rules.COUNTS_IN_GROUPS.get(group, ())
    return rules.count_or_text(value) if is_count and isinstance(value, str) else value
