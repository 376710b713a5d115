"""The HTML of an article as CommonMark with tables and ~~strikethrough~~, which our importer renders again.

Markdown can say less than HTML. Kept are headings, paragraphs, lists, quotes, code, tables, links, images with captions and
emphasis; of what there are no marks for (definition lists, merged cells, underlined, small and raised text) the words stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from lxml import html as markup
from lxml.html import HtmlElement

from review_app.articles.markup import sanitise
from review_app.articles.markup_bounds import names
from review_app.importing.readers.front_matter import Fault
from review_app.importing.readers.markdown import rendered

BLOCKS = names(
    "blockquote caption dd div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre section table tbody td tfoot th thead"
    " tr ul"
)
MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "del": "~~", "s": "~~"}
CODE = frozenset({"code", "kbd", "samp", "var"})
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
SPACE = re.compile(r"[ \t\n\r\f]+")
ACTING = re.compile(r"([\\`*_\[\]<>&~|#!])")
"""What would be a mark wherever it stands."""
ACTING_FIRST = re.compile(r"^(?:([-+=:])|([0-9]+)([.)]))", re.MULTILINE)
"""What would begin something at the beginning of a line."""
MARKED = re.compile(r"(?<!\\)[*~`]")
BREAK = "\\\n"
BLANKS = (" ", BREAK)
BARE_BAR = re.compile(r"(?<!\\)\|")
TICKS = re.compile("`+")
IN_ADDRESS = re.compile(r"([\\<>&])")


def to_markdown(html: str) -> str:
    """The text; `html` is what `sanitise` gave.

    Marks within a line count by what stands beside them. Where the words would not come back the same, they are left out.
    """
    if not html.strip():
        return ""
    root = markup.fragment_fromstring(html, create_parent="div")
    written = _Writer(marks=True).write(root)
    if MARKED.search(written) and not _comes_back(written, html):
        written = _Writer(marks=False).write(root)
    return written


def _comes_back(written: str, html: str) -> bool:
    try:
        return _words(rendered(written)) == _words(html)
    except Fault:  # too much for the reader, with marks or without
        return False


def _words(html: str) -> str:
    return "".join(sanitise(html).plain_text.split())


@dataclass(frozen=True, slots=True)
class _Writer:
    marks: bool

    def write(self, root: HtmlElement) -> str:
        return "\n\n".join(self.blocks(root)) + "\n"

    # --- blocks ---

    def blocks(self, parent: HtmlElement) -> list[str]:
        """What is in it, block by block; text that stands among blocks is a paragraph of its own."""
        found: list[str] = []
        run: list[str] = [_escaped(parent.text)]
        for child in parent:
            if _holds_blocks(child):
                found += [*_paragraph(run), *self.block(child)]
                run = []
            else:
                run.append(self.inline(child))
            run.append(_escaped(child.tail))
        return [block for block in [*found, *_paragraph(run)] if block]

    def block(self, element: HtmlElement) -> list[str]:
        """One element as blocks."""
        tag = str(element.tag)
        if tag in HEADINGS:
            words = self.line(element)
            return [f"{'#' * int(tag[1])} {words}"] if words else []
        if tag == "hr":
            return ["***"]
        made: dict[str, Callable[[HtmlElement], list[str]]] = {
            "pre": self.code,
            "blockquote": self.quote,
            "ul": self.items,
            "ol": self.items,
            "table": self.table,
            "figure": self.figure,
        }
        return made[tag](element) if tag in made else self.blocks(element)

    def code(self, element: HtmlElement) -> list[str]:
        """Code as it was typed."""
        return [_fenced(element.text_content())]

    def quote(self, element: HtmlElement) -> list[str]:
        """What somebody else said."""
        return [_prefixed("\n\n".join(self.blocks(element)), "> ", "> ")]

    def items(self, element: HtmlElement) -> list[str]:
        """A list; the marks change from one list to the next beside it, which else would be one."""
        before = element.getprevious()
        odd = before is not None and before.tag == element.tag and not (before.tail or "").strip()
        number = int(element.get("start") or 1) if element.tag == "ol" else None
        items, loose = [], False
        for item in element:
            mark = ("*" if odd else "-") if number is None else f"{max(number, 0)}{')' if odd else '.'}"
            inside = self.blocks(item)
            # A table ends at a blank line: whatever stands below it without one is a row of it.
            loose = (
                loose or any(child.tag == "p" for child in item) or next(item.iter("table"), None) is not None
            )
            text = ("\n\n" if loose else "\n").join(inside)
            items.append(_prefixed(text, f"{mark} ", " " * (len(mark) + 1)) if text else mark)
            number = None if number is None else number + 1
        return [("\n\n" if loose else "\n").join(items)]

    def figure(self, element: HtmlElement) -> list[str]:
        """An image with its caption, as the reader takes one; anything else as what is in it."""
        images, captions = list(element.iter("img")), list(element.iter("figcaption"))
        said = "".join(element.text_content().split())
        if len(images) == 1 and len(captions) == 1 and said:
            caption = _flat(captions[0].text_content())
            if said == "".join(captions[0].text_content().split()) and images[0].get("src"):
                return [_image(images[0], caption)]
        return self.blocks(element)

    def table(self, element: HtmlElement) -> list[str]:
        """Its rows; the first is the head if it is one, and else the head is empty, for Markdown knows no table without."""
        rows = [[cell for cell in row if cell.tag in {"td", "th"}] for row in element.iter("tr")]
        rows = [row for row in rows if row]
        before = [block for caption in element.iter("caption") for block in self.blocks(caption)]
        if not rows:
            return before
        lines = [[self.line(cell) for cell in row] for row in rows]
        if rows[0][0].tag != "th" and rows[0][-1].tag != "th":
            lines.insert(0, [])
        width = max(map(len, lines))
        whole = [_row(cells + [""] * (width - len(cells))) for cells in lines]
        return [*before, "\n".join([whole[0], _row(["---"] * width), *whole[1:]])]

    # --- within a line ---

    def line(self, element: HtmlElement) -> str:
        """All that is in it, in one line: for headings and cells."""
        return _flat("".join(self._inlines(element)).replace(BREAK, " "))

    def _inlines(self, element: HtmlElement) -> Iterator[str]:
        yield _escaped(element.text)
        for child in element:
            if child.tag in BLOCKS:
                yield " " + "".join(self._inlines(child)) + " "
            else:
                yield self.inline(child)
            yield _escaped(child.tail)

    def inline(self, element: HtmlElement) -> str:
        """One element that stands within a line."""
        tag = element.tag
        if tag == "br":
            return BREAK
        if tag == "img":
            return _image(element) if element.get("src") else _escaped(element.get("alt"))
        if tag in CODE and self.marks:
            return _code(element.text_content())
        inside = "".join(self._inlines(element))
        if tag == "a" and element.get("href") and inside.strip():
            lead, words, trail = _apart(inside)
            return f"{lead}[{words}]({_address(element.get('href', ''))}){trail}"
        if tag in MARKS and self.marks and inside.strip():
            lead, words, trail = _apart(inside)
            return f"{lead}{MARKS[tag]}{words}{MARKS[tag]}{trail}"
        return inside


# --- pieces -----------------------------------------------------------------------------------------------------------


def _holds_blocks(element: HtmlElement) -> bool:
    return element.tag in BLOCKS or any(inner.tag in BLOCKS for inner in element.iter())


def _escaped(text: str | None) -> str:
    return ACTING.sub(r"\\\1", SPACE.sub(" ", text)) if text else ""


def _paragraph(run: Iterable[str]) -> list[str]:
    """One line for each that the paragraph has, none of them beginning or ending in a break."""
    lines = [_flat(line) for line in "".join(run).split(BREAK)]
    text = BREAK.join(filter(None, lines))
    return [ACTING_FIRST.sub(_harmless_first, text)] if text else []


def _harmless_first(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}"


def _flat(text: str) -> str:
    return SPACE.sub(" ", text).strip(" ")


def _apart(inside: str) -> tuple[str, str, str]:
    """Blanks and breaks at the ends stand outside of marks."""
    lead = trail = ""
    while inside.startswith(BLANKS):
        end = 1 if inside[0] == " " else len(BREAK)
        lead, inside = lead + inside[:end], inside[end:]
    while inside.endswith(BLANKS):
        end = 1 if inside[-1] == " " else len(BREAK)
        trail, inside = inside[-end:] + trail, inside[:-end]
    return lead, inside, trail


def _prefixed(text: str, first: str, others: str) -> str:
    line, *more = text.split("\n")
    return "\n".join([first + line, *(others + line if line else others.rstrip() for line in more)])


def _fenced(code: str) -> str:
    fence = _ticks(code, 3)
    return f"{fence}\n{code.removesuffix(chr(10))}\n{fence}"


def _code(text: str) -> str:
    """Code within a line; a blank stands between a fence and a tick, and two blanks at the ends come back as none."""
    text = SPACE.sub(" ", text)
    if not text.strip():
        return text
    fence = _ticks(text, 1)
    pad = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _ticks(text: str, least: int) -> str:
    longest = max(map(len, TICKS.findall(text)), default=0)
    return "`" * max(least, longest + 1)


def _image(element: HtmlElement, caption: str = "") -> str:
    title = ' "' + _escaped(caption).replace('"', '\\"') + '"' if caption else ""
    return f"![{_escaped(element.get('alt'))}]({_address(element.get('src', ''))}{title})"


def _address(address: str) -> str:
    return "<" + IN_ADDRESS.sub(r"\\\1", address) + ">"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(BARE_BAR.sub(r"\|", cell) for cell in cells) + " |"
