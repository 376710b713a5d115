"""A published article as the record that our importer reads: all that came with it, with the scores and words of the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from review_app.articles.models import Article
from review_app.articles.queries import Wording
from review_app.importing.echoes import PLACE, sound

BODY = "body"
FIRST = ("title", "excerpt", "topic", "score", "revision", "flags")
"""The order of what people look for; PostgreSQL keeps none."""


def record_of(article: Article, text: Wording, version: str, url: str) -> dict[str, Any]:
    """The article (read with its metadata) in the words that were approved, its text as HTML under `body`.

    Scores and revision are the desk's own, the rest is as it was imported. `url` is its public address, or empty.
    """
    imported = sound(article.meta.imported)
    record: dict[str, Any] = {
        **imported,
        "title": text.title,
        "excerpt": text.excerpt,
        "score": {**_group(imported, "score"), **_known(article.scores)},
        "revision": {**_group(imported, "revision"), **_revision(article)},
        PLACE: {"version": version, "slug": article.slug, **({"url": url} if url else {})},
    }
    record |= _known({"topic": text.topic or None, "reading_time": text.reading_minutes})
    if not imported.get("source_id"):
        record["payload"] = {**_group(imported, "payload"), "source_id": article.source_id}
    first = {name: record[name] for name in FIRST if name in record}
    return {**first, **record, BODY: text.html}


def withdrawn_record(source_id: str) -> dict[str, Any]:
    """What stands in an export for an article that the public could read once, and no longer can."""
    return {"source_id": source_id, "withdrawn": True}


def line(record: Mapping[str, Any]) -> bytes:
    """A record as one line of JSON Lines."""
    return msgspec.json.encode(record) + b"\n"


def _revision(article: Article) -> dict[str, str]:
    reviewed = article.last_reviewed_on
    revision = {"status": article.revision_status, "version": article.revision_version}
    return {**revision, "last_reviewed": reviewed.isoformat()} if reviewed else revision


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _group(imported: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = imported.get(name)
    return found if isinstance(found, Mapping) else {}
