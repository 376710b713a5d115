"""The items of a WordPress export (WXR, which is RSS 2.0 with more) out of a stream of XML, one at a time.

Parsed by expat, which builds no tree: memory holds one item and one block of the file, whatever the file weighs. Bounded are
how deep elements nest, how long one tag or comment is, how many names there are, and how large an item is; only
the last refuses an item alone, since all else is the file's. A document type (and with it every entity) is refused.

Not lxml, though it is at hand: it counts lines wrong beyond 65,535, gives an item's XML written anew and not as it
stood, and drops an entity that a document type declares in silence. Both take the same time, to a third.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO, cast
from xml.parsers import expat

from review_app.importing import rules
from review_app.importing.limits import Limits
from review_app.importing.readers.encoding import utf8_blocks
from review_app.importing.readers.reader import UnreadableFile

MOST_TAG_BYTES = rules.MEBIBYTE
MOST_NAMES = 10_000
"""Different names of elements and attributes: a parser remembers each until its end."""
UNICODE = frozenset({"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be"})
EXPORT = re.compile(r"https?://wordpress\.org/export/[0-9.]+/(excerpt/)?")
PREFIXES = {
    "": "",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/dc/elements/1.1/": "dc:",
}
UNKNOWN_PREFIX = "other:"

ITEM = ["rss", "channel", "item"]
META = "wp:postmeta"
CATEGORY = "category"
CHANNEL_TEXTS = frozenset({"wp:base_blog_url", "wp:base_site_url", "link"})
ITEM_TEXTS = frozenset(
    {
        *(
            "title",
            "link",
            "guid",
            CATEGORY,
            "dc:creator",
            "content:encoded",
            "excerpt:encoded",
            "wp:post_id",
        ),
        *(
            "wp:post_name",
            "wp:post_type",
            "wp:status",
            "wp:post_date",
            "wp:post_date_gmt",
            "wp:post_modified",
        ),
        "wp:post_modified_gmt",
    }
)
META_TEXTS = frozenset({"wp:meta_key", "wp:meta_value"})

WORDS = {
    "XML_ERROR_NO_ELEMENTS": "the file breaks off before its last tag",
    "XML_ERROR_UNCLOSED_TOKEN": "the file breaks off within a tag or comment",
    "XML_ERROR_PARTIAL_CHAR": "the file breaks off within a character",
    "XML_ERROR_UNCLOSED_CDATA_SECTION": "the file breaks off within a text",
    "XML_ERROR_INVALID_TOKEN": (
        "what stands there is not allowed in XML (a control character, a bare < or &, half of a surrogate pair, or bytes"
        " that are no text)"
    ),
    "XML_ERROR_TAG_MISMATCH": "a tag closes that is not the one last opened",
    "XML_ERROR_DUPLICATE_ATTRIBUTE": "a tag has the same attribute twice",
    "XML_ERROR_JUNK_AFTER_DOC_ELEMENT": "there is more after the last tag",
    "XML_ERROR_UNDEFINED_ENTITY": "it uses an entity that XML does not have",
    "XML_ERROR_BAD_CHAR_REF": "it refers to a character by a number that XML does not allow",
    "XML_ERROR_UNBOUND_PREFIX": "a name has a prefix that was never declared",
    "XML_ERROR_MISPLACED_XML_PI": "an XML declaration stands elsewhere than at the beginning",
}
WORDS_BY_CODE = {expat.errors.codes[getattr(expat.errors, name)]: words for name, words in WORDS.items()}


@dataclass(slots=True)
class Item:
    """One item as it stands: where it begins, its texts by name, its metadata rows, its categories as (domain, name).

    `site` is the address of the site, as the head of the file says. Of an item that is too long only `raw` is there,
    and of that only the beginning.
    """

    line: int
    number: int
    site: str
    texts: dict[str, str] = field(default_factory=dict)
    meta: list[tuple[str, str]] = field(default_factory=list)
    categories: list[tuple[str, str]] = field(default_factory=list)
    raw: str = ""
    too_long: bool = False


def items(stream: BinaryIO, limits: Limits) -> Iterator[Item]:
    """Each item in the order of the file. Raises `UnreadableFile`, saying in which line, for what is no sound export."""
    begun = _Begun(stream)
    parser = _Parser(limits, is_marked=begun.is_marked)
    for block in utf8_blocks(cast("BinaryIO", begun)):
        parser.feed(block)
        yield from parser.take()
    parser.close()
    yield from parser.take()


class _Begun:
    """A stream that was looked at for a byte order mark: where there is one, it says what the encoding is."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.head = stream, b""
        while len(self.head) < len(codecs.BOM_UTF8) and (more := stream.read(len(codecs.BOM_UTF8))):
            self.head += more
        self.is_marked = self.head.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))

    def read(self, count: int) -> bytes:
        head, self.head = self.head, b""
        return head or self.stream.read(count)


class _Parser:
    """Bytes in, items out; `path` is the names of the elements that are open."""

    def __init__(self, limits: Limits, *, is_marked: bool) -> None:
        self.limits, self.is_marked = limits, is_marked
        self.path: list[str] = []
        self.names: set[str] = set()
        self.is_export = False
        self.channel: dict[str, str] = {}
        self.done: list[Item] = []
        self.count = 0
        self.item: Item | None = None
        self.text: list[str] | None = None
        self.text_depth = 0
        self.row: dict[str, str] = {}
        self.domain = ""
        self.window = _Window()
        self.expat = self._new_expat()

    def _new_expat(self) -> expat.XMLParserType:
        # Whatever the file declares, it is UTF-8 by now.
        parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._document_type
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        return parser

    def feed(self, block: bytes) -> None:
        """Parse a block of UTF-8."""
        self.window.append(block)
        self._parse(block, is_last=False)
        position = self.expat.CurrentByteIndex
        if self.window.end - position > MOST_TAG_BYTES:
            raise self._refused(f"a tag or comment is longer than {MOST_TAG_BYTES // rules.MEBIBYTE} MiB")
        if self.item is None:
            self.window.forget()
        elif position - self.window.mark > self.limits.line_bytes:
            self._give_up_item()
            self.window.shorten(rules.KEPT_OF_TOO_LONG)

    def close(self) -> None:
        """The file has ended: nothing may be open any more, and it must have been an export."""
        self._parse(b"", is_last=True)
        if not self.is_export:
            raise UnreadableFile("The file is XML, but no WordPress export: nothing in it is of that format.")

    def take(self) -> list[Item]:
        """The items that are complete and were not taken before."""
        done, self.done = self.done, []
        return done

    def _parse(self, block: bytes, *, is_last: bool) -> None:
        try:
            self.expat.Parse(block, is_last)
        except expat.ExpatError as error:
            words = WORDS_BY_CODE.get(error.code, expat.ErrorString(error.code))
            raise UnreadableFile(
                f"The XML is broken in line {error.lineno}, column {error.offset + 1}: {words}."
            ) from None

    def _refused(self, words: str) -> UnreadableFile:
        return UnreadableFile(f"The XML is refused for its line {self.expat.CurrentLineNumber}: {words}.")

    # --- what expat calls ---------------------------------------------------------------------------------------------

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and not self.is_marked and encoding.lower() not in UNICODE:
            shown = rules.one_line(rules.shortened(encoding, 40))
            raise UnreadableFile(f"The XML says that its encoding is {shown}; save it as UTF-8.")

    def _document_type(self, *_about: object) -> None:
        raise self._refused(
            "it has a document type (DOCTYPE), which no export has and which may hide anything"
        )

    def _namespace(self, _prefix: str | None, uri: str | None) -> None:
        self.is_export = self.is_export or bool(EXPORT.fullmatch(uri or ""))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._remember_names(name, attributes)
        short = _short(name)
        self.path.append(short)
        depth = len(self.path)
        if depth > self.limits.xml_depth:
            raise self._refused(f"elements are nested more than {self.limits.xml_depth} deep")
        if depth == 1 and short != "rss":
            raise self._refused("it begins with no <rss>, so this is no WordPress export")
        if depth == len(ITEM) and self.path == ITEM:
            self._begin_item()
        elif self._is_wanted(short, depth):
            self.text, self.text_depth = [], depth
            self.domain = attributes.get("domain", "")

    def _remember_names(self, name: str, attributes: dict[str, str]) -> None:
        if name not in self.names or attributes:
            self.names.update((name, *attributes))
            if len(self.names) > MOST_NAMES:
                raise self._refused(f"it has more than {MOST_NAMES:,} different names of tags and attributes")

    def _is_wanted(self, name: str, depth: int) -> bool:
        """Whether the text of the element that just began is one to keep."""
        if self.text is not None:
            return False
        if self.item is None:
            return depth == len(ITEM) and self.path[:-1] == ITEM[:-1] and name in CHANNEL_TEXTS
        if self.item.too_long:
            return False
        if depth == len(ITEM) + 1:
            return name in ITEM_TEXTS
        return depth == len(ITEM) + 2 and self.path[-2] == META and name in META_TEXTS

    def _characters(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def _end(self, _name: str) -> None:
        depth = len(self.path)
        name = self.path.pop()
        if self.text is not None and depth == self.text_depth:
            text, self.text = "".join(self.text), None
            self._keep(name, text, depth)
        elif self.item is not None and depth == len(ITEM) + 1 and name == META:
            self._keep_row(self.item)
        elif self.item is not None and depth == len(ITEM):
            self._end_item(self.item)

    # --- what is made of it -------------------------------------------------------------------------------------------

    def _begin_item(self) -> None:
        site = next((self.channel[name] for name in _SITE_NAMES if self.channel.get(name)), "")
        self.count += 1
        self.item = Item(self.expat.CurrentLineNumber, self.count, site)
        self.window.mark_at(self.expat.CurrentByteIndex)

    def _keep(self, name: str, text: str, depth: int) -> None:
        if self.item is None:
            self.channel.setdefault(name, text[: rules.MOST_SHORT_CHARACTERS].strip())
        elif depth > len(ITEM) + 1:
            self.row.setdefault(name, text)
        elif name == CATEGORY:
            self.item.categories.append((self.domain, text))
        else:
            self.item.texts.setdefault(name, text)

    def _keep_row(self, item: Item) -> None:
        row, self.row = self.row, {}
        if row.get("wp:meta_key"):
            item.meta.append((row["wp:meta_key"], row.get("wp:meta_value", "")))

    def _end_item(self, item: Item) -> None:
        if self.expat.CurrentByteIndex - self.window.mark > self.limits.line_bytes:
            self._give_up_item()
        most = rules.KEPT_OF_TOO_LONG if item.too_long else self.limits.line_bytes
        item.raw = self.window.marked(self.expat.CurrentByteIndex, most)
        self.done.append(item)
        self.item = None

    def _give_up_item(self) -> None:
        """The item is too long: nothing of it is kept but how it begins."""
        if self.item is None or self.item.too_long:
            return
        self.item.too_long = True
        self.item.texts, self.item.meta, self.item.categories = {}, [], []
        self.text, self.row = None, {}


_SITE_NAMES = ("wp:base_blog_url", "wp:base_site_url", "link")


class _Window:
    """The bytes of the file from where an item begins, so that it can be given as it stood."""

    def __init__(self) -> None:
        self.data, self.end, self.mark = bytearray(), 0, 0

    def append(self, block: bytes) -> None:
        self.data += block
        self.end += len(block)

    def forget(self) -> None:
        self.data.clear()

    def mark_at(self, position: int) -> None:
        # Counted from the end: what was shortened is missing before it.
        del self.data[: len(self.data) - (self.end - position)]
        self.mark = position

    def shorten(self, most: int) -> None:
        del self.data[most:]

    def marked(self, position: int, most: int) -> str:
        """What stands from the mark to the end of the tag at a position, but not more than so many bytes."""
        end = self.data.find(b">", position - self.mark) + 1
        return self.data[: min(end or len(self.data), most)].decode(errors="replace")


@lru_cache(maxsize=1024)
def _short(name: str) -> str:
    """The name of an element with the prefix that exports usually give it, whatever prefix this one has."""
    uri, _, local = name.rpartition(" ")
    export = EXPORT.fullmatch(uri)
    if export:
        return f"{'excerpt' if export[1] else 'wp'}:{local}"
    return PREFIXES.get(uri, UNKNOWN_PREFIX) + local
