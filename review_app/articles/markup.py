"""HTML of articles: made harmless once, when it is imported, and its images framed when it is shown.

`sanitise` is the only way for foreign HTML into the database. What it gives is well-formed and in one spelling
(lower case, double quotes, `<` and `>` escaped in values), so the functions for showing need no parser: they replace
whole `<img>` tags by others and never write the rest anew, which leaves no room for markup that changes its meaning
when it is parsed again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape

import nh3

from review_app.articles.markup_bounds import USUAL_LIMITS, MarkupLimits, TooMuchMarkup, bounded, names
from review_app.base.languages import told
from review_app.base.messages import lazy_gettext as _l

__all__ = [
    "SANITISER_VERSION",
    "MarkupLimits",
    "Sanitised",
    "TooMuchMarkup",
    "first_paragraph",
    "frame_images",
    "public_images",
    "sanitise",
]

SANITISER_VERSION = 1
"""Raise it with every change of what `sanitise` lets through: articles cleaned by an older one are cleaned again."""

TAGS = names(
    "a abbr b blockquote br caption cite code dd del dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins"
    " kbd li mark ol p pre q s samp section small strong sub sup table tbody td tfoot th thead tr u ul var"
)
DROPPED_WHOLE = names(
    "applet audio button canvas datalist iframe math noembed noframes noscript object script select style svg template"
    " textarea title video xmp"
)
ATTRIBUTES = {
    "*": set[str](),  # else `title` and `lang` pass everywhere
    "a": {"href"},
    "abbr": {"title"},
    "img": {"src", "alt"},
    "ol": {"start", "reversed"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
LINK = re.compile(r"(?:https?://[^/?#\\]|mailto:.)", re.IGNORECASE)
IMAGE = re.compile(r"https?://[^/?#\\]", re.IGNORECASE)
NOT_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f]")
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
CONTROLS = bytes(code for code in range(128) if NOT_IN_XML.match(chr(code)))
PERHAPS_NOT_IN_XML = (b"\xed", b"\xef\xbf")  # how surrogates, and U+FFFE and U+FFFF, begin in UTF-8


@dataclass(frozen=True, slots=True)
class Sanitised:
    """HTML that is safe to show, and what can be counted in it; a word is whatever stands between blanks."""

    html: str
    plain_text: str
    word_count: int
    image_count: int


def sanitise(html: str, limits: MarkupLimits = USUAL_LIMITS) -> Sanitised:
    """Foreign HTML without anything that acts, loads, asks or reaches into our page; the harmless rest is kept.

    Raises `TooMuchMarkup` for markup that would take long or grow without bound, before it is parsed.
    """
    clean = CLEANER.clean(bounded(_without_controls(html), limits))
    if "<h1>" in clean:  # the page has exactly one, and that is the article's title
        clean = clean.replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    parts = _parts(clean)
    return Sanitised(clean, _joined(parts), _words(parts), len(SHOWN_IMAGE.findall(clean)))


def _without_controls(html: str) -> str:
    """With the replacement character for what no XML may hold (the feed is XML). Looks at bytes: ten times as quick."""
    data = html.encode(errors="surrogatepass")
    perhaps = not html.isascii() and any(begin in data for begin in PERHAPS_NOT_IN_XML)
    if len(data.translate(None, CONTROLS)) == len(data) and not perhaps:
        return html
    return NOT_IN_XML.sub("\ufffd", html)


def _web_address(_tag: str, name: str, value: str) -> str | None:
    """Keep an address only if it says in full where it leads; blanks, which browsers skip, may hide nothing."""
    if name not in {"href", "src"}:
        return value
    address = value if value.isprintable() and " " not in value else NOT_IN_ADDRESSES.sub("", value)
    return address if (LINK if name == "href" else IMAGE).match(address) else None


CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=set(DROPPED_WHOLE),
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    attribute_filter=_web_address,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",  # else `//host` and `/path` pass: the one leaves the desk, the other acts within it
    link_rel="nofollow noopener noreferrer",
)

# --- plain text -------------------------------------------------------------------------------------------------------

PRE = re.compile(r"(<pre>.*?</pre>)", re.DOTALL)
PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
TAG = re.compile(r"(<[^>]*>)")
# Control characters cannot stand in clean HTML, so two of them can mark the ends of lines and blocks for a moment.
LINE_END, BLOCK_END = "\x01", "\x02"
BLOCKS = names("p h2 h3 h4 h5 h6 ul ol dl div section blockquote figure figcaption pre table caption")
BREAKS = {
    **dict.fromkeys(("<br>", "</li>", "</tr>", "</dt>", "</dd>"), LINE_END),
    **dict.fromkeys(("</td>", "</th>"), " "),
    **{tag: BLOCK_END for name in BLOCKS for tag in (f"<{name}>", f"</{name}>")},
    "<hr>": BLOCK_END,
}
SHOWN_IMAGE = re.compile(r'<img (?:alt="[^"]*" )?src=')


def _plain_text(html: str) -> str:
    """What a reader reads: blocks apart by an empty line, list items and rows by a line end, code as it was typed."""
    return _joined(_parts(html))


def _parts(html: str) -> list[str]:
    """The text of an article, still escaped: prose at the even places, with single blanks and line ends; code between."""
    parts = PRE.split(html) if "<pre>" in html else [html]
    return [TAG.sub("", part) if index % 2 else _prose_text(part) for index, part in enumerate(parts)]


def _joined(parts: list[str]) -> str:
    text = "\n\n".join(parts)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return unescape(text).strip()


def _words(parts: list[str]) -> int:
    """How many words. In prose, counting what parts them is quicker than parting them."""
    if any("&nbsp;" in part for part in parts):
        return len(unescape("\n".join(parts)).split())
    prose, code = filter(None, parts[::2]), parts[1::2]
    return sum(map(_words_of_prose, prose)) + sum(len(part.split()) for part in code)


def _words_of_prose(text: str) -> int:
    return 1 + text.count(" ") + text.count("\n") - text.count("\n\n")


def first_paragraph(html: str) -> str:
    """The text of the first paragraph, empty if there is none. Takes what `sanitise` gave."""
    found = PARAGRAPH.search(html)
    return _plain_text(found[1]) if found else ""


def _prose_text(html: str) -> str:
    pieces = TAG.split(html)
    pieces[1::2] = [BREAKS.get(tag, "") for tag in pieces[1::2]]
    blocks = [block for part in "".join(pieces).split(BLOCK_END) if (block := part.strip())]
    # Most blocks are one line with single blanks, and need not be taken apart.
    lines = [block if block.isprintable() and "  " not in block else _lines_text(block) for block in blocks]
    return "\n\n".join(filter(None, lines))


def _lines_text(block: str) -> str:
    lines = (" ".join(line.split()) for line in block.split(LINE_END))
    return "\n".join(line for line in lines if line)


# --- images -----------------------------------------------------------------------------------------------------------

# An image, or a tag that tells where an image stands: in a link, or in a figure that has a caption.
IMAGE_OR_PLACE = re.compile(r"<img [^>]*>|<img>|<a [^>]*>|<a>|</a>|<figure>|</figure>")
VALUE = re.compile(r'(src|alt)="([^"]*)"')
HOST = re.compile(r"(https?)://([^/?#@\\:\s\"<>%]+(?::[0-9]{1,5})?)(?:[/?#]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Image:
    """One `<img>` of an article: both values unescaped, empty if absent."""

    src: str
    alt: str
    in_link: bool
    has_caption: bool

    @property
    def host(self) -> str:
        found = HOST.match(self.src)
        return found[2].lower() if found else ""


def frame_images(html: str, allowed_hosts: frozenset[str]) -> str:
    """For the desk: each image of a host that is not allowed becomes a framed placeholder that names host and text.

    Takes what `sanitise` gave. Hosts are lower case, with the port if it is not the usual one.
    """
    return _replace_images(
        html, lambda image: _shown(image) if image.host in allowed_hosts else _framed(image)
    )


def public_images(html: str) -> str:
    """For public pages: https images load late and tell nobody who reads; of others the caption stays, or their text.

    Takes what `sanitise` gave.
    """
    return _replace_images(html, lambda image: _shown(image) if _is_https(image) else _left_out(image))


def _is_https(image: _Image) -> bool:
    return bool(image.host) and image.src[:8].lower() == "https://"


def _replace_images(html: str, replacement: Callable[[_Image], str]) -> str:
    pieces, position, in_link, has_caption = [], 0, False, False
    for found in IMAGE_OR_PLACE.finditer(html):
        tag = found[0]
        if tag.startswith("<img"):
            values = {name: unescape(value) for name, value in VALUE.findall(tag)}
            image = _Image(values.get("src", ""), values.get("alt", ""), in_link, has_caption)
            pieces += [html[position : found.start()], replacement(image)]
            position = found.end()
        elif tag.endswith("figure>"):
            has_caption = tag == "<figure>" and _caption_follows(html, found.end())
        else:
            in_link = tag != "</a>"
    return "".join([*pieces, html[position:]])


def _caption_follows(html: str, start: int) -> bool:
    return html.find("<figcaption>", start, max(html.find("</figure>", start), start)) >= 0


def _shown(image: _Image) -> str:
    return f'<img src="{escape(image.src)}" alt="{escape(image.alt)}" loading="lazy" referrerpolicy="no-referrer">'


NO_ADDRESS = _l("Image without a usable address")


def _framed(image: _Image) -> str:
    text = f'<span class="remote-image-text">{escape(image.alt)}</span>' if image.alt else ""
    if not image.host:
        return f'<span class="remote-image">{text}{told(NO_ADDRESS)}</span>'
    words = escape(told(_l("Open image at %(host)s", host=image.host)))
    if image.in_link:  # a link in a link would end the outer one
        return f'<span class="remote-image">{text}{escape(told(_l("Image at %(host)s", host=image.host)))}</span>'
    link = f'<a href="{escape(image.src)}" rel="noopener noreferrer nofollow" target="_blank">{words}</a>'
    return f'<span class="remote-image">{text}{link}</span>'


def _left_out(image: _Image) -> str:
    return (
        ""
        if image.has_caption or not image.alt
        else f'<span class="missing-image">{escape(image.alt)}</span>'
    )
