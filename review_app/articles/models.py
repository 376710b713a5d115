"""The article, its text, and everything it was imported with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from review_app.accounts.models import User
from review_app.articles.rules import SCORES, Ranking, RevisionStatus
from review_app.base.database import Base

RANKINGS = ", ".join(f"'{ranking}'" for ranking in Ranking)
STATUSES = ", ".join(f"'{status}'" for status in RevisionStatus)
# SQLite uses a partial index only where the query says the same as its condition, and there SQLAlchemy says `= 1`.
WAITING, WAITING_ON_SQLITE = text("awaiting_review"), text("awaiting_review = 1")
INDEXABLE, INDEXABLE_ON_SQLITE = text("indexable"), text("indexable = 1")

SCORE_SUM = "coalesce(quality + freshness + depth + clarity, -1)"


def _queue_index(*columns: str) -> Index:
    name = "ix_article_queue" + "".join(f"_{column}" for column in columns)
    return Index(name, *columns, "queue_rank", "id", sqlite_where=WAITING_ON_SQLITE, postgresql_where=WAITING)


def _waiting_index(column: str) -> Index:
    """For an order of the queue other than the desk's."""
    return Index(
        f"ix_article_{column}", column, "id", sqlite_where=WAITING_ON_SQLITE, postgresql_where=WAITING
    )


class Article(Base):
    """One imported post, known for ever by its `source_id`.

    `queue_rank` orders the queue, lowest first, and says nothing else; `waiting_since` is when it began to wait, or last did.
    `row_version` is raised by every change, so that a page that has gone stale can be told. `text_digest` covers title,
    excerpt and text alone; `source_hash` tells the same content under two ids. The database makes `score_sum` of the four
    scores: 0..400, or -1 while one of them is missing.
    `decided_at` is the time of the person's decision that stands, if any, and `decided_digest` the text it was made on: an
    approval holds for just that text. `affirmed` says that a person has settled it and so stands behind all its scores and its
    status. The public reads `published_version`, whose text is that of `published_digest`.
    `ordering.py` sets `queue_rank` and `due_on` whenever an article is written; `ordered_by` and `due_by` are the versions of
    the policy that they follow, `due_by_hand` says that a lead chose the day.
    Setting `behind_since` puts it behind all others. `assigned_to_id` is whose next it comes to.
    """

    __tablename__ = "article"
    __table_args__ = (
        *(CheckConstraint(f"{score} BETWEEN 0 AND 100", name=score) for score in SCORES),
        CheckConstraint(f"revision_status IN ({STATUSES})", name="revision_status"),
        CheckConstraint("NOT indexable OR revision_status = 'approved'", name="indexable_only_if_approved"),
        CheckConstraint(
            "NOT indexable OR (decided_digest IS NOT NULL AND (awaiting_review OR decided_digest = text_digest))",
            name="indexable_text_is_known",
        ),
        CheckConstraint("published_version IS NULL OR indexable", name="published_only_if_indexable"),
        CheckConstraint(
            "(published_version IS NULL) = (published_digest IS NULL)", name="published_text_is_known"
        ),
        CheckConstraint(
            "NOT awaiting_review OR revision_status NOT IN ('rejected', 'archived')",
            name="settled_never_waits",
        ),
        CheckConstraint(
            "NOT awaiting_review OR revision_status <> 'approved' "
            "OR COALESCE(decided_digest, text_digest) <> text_digest",
            name="approved_waits_only_for_a_new_text",
        ),
        _queue_index(),
        _queue_index("primary_stack"),
        _queue_index("topic"),
        _queue_index("difficulty"),
        _queue_index("code_language"),
        _queue_index("revision_status"),
        _queue_index("batch_id"),
        _waiting_index("score_sum"),
        _waiting_index("waiting_since"),
        _waiting_index("due_on"),
        _waiting_index("ordered_by"),
        _queue_index("assigned_to_id"),
        Index("ix_article_revision_status_id", "revision_status", "id"),
        Index("ix_article_batch_id_id", "batch_id", "id"),
        Index("ix_article_source_hash", "source_hash"),
        Index("ix_article_awaiting_review_id", "awaiting_review", "id"),
        Index("ix_article_updated_at_id", "updated_at", "id"),
        Index("ix_article_indexable_id", "id", sqlite_where=INDEXABLE_ON_SQLITE, postgresql_where=INDEXABLE),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[str] = mapped_column(unique=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    excerpt: Mapped[str]
    topic: Mapped[str]
    primary_stack: Mapped[str]
    difficulty: Mapped[str]
    code_language: Mapped[str]
    reading_minutes: Mapped[int | None]
    view_count: Mapped[int | None] = mapped_column(BigInteger)
    quality: Mapped[int | None]
    freshness: Mapped[int | None]
    depth: Mapped[int | None]
    clarity: Mapped[int | None]
    score_sum: Mapped[int] = mapped_column(Computed(SCORE_SUM, persisted=True), nullable=True)
    revision_status: Mapped[str]
    revision_version: Mapped[str]
    last_reviewed_on: Mapped[date | None]
    needs_human_review: Mapped[bool]
    awaiting_review: Mapped[bool] = mapped_column(active_history=True)
    queue_rank: Mapped[int] = mapped_column(BigInteger)
    waiting_since: Mapped[datetime] = mapped_column(active_history=True)
    ordered_by: Mapped[int] = mapped_column(default=0)
    behind_since: Mapped[datetime | None]
    due_on: Mapped[date | None] = mapped_column(active_history=True)
    due_by: Mapped[int] = mapped_column(default=0, active_history=True)
    due_by_hand: Mapped[bool] = mapped_column(default=False)
    assigned_to_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    indexable: Mapped[bool] = mapped_column(default=False)
    published_version: Mapped[str | None]
    published_digest: Mapped[str | None]
    content_digest: Mapped[str]
    text_digest: Mapped[str]
    source_hash: Mapped[str | None]
    row_version: Mapped[int] = mapped_column(default=1)
    batch_id: Mapped[int | None]
    imported_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_digest: Mapped[str | None]
    affirmed: Mapped[bool] = mapped_column(default=False)

    assigned_to: Mapped[User | None] = relationship(lazy="raise")
    body: Mapped[ArticleBody] = relationship(back_populates="article", lazy="raise")
    meta: Mapped[ArticleMeta] = relationship(back_populates="article", lazy="raise")
    flags: Mapped[list[ArticleFlag]] = relationship(
        back_populates="article",
        lazy="raise",
        cascade="save-update, merge, delete, delete-orphan",
        passive_deletes=True,
    )

    @property
    def overall(self) -> int | None:
        """The mean of the four scores, rounded; None while one is missing."""
        return None if self.score_sum < 0 else round(self.score_sum / len(SCORES))

    @property
    def scores(self) -> dict[str, int | None]:
        """The four scores by name."""
        return {score: getattr(self, score) for score in SCORES}


class ArticleBody(Base):
    """The sanitised HTML and its plain text; apart, so that lists never read it."""

    __tablename__ = "article_body"
    __table_args__ = (Index("ix_article_body_sanitiser_version", "sanitiser_version", "article_id"),)

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    html: Mapped[str]
    plain_text: Mapped[str]
    word_count: Mapped[int]
    image_count: Mapped[int]
    sanitiser_version: Mapped[int]
    article: Mapped[Article] = relationship(back_populates="body", lazy="raise")


class ArticleMeta(Base):
    """Everything that came with the last import, whole, known or unknown. The scores in it are the imported ones.

    `imported_status` is the revision status that the import gave, as ours: the word in `imported` is the source's own.
    """

    __tablename__ = "article_meta"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    imported: Mapped[dict[str, Any]]
    imported_status: Mapped[str | None]
    article: Mapped[Article] = relationship(back_populates="meta", lazy="raise")


class ArticleFlag(Base):
    """One imported flag and whether it is set."""

    __tablename__ = "article_flag"
    __table_args__ = (Index("ix_article_flag_name_value_article_id", "name", "value", "article_id"),)

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[bool]
    article: Mapped[Article] = relationship(back_populates="flags", lazy="raise")


class ArticleVersion(Base):
    """A text that a person decided on, kept when an import put another in its place; the public may go on reading it.

    Topic and reading time are what stood beside it then. It is kept for these, too, while the text still stands: the public
    reads of them what was approved. Of texts kept by older releases they are not known.
    """

    __tablename__ = "article_version"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    text_digest: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    excerpt: Mapped[str]
    html: Mapped[str]
    topic: Mapped[str | None]
    reading_minutes: Mapped[int | None]
    kept_at: Mapped[datetime]


class Policy(Base):
    """What an approval needs, what it outlives, and how the queue is ordered. Each change is a new version; the highest holds.

    `floors`: score name to 0..100. `keep_indexable`: an approved article whose text arrives changed stays indexable in the
    approved text until somebody has read the new one. `due_after_days`: working days from entering the queue to being due,
    none if nothing is ever due; `due_a_day`: how many may become due on one day, none for any number.
    `bulk_approve_limit`: how many articles a lead may approve at once, 0 for one by one only. `publish_a_day`: how many may
    become public on one day of `publish_zone`, none for any number. `publish_on_approval`: what is approved is published by
    itself. `order_version` and `due_version`: the version since which the queue is ordered so, and since which things are due so.
    It stands here since imports ask for it, and they know no reviewing.
    """

    __tablename__ = "policy"
    __table_args__ = (
        CheckConstraint(f"ranking IN ({RANKINGS})", name="ranking"),
        CheckConstraint("due_after_days BETWEEN 1 AND 365", name="due_after_days"),
        CheckConstraint("due_a_day > 0", name="due_a_day"),
        CheckConstraint("bulk_approve_limit >= 0", name="bulk_approve_limit"),
        CheckConstraint("publish_a_day > 0", name="publish_a_day"),
    )

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    floors: Mapped[dict[str, Any]]
    keep_indexable: Mapped[bool] = mapped_column(default=False)
    ranking: Mapped[str] = mapped_column(default=Ranking.OLDEST.value)
    due_after_days: Mapped[int | None]
    due_a_day: Mapped[int | None]
    bulk_approve_limit: Mapped[int] = mapped_column(default=0)
    publish_a_day: Mapped[int | None]
    publish_zone: Mapped[str] = mapped_column(default="UTC")
    publish_on_approval: Mapped[bool] = mapped_column(default=False)
    order_version: Mapped[int] = mapped_column(default=0)
    due_version: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    changed_at: Mapped[datetime]


class DueDay(Base):
    """So many of the waiting articles are due on this day, as the rows of one day add up.

    `version` is the policy's that the days follow. Rows are added and never changed: two people who each changed the days of
    several articles in another order would else wait for each other for ever.
    """

    __tablename__ = "due_day"
    __table_args__ = (Index("ix_due_day_version_day", "version", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    day: Mapped[date]
    articles: Mapped[int]


class FigureChange(Base):
    """Evidence about an article has changed by which the queue is ranked: a job places the article again.

    It names the article by number only: a foreign key would make who measures wait for who decides.
    """

    __tablename__ = "figure_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int]
