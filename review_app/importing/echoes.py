"""Our own export, read again by the desk that it came from: what it adds to a record, and how it is known again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from review_app.articles.models import Article
from review_app.articles.rules import SCORES
from review_app.articles.sanitising import text_digest
from review_app.importing.record import Record

PLACE = "publication"
"""What an export adds to a record: where the article stands on our pages."""
OWN = frozenset({"title", "excerpt", "topic", "reading_time", "score", "revision", PLACE})
"""What an export says as the desk has it, and not as it was imported."""
REVISION = frozenset({"status", "version", "last_reviewed"})
TEXT_OF, READS_AS = "text_digest", "reads_as"
"""In a page of Markdown: digests of the HTML that it was made of, and of what the importer makes of it."""
MOST_WHOLE = 10**30
"""From here on a whole number is written as a fraction: PostgreSQL makes one of 1e300, and no import reads that many digits."""


def body_digest(html: str) -> str:
    """Of a text without its title."""
    return text_digest("", "", html)


def with_own_text(record: Record, article: Article) -> Record:
    """The record; if its Markdown is as it was exported, with the text that the desk has, for Markdown says less than HTML.

    Needs the article's body. Whoever changed the page, or has the desk changed its text since, brings another text.
    """
    place, body = record.meta.get(PLACE), article.body
    if not isinstance(place, Mapping) or place.get(READS_AS) != body_digest(record.body_html):
        return record
    if place.get(TEXT_OF) != body_digest(body.html):
        return record
    return replace(
        record,
        body_html=body.html,
        plain_text=body.plain_text,
        word_count=body.word_count,
        image_count=body.image_count,
        text_digest=text_digest(record.title, record.excerpt, body.html),
    )


def says_nothing_new(record: Record, article: Article) -> bool:
    """Whether a record is an export of the article just as it stands. Needs its metadata.

    It differs from what was imported by what people decided here, and by nothing else.
    """
    place = record.meta.get(PLACE)
    if not isinstance(place, Mapping) or place.get("slug") != article.slug:
        return False
    columns = ("text_digest", "topic", "reading_minutes", "revision_version", "last_reviewed_on", *SCORES)
    if any(getattr(record, name) != getattr(article, name) for name in columns):
        return False
    return stated_status(record) == article.revision_status and _rest(record.meta) == _rest(
        article.meta.imported
    )


def stated_status(record: Record) -> object:
    """The word of the record for its status, also if an import cannot set it."""
    return _group(record.meta, "revision").get("status")


def _rest(fields: Mapping[str, Any]) -> Any:
    return sound(
        {name: value for name, value in fields.items() if name not in OWN}
        | {
            name: {inner: value for inner, value in _group(fields, name).items() if inner not in own}
            for name, own in (("score", SCORES), ("revision", REVISION))
        }
    )


def sound(value: Any) -> Any:
    """Metadata as every database gives it back and every import can read it."""
    if isinstance(value, dict):
        return {name: sound(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [sound(inner) for inner in value]
    return float(value) if isinstance(value, int) and abs(value) >= MOST_WHOLE else value


def _group(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, Mapping) else {}
