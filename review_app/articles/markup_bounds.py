"""Bounds on foreign markup, measured in one pass before a parser sees it.

An HTML parser repairs what it reads: it opens again what was left open, once for every paragraph that follows, so that
40 kB can become 40 MB, and deep nesting takes time by its square. Here the nesting that a parser would build is
estimated from above by the rules of the HTML standard (13.2.6, tree construction): an element counts as closed only
when it surely is. Parts in which a tag might be hidden from one of the two are first taken out, so both read the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_WORK = 500_000
"""The sum over all tags of the elements open at them: what a parser can be made to build is less."""

MOST_REFERENCES = 200_000
"""Ampersands, each of which takes the parser 6 µs, far longer than any other character."""

BLANK = r"[ \t\n\f\r]"
NAME_ENDS = r"(?=[ \t\n\f\r/>]|\Z)"
# Within these, text is not read as HTML; nothing in them is ever kept.
HIDING = "script|style|textarea|title|xmp|iframe|noembed|noframes|noscript|plaintext|svg|math|template|select|frameset"
HIDING_TAG = re.compile(rf"<(/?)({HIDING}){NAME_ENDS}", re.IGNORECASE | re.ASCII)
COMMENT = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))|<[!?][^>]*+>?|</(?![a-zA-Z])[^>]*+>?", re.DOTALL)
# The first letters stand by themselves for speed: most tags are told from these by them.
STILL_HIDING = re.compile(
    rf"<(?=[!?]|/(?![a-zA-Z])|(?=[fimnpstxFIMNPSTX])(?i:{HIDING}){NAME_ENDS})", re.ASCII
)

VALUE = r'(?:"[^"]*+"|\'[^\']*+\'|[^ \t\n\f\r>]++)'
ATTRIBUTE = rf"(?:=[^ \t\n\f\r/>=]*+|[^ \t\n\f\r/>=]++)(?:{BLANK}*+={BLANK}*+{VALUE}?+)?+"
TAG = re.compile(rf"<(/?)([a-zA-Z][^ \t\n\f\r/>]*+)((?:[ \t\n\f\r/]++|{ATTRIBUTE})*+)")
TAG_WITH_ATTRIBUTES = re.compile(
    rf"</?([a-zA-Z][^ \t\n\f\r/>]*+)(?=[ \t\n\f\r/])((?:[ \t\n\f\r/]++|{ATTRIBUTE})++)"
)
ATTRIBUTES = re.compile(ATTRIBUTE)


@dataclass(frozen=True, slots=True)
class MarkupLimits:
    """How deep the elements of one article may stand, how many tags it may have, and how many attributes one of them."""

    depth: int = 256
    tags: int = 50_000
    attributes: int = 64


USUAL_LIMITS = MarkupLimits()


def names(text: str) -> frozenset[str]:
    """A set of names, written as one text."""
    return frozenset(text.split())


NOTHING: frozenset[str] = frozenset()
NEVER_OPEN = names(
    "area base br col embed hr image img input link meta param source track wbr html head body",
)
# What a start tag closes by itself, if that is what is open.
CLOSES = {
    "p": names("p"),
    **dict.fromkeys(("dd", "dt"), names("dd dt p")),
    "li": names("li p"),
    **dict.fromkeys(("td", "th"), names("td th p")),
    "tr": names("td th tr p"),
    **dict.fromkeys(("tbody", "thead", "tfoot"), names("td th tr tbody thead tfoot p")),
}
TABLE_PARTS = names("td th tr tbody thead tfoot")
BLOCKS = names(
    "ul ol dl li dd dt div blockquote section article aside main header footer nav figure figcaption details summary"
    " center pre h1 h2 h3 h4 h5 h6"
)
# What an end tag may find open within its own element and close too, since the ends of these may be left out.
ENDS_WITH = {
    **dict.fromkeys(TABLE_PARTS | {"table"}, TABLE_PARTS | {"p"}),
    **dict.fromkeys(BLOCKS, names("li dd dt p")),
}
# A parser remembers one open form beside the others, so that the end tag may close nothing.
NEVER_SURELY_CLOSED = names("form")


class TooMuchMarkup(ValueError):
    """The markup is deeper, longer or fuller than an article's may be; the message says which, in plain words."""


def bounded(html: str, limits: MarkupLimits = USUAL_LIMITS) -> str:
    """The same HTML without comments and without elements whose text is no HTML, if it keeps within the bounds.

    Raises `TooMuchMarkup`. Takes time in proportion to the length.
    """
    if STILL_HIDING.search(html):
        html = STILL_HIDING.sub("&lt;", COMMENT.sub("", _without_hiding_elements(html)))
    if html.count("&") > MOST_REFERENCES:
        raise TooMuchMarkup(f"has more than {MOST_REFERENCES:,} ampersands")
    if html.count("<") > min(limits.depth, limits.tags):
        _check_nesting(html, limits)
    _check_attributes(html, limits.attributes)
    return html


def _without_hiding_elements(html: str) -> str:
    last_end = {found[2].lower(): found.start() for found in HIDING_TAG.finditer(html) if found[1]}
    pieces, position, inside = [], 0, ""
    for found in HIDING_TAG.finditer(html):
        name = found[2].lower()
        if found.start() < position:
            continue
        if inside and found[1] and name == inside:
            position, inside = html.find(">", found.end()) + 1 or len(html), ""
        elif not inside and not found[1] and found.start() < last_end.get(name, -1):
            pieces.append(html[position : found.start()])
            inside = name
    return "".join([*pieces, html[position:]])


def _check_nesting(html: str, limits: MarkupLimits) -> None:
    tags = work = 0
    still_open: list[str] = []
    for found in TAG.finditer(html):
        name = found[2].lower()
        if found[1]:
            # An end tag of nothing can make an element, too.
            tags += not _close(name, still_open)
        else:
            tags += 1
            _open(name, still_open)
            work += len(still_open)
        if tags > limits.tags or work > MOST_WORK or len(still_open) > limits.depth:
            raise TooMuchMarkup(_too_much(tags, still_open, limits))


def _too_much(tags: int, still_open: list[str], limits: MarkupLimits) -> str:
    if tags > limits.tags:
        return f"has more than {limits.tags:,} tags"
    if len(still_open) > limits.depth:
        return f"has more than {limits.depth:,} elements within each other (those left unclosed count, too)"
    return "has too many tags within too many open elements"


def _check_attributes(html: str, most: int) -> None:
    # Each attribute takes two characters, with what parts it from the next.
    for name, attributes in TAG_WITH_ATTRIBUTES.findall(html):
        if len(attributes) > 2 * most and len(ATTRIBUTES.findall(attributes)) > most:
            raise TooMuchMarkup(f"has a tag with more than {most:,} attributes: <{name[:40]}>")


def _open(name: str, still_open: list[str]) -> None:
    if name in NEVER_OPEN or (name in TABLE_PARTS and "table" not in still_open):
        return
    closes = CLOSES.get(name, NOTHING)
    while still_open and still_open[-1] in closes:
        still_open.pop()
    still_open.append(name)


def _close(name: str, still_open: list[str]) -> bool:
    """Close the element if it is surely the innermost one; one that ends out of order stays counted as open."""
    within = ENDS_WITH.get(name, NOTHING)
    last = len(still_open) - 1
    while last >= 0 and still_open[last] != name and still_open[last] in within:
        last -= 1
    if last < 0 or still_open[last] != name or name in NEVER_SURELY_CLOSED:
        return False
    del still_open[last:]
    return True
