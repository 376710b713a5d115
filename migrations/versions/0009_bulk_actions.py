"""bulk actions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
STATES = "'preview', 'queued', 'running', 'finished', 'stopped', 'undoing', 'undone'"
WORKING = "state IN ('queued', 'running', 'undoing')"
NUMBERS = ("total", "done", "left_out", "failed", "taken_back", "stayed")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "bulk_action",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("back", sa.Text(), nullable=False),
        sa.Column("params", JSON, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        *(sa.Column(name, BIG, nullable=False) for name in NUMBERS),
        sa.Column("undo_user_id", BIG, nullable=True),
        sa.Column("undo_note", sa.Text(), nullable=False),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_bulk_action_state")),
        sa.CheckConstraint("done + left_out + failed <= total", name=op.f("ck_bulk_action_sum")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_bulk_action_user_id_user")),
        sa.ForeignKeyConstraint(["undo_user_id"], ["user.id"], name=op.f("fk_bulk_action_undo_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_action")),
    )
    op.create_index(
        "ix_bulk_action_working",
        "bulk_action",
        ["id"],
        sqlite_where=sa.text(WORKING),
        postgresql_where=sa.text(WORKING),
    )
    op.create_table(
        "bulk_item",
        sa.Column("bulk_id", BIG, nullable=False),
        sa.Column("article_id", BIG, nullable=False),
        sa.Column("row_version", BIG, nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decision_id", BIG, nullable=True),
        sa.Column("before", JSON, nullable=True),
        sa.Column("after_version", BIG, nullable=True),
        sa.Column("undo", sa.Text(), nullable=False),
        sa.Column("undo_reason", sa.Text(), nullable=False),
        sa.CheckConstraint("result IN ('', 'done', 'left', 'failed')", name=op.f("ck_bulk_item_result")),
        sa.CheckConstraint("undo IN ('', 'back', 'left')", name=op.f("ck_bulk_item_undo")),
        sa.ForeignKeyConstraint(
            ["bulk_id"],
            ["bulk_action.id"],
            name=op.f("fk_bulk_item_bulk_id_bulk_action"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_bulk_item_article_id_article"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("bulk_id", "article_id", name=op.f("pk_bulk_item")),
    )
    op.create_index("ix_bulk_item_article_id", "bulk_item", ["article_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("bulk_item")
    op.drop_table("bulk_action")
