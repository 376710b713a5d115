"""What belongs to the demo data."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.importing.models import ImportBatch, ImportRow


def demo_is_loaded(session: Session) -> bool:
    """Whether the demo data are there."""
    return session.scalar(demo_batches().limit(1)) is not None


def demo_batches() -> Select[int]:
    """The imports that brought them, by id, the oldest first."""
    return select(ImportBatch.id).where(ImportBatch.is_demo).order_by(ImportBatch.id)


def of_demo_import() -> ColumnElement[bool]:
    """The condition that a demo import wrote the article last; enough, and quicker, while only those are told of."""
    return Article.batch_id.in_(demo_batches())


def is_demo_article() -> ColumnElement[bool]:
    """The condition that a demo import brought the article, whoever has imported it again since."""
    brought = select(ImportRow.source_id).where(ImportRow.batch_id.in_(demo_batches()))
    return of_demo_import() | Article.source_id.in_(brought)


def count_waiting(session: Session) -> int:
    """How many demo articles wait for a person."""
    return session.scalar(select(func.count()).where(Article.awaiting_review, of_demo_import())) or 0
