"""For the metrics: how often each kind of job ended well or badly, and an index that holds how much was decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "job_count",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("runs", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("job", "result", name=op.f("pk_job_count")),
    )
    op.create_index("ix_review_slot_outcome_decisions", "review_slot", ["outcome", "decisions"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_review_slot_outcome_decisions", "review_slot")
    op.drop_table("job_count")
