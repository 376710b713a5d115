"""Full-text search over title, topic and text: FTS5 on SQLite, a tsvector with a GIN index on PostgreSQL.

The index is a table `article_search` that only this module and its migration know; it is written with the article.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, text
from sqlalchemy import table as table_clause
from sqlalchemy.orm import Session
from sqlalchemy.sql import column, select

from review_app.articles.models import Article

WORD = re.compile(r"[^\W_]+", re.UNICODE)
MOST_WORDS = 12

_sqlite_rows = table_clause("article_search", column("rowid"), column("article_search"))
_postgresql_rows = table_clause("article_search", column("article_id"), column("document"))


def words_of(query: str) -> list[str]:
    """The words of a search, at most `MOST_WORDS`; punctuation means nothing."""
    return WORD.findall(query.lower())[:MOST_WORDS]


INSERT_ON_SQLITE = text(
    "INSERT INTO article_search (rowid, title, topic, body) VALUES (:id, :title, :topic, :body)"
)
INSERT_ON_POSTGRESQL = text(
    "INSERT INTO article_search (article_id, document) VALUES (:id, "
    "setweight(to_tsvector('simple', :title), 'A') || setweight(to_tsvector('simple', :topic), 'B') "
    "|| to_tsvector('simple', left(:body, 500000))) "
    "ON CONFLICT (article_id) DO UPDATE SET document = excluded.document"
)


def index_article(session: Session, article: Article, plain_text: str) -> None:
    """Write, or write again, what can be found of an article."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("DELETE FROM article_search WHERE rowid = :id"), {"id": article.id})
    columns = {"title": article.title, "source_id": article.source_id, "topic": article.topic}
    index_new_articles(session, [(article.id, columns, plain_text)])


def index_new_articles(session: Session, articles: Iterable[tuple[int, Mapping[str, Any], str]]) -> None:
    """Write what can be found of articles that the index does not have: id, columns, plain text of each."""
    values = [
        {
            "id": article_id,
            "title": f"{columns['title']} {columns['source_id']}",
            "topic": columns["topic"],
            "body": plain_text,
        }
        for article_id, columns, plain_text in articles
    ]
    sqlite = session.get_bind().dialect.name == "sqlite"
    session.execute(INSERT_ON_SQLITE if sqlite else INSERT_ON_POSTGRESQL, values)


def forget_articles(session: Session, article_ids: list[int]) -> None:
    """Take articles out of the index. On PostgreSQL the foreign key does it."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(delete(_sqlite_rows).where(_sqlite_rows.c.rowid.in_(article_ids)))


def matches(session: Session, query: str) -> ColumnElement[bool] | None:
    """The condition that an article has all words of `query`, the last one as a beginning; None if it has no word."""
    words = words_of(query)
    if not words:
        return None
    return Article.id.in_(_found(session, words))


def title_matches(session: Session, query: str, most: int) -> ColumnElement[bool] | None:
    """The condition that title or id have all words of `query`; `most` articles at the most are looked at."""
    words = words_of(query)
    return Article.id.in_(_found(session, words, titles=True).limit(most)) if words else None


def _found(session: Session, words: list[str], *, titles: bool = False) -> Select[tuple[int]]:
    if session.get_bind().dialect.name == "sqlite":
        match = " ".join(f'"{word}"' for word in words) + "*"
        if titles:
            match = f"title : ({match})"
        return select(_sqlite_rows.c.rowid).where(
            _sqlite_rows.c.article_search.op("MATCH")(bindparam(None, match, unique=True))
        )
    match = ":A & ".join(words) + ":*A" if titles else " & ".join(words) + ":*"
    return select(_postgresql_rows.c.article_id).where(
        _postgresql_rows.c.document.op("@@")(text("to_tsquery('simple', :match)").bindparams(match=match))
    )
