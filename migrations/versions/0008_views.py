"""how much of each article stands elsewhere too; saved views of the queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
WAITING = {"sqlite_where": sa.text("awaiting_review = 1"), "postgresql_where": sa.text("awaiting_review")}
SHARED = {"sqlite_where": sa.text("shared = 1"), "postgresql_where": sa.text("shared")}
PARTS = [(f"title_part_{number}", f"title_part_{(number + 1) % 3}") for number in range(3)]
COUNTED = ("paragraphs", "shared", "repeated")


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("article_evidence") as table:
        for name in COUNTED:
            table.add_column(sa.Column(name, WHOLE, nullable=False, server_default="0"))
    _count()
    with op.batch_alter_table("article_evidence") as table:
        for name in COUNTED:
            table.alter_column(name, server_default=None)
        table.create_check_constraint(op.f("ck_article_evidence_shared"), "shared BETWEEN 0 AND paragraphs")
        table.create_check_constraint(op.f("ck_article_evidence_repeated"), "repeated BETWEEN 0 AND 100")
    op.create_index("ix_article_evidence_repeated_article_id", "article_evidence", ["repeated", "article_id"])

    for one, two in PARTS:
        op.drop_index(f"ix_article_evidence_{one}", table_name="article_evidence")
        op.create_index(f"ix_article_evidence_{one}", "article_evidence", [one, two])
    _sum_scores()
    _make_views()


def _sum_scores() -> None:
    stored = (
        op.get_bind().dialect.name != "sqlite"
    )  # which adds only columns that it reckons when it reads them
    made = sa.Computed("coalesce(quality + freshness + depth + clarity, -1)", persisted=stored)
    op.add_column("article", sa.Column("score_sum", WHOLE, made, nullable=True))
    op.create_index("ix_article_score_sum", "article", ["score_sum", "id"], **WAITING)
    op.create_index("ix_article_due_on", "article", ["due_on", "id"], **WAITING)


def _make_views() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("owner_id", WHOLE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("columns", JSON, nullable=True),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["user.id"], name=op.f("fk_saved_view_owner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index("ix_saved_view_owner_id_position", "saved_view", ["owner_id", "position"])
    op.create_index("ix_saved_view_shared", "saved_view", ["position", "id"], **SHARED)
    op.create_table(
        "queue_taste",
        sa.Column("user_id", WHOLE, nullable=False),
        sa.Column("default_view_id", WHOLE, nullable=True),
        sa.Column("columns", JSON, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_queue_taste_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["default_view_id"],
            ["saved_view.id"],
            name=op.f("fk_queue_taste_default_view_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_queue_taste")),
    )


def _count() -> None:
    """From the counts that are kept already: no text is read again."""
    op.execute(
        "UPDATE article_evidence SET "
        "paragraphs = (SELECT count(*) FROM paragraph WHERE paragraph.article_id = article_evidence.article_id), "
        "shared = (SELECT count(*) FROM paragraph JOIN passage ON passage.digest = paragraph.digest "
        "WHERE paragraph.article_id = article_evidence.article_id AND passage.articles > 1)"
    )
    op.execute("UPDATE article_evidence SET repeated = shared * 100 / paragraphs WHERE paragraphs > 0")


def downgrade() -> None:
    """Take back."""
    op.drop_table("queue_taste")
    op.drop_table("saved_view")
    op.drop_index("ix_article_due_on", table_name="article")
    op.drop_index("ix_article_score_sum", table_name="article")
    op.drop_column("article", "score_sum")
    for one, _ in PARTS:
        op.drop_index(f"ix_article_evidence_{one}", table_name="article_evidence")
        op.create_index(f"ix_article_evidence_{one}", "article_evidence", [one])
    op.drop_index("ix_article_evidence_repeated_article_id", table_name="article_evidence")
    with op.batch_alter_table("article_evidence") as table:
        table.drop_constraint(op.f("ck_article_evidence_repeated"), type_="check")
        table.drop_constraint(op.f("ck_article_evidence_shared"), type_="check")
        for name in COUNTED:
            table.drop_column(name)
