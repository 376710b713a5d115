"""drafts and presence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

OPEN = sa.text("ended_at IS NULL")


def _of_person_and_article(table: str) -> list[sa.Constraint]:
    user = sa.ForeignKeyConstraint(
        ["user_id"], ["user.id"], name=op.f(f"fk_{table}_user_id"), ondelete="CASCADE"
    )
    article = sa.ForeignKeyConstraint(
        ["article_id"], ["article.id"], name=op.f(f"fk_{table}_article_id"), ondelete="CASCADE"
    )
    return [user, article]


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "draft",
        sa.Column("user_id", WHOLE, nullable=False),
        sa.Column("article_id", WHOLE, nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("row_version", WHOLE, nullable=False),
        sa.Column("text_digest", sa.Text(), nullable=False),
        sa.Column("tab", sa.Text(), nullable=False),
        sa.Column("sequence", WHOLE, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("keep_until", sa.DateTime(timezone=True), nullable=False),
        *_of_person_and_article("draft"),
        sa.PrimaryKeyConstraint("user_id", "article_id", name=op.f("pk_draft")),
    )
    op.create_index("ix_draft_article_id", "draft", ["article_id"])
    op.create_index("ix_draft_keep_until", "draft", ["keep_until"])
    op.create_index(
        "ix_draft_open",
        "draft",
        ["user_id", "sequence", "article_id"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "presence",
        sa.Column("article_id", WHOLE, nullable=False),
        sa.Column("user_id", WHOLE, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        *_of_person_and_article("presence"),
        sa.PrimaryKeyConstraint("article_id", "user_id", name=op.f("pk_presence")),
    )
    op.create_index("ix_presence_user_id", "presence", ["user_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("presence")
    op.drop_table("draft")
