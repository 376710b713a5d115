"""The text of a demo article as HTML, laid out as the source site does: figures with captions, lists, code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Figure:
    """One picture: where it is said to come from, its address, and what stands under it."""

    source: str
    url: str
    caption: str


@dataclass(frozen=True, slots=True)
class Text:
    """What an article says, before it is laid out. `measured` are rows of (what, before, after)."""

    opening: str
    headings: Sequence[str]
    prose: Sequence[str]
    figures: Sequence[Figure]
    code: str
    steps: Sequence[str]
    quote: str
    measured: Sequence[tuple[str, str, str]]
    closing: str

    @property
    def paragraphs(self) -> int:
        """How many there are."""
        return len(self.prose) + 2

    @property
    def words(self) -> int:
        """About how many, for the time it takes to read."""
        return len(" ".join([self.opening, *self.prose, self.code, self.closing]).split())


def as_html(text: Text) -> str:
    """The whole article without its title."""
    return "\n".join(_blocks(text)) + "\n"


def paragraph(words: str) -> str:
    """One paragraph."""
    return f"<p>{escape(words, quote=False)}</p>"


def figure(picture: Figure) -> str:
    """One picture with its caption under it."""
    caption = escape(f"{picture.caption}. Image source: {picture.source}", quote=False)
    image = f'<img src="{escape(picture.url)}" alt="{escape(picture.caption)}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _blocks(text: Text) -> Iterator[str]:
    figures = [figure(picture) for picture in text.figures]
    yield paragraph(text.opening)
    yield from figures[:1]
    for position, (heading, prose) in enumerate(_sections(text)):
        yield f"<h2>{escape(heading, quote=False)}</h2>"
        yield from map(paragraph, prose)
        if position == 0:
            yield from _evidence(text)
        yield from figures[position + 2 : position + 3]
    yield "<h2>Step by step</h2>"
    yield "<ol>" + "".join(f"<li>{escape(step, quote=False)}</li>" for step in text.steps) + "</ol>"
    yield from figures[1:2]
    yield from figures[len(text.headings) + 2 :]
    yield "<h2>What is left</h2>"
    yield paragraph(text.closing)


def _sections(text: Text) -> Iterator[tuple[str, Sequence[str]]]:
    """The prose spread over the headings, earlier ones first."""
    size = -(-len(text.prose) // len(text.headings))
    for position, heading in enumerate(text.headings):
        yield heading, text.prose[position * size : (position + 1) * size]


def _evidence(text: Text) -> Iterator[str]:
    """What stands between the paragraphs of the first section."""
    if text.code:
        yield f"<pre><code>{escape(text.code, quote=False)}</code></pre>"
    if text.quote:
        yield f"<blockquote>{paragraph(text.quote)}</blockquote>"
    if text.measured:
        yield _table(text.measured)


def _table(rows: Sequence[tuple[str, str, str]]) -> str:
    head = '<tr><th scope="col">Measured</th><th scope="col">Before</th><th scope="col">After</th></tr>'
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
