"""Full-text search over title, topic and text: FTS5 on SQLite, a tsvector with a GIN index on PostgreSQL.

The index is a table `article_search` that only this module and its migration know; it is written with the article.

A search is words that must all stand there, the last one as a beginning; `"two words"` must stand side by side, and what
begins with `-` must not stand there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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


ITEM = re.compile(r'(?<!\S)(-?)"([^"]*)"|(\S+)')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand side by side. `left_out` if they must not; `begins` if the last one is only the beginning of a word."""

    words: tuple[str, ...]
    left_out: bool = False
    begins: bool = False


def terms_of(query: str) -> list[Term]:
    """What a search asks for, of at most `MOST_WORDS` words; other punctuation means nothing."""
    found: list[Term] = []
    for minus, phrase, bare in ITEM.findall(query.lower()):
        left_out = bool(minus) or bare.startswith("-")
        words = WORD.findall(phrase or bare)
        whole = bool(phrase) or left_out
        found += [Term(tuple(words), left_out)] if whole and words else [Term((word,)) for word in words]
    found = _few(found)
    if found and not found[-1].left_out and not query.rstrip().endswith('"'):
        found[-1] = Term(found[-1].words, begins=True)
    return found


def _few(terms: Sequence[Term]) -> list[Term]:
    """Those that fit into `MOST_WORDS`."""
    left, kept = MOST_WORDS, []
    for term in terms:
        words = term.words[:left]
        left -= len(words)
        kept += [Term(words, term.left_out)] if words else []
    return kept


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
    """The condition that an article has what `query` asks for; None if it asks for no word."""
    terms = terms_of(query)
    wanted = [term for term in terms if not term.left_out]
    unwanted = [term for term in terms if term.left_out]
    if not terms:
        return None
    if not wanted:
        return Article.id.not_in(_found(session, unwanted, [], either=True))
    return Article.id.in_(_found(session, wanted, unwanted))


def title_matches(session: Session, query: str, most: int) -> ColumnElement[bool] | None:
    """The condition that title or id have what `query` asks for; `most` articles at the most are looked at."""
    terms = terms_of(query)
    wanted = [term for term in terms if not term.left_out]
    if not wanted:
        return None
    unwanted = [term for term in terms if term.left_out]
    return Article.id.in_(_found(session, wanted, unwanted, titles=True).limit(most))


def _found(
    session: Session,
    wanted: Sequence[Term],
    unwanted: Sequence[Term],
    *,
    either: bool = False,
    titles: bool = False,
) -> Select[tuple[int]]:
    if session.get_bind().dialect.name == "sqlite":
        match = (" OR " if either else " AND ").join(map(_on_sqlite, wanted))
        match = f"({match})" + "".join(f" NOT {_on_sqlite(term)}" for term in unwanted)
        if titles:
            match = f"title : ({match})"
        return select(_sqlite_rows.c.rowid).where(
            _sqlite_rows.c.article_search.op("MATCH")(bindparam(None, match, unique=True))
        )
    match = (" | " if either else " & ").join(_on_postgresql(term, "A" if titles else "") for term in wanted)
    match = f"({match})" + "".join(f" & !{_on_postgresql(term)}" for term in unwanted)
    asked = text("to_tsquery('simple', :match)").bindparams(bindparam("match", match, unique=True))
    return select(_postgresql_rows.c.article_id).where(_postgresql_rows.c.document.op("@@")(asked))


def _on_sqlite(term: Term) -> str:
    return f'"{" ".join(term.words)}"' + ("*" if term.begins else "")


def _on_postgresql(term: Term, weight: str = "") -> str:
    """A term in the words of `to_tsquery`; `weight` is the letter of the part that it must stand in."""
    last = len(term.words) - 1
    labels = [("*" if term.begins and place == last else "") + weight for place in range(last + 1)]
    words = (f"{word}:{label}" if label else word for word, label in zip(term.words, labels, strict=True))
    return f"({' <-> '.join(words)})"
