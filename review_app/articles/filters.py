"""The filters that the queue, the list of articles and the API share, as they stand in an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Select
from sqlalchemy.orm import Session

from review_app.articles.models import Article, ArticleFlag
from review_app.articles.rules import RevisionStatus
from review_app.articles.search import matches
from review_app.base.errors import Invalid

PLAIN = {
    "stack": Article.primary_stack,
    "topic": Article.topic,
    "difficulty": Article.difficulty,
    "code_language": Article.code_language,
}
LABELS = {
    "q": "Search",
    "stack": "Stack",
    "topic": "Topic",
    "difficulty": "Difficulty",
    "code_language": "Code language",
    "flag": "Flag",
    "status": "Status",
    "batch": "Import",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What to look for; empty means anything."""

    q: str = ""
    stack: str = ""
    topic: str = ""
    difficulty: str = ""
    code_language: str = ""
    flag: str = ""
    status: str = ""
    batch: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Filters:
        """Read them from an address. Raises `Invalid` for a value that cannot be meant."""
        found = cls(**{name: values.get(name, "").replace("\0", "").strip()[:500] for name in LABELS})
        if found.status and found.status not in set(RevisionStatus):
            raise Invalid(
                "That status is not known.", {"status": [f"must be one of: {', '.join(RevisionStatus)}"]}
            )
        if found.batch and not (found.batch.isascii() and found.batch.isdigit() and len(found.batch) < 19):
            raise Invalid("That import is not known.", {"batch": ["must be the number of an import"]})
        return found

    def active(self) -> dict[str, str]:
        """Those that are set, by name."""
        return {name: value for name, value in asdict(self).items() if value}

    def query(self, **more: Any) -> str:
        """The query string that leads back here, with `?`, or nothing."""
        values = self.active() | {name: value for name, value in more.items() if value not in (None, "")}
        return "?" + urlencode(values) if values else ""

    def chips(self, path: str) -> list[tuple[str, str]]:
        """Each active filter in words, with the address that drops it."""
        active = self.active()
        return [
            (f"{LABELS[name]}: {value.replace('_', ' ')}", path + Filters(**(active | {name: ""})).query())
            for name, value in active.items()
        ]

    def apply(self, session: Session, query: Select[Any]) -> Select[Any]:
        """Narrow a query over articles."""
        for name, column in PLAIN.items():
            if value := getattr(self, name):
                query = query.where(column == value)
        if self.flag:
            query = query.join(ArticleFlag, ArticleFlag.article_id == Article.id)
            query = query.where(ArticleFlag.name == self.flag, ArticleFlag.value)
        if self.status:
            query = query.where(Article.revision_status == self.status)
        if self.batch:
            query = query.where(Article.batch_id == int(self.batch))
        condition = matches(session, self.q) if self.q else None
        return query if condition is None else query.where(condition)
