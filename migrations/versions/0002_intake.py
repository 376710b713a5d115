"""intake: what a batch did to each article, so that it can be undone; change records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UNDOING = "undo_requested_at IS NOT NULL AND state != 'undone'"
LEFT = "undo NOT IN ('', 'taken back')"


def _number() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _json() -> sa.types.TypeEngine:
    return sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def _batch_id() -> sa.Column:
    return sa.Column("batch_id", _number(), nullable=False)


def _of_batch(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_batch_id")
    return sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=name, ondelete="CASCADE")


def _when(condition: str) -> dict[str, sa.TextClause]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "change_record",
        sa.Column("id", _number(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("owner_id", _number(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("observed", sa.Text(), nullable=False),
        sa.Column("rollback", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_record")),
    )
    op.create_index("ix_change_record_subject", "change_record", ["subject_kind", "subject_id", "id"])
    op.create_table(
        "import_before",
        _batch_id(),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("article", _json(), nullable=False),
        _of_batch("import_before"),
        sa.PrimaryKeyConstraint("batch_id", "source_id", name=op.f("pk_import_before")),
    )
    op.create_table(
        "import_difference",
        sa.Column("id", _number(), nullable=False),
        _batch_id(),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("fields", _json(), nullable=False),
        _of_batch("import_difference"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_difference")),
    )
    op.create_index("ix_import_difference_batch_id_id", "import_difference", ["batch_id", "id"])
    op.create_table(
        "import_row",
        _batch_id(),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("row_version", _number(), nullable=True),
        sa.Column("undo", sa.Text(), nullable=False),
        _of_batch("import_row"),
        sa.PrimaryKeyConstraint("batch_id", "source_id", name=op.f("pk_import_row")),
    )
    op.create_index("ix_import_row_left", "import_row", ["batch_id", "source_id"], **_when(LEFT))
    # What older batches did is not known any more, so that undoing one of them touches nothing.
    op.execute(
        "INSERT INTO import_row (batch_id, source_id, outcome, content_digest, place, undo) "
        "SELECT batch_id, source_id, 'unchanged', content_digest, place, '' FROM import_seen"
    )
    op.drop_table("import_seen")

    op.add_column("article", sa.Column("source_hash", sa.Text(), nullable=True))
    op.create_index("ix_article_source_hash", "article", ["source_hash"])
    op.create_index("ix_article_body_sanitiser_version", "article_body", ["sanitiser_version", "article_id"])
    for column in (
        sa.Column("encoding", sa.Text(), nullable=True),
        sa.Column("mapping", sa.Text(), nullable=False, server_default=""),
        sa.Column("undo_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undo_position", sa.Text(), nullable=False, server_default=""),
        sa.Column("taken_back", _number(), nullable=False, server_default="0"),
        sa.Column("left_alone", _number(), nullable=False, server_default="0"),
    ):
        op.add_column("import_batch", column)
    op.create_index("ix_import_batch_undoing", "import_batch", ["id"], **_when(UNDOING))
    op.create_index("ix_import_batch_user_id_created_at", "import_batch", ["user_id", "created_at"])
    op.add_column("import_row_error", sa.Column("format", sa.Text(), nullable=True))
    op.add_column("import_row_warning", sa.Column("other_source_id", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("import_row_warning", "other_source_id")
    op.drop_column("import_row_error", "format")
    op.drop_index("ix_import_batch_user_id_created_at", "import_batch")
    op.drop_index("ix_import_batch_undoing", "import_batch")
    for name in ("left_alone", "taken_back", "undo_position", "undo_requested_at", "mapping", "encoding"):
        op.drop_column("import_batch", name)
    op.drop_index("ix_article_body_sanitiser_version", "article_body")
    op.drop_index("ix_article_source_hash", "article")
    op.drop_column("article", "source_hash")
    op.create_table(
        "import_seen",
        _batch_id(),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        _of_batch("import_seen"),
        sa.PrimaryKeyConstraint("batch_id", "source_id", name=op.f("pk_import_seen")),
    )
    op.execute(
        "INSERT INTO import_seen (batch_id, source_id, content_digest, place) "
        "SELECT batch_id, source_id, content_digest, place FROM import_row"
    )
    for table in ("import_row", "import_difference", "import_before", "change_record"):
        op.drop_table(table)
