"""Folding stock paragraphs away where an article is read, so that the reader reads what is new. Pure.

Takes what `articles.markup.sanitise` gave. Only whole paragraphs at the top of the text fold, and whole lists there of
which every item is stock: never a heading, code, an image or a figure. The text itself is not written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

from review_app.evidence.queries import Evidence

Place = tuple[int, int, str, int | None]
"""What folds: where it begins and ends, what its fold says, and the digest of a single paragraph."""


def fold_stock(
    html: str, evidence: Evidence, *, address: Callable[[int], str], unfolded: bool = False
) -> str:
    """An article's HTML with its stock paragraphs in `<details>`.

    `address` gives the page of a paragraph; `unfolded` opens all of them.
    """
    pieces, position = [], 0
    for start, end, says, digest in sorted(_places(evidence)):
        begin = f'<details class="fold"{" open" if unfolded else ""}><summary class="muted">{says}</summary>'
        link = "" if digest is None else f'<p><a href="{escape(address(digest))}">Where it stands</a></p>'
        pieces += [html[position:start], begin, html[start:end], link, "</details>"]
        position = end
    return "".join([*pieces, html[position:]])


def _places(evidence: Evidence) -> Iterator[Place]:
    stock = evidence.stock
    for one in evidence.paragraphs:
        if one.place.foldable and one.digest in stock:
            says = f"Stock paragraph, stands in {stock[one.digest]:,} articles"
            yield one.place.start, one.place.end, says, one.digest
    digests = {one.place.start: one.digest for one in evidence.paragraphs}
    for number, top_list in enumerate(evidence.outline.top_lists):
        items = [digests.get(place.start) for place in evidence.outline.paragraphs if place.of_list == number]
        counts = [stock[digest] for digest in items if digest is not None and digest in stock]
        if top_list.foldable and items and len(counts) == len(items):
            says = f"Stock list, each of its points stands in {min(counts):,} articles or more"
            yield top_list.start, top_list.end, says, None
