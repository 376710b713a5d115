"""When a worker first began to bring an article to a target: from then on it may stand there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was ever taken by a worker counts as begun, since nobody knows how far it came."""
    op.add_column("delivery", sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE delivery SET begun_at = created_at"
        " WHERE action = 'publish' AND (state <> 'waiting' OR attempts > 0)"
    )


def downgrade() -> None:
    """Take back."""
    op.drop_column("delivery", "begun_at")
