"""evidence: paragraphs, passages, what was measured of articles, and the runs that measure."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
REPEATED = sa.text("articles > 1")
UNFINISHED = sa.text("state IN ('queued', 'running')")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "paragraph",
        sa.Column("article_id", WHOLE, nullable=False),
        sa.Column("digest", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_paragraph_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", "digest", name=op.f("pk_paragraph")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_paragraph_digest_article_id", "paragraph", ["digest", "article_id"])
    op.create_table(
        "passage",
        sa.Column("digest", WHOLE, autoincrement=False, nullable=False),
        sa.Column("articles", WHOLE, nullable=False),
        *(sa.Column(f"band_{number}", WHOLE, nullable=True) for number in range(4)),
        sa.CheckConstraint("articles > 0", name=op.f("ck_passage_stands_somewhere")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_passage")),
    )
    op.create_index(
        "ix_passage_repeated",
        "passage",
        ["articles", "digest"],
        sqlite_where=REPEATED,
        postgresql_where=REPEATED,
    )
    for number in range(4):
        filled = sa.text(f"band_{number} IS NOT NULL")
        op.create_index(
            f"ix_passage_band_{number}",
            "passage",
            [f"band_{number}"],
            sqlite_where=filled,
            postgresql_where=filled,
        )
    op.create_table(
        "article_evidence",
        sa.Column("article_id", WHOLE, nullable=False),
        sa.Column("text_digest", sa.Text(), nullable=False),
        sa.Column("measure_version", WHOLE, nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("title_digest", WHOLE, nullable=False),
        *(sa.Column(f"title_part_{number}", WHOLE, nullable=True) for number in range(3)),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_evidence_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_article_evidence")),
    )
    op.create_index("ix_article_evidence_title_digest", "article_evidence", ["title_digest"])
    for number in range(3):
        op.create_index(
            f"ix_article_evidence_title_part_{number}", "article_evidence", [f"title_part_{number}"]
        )
    _create_runs()


def _create_runs() -> None:
    op.create_table(
        "evidence_run",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("batch_id", WHOLE, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("measured", WHOLE, nullable=False),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'running', 'finished')", name=op.f("ck_evidence_run_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_run")),
    )
    op.create_index(
        "ix_evidence_run_unfinished",
        "evidence_run",
        ["id"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    # Articles that were imported before there was evidence are measured by the next worker.
    op.execute(
        "INSERT INTO evidence_run (state, position, measured, created_at) "
        "SELECT 'queued', 0, 0, CURRENT_TIMESTAMP WHERE EXISTS (SELECT 1 FROM article)"
    )


def downgrade() -> None:
    """Take back."""
    for table in ("evidence_run", "article_evidence", "passage", "paragraph"):
        op.drop_table(table)
