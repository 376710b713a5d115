"""Whether a post there is the article that the desk means, and whether it holds the text that was approved.

Texts are compared as the import makes them, harmless and in one spelling: so block markup, and what WordPress does to a
text for a user who may not post any HTML (`&` becomes `&amp;`), are no difference.

What the desk itself wrote ends with a comment, the mark: whose article it is, and a digest of the text as it was written.
By the mark a post is found again whose number was never heard, and a text that somebody has changed there is never
overwritten.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any

from review_app.articles.markup import TooMuchMarkup, sanitise
from review_app.importing.readers.wxr import with_paragraphs
from review_app.importing.rules import one_line
from review_app.importing.sources.wordpress_record import PAYLOADS
from review_app.publishing.kinds.face import Content
from review_app.publishing.kinds.wordpress_rest import Post

MARK = re.compile(r"\s*<!-- (review-desk:[0-9a-f]{24}):([0-9a-f]{24}) -->\s*\Z")


def mark_of(content: Content) -> str:
    """What is searched for: which article it is, in one word."""
    return f"review-desk:{_digest(content.source_id)}"


def fields_of(post: Post | None, content: Content) -> dict[str, Any]:
    """The text as the desk writes it, as far as the post does not hold it."""
    text = f"{content.html}\n\n<!-- {mark_of(content)}:{_text_digest(content.title, content.html)} -->"
    fields = {"title": _as_text(content.title), "content": text, "excerpt": _as_text(content.excerpt)}
    held = {"excerpt": post.excerpt.raw, "title": post.title.raw} if post else {}
    return {name: value for name, value in fields.items() if held.get(name) != value}


def holds_text(post: Post, content: Content) -> bool:
    """Whether title and text are those that were approved."""
    if _title(post.title.raw) != _title(content.title):
        return False
    return _harmless(content.html) in _readings(post.content.raw)


def is_as_the_desk_wrote_it(post: Post, content: Content) -> bool:
    """Whether the desk wrote this text, of this or an earlier version of the article, and nobody has changed it since."""
    mark = MARK.search(post.content.raw)
    return (
        mark is not None
        and mark[1] == mark_of(content)
        and mark[2] == _text_digest(post.title.raw, post.content.raw)
    )


def is_the_article(post: Post, content: Content) -> bool:
    """Whether this post is the article, whatever text it holds now: by its guid, the desk's mark or the generator's own id.

    Without any of these only the very same text is proof.
    """
    mark = MARK.search(post.content.raw)
    if mark:
        return mark[1] == mark_of(content)
    guids = {unescape(guid) for guid in known_guids(content)}
    return (
        unescape(post.guid.raw) in guids
        or content.source_id in _own_ids(post.metadata)
        or holds_text(post, content)
    )


def known_guids(content: Content) -> list[str]:
    """By what its post can be confirmed: as it was last read there, and as it was imported."""
    guids = [content.remote.guid if content.remote else "", content.imported_from.get("guid")]
    return [guid for guid in guids if isinstance(guid, str) and guid]


def _own_ids(metadata: Mapping[str, Any]) -> Iterator[object]:
    for name in PAYLOADS:
        payload = metadata.get(name)
        if isinstance(payload, Mapping):
            yield payload.get("source_id")


def _readings(raw: str) -> list[str]:
    """A text as the sources read it: an export by its blank lines, the REST API as it stands."""
    raw = MARK.sub("", raw)
    return [_harmless(raw), _harmless(with_paragraphs(raw))]


def _harmless(html: str) -> str:
    try:
        return sanitise(html.replace("\r\n", "\n")).html.strip()
    except TooMuchMarkup:
        return html


def _as_text(text: str) -> str:
    """Titles and excerpts are HTML there. A lone `&` WordPress itself escapes when it shows them."""
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _title(text: str) -> str:
    return one_line(unescape(text))


def _text_digest(title: str, html: str) -> str:
    return _digest(f"{_title(title)}\0{_harmless(MARK.sub('', html))}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:24]
