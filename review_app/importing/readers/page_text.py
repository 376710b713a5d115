"""Page text: one page of the source site as plain text, as a person copies it from the browser. One page a file.

    | | |                                  what the page's navigation left, before the title
    title
    paragraphs, headings, lists, code, figures
    <site> post meta                       the heading of the metadata box
    reading time9                          a label glued to its value
    score                                  or a label, and its values as a list below it
      • quality: 94
    Similar Posts                          and what follows is of other pages

`page_text_box` reads the box, `page_text_article` makes HTML of what stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from review_app.importing import rules
from review_app.importing.limits import DEFAULT_LIMITS, Limits, size
from review_app.importing.readers.encoding import describe, utf8_blocks, why_not_text
from review_app.importing.readers.page_text_article import article_html
from review_app.importing.readers.page_text_box import find_box, read_box
from review_app.importing.readers.page_text_bullets import BoxFault
from review_app.importing.record import RawRecord, Refusal
from review_app.importing.rules import KEPT_OF_TOO_LONG

name = "text"
suffix = "txt"

OTHER_FORMAT = re.compile(
    rb"\s*(?:\{\s*(?:[\"}]|\n)|\[\s*[{\n]|<\?xml|<rss\b|<!doctype|<html\b)", re.IGNORECASE
)
NOISE = re.compile(r"[\s|¦•·<>‹›»«/\\*=~_–—-]*")
SOURCE_ID = re.compile(
    r"source\s+id\s*:\s*([A-Za-z0-9][A-Za-z0-9._:-]{0,199})\s*$", re.IGNORECASE | re.MULTILINE
)


def recognises(head: bytes) -> bool:
    """Whether this is text and begins like none of the other formats; if it is a page shows only at its end."""
    return not OTHER_FORMAT.match(head) and not why_not_text(head)


def check(_stream: BinaryIO, _limits: Limits) -> None:
    """Nothing: the file is one record."""


def read(stream: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Iterator[RawRecord | Refusal]:
    """The one record of the file, or why there is none."""
    data = _whole_file(stream, limits.page_bytes)
    if len(data) > limits.page_bytes:
        yield _refusal(1, "", f"The page is larger than {size(limits.page_bytes)}.", data[:KEPT_OF_TOO_LONG])
        return
    try:
        yield _record(data, limits)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        yield _refusal(line, "", f"The page {describe(error)}.", data)
    except BoxFault as fault:
        yield _refusal(fault.line, fault.field, fault.reason, data)


def again(raws: Iterable[str]) -> Iterator[tuple[int, str]]:
    """A file for each page."""
    return enumerate(raws, 1)


def _whole_file(stream: BinaryIO, most: int) -> bytes:
    data = b""
    for block in utf8_blocks(stream):
        data += block
        if len(data) > most:
            break
    return data


def _record(data: bytes, limits: Limits) -> RawRecord:
    text = data.decode()
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    # As a list, millions of empty lines would take a hundred times their memory.
    if whole.count("\n") >= limits.page_lines:
        raise BoxFault(1, "", f"The page has more than {limits.page_lines:,} lines.")
    lines = whole.split("\n")
    box = find_box(lines)
    fields, remarks = read_box(lines, box, limits)
    start = next(
        (number for number, line in enumerate(lines[: box.heading]) if not NOISE.fullmatch(line)), box.heading
    )
    title = lines[start].strip() if start < box.heading else ""
    article = article_html(lines[start + 1 : box.heading], fields.get("image_sources", []))
    found = {"title": title, "excerpt": rules.first_sentence(article.first_paragraph)}
    return RawRecord(1, 1, found | fields, article.html, text, remarks)


def _refusal(line: int, field: str, reason: str, data: bytes) -> Refusal:
    raw = rules.storable(data.decode(errors="replace"))
    found = SOURCE_ID.search(raw)
    return Refusal(line, 1, rules.storable(field), rules.storable(reason), raw, found[1] if found else None)
