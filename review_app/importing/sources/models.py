"""Sources, what each has read already, and its reads."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from review_app.accounts.models import User
from review_app.base.database import Base
from review_app.importing.models import ImportBatch

UNFINISHED = text("state IN ('waiting', 'reading')")


class ImportSource(Base):
    """A place that is read every `every_minutes`. `next_read_at` is when the next read is planned.

    `failures` counts those in a row and `failure` says why the last one was; a read that succeeds clears both. The last
    five columns are what a reader remembers of its last read, besides the rows of `import_source_item`.
    """

    __tablename__ = "import_source"
    __table_args__ = (
        CheckConstraint("kind IN ('folder', 'feed', 'wordpress')", name="kind"),
        CheckConstraint("every_minutes BETWEEN 5 AND 10080", name="every_minutes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    address: Mapped[str]
    format: Mapped[str | None]
    username: Mapped[str] = mapped_column(default="")
    sealed_password: Mapped[str | None]
    every_minutes: Mapped[int]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]
    next_read_at: Mapped[datetime]
    last_read_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str] = mapped_column(default="")
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    digest: Mapped[str | None]
    modified_until: Mapped[str | None]
    listed_all_at: Mapped[datetime | None]
    user: Mapped[User | None] = relationship(lazy="raise")


class ImportSourceItem(Base):
    """One file of a folder or post of a site, as it was when it went into a batch: cheap to compare, and for certain.

    `stamp` is what the source tells without being read (size and time of a file, time of a post's last change); `digest` is
    the SHA-256 of what was read.
    """

    __tablename__ = "import_source_item"

    source_id: Mapped[int] = mapped_column(
        ForeignKey("import_source.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    stamp: Mapped[str]
    digest: Mapped[str]


class ImportSourceRead(Base):
    """One read of a source. Whoever works on it holds `leased_by` until `lease_until`.

    A planned read is inserted before it begins, and there is one of a source and a moment: so it happens once, however many
    schedulers there are. And of each source at most one is unfinished.
    """

    __tablename__ = "import_source_read"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'reading', 'imported', 'nothing_new', 'failed')", name="state"),
        UniqueConstraint("source_id", "planned_at"),
        Index("ix_import_source_read_source_id_id", "source_id", "id"),
        Index("ix_import_source_read_batch_id", "batch_id"),
        Index(
            "uq_import_source_read_unfinished",
            "source_id",
            unique=True,
            sqlite_where=UNFINISHED,
            postgresql_where=UNFINISHED,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("import_source.id", ondelete="CASCADE"))
    planned_at: Mapped[datetime]
    state: Mapped[str]
    leased_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    items: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(default="")
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id", ondelete="SET NULL"))
    batch: Mapped[ImportBatch | None] = relationship(lazy="raise")
