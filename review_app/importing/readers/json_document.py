"""JSON: one document, with the articles in a list; or one article alone.

    [{…}, {…}]                           a list
    {"exported": "…", "posts": [{…}]}    an object: the first list of objects directly in it holds the articles
    {"title": "…", "body": "…"}          one article: it has `source_id`, `payload` or `body`, or no list of objects

`entities` and `image_sources` are lists of objects that an article has itself; they are never taken for the articles.
Other values beside the list are passed over; another list of objects is, too, and is counted as skipped.
An item with a bad value is refused alone. A document whose brackets, commas, colons or quotes are wrong is refused whole.
"""

from __future__ import annotations

import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from review_app.importing import rules
from review_app.importing.limits import DEFAULT_LIMITS, Limits
from review_app.importing.readers.json_items import Broken, Key, Scanner, Unusable, Value, items, members
from review_app.importing.readers.json_records import Piece, breakage, in_words, read_record
from review_app.importing.readers.reader import Found, UnreadableFile
from review_app.importing.record import Refusal, Skipped
from review_app.importing.shape import shown

name = "json"
suffix = "json"

OF_AN_ARTICLE = frozenset({"source_id", "payload", rules.BODY})
"""What an article has and an object around articles has not."""
KNOWN = OF_AN_ARTICLE.union(
    rules.TEXT_FIELDS, rules.COUNT_FIELDS, rules.LIST_FIELDS, rules.GROUP_FIELDS, rules.ROW_FIELDS
)

SCALAR = rb'(?:"(?:[^"\\\n]++|\\.)*+"|[-+.\w]++)'
BEGINS_LIST = re.compile(rb"\[\s*+(?:" + SCALAR + rb"\s*+,\s*+)*+(?:\{|\[\s*+\[|\]?\s*+\Z)")
BEGINS_OBJECT = re.compile(rb'\{\s*+["}]')


class _Ambiguous(Unusable):
    pass


def recognises(head: bytes) -> bool:
    """Whether this is a list, an object over several lines, or one line of an object around a list of articles."""
    text = head.lstrip()
    if text.startswith(b"["):
        return bool(BEGINS_LIST.match(text))
    if not BEGINS_OBJECT.match(text):
        return False
    first, _, rest = (part.strip() for part in text.partition(b"\n"))
    if not first.endswith((b"[", b":", b"{", b",")):
        return not BEGINS_OBJECT.match(rest) and _is_around_a_list(text)
    # An object after a comma stands in a list, or is another line of JSON Lines, the first being broken.
    return not rest.startswith(b"{") or first.endswith((b"[", b":")) or _is_around_a_list(text)


def _is_around_a_list(text: bytes) -> bool:
    scanner = Scanner(io.BytesIO(text), DEFAULT_LIMITS)
    try:
        deque(_values(scanner), maxlen=0)
    except Unusable as unusable:
        return not isinstance(unusable, _Ambiguous)
    except Broken:  # it may be cut
        pass
    return scanner.held is None


def check(stream: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> None:
    """Raise `UnreadableFile` for what is no JSON document as a whole: broken, empty, or too large."""
    count = 0
    try:
        for value in _values(Scanner(stream, limits)):
            _check_syntax(value)
            count += 1
    except Broken as broken:
        raise UnreadableFile(str(broken)) from None
    if not count:
        raise UnreadableFile("The list is empty: there is no article in it.")


def read(stream: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Iterator[Found]:
    """One record or refusal for each item. A document that `check` refuses is read up to where it is broken."""
    item = 0
    try:
        for value in _values(Scanner(stream, limits)):
            _check_syntax(value)
            item += 1
            if isinstance(value, Value):
                yield read_record(Piece(value.line, value.data, value.too_long), item, limits, called="item")
            else:
                yield Skipped(value.line, item, value.reason)
    except Broken as broken:
        yield Refusal(broken.line, item + 1, "", str(broken), "")


# --- the document -----------------------------------------------------------------------------------------------------


class _PassedOver(NamedTuple):
    line: int
    reason: str


def again(raws: Iterable[str]) -> Iterator[tuple[int, str]]:
    """One file: a list of the items."""
    before = "[\n"
    for raw in raws:
        yield 1, before + raw
        before = ",\n"
    if before != "[\n":
        yield 1, "\n]\n"


def _values(scanner: Scanner) -> Iterator[Value | _PassedOver]:
    """The articles' texts, one after the other, and what holds others that are not read. Raises `Broken`."""
    first = scanner.peek()
    if first == b"[":
        scanner.take()
        yield from items(scanner)
    elif first == b"{":
        yield from _of_object(scanner)
    else:
        raise scanner.broken("it is neither a list nor an object")
    if scanner.peek():
        raise scanner.broken("there is more after the document has ended")


def _of_object(scanner: Scanner) -> Iterator[Value | _PassedOver]:
    whole = scanner.held = scanner.new_value()
    scanner.take()
    seen = _Seen()
    for member in members(scanner):
        key = member.text
        seen.note(member)
        if seen.list_key is not None and key in OF_AN_ARTICLE:
            raise _ambiguous(scanner, key, seen.list_key)
        value = scanner.new_value()
        if not (_begins_objects(scanner, value) and seen.may_hold_articles(key)):
            _check_syntax(scanner.value(depth=min(value.size, 1), begun=value))
            if value.data[:1] == b"[" and not value.data[1:-1].strip():
                seen.empty_key = key
        elif seen.list_key is None:
            seen.list_key, scanner.held = key, None
            yield from items(scanner)
        else:
            _check_syntax(scanner.value(depth=1, begun=value))
            yield _PassedOver(
                value.line, f"{shown(key)} was not read: the articles are in {shown(seen.list_key)}."
            )
    if seen.list_key is None:
        yield _one_article(scanner, whole, seen)
    elif seen.twice is not None:
        raise _key_twice(seen.twice)


@dataclass(slots=True)
class _Seen:
    """What an object has held so far: its keys, those of its first list of objects and of its last empty list.

    `twice` is the first key that had stood before.
    """

    keys: set[str] = field(default_factory=set)
    list_key: str | None = None
    empty_key: str | None = None
    twice: Key | None = None

    def note(self, key: Key) -> None:
        if key.text in self.keys and self.twice is None:
            self.twice = key
        self.keys.add(key.text)

    def may_hold_articles(self, key: str) -> bool:
        return key not in rules.ROW_FIELDS and OF_AN_ARTICLE.isdisjoint(self.keys)


def _begins_objects(scanner: Scanner, value: Value) -> bool:
    """Whether a list of objects begins here; of any list the bracket is consumed, as part of the value."""
    if scanner.peek() != b"[":
        return False
    scanner.take_into(value)
    return scanner.peek() == b"{"


def _one_article(scanner: Scanner, whole: Value, seen: _Seen) -> Value:
    if seen.empty_key is not None and KNOWN.isdisjoint(seen.keys):
        raise scanner.unusable(f"The list {shown(seen.empty_key)} is empty: there is no article in the file.")
    return whole


def _ambiguous(scanner: Scanner, key: str, list_key: str) -> _Ambiguous:
    return _Ambiguous(
        scanner.line,
        scanner.position,
        f"The object has {shown(key)}, as an article has, and a list of objects in {shown(list_key)}: which of them the"
        " articles are cannot be told. Put the articles into a list of their own.",
    )


def _key_twice(key: Key) -> Unusable:
    reason = (
        f"The key {shown(key.text)} stands twice in the object around the articles, again in line {key.line}, position"
        f" {key.position}: what stands under it first would be lost, or what stands under it there."
    )
    return Unusable(key.line, key.position, reason)


def _check_syntax(value: Value | _PassedOver) -> None:
    """Raise `Broken`, with the place in the file, if a value is no JSON, whatever it says."""
    if isinstance(value, _PassedOver) or value.too_long:
        return
    text = value.data.decode(errors="replace")
    error = breakage(text)
    if error is None:
        return
    line_start = text.rfind("\n", 0, error.pos) + 1
    position = error.pos - line_start + (1 if line_start else value.position)
    raise Broken(value.line + text.count("\n", 0, error.pos), position, in_words(error))
