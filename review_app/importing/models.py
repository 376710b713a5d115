"""Batches: what was imported, from what, how far it is, and what was refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.database import Base

UNFINISHED = text("state IN ('queued', 'running')")
UNDOING = text("undo_requested_at IS NOT NULL AND state != 'undone'")
LEFT = text("undo NOT IN ('', 'taken back')")
TAKEN_BACK = "taken back"
OPEN = text("state = 'open'")


class ImportBatch(Base):
    """One import. `total = created + updated + unchanged + rejected + skipped`, always.

    `done_in_file` of the file at `file_position` says how many records are settled, so that a killed import goes on where it
    stopped. Whoever works on it holds `leased_by` until `lease_until`. An undo goes through the rows by their `source_id`;
    `undo_position` is the last one done, `taken_back` and `left_alone` what came of them.
    """

    __tablename__ = "import_batch"
    __table_args__ = (
        CheckConstraint(
            "state IN ('queued', 'running', 'finished', 'failed', 'cancelled', 'undone')", name="state"
        ),
        CheckConstraint("total = created + updated + unchanged + rejected + skipped", name="sum"),
        Index("ix_import_batch_unfinished", "id", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
        Index("ix_import_batch_undoing", "id", sqlite_where=UNDOING, postgresql_where=UNDOING),
        Index("ix_import_batch_user_id_created_at", "user_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str]
    origin: Mapped[str]
    format: Mapped[str | None]
    encoding: Mapped[str | None]
    mapping: Mapped[str] = mapped_column(default="")
    dry_run: Mapped[bool] = mapped_column(default=False)
    is_demo: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(default="queued")
    failure: Mapped[str] = mapped_column(default="")
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    kept: Mapped[int] = mapped_column(default=0)
    file_position: Mapped[int] = mapped_column(default=0)
    done_in_file: Mapped[int] = mapped_column(default=0)
    bytes_total: Mapped[int] = mapped_column(default=0)
    bytes_done: Mapped[int] = mapped_column(default=0)
    undo_requested_at: Mapped[datetime | None]
    undo_position: Mapped[str] = mapped_column(default="")
    taken_back: Mapped[int] = mapped_column(default=0)
    left_alone: Mapped[int] = mapped_column(default=0)
    leased_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    user: Mapped[User | None] = relationship(lazy="raise")


class ImportFile(Base):
    """One file of a batch: a path on the machine that imports, or bytes kept in `import_chunk` until the batch ends."""

    __tablename__ = "import_file"
    __table_args__ = (Index("uq_import_file_batch_id_position", "batch_id", "position", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str]
    path: Mapped[str | None]
    size: Mapped[int]


class ImportChunk(Base):
    """A piece of an uploaded file, so that any machine of the desk can read it."""

    __tablename__ = "import_chunk"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportRowError(Base):
    """A refused record: where it stood, why, and its raw text."""

    __tablename__ = "import_row_error"
    __table_args__ = (Index("ix_import_row_error_batch_id_id", "batch_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id", ondelete="CASCADE"))
    file: Mapped[str]
    format: Mapped[str | None]
    line: Mapped[int]
    item: Mapped[int]
    source_id: Mapped[str | None]
    field: Mapped[str]
    reason: Mapped[str]
    raw: Mapped[str]


class ImportRowWarning(Base):
    """Something about a record that was accepted all the same."""

    __tablename__ = "import_row_warning"
    __table_args__ = (Index("ix_import_row_warning_batch_id_id", "batch_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id", ondelete="CASCADE"))
    line: Mapped[int]
    source_id: Mapped[str | None]
    field: Mapped[str]
    message: Mapped[str]
    other_source_id: Mapped[str | None]


class ImportRow(Base):
    """What became of an article in a batch: `created`, `updated` or `unchanged`, and the version it had afterwards.

    Tells a second record of the same id in one batch, and whether anybody worked on the article since. `undo` is empty,
    `taken back`, or why the undo left the article alone.
    """

    __tablename__ = "import_row"
    __table_args__ = (
        Index("ix_import_row_left", "batch_id", "source_id", sqlite_where=LEFT, postgresql_where=LEFT),
    )

    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id", ondelete="CASCADE"), primary_key=True)
    source_id: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    content_digest: Mapped[str]
    place: Mapped[str]
    row_version: Mapped[int | None]
    undo: Mapped[str] = mapped_column(default="")


class ImportBefore(Base):
    """An article as it was before a batch changed it, whole with its open merge proposal, so that the batch can be undone."""

    __tablename__ = "import_before"

    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id", ondelete="CASCADE"), primary_key=True)
    source_id: Mapped[str] = mapped_column(primary_key=True)
    article: Mapped[dict[str, Any]]


class ImportDifference(Base):
    """One of the first articles that a batch creates or changes: which fields, from what to what."""

    __tablename__ = "import_difference"
    __table_args__ = (Index("ix_import_difference_batch_id_id", "batch_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id", ondelete="CASCADE"))
    source_id: Mapped[str]
    title: Mapped[str]
    outcome: Mapped[str]
    fields: Mapped[list[Any]]


class MergeProposal(Base):
    """An import said of an article's scores or status other than a person had; whether to take it waits for a person.

    `fields` maps the name to `before` and `now`: what was imported before and what is. `batch_id` is the import that said
    so last. At most one of an article is open. Once it is settled `decision_id` is the decision that did it, if one did.
    """

    __tablename__ = "merge_proposal"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'taken', 'kept', 'overtaken')", name="state"),
        Index("ix_merge_proposal_article_id_id", "article_id", "id"),
        Index("uq_merge_proposal_open", "article_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_merge_proposal_open", "id", sqlite_where=OPEN, postgresql_where=OPEN),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    batch_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(default="open")
    fields: Mapped[dict[str, Any]]
    decision_id: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    article: Mapped[Article] = relationship(lazy="raise")
