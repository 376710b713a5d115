"""Markdown with front matter: one article a file. The front matter has the names of JSON Lines.

    ---
    title: A title
    score: {quality: 81, freshness: 64, depth: 70, clarity: 88}
    payload: {source_id: post-000001}
    ---
    A paragraph of **Markdown**.

    ![What the image shows](https://images.example/a.png "A caption")

The text is CommonMark with tables and ~~strikethrough~~; HTML in it is shown as typed. An image alone in a paragraph
becomes a figure if it has a caption. The title may be the text's first line, as `# A title`; it is not repeated then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any, BinaryIO

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from review_app.importing import rules
from review_app.importing.limits import DEFAULT_LIMITS, Limits, size
from review_app.importing.readers.encoding import describe, utf8_blocks
from review_app.importing.readers.front_matter import Fault, fields_of, part
from review_app.importing.record import RawRecord, Refusal
from review_app.importing.rules import BODY, KEPT_OF_TOO_LONG

name = "markdown"
suffix = "md"

MOST_DEEP = 20
"""Quotes and lists in each other (a list and its item are two): the renderer drops what is deeper, so it is refused."""
MARKS = b"\n*_`~[]<!\\&|"
MOST_MARKS = 100_000
"""Of these characters in a text: each can become an object of half a kilobyte while it is rendered."""
MARKDOWN = MarkdownIt("commonmark", {"html": False, "maxNesting": MOST_DEEP}).enable(
    ["table", "strikethrough"]
)
RENDERER = RendererHTML(MARKDOWN)
NO_MAPPING = (
    rb"(?:\[|-[ \t]|null\b|~|true\b|false\b|[-\d\"'])[^\n]*\n(?:(?!---)[^\n]*\n)*+---[ \t]*\r?(?:\n|\Z)"
)
"""A list or a single value between two fences: front matter that says nothing of an article, but no page of text."""
BEGINS = re.compile(
    rb"\s*(?:---[ \t]*\r?\n(?:\s*#[^\n]*\n)*+\s*(?:[^\s:#][^\n:]*:(?:\s|\Z)|\{|---|"
    + NO_MAPPING
    + rb")|\+\+\+[ \t]*\r?\n)"
)
SOURCE_ID = re.compile(r"""\bsource_id["']?\s*[:=]\s*["']?([A-Za-z0-9][A-Za-z0-9._:-]{0,199})""")


def recognises(head: bytes) -> bool:
    """Whether the file begins with front matter."""
    return bool(BEGINS.match(head))


def check(_stream: BinaryIO, _limits: Limits) -> None:
    """Nothing: the file is one record."""


def read(stream: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Iterator[RawRecord | Refusal]:
    """The one record of the file, or why there is none."""
    data = b""
    for block in utf8_blocks(stream):
        data += block
        if len(data) > limits.page_bytes:
            reason = f"The page is larger than {size(limits.page_bytes)}."
            yield _refusal(Fault(1, reason), data[:KEPT_OF_TOO_LONG])
            return
    try:
        yield _record(data, limits)
    except Fault as fault:
        yield _refusal(fault, data)


def again(raws: Iterable[str]) -> Iterator[tuple[int, str]]:
    """A file for each article."""
    return enumerate(raws, 1)


def _record(data: bytes, limits: Limits) -> RawRecord:
    page = _text(data)
    parted = part(page)
    if parted is None:
        reason = "The file has no front matter, so nothing tells its source_id: begin it with lines between --- and ---."
        raise Fault(1, reason, "payload.source_id")
    fields = fields_of(parted, limits)
    if BODY in fields:
        raise Fault(parted.line, f"{BODY} stands in the front matter; the text stands below it.", BODY)
    tokens = _tokens(parted.text, limits)
    title = _take_title(tokens) if not fields.get("title") else None
    fields = {"title": title, **_without(fields, "title")} if title else fields
    return RawRecord(1, 1, fields, _html(tokens), page)


def rendered(text: str) -> str:
    """The HTML that the reader makes of a text without front matter. Raises `Fault`."""
    return _html(_tokens(text, DEFAULT_LIMITS))


def _html(tokens: Sequence[Token]) -> str:
    html: str = RENDERER.render(_with_figures(tokens), MARKDOWN.options, {})
    return html


def _without(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}


def _text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Fault(line, f"The page {describe(error)}.") from None
    if "\0" in text:  # the renderer would replace it in silence
        raise Fault(text.count("\n", 0, text.index("\0")) + 1, "The page contains a NUL character.")
    return text


# --- the text ---------------------------------------------------------------------------------------------------------


def _tokens(text: str, limits: Limits) -> list[Token]:
    if len(text) > limits.body_characters:
        most = f"at most {limits.body_characters:,} are allowed"
        raise Fault(1, f"{BODY} has {len(text):,} characters; {most}.", BODY)
    data = text.encode()
    if len(data) - len(data.translate(None, MARKS)) > MOST_MARKS:
        raise Fault(1, f"{BODY} has more than {MOST_MARKS:,} line ends and marks of Markdown.", BODY)
    tokens = MARKDOWN.parse(text)
    if any(token.level >= MOST_DEEP - 1 and token.nesting == 1 for token in tokens):
        raise Fault(
            1, f"{BODY} has quotes and lists that stand more than {MOST_DEEP // 2} deep in each other.", BODY
        )
    return tokens


def _take_title(tokens: list[Token]) -> str | None:
    """The text of the heading that the text begins with, which is taken out of it."""
    if [token.type for token in tokens[:2]] != ["heading_open", "inline"] or tokens[0].tag != "h1":
        return None
    title = "".join(_words(token) for token in tokens[1].children or ())
    del tokens[:3]
    return title


def _words(token: Token) -> str:
    return " " if token.type in {"softbreak", "hardbreak"} else token.content


def _with_figures(tokens: Sequence[Token]) -> list[Token]:
    shown: list[Token] = []
    at = 0
    while at < len(tokens):
        image = _captioned_image(tokens[at : at + 3])
        if image is None:
            shown.append(tokens[at])
            at += 1
        else:
            shown.append(Token("html_block", "", 0, content=_figure(image)))
            at += 3
    return shown


def _captioned_image(paragraph: Sequence[Token]) -> Token | None:
    if [token.type for token in paragraph] != ["paragraph_open", "inline", "paragraph_close"]:
        return None
    inside = paragraph[1].children or []
    return (
        inside[0] if len(inside) == 1 and inside[0].type == "image" and inside[0].attrGet("title") else None
    )


def _figure(image: Token) -> str:
    alt = RENDERER.renderInlineAsText(image.children, MARKDOWN.options, {})
    src, caption = str(image.attrGet("src")), str(image.attrGet("title"))
    return f'<figure><img src="{escape(src)}" alt="{escape(alt)}"><figcaption>{escape(caption)}</figcaption></figure>\n'


def _refusal(fault: Fault, data: bytes) -> Refusal:
    raw = rules.storable(data.decode(errors="replace"))
    found = SOURCE_ID.search(raw)
    reason = rules.storable(fault.reason)
    return Refusal(fault.line, 1, rules.storable(fault.field), reason, raw, found[1] if found else None)
