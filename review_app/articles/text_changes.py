"""What differs between two texts of an article, paragraph by paragraph and word by word, for a person to read.

Pure, and bounded: the time grows with the length of the texts, never with its square.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

import lxml.html

from review_app.base.messages import lazy_gettext as _l

MOST_CHARACTERS = 1_000_000
MOST_BLOCKS = 20_000
MOST_SHOWN = 300
"""Changed paragraphs that are shown; a reviewer who has more before them reads the whole text anyhow."""
WORK = 1_000_000
"""Steps that one comparison may cost beyond the lengths of its texts; what would cost more is shown as replaced whole."""

ANCHORING = 4
"""Steps that finding what stands once in both texts costs for each item."""

BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "figcaption",
        "figure",
        "footer",
    }
    | {
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
    }
    | {"table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"}
)
KINDS = {
    "pre": _l("code"),
    "li": _l("list item"),
    "figcaption": _l("caption"),
    "td": _l("cell"),
    "th": _l("cell"),
} | {f"h{level}": _l("heading") for level in range(1, 7)}
WORDS = re.compile(r"^\s+|\S+")
"""Words, and how far a line of code is moved in."""

Opcode = tuple[bool, int, int, int, int]
"""Whether it is the same, then where it begins and ends in the old and in the new."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Some words: the same in both (`kind` ""), only in the old text ("del"), or only in the new ("ins")."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A paragraph that differs, in segments; or (`same` > 0) so many in a row that do not. `kind` is one of `KINDS`."""

    segments: Sequence[Segment] = ()
    kind: str = ""
    same: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """The words of an article."""

    title: str
    excerpt: str
    html: str

    @property
    def size(self) -> int:
        """Characters."""
        return len(self.html)


@dataclass(frozen=True, slots=True)
class TextChanges:
    """What differs. `too_large` if nobody compared the bodies; `hidden` counts changed paragraphs that are not shown."""

    title: Sequence[Segment]
    excerpt: Sequence[Segment]
    body: Sequence[Change]
    hidden: int
    too_large: bool
    before: int
    after: int

    @property
    def any(self) -> bool:
        """Whether anything that can be read differs; else it is markup alone."""
        return bool(
            self.title or self.excerpt or self.too_large or any(change.segments for change in self.body)
        )


def compare(old: Text, new: Text) -> TextChanges:
    """The differences of two texts whose HTML was sanitised at their import."""
    shown: list[Change] = []
    hidden = 0
    too_large = max(old.size, new.size) > MOST_CHARACTERS
    if not too_large:
        blocks = blocks_of(old.html), blocks_of(new.html)
        too_large = max(map(len, blocks)) > MOST_BLOCKS
        shown, hidden = ([], 0) if too_large else _first(*blocks)
    return TextChanges(
        title=_line(old.title, new.title),
        excerpt=_line(old.excerpt, new.excerpt),
        body=shown,
        hidden=hidden,
        too_large=too_large,
        before=old.size,
        after=new.size,
    )


def _line(old: str, new: str) -> Sequence[Segment]:
    return [] if old == new else _words(old, new, _Budget())


def _first(old: list[Block], new: list[Block]) -> tuple[list[Change], int]:
    """The changes that are shown, and how many paragraphs more have changed; those are not looked into."""
    shown: list[Change] = []
    budget, hidden, left = _Budget(), 0, MOST_SHOWN
    for same, first, last, begin, end in _opcodes(old, new, budget):
        if not same:
            many = max(last - first, end - begin)
            shown += islice(_replaced(old[first:last], new[begin:end], budget), left)
            hidden += max(0, many - left)
            left -= min(left, many)
        elif left:
            shown.append(Change(same=last - first))
    return shown, hidden


# --- paragraphs -------------------------------------------------------------------------------------------------------

Block = tuple[str, str]
"""What it is (`KINDS`, or nothing) and its words."""


def blocks_of(html: str) -> list[Block]:
    """The paragraphs, list items, cells and lines of code of a text, in order, with where its links and images lead."""
    if not html.strip():
        return []
    found: list[Block] = []
    parts: list[str] = []
    kind = ""

    def end(next_kind: str) -> None:
        nonlocal kind
        text = "".join(parts)
        parts.clear()
        lines = text.split("\n") if kind == "code" else [" ".join(text.split())]
        found.extend((kind, line.rstrip()) for line in lines if line.strip())
        kind = next_kind

    for event, tag, words in _pieces(html):
        if event == "text":
            parts.append(words)
        elif tag in BLOCKS:
            end(KINDS.get(tag, kind if tag in {"p", "div"} else "") if event == "start" else "")
        else:
            parts.append(words)
    end("")
    return found


def _pieces(html: str) -> Iterator[tuple[str, str, str]]:
    """Start, text and end of each element, without recursion: a text may be nested deeply."""
    root = lxml.html.fragment_fromstring(html, create_parent="div")
    stack = [(root, iter(root))]
    yield "text", "", root.text or ""
    while stack:
        element, children = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
            if stack:
                yield "end", str(element.tag), _address(element)
                yield "text", "", element.tail or ""
        elif not isinstance(child.tag, str):
            yield "text", "", child.tail or ""
        else:
            yield "start", child.tag, "\n" if child.tag == "br" else ""
            yield "text", "", child.text or ""
            stack.append((child, iter(child)))


def _address(element: lxml.html.HtmlElement) -> str:
    """A link that leads elsewhere than before is a change of the text, though no word of it differs."""
    if element.tag == "a" and element.get("href"):
        return f" [{element.get('href')}] "
    if element.tag == "img":
        return f" [image: {element.get('alt') or ''} {element.get('src') or ''}] "
    return ""


def _replaced(gone: list[Block], come: list[Block], budget: _Budget) -> Iterator[Change]:
    """One for one as long as there are both, then what is left of either."""
    both = min(len(gone), len(come))
    for before, after in zip(gone[:both], come[:both], strict=True):
        yield Change(_words(before[1], after[1], budget), _kind(before, after))
    yield from (Change([Segment("del", text)], kind) for kind, text in gone[both:])
    yield from (Change([Segment("ins", text)], kind) for kind, text in come[both:])


def _kind(before: Block, after: Block) -> str:
    if before[0] == after[0]:
        return after[0]
    return f"{before[0] or 'paragraph'} that became a {after[0] or 'paragraph'}"


def _words(old: str, new: str, budget: _Budget) -> Sequence[Segment]:
    """Both as one line. Two that have little in common are shown one after the other, which reads better than a mosaic."""
    before, after = WORDS.findall(old), WORDS.findall(new)
    opcodes = _opcodes(before, after, budget)
    alike = sum(last - first for same, first, last, _, _ in opcodes if same)
    if alike * 4 < max(len(before), len(after)):
        opcodes = [(False, 0, len(before), 0, len(after))]
    segments = []
    for same, first, last, begin, end in opcodes:
        if not same:
            segments.append(Segment("del", " ".join(before[first:last])))
        segments.append(Segment("" if same else "ins", " ".join(after[begin:end])))
    return [segment for segment in segments if segment.text]


# --- sequences --------------------------------------------------------------------------------------------------------


class _Budget:
    """What may still be spent on one comparison."""

    def __init__(self) -> None:
        self.left = WORK

    def pays(self, cost: int) -> bool:
        """Take so much from it if it is there."""
        if cost > self.left:
            return False
        self.left -= cost
        return True


def _opcodes(old: Sequence[object], new: Sequence[object], budget: _Budget) -> list[Opcode]:
    """What is the same and what is not, in order.

    difflib alone takes time by the square or cube of the length. So first come the items that stand once in each text and in
    one order (as in Cohen's patience diff), and it fills the gaps between them while the budget lasts. What the budget does
    not reach is alike at its beginning and end alone.
    """
    found: list[Opcode] = []
    at = 0, 0
    anchors = _anchors(old, new) if budget.pays(ANCHORING * (len(old) + len(new))) else []
    for first, begin in [*anchors, (len(old), len(new))]:
        _fill(found, (old, at[0], first), (new, at[1], begin), budget)
        if first < len(old):
            _add(found, (True, first, first + 1, begin, begin + 1))
        at = first + 1, begin + 1
    return found


Part = tuple[Sequence[object], int, int]


def _fill(found: list[Opcode], old: Part, new: Part, budget: _Budget) -> None:
    """What lies between two anchors: alike at its ends, and compared within."""
    (before, first, last), (after, begin, end) = old, new
    while first < last and begin < end and before[first] == after[begin]:
        _add(found, (True, first, first + 1, begin, begin + 1))
        first, begin = first + 1, begin + 1
    tail = 0
    while first < last - tail and begin < end - tail and before[last - tail - 1] == after[end - tail - 1]:
        tail += 1
    gone, come = before[first : last - tail], after[begin : end - tail]
    if gone and come and budget.pays(_cost(gone, come)):
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, gone, come, autojunk=False).get_opcodes():
            _add(found, (tag == "equal", first + i1, first + i2, begin + j1, begin + j2))
    elif gone or come:
        _add(found, (False, first, last - tail, begin, end - tail))
    if tail:
        _add(found, (True, last - tail, last, end - tail, end))


def _cost(old: Sequence[object], new: Sequence[object]) -> int:
    """The most steps that difflib can need: so many searches, each over every pair of equal items."""
    counts = Counter(new)
    pairs = sum(counts[item] for item in old)
    return (2 * min(len(old), len(new), pairs) + 1) * (len(old) + pairs) + len(new)


def _add(found: list[Opcode], opcode: Opcode) -> None:
    """Append; what is like the last one goes on with it."""
    if found and found[-1][0] == opcode[0]:
        same, first, _, begin, _ = found[-1]
        found[-1] = (same, first, opcode[2], begin, opcode[4])
    else:
        found.append(opcode)


def _anchors(old: Sequence[object], new: Sequence[object]) -> list[tuple[int, int]]:
    """The items that stand once in each, the longest run of them that is in one order: pairs of places."""
    once = {item for item, count in Counter(old).items() if count == 1}
    once &= {item for item, count in Counter(new).items() if count == 1}
    place = {item: index for index, item in enumerate(new) if item in once}
    pairs = [(index, place[item]) for index, item in enumerate(old) if item in once]
    ends: list[int] = []
    chosen: list[int] = []
    previous: list[int] = []
    for number, (_, there) in enumerate(pairs):
        spot = bisect_left(ends, there)
        previous.append(chosen[spot - 1] if spot else -1)
        ends[spot : spot + 1] = [there]
        chosen[spot : spot + 1] = [number]
    run = []
    number = chosen[-1] if chosen else -1
    while number >= 0:
        run.append(pairs[number])
        number = previous[number]
    return run[::-1]
