"""shared views that are given to a reviewer, and which article came to whom by one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
LIVE, OPEN = sa.text("ended_at IS NULL"), sa.text("freed_at IS NULL")


def upgrade() -> None:
    """Apply. What was assigned until now came by no view."""
    op.create_table(
        "standing_assignment",
        sa.Column("id", BIG, nullable=False),
        sa.Column("view_id", BIG, nullable=True),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("assigned_by_id", BIG, nullable=True),
        sa.Column("assigned_at", MOMENT, nullable=False),
        sa.Column("untold", BIG, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("freed_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "freed_at IS NULL OR ended_at IS NOT NULL",
            name=op.f("ck_standing_assignment_ended_before_freed"),
        ),
        sa.ForeignKeyConstraint(
            ["view_id"],
            ["saved_view.id"],
            name=op.f("fk_standing_assignment_view_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_standing_assignment_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["assigned_by_id"],
            ["user.id"],
            name=op.f("fk_standing_assignment_assigned_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_assignment")),
    )
    for column in ("view_id", "user_id", "assigned_by_id"):
        op.create_index(op.f(f"ix_standing_assignment_{column}"), "standing_assignment", [column])
    op.create_index(
        "uq_standing_assignment_live",
        "standing_assignment",
        ["view_id"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_index(
        "ix_standing_assignment_open", "standing_assignment", ["id"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    with op.batch_alter_table("assignment") as table:
        table.add_column(sa.Column("standing_id", BIG, nullable=True))
        table.create_foreign_key(
            op.f("fk_assignment_standing_id"),
            "standing_assignment",
            ["standing_id"],
            ["id"],
            ondelete="SET NULL",
        )
    op.create_index(op.f("ix_assignment_standing_id"), "assignment", ["standing_id"])


def downgrade() -> None:
    """Take back. What a view gave stays its reviewer's."""
    op.drop_index(op.f("ix_assignment_standing_id"), table_name="assignment")
    with op.batch_alter_table("assignment") as table:
        table.drop_constraint(op.f("fk_assignment_standing_id"), type_="foreignkey")
        table.drop_column("standing_id")
    op.drop_table("standing_assignment")
