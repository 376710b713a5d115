"""what stands beside a text that was kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("article_version", sa.Column("topic", sa.Text(), nullable=True))
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("article_version", sa.Column("reading_minutes", whole, nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("article_version", "reading_minutes")
    op.drop_column("article_version", "topic")
