"""What changed since a moment is found by an index; no two schedules do the same; notifications keep what they are made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

SAME = """
    SELECT schedule.id FROM publish_schedule AS schedule JOIN publish_schedule AS earlier
    ON earlier.minute = schedule.minute AND earlier.zone = schedule.zone AND earlier.id < schedule.id
"""


def upgrade() -> None:
    """Apply. Of schedules that do the same the first stays; the runs of the others stay as they are."""
    op.create_index("ix_article_updated_at_id", "article", ["updated_at", "id"])
    op.execute(f"DELETE FROM schedule_firing WHERE schedule_id IN ({SAME})")  # noqa: S608  # no value of anybody
    op.execute(f"DELETE FROM publish_schedule WHERE id IN ({SAME})")  # noqa: S608
    op.create_index("ix_publish_schedule_minute_zone", "publish_schedule", ["minute", "zone"], unique=True)
    kept = sa.JSON().with_variant(JSONB(), "postgresql")
    op.add_column("notification", sa.Column("message", kept, nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("notification", "message")
    op.drop_index("ix_publish_schedule_minute_zone", "publish_schedule")
    op.drop_index("ix_article_updated_at_id", "article")
