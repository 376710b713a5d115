"""What is known of texts: which paragraphs stand where, how often, and what was measured of each article."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from review_app.base.database import Base

REPEATED = text("articles > 1")
UNFINISHED = text("state IN ('queued', 'running')")


class Paragraph(Base):
    """A paragraph of an article, by the digest of its normal form; once an article, however often it stands there."""

    __tablename__ = "paragraph"
    __table_args__ = (
        Index("ix_paragraph_digest_article_id", "digest", "article_id"),
        {"sqlite_with_rowid": False},
    )

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[int] = mapped_column(primary_key=True)


def _band_index(number: int) -> Index:
    filled = text(f"band_{number} IS NOT NULL")
    return Index(f"ix_passage_band_{number}", f"band_{number}", sqlite_where=filled, postgresql_where=filled)


class Passage(Base):
    """One text of a paragraph, wherever it stands: in how many articles, and its MinHash bands (`likeness.bands_of`).

    `articles` is kept by whoever writes `paragraph`, in the same transaction, so that no page ever counts. A short text
    has no bands.
    """

    __tablename__ = "passage"
    __table_args__ = (
        CheckConstraint("articles > 0", name="stands_somewhere"),
        Index("ix_passage_repeated", "articles", "digest", sqlite_where=REPEATED, postgresql_where=REPEATED),
        *map(_band_index, range(4)),
    )

    digest: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    articles: Mapped[int]
    band_0: Mapped[int | None]
    band_1: Mapped[int | None]
    band_2: Mapped[int | None]
    band_3: Mapped[int | None]


class ArticleEvidence(Base):
    """What was measured of an article, on which text, and the keys by which like titles are found.

    It holds as long as the article has this `text_digest` and the program measures in this `measure_version`.
    `paragraphs` counts the distinct ones, `shared` those of them that stand in another article too, and `repeated` is the
    one in percent of the other, rounded down. Whoever writes `paragraph` keeps them, for the other articles as well.
    """

    __tablename__ = "article_evidence"
    __table_args__ = (
        CheckConstraint("shared BETWEEN 0 AND paragraphs", name="shared"),
        CheckConstraint("repeated BETWEEN 0 AND 100", name="repeated"),
        Index("ix_article_evidence_repeated_article_id", "repeated", "article_id"),
        Index("ix_article_evidence_title_digest", "title_digest"),
        *(Index(f"ix_article_evidence_title_part_{number}", f"title_part_{number}") for number in range(3)),
    )

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    text_digest: Mapped[str]
    measure_version: Mapped[int]
    measured_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]
    paragraphs: Mapped[int]
    shared: Mapped[int]
    repeated: Mapped[int]
    title_digest: Mapped[int]
    title_part_0: Mapped[int | None]
    title_part_1: Mapped[int | None]
    title_part_2: Mapped[int | None]


class EvidenceRun(Base):
    """The measuring of one import's articles, or of all when `batch_id` is none; in the order of their ids.

    `position` is the last article that is done, so that a killed run goes on where it stopped. Whoever works on it holds
    `leased_by` until `lease_until`.
    """

    __tablename__ = "evidence_run"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'finished')", name="state"),
        Index("ix_evidence_run_unfinished", "id", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(default="queued")
    position: Mapped[int] = mapped_column(default=0)
    measured: Mapped[int] = mapped_column(default=0)
    leased_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
