"""sources."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNFINISHED = sa.text("state IN ('waiting', 'reading')")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "import_source",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("sealed_password", sa.Text(), nullable=True),
        sa.Column("every_minutes", WHOLE, nullable=False),
        sa.Column("user_id", WHOLE, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", WHOLE, nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("modified_until", sa.Text(), nullable=True),
        sa.Column("listed_all_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('folder', 'feed', 'wordpress')", name=op.f("ck_import_source_kind")),
        sa.CheckConstraint("every_minutes BETWEEN 5 AND 10080", name=op.f("ck_import_source_every_minutes")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_import_source_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_source")),
    )
    op.create_table(
        "import_source_item",
        sa.Column("source_id", WHOLE, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["import_source.id"],
            name=op.f("fk_import_source_item_source_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", "key", name=op.f("pk_import_source_item")),
    )
    op.create_table(
        "import_source_read",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("source_id", WHOLE, nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("items", WHOLE, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("batch_id", WHOLE, nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'reading', 'imported', 'nothing_new', 'failed')",
            name=op.f("ck_import_source_read_state"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["import_batch.id"],
            name=op.f("fk_import_source_read_batch_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["import_source.id"],
            name=op.f("fk_import_source_read_source_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_source_read")),
        sa.UniqueConstraint(
            "source_id", "planned_at", name=op.f("uq_import_source_read_source_id_planned_at")
        ),
    )
    with op.batch_alter_table("import_source_read", schema=None) as batch_op:
        batch_op.create_index("ix_import_source_read_source_id_id", ["source_id", "id"], unique=False)
        batch_op.create_index("ix_import_source_read_batch_id", ["batch_id"], unique=False)
        batch_op.create_index(
            "uq_import_source_read_unfinished",
            ["source_id"],
            unique=True,
            sqlite_where=UNFINISHED,
            postgresql_where=UNFINISHED,
        )


def downgrade() -> None:
    """Take back."""
    op.drop_table("import_source_read")
    op.drop_table("import_source_item")
    op.drop_table("import_source")
