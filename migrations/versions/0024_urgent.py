"""What says that an article must go is sent to a target before all else that waits for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

URGENT = sa.text("urgent AND state IN ('waiting', 'delivering')")


def upgrade() -> None:
    """Apply. The withdrawals that wait already are urgent as well, with what waits of the same articles."""
    op.add_column("delivery", sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE delivery SET urgent = true WHERE state IN ('waiting', 'delivering') AND subject IN"
        " (SELECT subject FROM delivery WHERE state IN ('waiting', 'delivering') AND action = 'withdraw')"
    )
    op.create_index(
        "ix_delivery_urgent",
        "delivery",
        ["target_id", "due_at", "id"],
        sqlite_where=URGENT,
        postgresql_where=URGENT,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_delivery_urgent", "delivery")
    op.drop_column("delivery", "urgent")
