"""The outline of an article: its paragraphs with their places, and its headings, lists, code, images and links. Pure.

Takes what `articles.markup.sanitise` gave, which is well-formed and in one spelling, so a walk along its tags is enough.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from review_app.articles.markup_bounds import names

# A paragraph without any markup in it, which most are; a tag; or text.
TOKEN = re.compile(r"<(p|li)>([^<]*)</\1>|<(/?)([a-z0-9]+)[^>]*>|[^<]+")
VOID = names("br hr img")
LEAVES = names("p li dd blockquote div section")
"""A paragraph is one of these that holds no other block; a cell of a table is none."""
INLINE = names("a abbr b cite code del dfn em i ins kbd mark q s samp small strong sub sup u var")
STAYS_IN_SIGHT = names("img code kbd samp")
"""A paragraph that holds one of these is never folded away."""
HEADINGS = names("h2 h3 h4 h5 h6")
LISTS = names("ul ol dl")
EMPTY_LINE = re.compile(r"\n\s*\n")
ATTRIBUTE = re.compile(r'(src|href)="([^"]*)"')


@dataclass(slots=True)
class Paragraph:
    """A paragraph: its text without tags, entities left as they are, and where its element begins and ends.

    `foldable` if it stands in nothing else and nothing in it must stay in sight. `of_list` is the number of the top list
    that it is an item of.
    """

    text: str
    start: int
    end: int
    foldable: bool = False
    of_list: int | None = None


@dataclass(slots=True)
class Image:
    """An image: its address, entities left as they are, and whether a caption stands with it."""

    src: str
    captioned: bool = False


@dataclass(slots=True)
class TopList:
    """A list that stands in nothing else. `foldable` if it has nothing but items of plain text."""

    start: int
    end: int = 0
    foldable: bool = True


@dataclass(slots=True)
class Outline:
    """What stands in an article, in order; links by their addresses."""

    paragraphs: list[Paragraph] = field(default_factory=list)
    top_lists: list[TopList] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    headings: int = 0
    lists: int = 0
    tables: int = 0
    code_blocks: int = 0
    code_words: int = 0


def outline_of(html: str) -> Outline:
    """The outline of sanitised HTML, in one walk."""
    walk = _Walk()
    walk.along(html)
    return walk.found


class _Walk:
    """One walk: what is open, the blocks among it, and what is gathered of it.

    `leaf` is the element that may turn out to be a paragraph; `top` the list at the top that it all stands in, if any.
    """

    def __init__(self) -> None:
        self.found = Outline()
        self.open: list[str] = []
        self.blocks: list[str] = []
        self.pieces: list[str] = []
        self.leaf, self.leaf_start, self.plain = "", 0, True
        self.loose_start = 0
        self.top: TopList | None = None
        self.figure: list[Image] = []
        self.caption = False

    def along(self, html: str) -> None:
        """Token by token."""
        for token in TOKEN.finditer(html):
            kind = token.lastindex
            if kind is None:
                self._text(token[0])
            elif kind == 2:
                self._simple(token[1], token[2], token.start(), token.end())
            elif token[3]:
                self._end(token[4], token.start(), token.end())
            else:
                self._begin(token[4], token)
        self._leave_loose(len(html))

    def _text(self, text: str) -> None:
        if self.caption:
            if not text.isspace():
                for image in self.figure:
                    image.captioned = True
        elif not self.blocks or self.blocks[-1] in LEAVES:
            self.pieces.append(text)

    def _simple(self, name: str, text: str, start: int, end: int) -> None:
        """A whole paragraph at once."""
        if self.pieces:
            self._leave_loose(start)
        in_place = self._takes_block(name)
        self._keep(name, text, (start, end), plain=in_place)
        self.leaf, self.loose_start = "", end

    def _begin(self, name: str, token: re.Match[str]) -> None:
        if name in INLINE:
            self._begin_inline(name, token[0])
        elif name == "img":
            self._image(token[0])
        elif name in VOID:
            self.pieces.append("\n\n" if name == "hr" else "\n")
        else:
            self._begin_block(name, token.start())

    def _begin_inline(self, name: str, tag: str) -> None:
        self.open.append(name)
        if name in STAYS_IN_SIGHT:
            self.plain = False
            self.found.code_words += name == "code" and "pre" not in self.open
        elif name == "a":
            address = ATTRIBUTE.search(tag)
            self.found.links.append(address[2] if address else "")

    def _image(self, tag: str) -> None:
        address = ATTRIBUTE.search(tag)
        image = Image(address[2] if address else "")
        self.found.images.append(image)
        self.plain = False
        if "figure" in self.open:
            self.figure.append(image)

    def _begin_block(self, name: str, start: int) -> None:
        if self.pieces:
            self._leave_loose(start)
        found, in_place = self.found, self._takes_block(name)
        if name in HEADINGS:
            found.headings += 1
        elif name in LISTS:
            found.lists += 1
            if not self.open and name != "dl":
                self.top = TopList(start)
                found.top_lists.append(self.top)
        elif name == "figure":
            self.figure = []
        elif name == "figcaption":
            self.caption = True
        found.code_blocks += name == "pre"
        found.tables += name == "table"
        self.leaf, self.leaf_start, self.plain = name if name in LEAVES else "", start, in_place
        self.open.append(name)
        self.blocks.append(name)

    def _takes_block(self, name: str) -> bool:
        """Whether a block stands where it may be folded: at the top, or as an item of a list there."""
        if not self.open:
            return True
        in_place = name == "li" and len(self.open) == 1 and self.top is not None
        if self.top and not in_place:
            self.top.foldable = False
        return in_place

    def _end(self, name: str, start: int, end: int) -> None:
        if self.open:
            self.open.pop()
        if name in INLINE:
            return
        if self.blocks:
            self.blocks.pop()
        if name == self.leaf:
            text, self.pieces = "".join(self.pieces), []
            self._keep(name, text, (self.leaf_start, end), plain=self.plain)
        elif self.pieces:
            self._leave_loose(start)
        self.leaf, self.loose_start = "", end
        if name == "figcaption":
            self.caption = False
        elif not self.open and self.top:
            self.top.end, self.top = end, None

    def _keep(self, name: str, text: str, place: tuple[int, int], *, plain: bool) -> None:
        if self.top and not plain:
            self.top.foldable = False
        if text.strip():
            of_list = len(self.found.top_lists) - 1 if self.top and plain else None
            foldable = plain and name == "p" and not self.open
            self.found.paragraphs.append(Paragraph(text, *place, foldable, of_list))

    def _leave_loose(self, end: int) -> None:
        """Text outside of any paragraph: that of a block which turned out to hold others, or of none at all."""
        text, self.pieces = "".join(self.pieces), []
        if text and not text.isspace():
            if self.top:
                self.top.foldable = False
            parts = EMPTY_LINE.split(text)
            self.found.paragraphs += [
                Paragraph(part, self.loose_start, end) for part in parts if part.strip()
            ]
