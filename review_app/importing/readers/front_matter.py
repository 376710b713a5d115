"""Front matter: the named values above a Markdown text, in YAML between lines of `---`, or TOML between lines of `+++`.

YAML is read with less than its many spellings, so that nothing is guessed: `true`, `false`, `null`, decimal numbers and
texts. What it would make a date, a clock time or an octal number stays the text that it is; `yes` and `no` too.
Aliases and tags are refused: no front matter needs them, and a few lines of aliases can grow without bound.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from datetime import date, time
from typing import Any, NamedTuple

import yaml

from review_app.importing import rules
from review_app.importing.limits import Limits
from review_app.importing.shape import shown

MOST_BYTES = 64 * 1024
"""Of front matter alone; a page of ours has 3 KiB. Its libraries take up to seconds for what is more, and odd."""
MOST_DOTS = 1_000
"""Dots in one line of TOML: a key of n parts takes time that grows with n²."""
BEGINS = re.compile(r"\s*^(---|\+\+\+)[ \t]*\r?$\n?", re.MULTILINE)


SAYS_SOMETHING = re.compile(r"^[ \t]*[^\s#]", re.MULTILINE)


class Fault(Exception):
    """Why front matter cannot be read: the line in the file, the field if it is one, and a sentence."""

    def __init__(self, line: int, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.line, self.field, self.reason = line, field, reason


class Parted(NamedTuple):
    """A file's front matter, the line where it begins, its fence, and the text below it."""

    front: str
    line: int
    fence: str
    text: str


def part(page: str) -> Parted | None:
    """Part front matter from the text; None if there is none. Raises `Fault` if it never ends."""
    opening = BEGINS.match(page)
    if not opening:
        return None
    fence = opening[1]
    line = page.count("\n", 0, opening.end()) + 1
    closing = re.compile(rf"^{re.escape(fence)}[ \t]*\r?$\n?", re.MULTILINE).search(page, opening.end())
    if closing is None:
        raise Fault(
            line - 1,
            f"The front matter begins with {fence} and never ends: that line must stand below it, too.",
        )
    return Parted(page[opening.end() : closing.start()], line, fence, page[closing.end() :])


def fields_of(parted: Parted, limits: Limits) -> dict[str, Any]:
    """What the front matter says. Raises `Fault`."""
    if len(parted.front.encode()) > MOST_BYTES:
        raise Fault(parted.line, f"The front matter is larger than {MOST_BYTES // 1024} KiB.")
    load: Callable[[str, Limits], Any] = _yaml if parted.fence == "---" else _toml
    try:
        value = load(parted.front, limits)
    except Fault as fault:
        raise Fault(parted.line + fault.line, fault.reason, fault.field) from None
    except RecursionError:
        raise Fault(parted.line, f"The front matter is nested more than {limits.json_depth} deep.") from None
    if value is None and not SAYS_SOMETHING.search(parted.front):
        return {}
    if not isinstance(value, dict):
        what = "a list" if isinstance(value, list) else shown(value)
        reason = f"The front matter is {what}, not a mapping of names to values such as title: A title."
        raise Fault(parted.line, reason)
    return value


# --- TOML -------------------------------------------------------------------------------------------------------------


def _toml(text: str, _limits: Limits) -> Any:
    for number, content in enumerate(text.split("\n")):
        if content.count(".") > MOST_DOTS:
            raise Fault(number, f"A line of the front matter has more than {MOST_DOTS:,} dots.")
    try:
        return _with_dates_as_texts(tomllib.loads(text))
    except ValueError as error:  # the library's own, and a number of thousands of digits
        reason = str(error).partition(" (at ")[0].partition(":")[0].removesuffix(".")
        found = re.search(r"\(at line ([0-9]+)", str(error))
        line = int(found[1]) - 1 if found else 0
        raise Fault(line, f"The front matter is no valid TOML: {rules.shortened(reason, 200)}.") from None


def _with_dates_as_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_dates_as_texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_dates_as_texts(inner) for inner in value]
    return value.isoformat() if isinstance(value, (date, time)) else value


# --- YAML -------------------------------------------------------------------------------------------------------------

FASTEST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same in C, ten times as fast, where it was built with it."""
PLAIN_VALUES = [
    ("tag:yaml.org,2002:null", re.compile(r"(?:~|null|)\Z"), ["~", "n", ""]),
    ("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), ["t", "f"]),
    (
        "tag:yaml.org,2002:int",
        re.compile(rf"-?(?:0|[1-9][0-9]{{0,{rules.MOST_DIGITS - 1}}})\Z"),
        list("-0123456789"),
    ),
    (
        "tag:yaml.org,2002:float",
        re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?\Z"),
        list("-0123456789"),
    ),
]


class _Loader(FASTEST):  # type: ignore[misc]  # chosen at run time
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # filled below, by the library's own function

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise Fault(key.start_mark.line, "A name in the front matter is no text.")
            if key.value in keys:
                name = rules.shortened(key.value, 80)
                raise Fault(key.start_mark.line, f"The key {rules.storable(shown(name))} stands twice.", name)
            keys.add(key.value)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in PLAIN_VALUES:
    _Loader.add_implicit_resolver(_tag, _pattern, _first)


def _float(loader: Any, node: Any) -> float:
    return float(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:float", _float)


def _yaml(text: str, limits: Limits) -> Any:
    try:
        _check_events(text, limits.json_depth)
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader with fewer spellings
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        why = rules.shortened(error.problem or error.context or "it cannot be read", 200)
        raise Fault(line, f"The front matter is no valid YAML: {why}.") from None
    except yaml.YAMLError as error:
        why = rules.shortened(rules.one_line(str(error)), 200)
        raise Fault(0, f"The front matter is no valid YAML: {why}.") from None


def _check_events(text: str, most_deep: int) -> None:
    """Look at the parts one after the other, without recursion, before anything is built of them."""
    depth = 0
    for event in yaml.parse(text, Loader=FASTEST):
        line = event.start_mark.line if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Fault(line, "The front matter has an anchor or an alias (& or *); write the value out.")
        tag = getattr(event, "tag", None)
        if tag:
            raise Fault(line, f"The front matter has a tag ({rules.shortened(str(tag), 80)}); leave it out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > most_deep:
            raise Fault(line, f"The front matter is nested more than {most_deep} deep.")
