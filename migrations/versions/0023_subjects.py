"""What comes before something of the same subject is found by an index of all subjects, no more by one of what is open.

Of an index that held nothing when PostgreSQL last counted it believes that it costs nothing to read whole, for each row.
And what waits to be handed over is read in its order, without what was handed over long ago.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('waiting', 'delivering')")
WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_delivery_in_order", "delivery")
    op.drop_index("ix_outbox_in_order", "outbox")
    op.create_index("ix_delivery_subject_id", "delivery", ["subject", "id"])
    op.create_index("ix_outbox_subject_id", "outbox", ["subject", "id"])
    op.create_index("ix_outbox_waiting", "outbox", ["id"], sqlite_where=WAITING, postgresql_where=WAITING)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_outbox_waiting", "outbox")
    op.drop_index("ix_outbox_subject_id", "outbox")
    op.drop_index("ix_delivery_subject_id", "delivery")
    op.create_index(
        "ix_outbox_in_order", "outbox", ["subject", "id"], sqlite_where=WAITING, postgresql_where=WAITING
    )
    op.create_index(
        "ix_delivery_in_order",
        "delivery",
        ["target_id", "subject", "id"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
