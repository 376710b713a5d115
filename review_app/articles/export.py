"""Articles as CSV, for spreadsheets: a cell must never act as a formula there."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any

from review_app.articles.models import Article
from review_app.articles.rules import SCORES
from review_app.base.csv import harmless

PLAIN = (
    "source_id",
    "title",
    "topic",
    "primary_stack",
    "difficulty",
    "code_language",
    "reading_minutes",
    *SCORES,
    "revision_status",
    "revision_version",
    "last_reviewed_on",
    "needs_human_review",
    "awaiting_review",
    "indexable",
    "published_version",
    "row_version",
    "imported_at",
    "updated_at",
)
COLUMNS: dict[str, Callable[[Article], Any]] = {
    "flags": lambda article: " ".join(sorted(flag.name for flag in article.flags if flag.value)),
    "synthetic_view_count": lambda article: article.view_count,
}
"""Columns that are not simply an attribute. The source says that its view counts are made up, so their name says it too."""


def header() -> str:
    """The first line."""
    return _line((*PLAIN, *COLUMNS))


def lines(articles: Iterable[Article]) -> str:
    """One line an article."""
    return "".join(_line(map(harmless, _values(article))) for article in articles)


def _values(article: Article) -> list[Any]:
    return [*(getattr(article, name) for name in PLAIN), *(column(article) for column in COLUMNS.values())]


def _line(cells: Iterable[str | int | float]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
