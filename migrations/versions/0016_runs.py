"""Runs that are paused, rolled back, spread over days and started by a schedule or an approval; the log of the hook."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NEWLY, ENABLED = sa.text("newly"), sa.text("enabled")
ROLLING_BACK = sa.text("state IN ('queued', 'running')")
TABLES = (
    "hook_log",
    "publish_mark",
    "schedule_firing",
    "publish_schedule",
    "run_rollback_item",
    "run_rollback",
)


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply. Which run sent what was not kept until now: it is the one that asked last."""
    with op.batch_alter_table("policy") as policy:
        policy.add_column(sa.Column("publish_a_day", _id(), nullable=True))
        policy.add_column(sa.Column("publish_zone", sa.Text(), server_default="UTC", nullable=False))
        policy.add_column(
            sa.Column("publish_on_approval", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        policy.create_check_constraint(op.f("ck_policy_publish_a_day"), "publish_a_day > 0")
    _extend_items()
    _create_rollback()
    _create_schedule()
    op.create_table(
        "publish_mark",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", _id(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_publish_mark")),
    )
    _create_hook_log()


def _extend_items() -> None:
    item = "publish_run_item"
    op.add_column(item, sa.Column("position", _id(), server_default="0", nullable=False))
    op.add_column(item, sa.Column("sent_at", MOMENT, nullable=True))
    op.add_column(item, sa.Column("newly", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("UPDATE publish_run_item SET position = publication_id")
    op.execute(
        "UPDATE publish_run_item SET sent_at = (SELECT delivered_at FROM publication"
        " WHERE publication.id = publication_id AND publication.run_id = publish_run_item.run_id)"
    )
    op.create_index("ix_publish_run_item_run_id_position", item, ["run_id", "position"])
    op.create_index(
        "ix_publish_run_item_newly", item, ["sent_at"], sqlite_where=NEWLY, postgresql_where=NEWLY
    )


def _create_rollback() -> None:
    op.create_table(
        "run_rollback",
        sa.Column("id", _id(), nullable=False),
        sa.Column("run_id", _id(), nullable=False),
        sa.Column("user_id", _id(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("note", "state", "failure")),
        *(sa.Column(name, _id(), nullable=False) for name in ("total", "withdrawn", "stayed")),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'finished', 'stopped')", name=op.f("ck_run_rollback_state")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["publish_run.id"], name=op.f("fk_run_rollback_run_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_run_rollback_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_rollback")),
    )
    op.create_index("ix_run_rollback_run_id_id", "run_rollback", ["run_id", "id"])
    op.create_index(
        "ix_run_rollback_working",
        "run_rollback",
        ["id"],
        sqlite_where=ROLLING_BACK,
        postgresql_where=ROLLING_BACK,
    )
    op.create_table(
        "run_rollback_item",
        sa.Column("rollback_id", _id(), nullable=False),
        sa.Column("article_id", _id(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("version", "result", "reason")),
        sa.CheckConstraint("result IN ('', 'withdrawn', 'stayed')", name=op.f("ck_run_rollback_item_result")),
        sa.ForeignKeyConstraint(
            ["rollback_id"],
            ["run_rollback.id"],
            name=op.f("fk_run_rollback_item_rollback_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_run_rollback_item_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("rollback_id", "article_id", name=op.f("pk_run_rollback_item")),
    )
    op.create_index(op.f("ix_run_rollback_item_article_id"), "run_rollback_item", ["article_id"])


def _create_schedule() -> None:
    op.create_table(
        "publish_schedule",
        sa.Column("id", _id(), nullable=False),
        sa.Column("minute", _id(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("user_id", _id(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("minute BETWEEN 0 AND 1439", name=op.f("ck_publish_schedule_minute")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_publish_schedule_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publish_schedule")),
    )
    op.create_index(
        "ix_publish_schedule_next_at",
        "publish_schedule",
        ["next_at"],
        sqlite_where=ENABLED,
        postgresql_where=ENABLED,
    )
    op.create_table(
        "schedule_firing",
        sa.Column("schedule_id", _id(), nullable=False),
        sa.Column("planned_at", MOMENT, nullable=False),
        sa.Column("fired_at", MOMENT, nullable=False),
        sa.Column("run_id", _id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["publish_schedule.id"],
            name=op.f("fk_schedule_firing_schedule_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["publish_run.id"], name=op.f("fk_schedule_firing_run_id")),
        sa.PrimaryKeyConstraint("schedule_id", "planned_at", name=op.f("pk_schedule_firing")),
    )


def _create_hook_log() -> None:
    op.create_table(
        "hook_log",
        sa.Column("id", _id(), nullable=False),
        sa.Column("called_at", MOMENT, nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("status", _id(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("run_id", _id(), nullable=True),
        sa.Column("times", _id(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_log")),
    )
    op.create_index("ix_hook_log_address_called_at", "hook_log", ["address", "called_at"])
    op.create_index("ix_hook_log_called_at", "hook_log", ["called_at"])


def downgrade() -> None:
    """Take back."""
    for table in TABLES:
        op.drop_table(table)
    op.drop_index("ix_publish_run_item_newly", "publish_run_item")
    op.drop_index("ix_publish_run_item_run_id_position", "publish_run_item")
    with op.batch_alter_table("publish_run_item") as item:
        for column in ("newly", "sent_at", "position"):
            item.drop_column(column)
    with op.batch_alter_table("policy") as policy:
        policy.drop_constraint(op.f("ck_policy_publish_a_day"), type_="check")
        for column in ("publish_on_approval", "publish_zone", "publish_a_day"):
            policy.drop_column(column)
