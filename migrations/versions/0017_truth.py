"""The truth check: what the public was last seen to get of each published page, and how far the job has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('differs', 'unreadable')")
MOMENT = sa.DateTime(timezone=True)


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _json() -> sa.types.TypeEngine[object]:
    return sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "public_check",
        sa.Column("id", _id(), nullable=False),
        sa.Column("article_id", _id(), nullable=False),
        sa.Column("target_id", _id(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("should_index", sa.Boolean(), nullable=False),
        sa.Column("should_since", MOMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("findings", _json(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("found_at", MOMENT, nullable=True),
        sa.Column("status", _id(), nullable=True),
        *(
            sa.Column(name, sa.Text(), nullable=True)
            for name in ("robots_meta", "robots_header", "canonical")
        ),
        sa.Column("in_sitemap", sa.Boolean(), nullable=True),
        sa.Column("cache_control", sa.Text(), nullable=True),
        sa.Column("failures", _id(), nullable=False),
        sa.Column("checked_at", MOMENT, nullable=True),
        sa.Column("mended_at", MOMENT, nullable=True),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'agrees', 'differs', 'unreadable')", name=op.f("ck_public_check_state")
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_public_check_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name=op.f("fk_public_check_target_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_check")),
        sa.UniqueConstraint("article_id", "target_id", name=op.f("uq_public_check_article_id_target_id")),
    )
    op.create_index("ix_public_check_due", "public_check", ["due_at", "id"])
    op.create_index("ix_public_check_open", "public_check", ["id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_public_check_target_id_id", "public_check", ["target_id", "id"])
    marks = op.create_table(
        "truth_mark",
        sa.Column("id", _id(), nullable=False),
        sa.Column("last_event_id", _id(), nullable=False),
        sa.Column("last_article_id", _id(), nullable=False),
        sa.Column("swept_at", MOMENT, nullable=True),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_truth_mark_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_truth_mark")),
    )
    op.bulk_insert(marks, [{"id": 1, "last_event_id": 0, "last_article_id": 0}])


def downgrade() -> None:
    """Take back."""
    op.drop_table("truth_mark")
    op.drop_table("public_check")
