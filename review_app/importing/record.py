"""What an import is made of: a record as read, a record as judged, a refusal, a warning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

MOST_HASH_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as a reader found it, before any value in it is judged.

    `line` is where it begins in the file and `item` its number among the records, both from 1. `fields` nests as JSON
    Lines does, whatever the format, and has no body. `raw` is the original text. `remarks` are pairs of a field and a
    message, of the reader's own. `fallback_id` is what the article is called if no field tells its `source_id`;
    where there is none `why_nameless` may be the field that is to blame, by the name it has in the file, and the reason.
    """

    line: int
    item: int
    fields: dict[str, Any]
    body_html: str
    raw: str
    remarks: tuple[tuple[str, str], ...] = ()
    fallback_id: str | None = None
    why_nameless: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that did not get in: where, which field (empty if it is the whole record), and why in plain words."""

    line: int
    item: int
    field: str
    reason: str
    raw: str
    source_id: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that is none of ours to import (a menu item of a site, say), and why; it is counted as skipped."""

    line: int
    item: int
    reason: str
    source_id: str | None = None


@dataclass(frozen=True, slots=True)
class RecordWarning:
    """Something about a record that was taken all the same."""

    line: int
    source_id: str | None
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record that may become an article.

    Scores are 0..100 or None (not scored). `flags` are as imported, but `needs_human_review` among them is what holds
    here. `meta` is everything that was imported but the body. `content_digest` (hex SHA-256) covers all of it and the
    body as it came, `text_digest` what an approval holds for: title, excerpt and sanitised body, every word that the public would
    read.
    """

    line: int
    item: int
    source_id: str
    title: str
    excerpt: str
    topic: str
    primary_stack: str
    difficulty: str
    code_language: str
    reading_minutes: int | None
    view_count: int | None
    quality: int | None
    freshness: int | None
    depth: int | None
    clarity: int | None
    revision_status: str
    revision_version: str
    last_reviewed_on: date | None
    needs_human_review: bool
    flags: dict[str, bool]
    meta: dict[str, Any]
    body_html: str
    plain_text: str
    word_count: int
    image_count: int
    content_digest: str
    text_digest: str
    warnings: tuple[RecordWarning, ...]
    raw: str

    @property
    def source_hash(self) -> str:
        """The source's own hash of the content, if it gives one; else the digest of the text."""
        given = self.meta.get("hash")
        return given[:MOST_HASH_CHARACTERS] if isinstance(given, str) and given.strip() else self.text_digest
