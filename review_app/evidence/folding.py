"""Folding stock paragraphs away where an article is read, so that the reader reads what is new.

Takes what `articles.markup.sanitise` gave. Only whole paragraphs at the top of the text fold, and whole lists there of
which every item is stock: never a heading, code, an image or a figure. The text itself is not written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import Protocol

from review_app.base.languages import told
from review_app.base.messages import Figure
from review_app.base.messages import lazy_gettext as _l
from review_app.evidence.queries import Evidence

Place = tuple[int, int, str, int | None]
"""What folds: where it begins and ends, what its fold says, and the digest of a single paragraph."""


class Marked(Protocol):
    """HTML in which something is marked: pieces of it, and whether in a piece something is."""

    def cut(self, start: int, end: int) -> str: ...
    def holds(self, start: int, end: int) -> bool: ...


def fold_stock(
    html: str,
    evidence: Evidence,
    *,
    address: Callable[[int], str],
    unfolded: bool = False,
    marked: Marked,
) -> str:
    """An article's HTML with its stock paragraphs in `<details>`.

    `address` gives the page of a paragraph; `unfolded` opens all of them, and those stand open in which something is marked.
    """
    pieces, position = [], 0
    for start, end, says, digest in sorted(_places(evidence)):
        is_open = " open" if unfolded or marked.holds(start, end) else ""
        begin = f'<details class="fold"{is_open}><summary class="muted">{told(says)}</summary>'
        where = "" if digest is None else _where(address(digest))
        pieces += [marked.cut(position, start), begin, marked.cut(start, end), where, "</details>"]
        position = end
    return "".join([*pieces, marked.cut(position, len(html))])


def _where(address: str) -> str:
    words = told(_l("Where it stands"))
    return f'<p class="where"><a href="{escape(address)}">{words}</a></p>'


def _places(evidence: Evidence) -> Iterator[Place]:
    stock = evidence.stock
    for one in evidence.paragraphs:
        if one.place.foldable and one.digest in stock:
            says = _l("Stock paragraph, stands in %(num)s articles", num=Figure(stock[one.digest]))
            yield one.place.start, one.place.end, says, one.digest
    digests = {one.place.start: one.digest for one in evidence.paragraphs}
    for number, top_list in enumerate(evidence.outline.top_lists):
        items = [digests.get(place.start) for place in evidence.outline.paragraphs if place.of_list == number]
        counts = [stock[digest] for digest in items if digest is not None and digest in stock]
        if top_list.foldable and items and len(counts) == len(items):
            least = Figure(min(counts))
            says = _l("Stock list, each of its points stands in %(num)s articles or more", num=least)
            yield top_list.start, top_list.end, says, None
