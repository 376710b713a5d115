"""New articles, many at once: plain rows for every table an article stands in, without an object for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from review_app.articles.markup import SANITISER_VERSION
from review_app.articles.models import Article, ArticleBody, ArticleFlag, ArticleMeta
from review_app.articles.ordering import place_new
from review_app.articles.rules import SETTLED
from review_app.articles.search import index_new_articles
from review_app.base.database import insert_rows


@dataclass(frozen=True, slots=True)
class NewArticle:
    """An article that does not exist yet. `columns` are those of `article` but its id, its place and what an approval sets."""

    columns: dict[str, Any]
    html: str
    plain_text: str
    word_count: int
    image_count: int
    meta: dict[str, Any]
    flags: dict[str, bool]


def insert_articles(session: Session, articles: Sequence[NewArticle]) -> list[int]:
    """Write new articles and make them findable; gives their ids. None of them is approved, indexable or decided.

    The caller has made sure, under a lock, that no other transaction takes ids or these source ids meanwhile.
    """
    if any(article.columns["revision_status"] in SETTLED for article in articles):
        raise ValueError("only a person settles an article")
    if not articles:
        return []
    ids = _fresh_ids(session, len(articles))
    numbered = list(zip(ids, articles, strict=True))
    place_new(session, [article.columns for article in articles])
    never = {
        "indexable": False,
        "published_version": None,
        "published_digest": None,
        "decided_at": None,
        "decided_digest": None,
        "affirmed": False,
        "row_version": 1,
    }
    insert_rows(session, Article, [{"id": id_, **new.columns, **never} for id_, new in numbered])
    insert_rows(session, ArticleBody, [_body(id_, new) for id_, new in numbered])
    insert_rows(session, ArticleMeta, [_meta(id_, new) for id_, new in numbered])
    flags = [(id_, name, value) for id_, new in numbered for name, value in new.flags.items()]
    insert_rows(
        session, ArticleFlag, [{"article_id": i, "name": name, "value": value} for i, name, value in flags]
    )
    index_new_articles(session, [(id_, new.columns, new.plain_text) for id_, new in numbered])
    return ids


def _body(article_id: int, new: NewArticle) -> dict[str, Any]:
    return {
        "article_id": article_id,
        "html": new.html,
        "plain_text": new.plain_text,
        "word_count": new.word_count,
        "image_count": new.image_count,
        "sanitiser_version": SANITISER_VERSION,
    }


def _meta(article_id: int, new: NewArticle) -> dict[str, Any]:
    status = new.columns["revision_status"]
    return {"article_id": article_id, "imported": new.meta, "imported_status": status}


def _fresh_ids(session: Session, count: int) -> list[int]:
    if session.get_bind().dialect.name == "sqlite":  # its one writer holds the database
        last = session.scalar(select(func.max(Article.id))) or 0
        return list(range(last + 1, last + 1 + count))
    query = text("SELECT nextval(pg_get_serial_sequence('article', 'id')) FROM generate_series(1, :count)")
    return list(session.scalars(query, {"count": count}))
