"""An article as it stands, whole, as JSON; and an article put back to how it stood."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from review_app.articles.actions import State, began_to_wait, set_state
from review_app.articles.models import Article, ArticleFlag

COLUMNS = (
    "title",
    "excerpt",
    "topic",
    "primary_stack",
    "difficulty",
    "code_language",
    "reading_minutes",
    "view_count",
    "needs_human_review",
    "content_digest",
    "text_digest",
    "source_hash",
    "batch_id",
)
TEXT = ("html", "plain_text", "word_count", "image_count", "sanitiser_version")


def snapshot(article: Article) -> dict[str, Any]:
    """All that an import can change of an article that was loaded with text, metadata and flags."""
    return {
        "columns": {name: getattr(article, name) for name in COLUMNS},
        "text": {name: getattr(article.body, name) for name in TEXT},
        "meta": article.meta.imported,
        "imported_status": article.meta.imported_status,
        "flags": {flag.name: flag.value for flag in article.flags},
        "state": State.of(article).as_json(),
        "row_version": article.row_version,
    }


def put_back(article: Article, before: dict[str, Any], now: datetime) -> None:
    """Give an article, loaded whole, what the snapshot says.

    An approval comes back with the text that it was given for; unless the public has read that text all the while, it is
    published anew from there.
    """
    for name, value in before["columns"].items():
        setattr(article, name, value)
    for name, value in before["text"].items():
        setattr(article.body, name, value)
    article.meta.imported, article.meta.imported_status = before["meta"], before["imported_status"]
    take_flags(article, before["flags"])
    state = State.from_json(before["state"])
    if article.published_digest != state.published_digest:
        state = replace(state, published_version=None, published_digest=None)
    if state.awaiting_review and not article.awaiting_review:
        state = replace(state, **began_to_wait(now))
    set_state(article, state, now)


def take_flags(article: Article, flags: dict[str, bool]) -> None:
    """Let an article have these flags and no others."""
    kept = {flag.name: flag for flag in article.flags}
    for name, value in flags.items():
        if name in kept:
            kept[name].value = value
        else:
            article.flags.append(ArticleFlag(name=name, value=value))
    for name in set(kept) - set(flags):
        article.flags.remove(kept[name])
