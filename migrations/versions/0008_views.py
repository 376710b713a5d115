"""how much of each article stands elsewhere too; saved views of the queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
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
    op.drop_index("ix_article_evidence_repeated_article_id", table_name="article_evidence")
    with op.batch_alter_table("article_evidence") as table:
        table.drop_constraint(op.f("ck_article_evidence_repeated"), type_="check")
        table.drop_constraint(op.f("ck_article_evidence_shared"), type_="check")
        for name in COUNTED:
            table.drop_column(name)
