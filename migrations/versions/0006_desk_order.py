"""when an article began to wait, the order of the desk, and notifications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LONG_AGO = "1970-01-01 00:00:00+00:00"
RANKINGS = "'oldest', 'due', 'lowest_score', 'repetition', 'difficulty', 'views'"
CHECKS = {
    "ranking": f"ranking IN ({RANKINGS})",
    "due_after_days": "due_after_days BETWEEN 1 AND 365",
    "due_a_day": "due_a_day > 0",
    "bulk_approve_limit": "bulk_approve_limit >= 0",
}


def upgrade() -> None:
    """Apply. Until now the rank was the time at which an article began to wait, in milliseconds."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    long_ago = LONG_AGO[:19] + ".000000" if on_sqlite else LONG_AGO
    op.add_column(
        "article",
        sa.Column("waiting_since", sa.DateTime(timezone=True), server_default=long_ago, nullable=False),
    )
    in_time = (
        "strftime('%Y-%m-%d %H:%M:%S', queue_rank / 1000, 'unixepoch') || printf('.%03d000', queue_rank % 1000)"
        if on_sqlite
        else "to_timestamp(queue_rank / 1000.0)"
    )
    op.execute(f"UPDATE article SET waiting_since = {in_time}")  # noqa: S608  # constants
    waiting = {"sqlite_where": sa.text("awaiting_review = 1"), "postgresql_where": sa.text("awaiting_review")}
    op.create_index("ix_article_waiting_since", "article", ["waiting_since", "id"], **waiting)
    _add_to_policy()
    _make_notifications()


def _add_to_policy() -> None:
    with op.batch_alter_table("policy") as policy:
        policy.add_column(sa.Column("ranking", sa.Text(), server_default="oldest", nullable=False))
        policy.add_column(sa.Column("due_after_days", sa.Integer(), nullable=True))
        policy.add_column(sa.Column("due_a_day", sa.Integer(), nullable=True))
        policy.add_column(sa.Column("bulk_approve_limit", sa.Integer(), server_default="0", nullable=False))
        for name, condition in CHECKS.items():
            policy.create_check_constraint(op.f(f"ck_policy_{name}"), condition)


def _make_notifications() -> None:
    op.create_table(
        "notification",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('assigned', 'returned', 'mentioned', 'import_finished')",
            name=op.f("ck_notification_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_notification_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index("ix_notification_user_id_id", "notification", ["user_id", "id"])
    unread = {"sqlite_where": sa.text("read_at IS NULL"), "postgresql_where": sa.text("read_at IS NULL")}
    op.create_index("ix_notification_unread", "notification", ["user_id", "id"], **unread)
    op.create_table(
        "muted_kind",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('assigned', 'returned', 'mentioned', 'import_finished')",
            name=op.f("ck_muted_kind_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_muted_kind_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_muted_kind")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("muted_kind")
    op.drop_table("notification")
    with op.batch_alter_table("policy") as policy:  # their checks go with them
        for column in CHECKS:
            policy.drop_column(column)
    op.drop_index("ix_article_waiting_since", "article")
    op.drop_column("article", "waiting_since")
