"""The feed finds what came out last without reading all publications."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_publication_delivered_at", "publication", ["delivered_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_publication_delivered_at", "publication")
