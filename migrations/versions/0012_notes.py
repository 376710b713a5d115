"""notes of the team, and reasons that can be chosen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CHOSEN = sa.text("reason_id IS NOT NULL")
REASONS = {
    "request_changes": {
        "Code does not run": "The code does not run as it stands. Please correct it and say with which versions it was tried.",
        "Claim without a source": "It claims something without a source or a figure. Please give one, or leave it out.",
        "Out of date": "It describes a version that is no longer current. Please bring it up to date.",
    },
    "reject": {
        "Repeats another article": "It repeats what another article of ours already says.",
        "Nothing to be learned": "A reader learns nothing from it that its title does not say.",
    },
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "canned_reason",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('request_changes', 'reject')", name=op.f("ck_canned_reason_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_reason")),
    )
    op.create_index("ix_canned_reason_kind_position", "canned_reason", ["kind", "position"])
    op.create_table(
        "note",
        sa.Column("id", BIG, nullable=False),
        sa.Column("article_id", BIG, nullable=False),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by_id", BIG, nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply_to_id", BIG, nullable=True),
        sa.Column("quote", sa.Text(), nullable=True),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("suffix", sa.Text(), nullable=False),
        sa.Column("text_digest", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(quote IS NULL) = (text_digest IS NULL)", name=op.f("ck_note_passage_has_its_text")
        ),
        sa.CheckConstraint("quote IS NULL OR reply_to_id IS NULL", name=op.f("ck_note_reply_has_no_passage")),
        sa.CheckConstraint(
            "resolved_at IS NULL OR reply_to_id IS NULL", name=op.f("ck_note_only_threads_are_resolved")
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_note_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], name=op.f("fk_note_author_id")),
        sa.ForeignKeyConstraint(["resolved_by_id"], ["user.id"], name=op.f("fk_note_resolved_by_id")),
        sa.ForeignKeyConstraint(
            ["reply_to_id"], ["note.id"], name=op.f("fk_note_reply_to_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index("ix_note_article_id_reply_to_id_id", "note", ["article_id", "reply_to_id", "id"])
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reason_id", BIG, nullable=True))
        batch_op.create_foreign_key(op.f("fk_decision_reason_id"), "canned_reason", ["reason_id"], ["id"])
    op.create_index(
        "ix_decision_reason_id", "decision", ["reason_id"], sqlite_where=CHOSEN, postgresql_where=CHOSEN
    )
    _fill()


def _fill() -> None:
    """What every desk begins with; leads change it."""
    columns = [sa.column(name) for name in ("kind", "title", "text")]
    table = sa.table("canned_reason", *columns, sa.column("position", sa.Integer))
    rows = [
        {"kind": kind, "title": title, "text": text, "position": place}
        for kind, reasons in REASONS.items()
        for place, (title, text) in enumerate(reasons.items(), 1)
    ]
    op.bulk_insert(table, rows)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_decision_reason_id", "decision")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_decision_reason_id"), type_="foreignkey")
        batch_op.drop_column("reason_id")
    op.drop_table("note")
    op.drop_table("canned_reason")
