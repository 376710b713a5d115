"""Targets of every kind, what goes to them, and each try."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OPEN, DEAD = sa.text("state IN ('waiting', 'delivering')"), sa.text("state = 'dead'")
MOMENT = sa.DateTime(timezone=True)
PUBLICATION = "'waiting', 'delivering', 'delivered', 'failed', 'dead'"
RUN = "'queued', 'running', 'finished'"


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _json() -> sa.types.TypeEngine[object]:
    return sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("target") as target:
        target.add_column(sa.Column("url", sa.Text(), nullable=False, server_default=""))
        target.add_column(sa.Column("username", sa.Text(), nullable=False, server_default=""))
        target.add_column(sa.Column("sealed_password", sa.Text(), nullable=True))
        target.add_column(sa.Column("sealed_secrets", _json(), nullable=False, server_default="[]"))
        target.add_column(sa.Column("events", _json(), nullable=True))
        target.add_column(sa.Column("options", _json(), nullable=False, server_default="{}"))
        target.add_column(sa.Column("owner_id", _id(), nullable=True))
        target.add_column(sa.Column("created_at", MOMENT, nullable=True))
        target.add_column(sa.Column("last_success_at", MOMENT, nullable=True))
        target.add_column(sa.Column("failing_since", MOMENT, nullable=True))
        target.add_column(sa.Column("off_reason", sa.Text(), nullable=False, server_default=""))
        target.add_column(sa.Column("row_version", _id(), nullable=False, server_default="1"))
        target.create_foreign_key(op.f("fk_target_owner_id"), "user", ["owner_id"], ["id"])
    _states("publication", f"{PUBLICATION}, 'withdrawn', 'cancelled'")
    _states("publish_run", "'queued', 'running', 'paused', 'stopped', 'finished'")
    _create_remote_article()
    _create_delivery()
    op.create_table(
        "delivery_attempt",
        sa.Column("id", _id(), nullable=False),
        sa.Column("delivery_id", _id(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("milliseconds", _id(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("status", _id(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("request", _json(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_delivery_attempt_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempt")),
    )
    op.create_index("ix_delivery_attempt_delivery_id", "delivery_attempt", ["delivery_id", "id"])


def _states(table: str, states: str) -> None:
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(f"ck_{table}_state"), type_="check")
        batch.create_check_constraint(op.f(f"ck_{table}_state"), f"state IN ({states})")


def _create_remote_article() -> None:
    op.create_table(
        "remote_article",
        sa.Column("id", _id(), nullable=False),
        sa.Column("target_id", _id(), nullable=False),
        sa.Column("article_id", _id(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("remote_id", "guid", "url", "state", "version")
        ),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "state IN ('unknown', 'published', 'withdrawn')", name=op.f("ck_remote_article_state")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name=op.f("fk_remote_article_target_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_remote_article_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote_article")),
        sa.UniqueConstraint("target_id", "article_id", name=op.f("uq_remote_article_target_id_article_id")),
    )
    op.create_index(op.f("ix_remote_article_article_id"), "remote_article", ["article_id"])


def _create_delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", _id(), nullable=False),
        sa.Column("target_id", _id(), nullable=False),
        sa.Column("outbox_id", _id(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("article_id", _id(), nullable=True),
        sa.Column("publication_id", _id(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", _id(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.CheckConstraint("action IN ('publish', 'withdraw', 'tell')", name=op.f("ck_delivery_action")),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivering', 'delivered', 'failed', 'dead', 'cancelled')",
            name=op.f("ck_delivery_state"),
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name=op.f("fk_delivery_target_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_delivery_outbox_id")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_delivery_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publication.id"],
            name=op.f("fk_delivery_publication_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("target_id", "outbox_id", name=op.f("uq_delivery_target_id_outbox_id")),
        sa.UniqueConstraint("message_id", name=op.f("uq_delivery_message_id")),
    )
    op.create_index("ix_delivery_due", "delivery", ["due_at", "id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index(
        "ix_delivery_in_order",
        "delivery",
        ["target_id", "subject", "id"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_delivery_dead", "delivery", ["target_id", "id"], sqlite_where=DEAD, postgresql_where=DEAD
    )
    op.create_index("ix_delivery_target_id_id", "delivery", ["target_id", "id"])
    for column in ("outbox_id", "article_id", "publication_id", "finished_at"):
        op.create_index(op.f(f"ix_delivery_{column}"), "delivery", [column])


def downgrade() -> None:
    """Take back. What only the new states can say becomes the nearest of the old ones."""
    for table in ("delivery_attempt", "delivery", "remote_article"):
        op.drop_table(table)
    op.execute("UPDATE publish_run SET state = 'finished' WHERE state IN ('paused', 'stopped')")
    op.execute("UPDATE publication SET state = 'failed' WHERE state IN ('withdrawn', 'cancelled')")
    _states("publish_run", RUN)
    _states("publication", PUBLICATION)
    op.execute(
        "DELETE FROM publish_run_item WHERE publication_id IN"
        " (SELECT p.id FROM publication p JOIN target t ON t.id = p.target_id WHERE t.kind <> 'site')"
    )
    op.execute("DELETE FROM publication WHERE target_id IN (SELECT id FROM target WHERE kind <> 'site')")
    op.execute("DELETE FROM target WHERE kind <> 'site'")
    with op.batch_alter_table("target") as target:
        target.drop_constraint(op.f("fk_target_owner_id"), type_="foreignkey")
        for column in (
            "row_version",
            "off_reason",
            "failing_since",
            "last_success_at",
            "created_at",
            "owner_id",
            "options",
            "events",
            "sealed_secrets",
            "sealed_password",
            "username",
            "url",
        ):
            target.drop_column(column)
