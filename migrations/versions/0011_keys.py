"""keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("user", sa.Column("single_keys", sa.Boolean(), nullable=False, server_default=sa.true()))
    # In words of its own, since SQLite takes a check with its column but never to a table that stands.
    whole = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f'ALTER TABLE "user" ADD COLUMN undo_seconds {whole} '
        "CONSTRAINT ck_user_undo_seconds CHECK (undo_seconds BETWEEN 5 AND 60)"
    )


def downgrade() -> None:
    """Take back; the check goes with its column."""
    op.drop_column("user", "undo_seconds")
    op.drop_column("user", "single_keys")
