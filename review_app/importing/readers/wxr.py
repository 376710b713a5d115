"""WordPress exports (WXR): posts and pages as records, their metadata rows as fields.

All is text in this format. Here only what PHP serialised becomes lists and groups again; which field a key is, and which
digits are a number, is for the mapping (`mapping.py`), since every site has keys of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from review_app.importing import rules
from review_app.importing.limits import DEFAULT_LIMITS, Limits, size
from review_app.importing.readers.php_values import BrokenValue, looks_serialised, unserialise
from review_app.importing.readers.reader import Found, UnreadableFile
from review_app.importing.readers.wxr_items import Item, items
from review_app.importing.record import RawRecord, Refusal, Skipped
from review_app.importing.shape import shown

name = "wxr"
suffix = "xml"
FRAME_BEGIN = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"
    xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
    xmlns:content="http://purl.org/rss/1.0/modules/content/"
    xmlns:wfw="http://wellformedweb.org/CommentAPI/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:wp="http://wordpress.org/export/1.2/">
<channel>
<wp:wxr_version>1.2</wp:wxr_version>
"""
FRAME_END = "</channel>\n</rss>\n"

# Atomic, or a head full of comments would be tried in every way to split it.
BEGINNING = re.compile(
    rb"(?>\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)*+<rss\b", re.DOTALL | re.IGNORECASE
)
EXPORT_MARK = re.compile(rb"https?://wordpress\.org/export/|<wp:wxr_version\b")

TAKEN_TYPES = frozenset({"post", "page"})
TAKEN_STATUSES = frozenset({"publish", "draft", "pending", "private", "future"})
WHY_NOT = {
    "trash": "is in the trash",
    "auto-draft": "is an empty draft that WordPress saved by itself",
    "inherit": "is a part of another one",
}
NO_DATE = "0000-00-00 00:00:00"
OWN_FIELDS = frozenset({"title", "excerpt", rules.BODY, "wordpress"})
"""What an item itself says; a metadata row of such a name is kept beside it, under `wordpress.meta`."""

ABOUT = {
    "guid": "guid",
    "link": "link",
    "slug": "wp:post_name",
    "status": "wp:status",
    "type": "wp:post_type",
    "author": "dc:creator",
}
DATES = {
    "date": "wp:post_date",
    "date_gmt": "wp:post_date_gmt",
    "modified": "wp:post_modified",
    "modified_gmt": "wp:post_modified_gmt",
}
TERMS = {"category": "categories", "post_tag": "tags"}

BLOCK_MARKUP = re.compile(
    r"</?(?:p|div|section|article|h[1-6]|[uod]l|li|d[td]|pre|blockquote|figure|table|t[rdh]|hr|address|details|form)\b",
    re.IGNORECASE,
)
BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
LINE_BREAKS = ("<br>", "<br/>", "<br />")


def recognises(head: bytes) -> bool:
    """Whether the first element is `<rss>`, after comments and the like, and the head speaks of WordPress's export."""
    return BEGINNING.match(head) is not None and EXPORT_MARK.search(head) is not None


def check(stream: BinaryIO, limits: Limits) -> None:
    """Read all of the file: XML that breaks off, is broken anywhere or is no export must leave nothing behind."""
    for _ in items(stream, limits):
        pass


def read(stream: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Iterator[Found]:
    """One record, refusal or skipped one for each item. Where the XML ends to be sound there is one refusal more."""
    number = 0
    try:
        for item in items(stream, limits):
            number = item.number
            yield _found(item, limits)
    except UnreadableFile as error:
        yield Refusal(0, number + 1, "", error.reason, "")


def again(raws: Iterable[str]) -> Iterator[tuple[int, str]]:
    """One file, with the items in the frame that they need."""
    begun = False
    for raw in raws:
        yield 1, raw + "\n" if begun else FRAME_BEGIN + raw + "\n"
        begun = True
    if begun:
        yield 1, FRAME_END


def _found(item: Item, limits: Limits) -> Found:
    if item.too_long:
        most = size(limits.line_bytes)
        return _refusal(item, "", f"The item is longer than {most}; only its beginning is kept.")
    kind, status = item.texts.get("wp:post_type", "").strip(), item.texts.get("wp:status", "").strip()
    if not kind or not status:
        missing = "wp:status" if kind else "wp:post_type"
        return _refusal(
            item, missing, f"{missing} is missing: nothing tells whether the item is to be imported."
        )
    why_not = _why_not(kind, status)
    return Skipped(item.line, item.number, f"{_named(item)} {why_not}.") if why_not else _record(item, limits)


def _refusal(item: Item, field: str, reason: str) -> Refusal:
    return Refusal(item.line, item.number, field, reason, item.raw)


def _why_not(kind: str, status: str) -> str:
    if kind not in TAKEN_TYPES:
        return f"is neither post nor page, but of the type {_word(kind)}"
    if status not in TAKEN_STATUSES:
        return WHY_NOT.get(status, f"has the status {_word(status)}, which is none of those that are taken")
    return ""


def _word(text: str) -> str:
    return rules.one_line(rules.shortened(text, 60))


def _named(item: Item) -> str:
    title = _word(item.texts.get("title", ""))
    number = _word(item.texts.get("wp:post_id", ""))
    return f"Item {number} of the site, “{title}”," if title else f"Item {number} of the site"


def _record(item: Item, limits: Limits) -> RawRecord:
    wordpress = _about(item)
    fields: dict[str, Any] = {"title": item.texts.get("title", "")}
    excerpt = item.texts.get("excerpt:encoded", "")
    if excerpt.strip():
        fields["excerpt"] = excerpt
    rows, remarks = _meta(item, limits)
    own = {key: rows.pop(key) for key in OWN_FIELDS & rows.keys()}
    if own:
        wordpress["meta"] = dict(sorted(own.items()))
    fields |= rows
    fields["wordpress"] = wordpress
    body = with_paragraphs(item.texts.get("content:encoded", ""))
    own_id = _own_id(str(wordpress["site"]), wordpress.get("post_id"))
    why_none = None if own_id else _why_nameless(item, wordpress.get("post_id"))
    return RawRecord(item.line, item.number, fields, body, item.raw, tuple(remarks), own_id, why_none)


# --- metadata ---------------------------------------------------------------------------------------------------------


def _meta(item: Item, limits: Limits) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The metadata rows by key, and remarks: of rows of one key the first is what WordPress shows."""
    rows: dict[str, Any] = {}
    remarks: dict[str, str] = {}
    for key, text in item.meta:
        if key not in rows:
            rows[key], why_broken = _value(text, limits)
            if why_broken:
                remarks[key] = f"{key} looks serialised by PHP, but is broken: {why_broken}. Kept as text."
        elif not key.startswith("_"):
            remarks.setdefault(key, f"{key} stands twice; the first one is taken, as WordPress does.")
    return rows, list(remarks.items())


def _value(text: str, limits: Limits) -> tuple[Any, str]:
    if not looks_serialised(text):
        return text, ""
    try:
        return unserialise(text, limits.json_depth), ""
    except BrokenValue as broken:
        return text, broken.reason


# --- what WordPress knows of it ---------------------------------------------------------------------------------------


def _about(item: Item) -> dict[str, Any]:
    """What publishing needs later, and what tells a reader where the article stood; what says nothing is left out."""
    texts = {key: value.strip() for key, value in item.texts.items()}
    about: dict[str, Any] = {"site": _site(item)}
    number = rules.count_or_text(texts.get("wp:post_id", ""))
    about |= {"post_id": number} if number != "" else {}
    about |= {key: texts[name] for key, name in ABOUT.items() if texts.get(name)}
    about |= {
        key: texts[name] for key, name in DATES.items() if texts.get(name, NO_DATE) not in {"", NO_DATE}
    }
    terms: dict[str, list[str]] = {}
    for domain, term in item.categories:
        terms.setdefault(domain, []).append(term)
    about |= {field: terms.pop(domain) for domain, field in TERMS.items() if domain in terms}
    return about | ({"terms": terms} if terms else {})


def _site(item: Item) -> str:
    """The address of the site. The guid is asked last, for it keeps the old one when a site moves."""
    return item.site.rstrip("/") or _origin(item.texts.get("guid", "").strip())


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} and parts.netloc else ""


def _own_id(site: str, post_id: object) -> str | None:
    """What a post is called that has no `source_id`: `example.com:12`, or `example.com_blog:12` of a site in a folder.

    An address whose letters no `source_id` may have is told by its SHA-256 instead.
    """
    address = site.partition("://")[2].rpartition("@")[2].strip("/").replace("/", "_")
    if not address or not isinstance(post_id, int):
        return None
    plain = f"{address.lower()}:{post_id}"
    if rules.SOURCE_ID.fullmatch(plain):
        return plain
    return f"site-{hashlib.sha256(address.encode(errors='surrogatepass')).hexdigest()[:12]}:{post_id}"


def _why_nameless(item: Item, post_id: object) -> tuple[str, str]:
    """The field of the export for which a post has no name, and why; said only if no metadata row has a `source_id`."""
    beside = "and the post has no source_id"
    if post_id is None:
        return "wp:post_id", f"wp:post_id is missing, {beside}"
    if not isinstance(post_id, int):
        return "wp:post_id", f"wp:post_id is {shown(post_id)} and no whole number, {beside}"
    if item.site:
        return "link", f"The link of the site is {shown(item.site)} and no address, {beside}"
    return "link", f"The export names no site (link, wp:base_site_url, wp:base_blog_url), {beside}"


# --- text -------------------------------------------------------------------------------------------------------------


def with_paragraphs(html: str) -> str:
    """Text that knows no blocks, as WordPress's old editor stores it: blank lines part paragraphs, others are breaks.

    As WordPress itself does when it shows a post; a text with any block of its own is left as it is.
    """
    if BLOCK_MARKUP.search(html):
        return html
    parts = [part for part in BLANK_LINES.split(html.strip()) if part]
    return "\n".join(part if _is_comment(part) else f"<p>{_with_breaks(part)}</p>" for part in parts)


def _is_comment(part: str) -> bool:
    return part.startswith("<!--") and part.endswith("-->") and part.count("<!--") == 1


def _with_breaks(part: str) -> str:
    lines = [line.rstrip() for line in part.split("\n")]
    ended = [line if line.lower().endswith(LINE_BREAKS) else f"{line}<br>" for line in lines[:-1]]
    return "\n".join([*ended, lines[-1]])
