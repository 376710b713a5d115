"""Sending: events found by their subject, deliveries by their target, tries counted, owners told that a target is off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0015"
branch_labels = None
depends_on = None

OPEN, WAITING = sa.text("state IN ('waiting', 'delivering')"), sa.text("state = 'waiting'")
KINDS = "'assigned', 'returned', 'mentioned', 'import_finished'"


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.add_column("target", sa.Column("resting_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "delivery_count",
        sa.Column("target_id", _id(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("tries", _id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name=op.f("fk_delivery_count_target_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("target_id", "result", name=op.f("pk_delivery_count")),
    )
    _due_by("target_id", "due_at", "id")
    op.create_index(
        "ix_outbox_in_order", "outbox", ["subject", "id"], sqlite_where=WAITING, postgresql_where=WAITING
    )
    _kinds(f"{KINDS}, 'target_off'")


def _due_by(*columns: str) -> None:
    op.drop_index("ix_delivery_due", "delivery")
    op.create_index("ix_delivery_due", "delivery", list(columns), sqlite_where=OPEN, postgresql_where=OPEN)


def _kinds(kinds: str) -> None:
    for table in ("notification", "muted_kind"):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_kind"), type_="check")
            batch.create_check_constraint(op.f(f"ck_{table}_kind"), f"kind IN ({kinds})")


def downgrade() -> None:
    """Take back."""
    for table in ("notification", "muted_kind"):
        op.execute(f"DELETE FROM {table} WHERE kind = 'target_off'")  # noqa: S608
    _kinds(KINDS)
    op.drop_index("ix_outbox_in_order", "outbox")
    _due_by("due_at", "id")
    op.drop_table("delivery_count")
    with op.batch_alter_table("target") as target:
        target.drop_column("resting_until")
