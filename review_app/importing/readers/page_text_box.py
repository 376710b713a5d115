"""The metadata box of a page text: which lines it is, which of them are labels, and what they say.

A label stands glued to its value (`reading time9`) or above a list of bullets. Nothing marks where it ends, so a line
is taken for a label only if it begins with a known one and its value fits, or if it stands alone above bullets. Where
a wrapped line of a longer text happens to begin like a label that stands elsewhere, it stays text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from review_app.importing.limits import DEFAULT_LIMITS, Limits
from review_app.importing.readers.page_text_bullets import (
    BULLET,
    BoxFault,
    Bullet,
    as_bullet,
    group,
    guessed,
    is_bullet,
    rows,
)
from review_app.importing.rules import (
    COUNT_FIELDS,
    GROUP_FIELDS,
    LIST_FIELDS,
    ROW_FIELDS,
    count_or_text,
    underscored,
)

HEADING = re.compile(r"\s*(?:\S.*\s)?post\s+meta\s*:?\s*", re.IGNORECASE)
LONGEST_HEADING = 200
TAIL = re.compile(r"\s*similar\s+posts\s*:?\s*", re.IGNORECASE)
SOURCE_ID = re.compile(r"source\s+id\s*:", re.IGNORECASE)

LONG_TEXTS = ("summary", "ai_brief")
PROSE = ("topic", *LONG_TEXTS)
MOST_WORDS = {"code_language": 3, "difficulty": 3, "reference": 1, "hash": 1}
SCALARS = (*PROSE, *MOST_WORDS, *COUNT_FIELDS)
ABOVE_BULLETS = (*LIST_FIELDS, *GROUP_FIELDS, *ROW_FIELDS)
SHORT_BULLET = 40
"""So short a bullet was not wrapped."""
WRAPPED_WIDTHS = range(40, 161)
SHORT_VALUES = frozenset({"score", "revision", "flags"})
# Names that are given elsewhere; a label of such a name keeps its own.
TAKEN = frozenset({"title", "excerpt", "body", "source_id", "unlabelled"})
UNLABELLED = "unlabelled"


def _spellings(names: Sequence[str]) -> str:
    return "|".join(r"[\s_]*".join(name.split("_")) for name in names)


SCALAR_LABEL = re.compile(rf"\s*({_spellings(SCALARS)})(\s*:)?(\s*)(.*)", re.IGNORECASE)
LABEL_ABOVE_BULLETS = re.compile(rf"\s*({_spellings(ABOVE_BULLETS)})\s*:?\s*", re.IGNORECASE)
UNKNOWN_LABEL = re.compile(r"\s{0,8}([^\W\d_][\w /-]{0,39}?)\s*:?\s*")
UNKNOWN_NAMED = re.compile(r"\s{0,8}([^\W\d_][\w /-]{0,39}?)\s*:\s+(\S.*)")
NAMES = {name.replace("_", ""): name for name in (*SCALARS, *ABOVE_BULLETS)}
# `topics in search` begins with a label, but is a word of its own.
PART_OF_A_WORD = re.compile(r"(?:s|es|ed|d|ing|al|ally)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Box:
    """The lines of a metadata box, by their numbers from 0: its heading, and the first one after it."""

    heading: int
    end: int


@dataclass(frozen=True, slots=True)
class _Label:
    """A line that begins like a known label; it is sure if what follows fits."""

    name: str
    line: int
    value: str
    is_sure: bool


@dataclass(slots=True)
class _Section:
    """What stands under one label: text in its own line and wrapped ones, or bullets."""

    name: str
    line: int
    texts: list[str] = field(default_factory=list)
    bullets: list[Bullet] = field(default_factory=list)
    takes_bullets: bool = False


# --- where the box is -------------------------------------------------------------------------------------------------


def find_box(lines: Sequence[str]) -> Box:
    """The last heading of a box that labels follow, and its lines; an article may speak of "post meta" before.

    Raises `BoxFault` if there is none, and if an earlier one is a whole box: two pages in one file.
    """
    headings = [
        number
        for number, line in enumerate(lines)
        if len(line) <= LONGEST_HEADING and HEADING.fullmatch(line)
    ]
    ends = [*headings, len(lines)][1:]
    boxes = [
        box
        for heading, end in zip(headings, ends, strict=True)
        if _has_labels(lines, box := Box(heading, end))
    ]
    if not boxes:
        raise BoxFault(
            1, "", "There is no metadata box: a heading that ends in “post meta”, with its labels below."
        )
    if any(_names_article(lines, box) for box in boxes[:-1]):
        places = " and ".join(str(box.heading + 1) for box in boxes[-2:])
        raise BoxFault(
            boxes[-1].heading + 1, "", f"There are two pages in one file: metadata boxes at lines {places}."
        )
    heading = boxes[-1].heading
    tail = (number for number in range(heading + 1, len(lines)) if TAIL.fullmatch(lines[number]))
    return Box(heading, next(tail, len(lines)))


def _has_labels(lines: Sequence[str], box: Box) -> bool:
    within = [number for number in range(box.heading + 1, box.end) if lines[number].strip()]
    if within and (_label(lines, within[0], box.end) or _names_article(lines, box)):
        return True
    labels = (_label(lines, number, box.end) for number in within)
    return sum(label is not None and label.name in ABOVE_BULLETS and label.is_sure for label in labels) >= 2


def _names_article(lines: Sequence[str], box: Box) -> bool:
    bullets = (BULLET.fullmatch(line) for line in lines[box.heading : box.end])
    return any(bullet and SOURCE_ID.match(bullet[2]) for bullet in bullets)


# --- which lines are labels -------------------------------------------------------------------------------------------


def _label(lines: Sequence[str], number: int, end: int) -> _Label | None:
    line = lines[number]
    if is_bullet(line):
        return None
    above_bullets = number + 1 < end and is_bullet(lines[number + 1])
    found = LABEL_ABOVE_BULLETS.fullmatch(line)
    if found:
        return _Label(_name(found[1]), number, "", above_bullets)
    found = SCALAR_LABEL.fullmatch(line)
    if not found or (above_bullets and _is_another_word(found)):
        return None
    return _Label(_name(found[1]), number, found[4].strip(), _fits(found))


def _name(spelling: str) -> str:
    return NAMES["".join(spelling.lower().replace("_", " ").split())]


def _is_another_word(found: re.Match[str]) -> bool:
    """Whether a line above bullets is a label of its own that just begins like a known one, such as `hashtags`."""
    if found[2] or not found[4]:
        return False
    return bool(found[3] or PART_OF_A_WORD.match(found[4])) or (
        _name(found[1]) == "hash" and found[4].isalpha()
    )


def _fits(found: re.Match[str]) -> bool:
    name, value = _name(found[1]), found[4].strip()
    if found[2] or name in COUNT_FIELDS:
        return True
    if name in MOST_WORDS:
        return len(value.split()) <= MOST_WORDS[name]
    return bool(value) and not found[3] and not PART_OF_A_WORD.match(value)


def _labels(lines: Sequence[str], box: Box) -> dict[int, _Label]:
    """The label of each line that is one. Raises `BoxFault` for a label that stands twice."""
    by_name: dict[str, list[_Label]] = {}
    for number in range(box.heading + 1, box.end):
        label = _label(lines, number, box.end)
        if label:
            by_name.setdefault(label.name, []).append(label)
    chosen = (label for found in by_name.values() if (label := _choice(lines, found)))
    return {label.line: label for label in chosen}


def _choice(lines: Sequence[str], found: list[_Label]) -> _Label | None:
    sure = [label for label in found if label.is_sure]
    others = [label for label in found if not label.is_sure]
    if len(found) == 1:
        misfit = bool(others) and found[0].name in MOST_WORDS
        return None if misfit and _may_continue(lines, found[0].line) else found[0]
    if len(sure) == 1 and all(_may_continue(lines, label.line) for label in others):
        return sure[0]
    second = (sure if len(sure) > 1 else found)[1]
    raise _twice(second.name, second.line)


def _may_continue(lines: Sequence[str], number: int) -> bool:
    """Whether the line may be the rest of a longer text that begins in the line before."""
    before = lines[number - 1]
    if not before.strip() or HEADING.fullmatch(before):
        return False
    if is_bullet(before):
        return _is_prose(before)
    label = _label(lines, number - 1, number)
    return label is None or (label.name in PROSE and _is_prose(before))


def _is_prose(text: str) -> bool:
    """Whether a text is long enough to have been wrapped: it has a blank in it, after its key if it has one."""
    return " " in (text.partition(": ")[2] or text).strip()


def _twice(name: str, line: int) -> BoxFault:
    return BoxFault(line + 1, name, f"The label “{name.replace('_', ' ')}” stands twice.")


# --- what the box says ------------------------------------------------------------------------------------------------


def read_box(
    lines: Sequence[str], box: Box, limits: Limits = DEFAULT_LIMITS
) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
    """Its fields, nested as JSON Lines nests them, and remarks on what could not be told.

    Raises `BoxFault` for a label or key that stands twice, and for bullets of no list.
    """
    reading = _Reading(lines, _labels(lines, box))
    for number in range(box.heading + 1, box.end):
        reading.read_line(number, box.end)
    fields = {section.name: _value(section, limits.json_depth) for section in reading.sections}
    if not reading.unlabelled:
        return fields, ()
    count = len(reading.unlabelled)
    remark = f"{count} line{'s' if count > 1 else ''} of the metadata box stood under no label; kept as “{UNLABELLED}”."
    return {**fields, UNLABELLED: reading.unlabelled}, ((UNLABELLED, remark),)


class _Reading:
    """The sections read so far; the last one is open until a blank line or the next label."""

    def __init__(self, lines: Sequence[str], labels: dict[int, _Label]) -> None:
        self.lines = lines
        self.labels = labels
        self.width = _wrapped_at(lines)
        self.sections: list[_Section] = []
        self.names: set[str] = set()
        self.unlabelled: list[str] = []

    def read_line(self, number: int, end: int) -> None:
        line = self.lines[number]
        label = self.labels.get(number)
        if label:
            takes_bullets = label.name in ABOVE_BULLETS
            self._begin(
                _Section(
                    label.name, number, [label.value] if label.value else [], takes_bullets=takes_bullets
                )
            )
        elif is_bullet(line):
            self._add_bullet(line, number)
        elif number + 1 < end and is_bullet(self.lines[number + 1]) and self._is_unknown_label(number):
            self._begin(_Section(self._own_name(line.strip().rstrip(":")), number, takes_bullets=True))
        elif line.strip():
            self._add_text(line, number)

    def _begin(self, section: _Section) -> None:
        if section.name in self.names:
            raise _twice(section.name, section.line)
        self.names.add(section.name)
        self.sections.append(section)

    def _own_name(self, label: str) -> str:
        name = underscored(label)
        return f"box_{name}" if name in TAKEN else name

    def _add_bullet(self, line: str, number: int) -> None:
        if not self.sections or not self.sections[-1].takes_bullets:
            name = self.sections[-1].name if self.sections else ""
            below = f" below “{name.replace('_', ' ')}”, which is no list" if name else ""
            raise BoxFault(
                number + 1, name, f"The bullets at line {number + 1} stand{below}: their label is missing."
            )
        self.sections[-1].bullets.append(as_bullet(line, number))

    def _is_unknown_label(self, number: int) -> bool:
        return bool(UNKNOWN_LABEL.fullmatch(self.lines[number])) and not self._continues_bullet(number)

    def _continues_bullet(self, number: int) -> bool:
        """Whether the line belongs to the bullet before it: it is indented like one, or would not have fitted there."""
        before, line = self.lines[number - 1], self.lines[number]
        if not is_bullet(before):
            return False
        indent = len(line) - len(line.lstrip())
        return (indent > 0 and indent >= as_bullet(before, 0).indent) or self._had_no_room(number)

    def _had_no_room(self, number: int) -> bool:
        before, first_word = self.lines[number - 1].rstrip(), self.lines[number].split(maxsplit=1)[0]
        return self.width > 0 and len(before) + 1 + len(first_word) > self.width

    def _add_text(self, line: str, number: int) -> None:
        """The rest of a wrapped text, a field of ours not known, or a line that nothing can be told of."""
        named = UNKNOWN_NAMED.fullmatch(line)
        if self._continues(number, could_be_field=bool(named)):
            section = self.sections[-1]
            texts = section.bullets[-1].texts if section.bullets else section.texts
            texts.append(line.strip())
        elif named:
            self._begin(_Section(self._own_name(named[1]), number, [named[2].strip()]))
        else:
            self.unlabelled.append(line.strip())

    def _continues(self, number: int, *, could_be_field: bool) -> bool:
        if not self.sections or not self.lines[number - 1].strip():
            return False
        if self._continues_bullet(number):
            return True
        section = self.sections[-1]
        texts = section.bullets[-1].texts if section.bullets else section.texts
        if section.name in LONG_TEXTS:
            return True
        if section.name in SHORT_VALUES or (could_be_field and not self._had_no_room(number)):
            return False
        if len(texts) != 1:
            return bool(texts)
        return _is_prose(texts[0]) and (not section.bullets or len(texts[0]) > SHORT_BULLET)


def _wrapped_at(lines: Sequence[str]) -> int:
    """At which width the lines of the page were wrapped, 0 if they were not: few are nearly as long as the longest."""
    width = max(len(line) for line in lines)
    full = sum(len(line) > width - 16 for line in lines)
    return width if width in WRAPPED_WIDTHS and full >= 3 and len(lines) <= 20 * full else 0


def _value(section: _Section, most_deep: int) -> Any:
    if section.name in LIST_FIELDS:
        return [bullet.text for bullet in section.bullets]
    if section.name in GROUP_FIELDS:
        return group(section.name, section.bullets, most=most_deep)
    if section.name in ROW_FIELDS:
        return rows(section.name, section.bullets, ROW_FIELDS[section.name])
    if section.takes_bullets:
        return guessed(section.name, section.bullets, most=most_deep)
    text = " ".join(section.texts)
    return count_or_text(text) if section.name in COUNT_FIELDS else text
