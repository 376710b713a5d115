"""The order of the desk: due dates, assignments, and which version of the policy a place follows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING = {"sqlite_where": sa.text("awaiting_review = 1"), "postgresql_where": sa.text("awaiting_review")}
ZERO = {"nullable": False, "server_default": "0"}


def upgrade() -> None:
    """Apply. Every article stands as it did: the oldest first, due on no day, assigned to nobody."""
    op.add_column("article", sa.Column("ordered_by", WHOLE, **ZERO))
    op.add_column("article", sa.Column("behind_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("article", sa.Column("due_on", sa.Date(), nullable=True))
    op.add_column("article", sa.Column("due_by", WHOLE, **ZERO))
    op.add_column(
        "article", sa.Column("due_by_hand", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    # Each database adds this with its foreign key by itself; Alembic's batch mode would copy the table for it.
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE article ADD COLUMN assigned_to_id {kind} "
        'CONSTRAINT fk_article_assigned_to_id_user REFERENCES "user" (id)'
    )
    op.create_index(
        "ix_article_queue_assigned_to_id", "article", ["assigned_to_id", "queue_rank", "id"], **WAITING
    )
    op.create_index("ix_article_ordered_by", "article", ["ordered_by", "id"], **WAITING)
    op.add_column("policy", sa.Column("order_version", WHOLE, **ZERO))
    op.add_column("policy", sa.Column("due_version", WHOLE, **ZERO))
    op.create_table(
        "due_day",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("articles", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due_day")),
    )
    op.create_index("ix_due_day_version_day", "due_day", ["version", "day"])
    op.create_table(
        "assignment",
        sa.Column("article_id", WHOLE, nullable=False),
        sa.Column("user_id", WHOLE, nullable=False),
        sa.Column("assigned_by", sa.Text(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_assignment_article_id_article"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_assignment_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_assignment")),
    )
    op.create_index("ix_assignment_user_id", "assignment", ["user_id"])
    op.create_table(
        "figure_change",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("article_id", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_change")),
    )


def downgrade() -> None:
    """Take back. What was ranked otherwise stands by its age again."""
    op.drop_table("figure_change")
    op.drop_table("assignment")
    op.drop_table("due_day")
    op.drop_index("ix_article_ordered_by", "article")
    op.drop_index("ix_article_queue_assigned_to_id", "article")
    for column in ("assigned_to_id", "due_by_hand", "due_by", "due_on", "behind_since", "ordered_by"):
        op.drop_column("article", column)
    for column in ("due_version", "order_version"):
        op.drop_column("policy", column)
    op.execute("UPDATE article SET queue_rank = queue_rank % 4398046511104 WHERE queue_rank >= 4398046511104")
