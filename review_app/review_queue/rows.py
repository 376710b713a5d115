"""What a row of the queue tells besides the article itself: words found, repetition, length; read once for a whole page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review_app.articles.highlights import READ, Highlighter, Piece
from review_app.articles.models import Article, ArticleBody
from review_app.evidence.models import ArticleEvidence
from review_app.review_queue.models import Claim
from review_app.review_queue.queries import QueueRow
from review_app.review_queue.rules import Column


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row as the list shows it. `excerpt` is where the words searched for stand, if there are any."""

    article: Article
    claim: Claim | None
    title: Sequence[Piece]
    excerpt: Sequence[Piece]
    words: int | None
    repeated: int | None


def shown(
    session: Session, rows: Sequence[QueueRow], columns: Collection[Column], query: str
) -> list[ShownRow]:
    """The rows of a page with all that these columns need. At most three statements."""
    ids = [row.article.id for row in rows]
    marks = Highlighter(query)
    texts = texts_of(session, ids) if marks else {}
    words = _words(session, ids) if Column.WORDS in columns else {}
    repeated = _repeated(session, ids) if Column.REPEATED in columns else {}
    return [
        ShownRow(
            row.article,
            row.claim,
            marks.pieces(row.article.title),
            marks.snippet(texts.get(row.article.id, "")) or marks.pieces(row.article.excerpt),
            words.get(row.article.id),
            repeated.get(row.article.id),
        )
        for row in rows
    ]


def texts_of(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """As much of the plain texts as is looked through for the words of a search."""
    text = func.substr(ArticleBody.plain_text, 1, READ)
    return dict(
        session.execute(select(ArticleBody.article_id, text).where(ArticleBody.article_id.in_(ids))).all()
    )


def _words(session: Session, ids: Sequence[int]) -> dict[int, int]:
    query = select(ArticleBody.article_id, ArticleBody.word_count)
    return dict(session.execute(query.where(ArticleBody.article_id.in_(ids))).all())


def _repeated(session: Session, ids: Sequence[int]) -> dict[int, int]:
    query = select(ArticleEvidence.article_id, ArticleEvidence.repeated)
    return dict(session.execute(query.where(ArticleEvidence.article_id.in_(ids))).all())
