"""The article of a page text as HTML: paragraphs, headings, lists, figures and code, told apart by how they look.

Everything is escaped: what was typed is shown as it was typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain
from typing import Any

from review_app.importing.readers.page_text_code import (
    indent,
    looks_like_code,
    may_begin_code,
    open_brackets,
    reads_as_prose,
)

BULLET = re.compile(r"\s*(?:[•◦▪‣∙●]\s*|[-*–]\s+)(\S.*)")
NUMBERED = re.compile(r"\s*[0-9]{1,3}[.)]\s+(\S.*)")
IMAGE_SOURCE = "image source:"
SENTENCE_ENDS = tuple(".!?:;,…。！？؟،")
CLOSING = "\"'”’)»"
MOST_HEADING_CHARACTERS = 90
MOST_HEADING_WORDS = 14
MOST_PARTS_IN_BRACKETS = 20
"""So many blocks may stand between an opening bracket of code and its closing one."""


@dataclass(frozen=True, slots=True)
class Article:
    """The HTML of an article, not yet sanitised, and the text of its first paragraph."""

    html: str
    first_paragraph: str


@dataclass(frozen=True, slots=True)
class _Figure:
    """A caption, and the source that the page names for the image."""

    caption: str
    source: str


@dataclass(frozen=True, slots=True)
class _Code:
    """Lines of code, as they were typed."""

    lines: list[str]


_Block = list[str] | _Figure | _Code
"""Lines of prose or of code without a blank one between them, or a figure."""


def article_html(lines: Sequence[str], image_sources: Sequence[dict[str, Any]]) -> Article:
    """The article in these lines; the addresses of its images are those of the metadata, found by caption."""
    images = _Images(image_sources)
    blocks = _joined_code(_blocks(lines, images))
    paragraphs: list[str] = []
    last = len(blocks) - 1
    parts = [
        _block_html(block, images, paragraphs, is_last=number == last) for number, block in enumerate(blocks)
    ]
    return Article("\n".join(parts), paragraphs[0] if paragraphs else "")


# --- figures ----------------------------------------------------------------------------------------------------------


class _Images:
    """The images of the metadata by caption; those of the same caption are given in their order."""

    def __init__(self, image_sources: Sequence[dict[str, Any]]) -> None:
        self.urls: dict[str, list[str]] = {}
        for image in image_sources:
            self.urls.setdefault(_comparable(str(image.get("caption", ""))), []).append(
                str(image.get("url", ""))
            )

    def knows(self, caption: str) -> bool:
        return _comparable(caption) in self.urls

    def take(self, caption: str) -> str:
        urls = self.urls.get(_comparable(caption), [""])
        return urls.pop(0) if len(urls) > 1 else urls[0]


def _comparable(caption: str) -> str:
    return " ".join(caption.lower().split()).rstrip(".")


def _figure(lines: Sequence[str], number: int, images: _Images) -> tuple[_Figure, int] | None:
    """The figure that begins in this line, and how many lines it takes: a caption, then the caption with its source."""
    line = lines[number].strip()
    following = _with_source(lines[number + 1]) if line and number + 1 < len(lines) else None
    if following and _comparable(following.caption) == _comparable(line):
        return following, 2
    alone = _with_source(line)
    if alone and images.knows(alone.caption):
        return alone, 1
    return None


def _with_source(line: str) -> _Figure | None:
    position = line.lower().rfind(IMAGE_SOURCE)
    # Some letters change their length in lower case; a line with such is compared as it stands.
    if position < 1 or line[position : position + len(IMAGE_SOURCE)].lower() != IMAGE_SOURCE:
        return None
    caption = line[:position].strip().removesuffix(".")
    return _Figure(caption, line[position + len(IMAGE_SOURCE) :].strip())


def _figure_html(figure: _Figure, images: _Images) -> str:
    url = images.take(figure.caption)
    image = f'<img src="{escape(url)}" alt="{escape(figure.caption)}">' if url else ""
    source = f". image source: {figure.source}" if figure.source else ""
    return f"<figure>{image}<figcaption>{_text(figure.caption + source)}</figcaption></figure>"


# --- blocks -----------------------------------------------------------------------------------------------------------


def _blocks(lines: Sequence[str], images: _Images) -> list[_Block]:
    blocks: list[_Block] = []
    block: list[str] = []
    number = 0
    while number < len(lines):
        figure = _figure(lines, number, images)
        if figure:
            blocks += [block, figure[0]]
            block = []
        elif lines[number].strip():
            block.append(lines[number].rstrip())
        else:
            blocks.append(block)
            block = []
        number += figure[1] if figure else 1
    return [block for block in [*blocks, block] if block]


def _joined_code(blocks: Sequence[_Block]) -> list[_Block]:
    """Code that blank lines had parted is one block again, as far as indentation and brackets tell."""
    joined: list[_Block] = []
    position = 0
    while position < len(blocks):
        block = blocks[position]
        position += 1
        if isinstance(block, list) and _is_code(block, blocks[position : position + 1]):
            end = _end_of_code(blocks, position, block)
            more = (("", *lines) for lines in blocks[position:end] if isinstance(lines, list))
            block = _Code([*block, *chain.from_iterable(more)])
            position = end
        joined.append(block)
    return joined


def _is_code(block: list[str], following: Sequence[_Block]) -> bool:
    if looks_like_code(block):
        return True
    return may_begin_code(block) and any(
        isinstance(more, list) and looks_like_code(more) for more in following
    )


def _end_of_code(blocks: Sequence[_Block], position: int, code: list[str]) -> int:
    still_open = open_brackets(code)
    while position < len(blocks):
        block = blocks[position]
        if isinstance(block, list) and (looks_like_code(block) or _is_indented_text(block)):
            still_open += open_brackets(block)
            position += 1
            continue
        closed = _where_closed(blocks, position, still_open)
        if not closed:
            break
        position, still_open = closed, 0
    return position


def _is_indented_text(block: list[str]) -> bool:
    return indent(block[0]) >= 2 and not BULLET.fullmatch(block[0])


def _where_closed(blocks: Sequence[_Block], position: int, still_open: int) -> int:
    """The position after the block that closes the brackets still open, or 0 if prose or a figure comes before."""
    end = min(len(blocks), position + MOST_PARTS_IN_BRACKETS) if still_open > 0 else position
    for number in range(position, end):
        block = blocks[number]
        if not isinstance(block, list) or reads_as_prose(block):
            return 0
        still_open += open_brackets(block)
        if still_open <= 0:
            return number + 1
    return 0


# --- as HTML ----------------------------------------------------------------------------------------------------------


def _block_html(block: _Block, images: _Images, paragraphs: list[str], *, is_last: bool) -> str:
    if isinstance(block, _Figure):
        return _figure_html(block, images)
    if isinstance(block, _Code):
        return f"<pre><code>{_text(chr(10).join(block.lines))}</code></pre>"
    runs = _runs(block)
    parts = []
    for number, (kind, texts) in enumerate(runs):
        if kind:
            parts.append(f"<{kind}>{''.join(f'<li>{_text(_joined(item))}</li>' for item in texts)}</{kind}>")
        elif (
            number == 0
            and len(texts[0]) == 1
            and is_heading(texts[0][0])
            and not (is_last and len(runs) == 1)
        ):
            parts.append(f"<h2>{_text(texts[0][0])}</h2>")
        else:
            paragraphs.append(_joined(texts[0]))
            parts.append(f"<p>{_text(paragraphs[-1])}</p>")
    return "\n".join(parts)


def _runs(block: Iterable[str]) -> list[tuple[str, list[list[str]]]]:
    """Neighbouring lines of one kind: the items of a `ul` or `ol`, or one text (its kind is empty); each has lines."""
    runs: list[tuple[str, list[list[str]]]] = []
    for line in block:
        bullet, numbered = BULLET.fullmatch(line), NUMBERED.fullmatch(line)
        kind = "ul" if bullet else "ol" if numbered else ""
        found = bullet or numbered
        text = found[1].strip() if found else line.strip()
        is_same_kind = bool(runs) and runs[-1][0] == kind
        if not kind and runs and (is_same_kind or indent(line) >= 2):
            runs[-1][1][-1].append(text)
        elif is_same_kind:
            runs[-1][1].append([text])
        else:
            runs.append((kind, [[text]]))
    return runs


def is_heading(line: str) -> bool:
    """Whether a line that stands alone is a heading: short, and no sentence."""
    text = line.strip().rstrip(CLOSING)
    return (
        len(text) <= MOST_HEADING_CHARACTERS
        and len(text.split()) <= MOST_HEADING_WORDS
        and not text.endswith(SENTENCE_ENDS)
        and ". " not in text
        and any(character.isalpha() for character in text)
    )


def _joined(lines: Iterable[str]) -> str:
    return " ".join(lines)


def _text(text: str) -> str:
    return escape(text, quote=False)
