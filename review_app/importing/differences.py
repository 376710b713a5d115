"""What a record changes of an article, field by field, for the preview of a dry run and for the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from review_app.articles.models import Article
from review_app.importing.record import Record
from review_app.importing.rules import shortened

MOST_SHOWN_CHARACTERS = 300
MOST_FIELDS_SHOWN = 50
COLUMNS = ("title", "excerpt", "topic", "primary_stack", "difficulty", "code_language", "view_count")
NOT_AGAIN = {"title", "excerpt", "topic", "difficulty", "code_language", "view_count"}
"""Metadata that stands in a column of its own."""


def differences(article: Article, record: Record) -> list[dict[str, str]]:
    """The fields that differ, each with its name, `before` and `after` as short texts; at most 50."""
    found = [
        {"name": name, "before": _shown(before), "after": _shown(after)}
        for name, before, after in _compared(article, record)
        if before != after
    ]
    return found[:MOST_FIELDS_SHOWN]


def _compared(article: Article, record: Record) -> Iterator[tuple[str, Any, Any]]:
    for name in COLUMNS:
        yield name, getattr(article, name), getattr(record, name)
    yield "text", article.body.plain_text, record.plain_text
    yield "markup", article.body.html, record.body_html
    old, new = _flat(article.meta.imported), _flat(record.meta)
    for name in [*old, *(name for name in new if name not in old)]:
        yield name, old.get(name), new.get(name)


def _flat(meta: dict[str, Any]) -> dict[str, Any]:
    """One level of groups unfolded, so that one score that changed does not show all four."""
    flat: dict[str, Any] = {}
    for name, value in meta.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": part for inner, part in value.items()}
        elif name not in NOT_AGAIN:
            flat[name] = value
    return flat


def _shown(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shortened(text, MOST_SHOWN_CHARACTERS)
