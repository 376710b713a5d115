"""the desk stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


CHECKLIST = (
    "The commands and the code were read, and do what the text says",
    "Nothing is claimed without a source or a figure",
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "article",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("primary_stack", sa.Text(), nullable=False),
        sa.Column("difficulty", sa.Text(), nullable=False),
        sa.Column("code_language", sa.Text(), nullable=False),
        sa.Column("reading_minutes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("view_count", sa.BigInteger(), nullable=True),
        sa.Column("quality", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("freshness", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("depth", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("clarity", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("revision_status", sa.Text(), nullable=False),
        sa.Column("revision_version", sa.Text(), nullable=False),
        sa.Column("last_reviewed_on", sa.Date(), nullable=True),
        sa.Column("needs_human_review", sa.Boolean(), nullable=False),
        sa.Column("awaiting_review", sa.Boolean(), nullable=False),
        sa.Column("queue_rank", sa.BigInteger(), nullable=False),
        sa.Column("indexable", sa.Boolean(), nullable=False),
        sa.Column("published_version", sa.Text(), nullable=True),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.Column("text_digest", sa.Text(), nullable=False),
        sa.Column("row_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "NOT awaiting_review OR revision_status NOT IN ('approved', 'rejected', 'archived')",
            name=op.f("ck_article_settled_never_waits"),
        ),
        sa.CheckConstraint(
            "NOT indexable OR revision_status = 'approved'",
            name=op.f("ck_article_indexable_only_if_approved"),
        ),
        sa.CheckConstraint(
            "revision_status IN ('drafted', 'reviewed', 'changes_requested', 'approved', 'rejected', 'archived')",
            name=op.f("ck_article_revision_status"),
        ),
        sa.CheckConstraint("clarity BETWEEN 0 AND 100", name=op.f("ck_article_clarity")),
        sa.CheckConstraint("depth BETWEEN 0 AND 100", name=op.f("ck_article_depth")),
        sa.CheckConstraint("freshness BETWEEN 0 AND 100", name=op.f("ck_article_freshness")),
        sa.CheckConstraint(
            "published_version IS NULL OR indexable", name=op.f("ck_article_published_only_if_indexable")
        ),
        sa.CheckConstraint("quality BETWEEN 0 AND 100", name=op.f("ck_article_quality")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("slug", name=op.f("uq_article_slug")),
        sa.UniqueConstraint("source_id", name=op.f("uq_article_source_id")),
    )
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.create_index("ix_article_awaiting_review_id", ["awaiting_review", "id"], unique=False)
        batch_op.create_index("ix_article_batch_id_id", ["batch_id", "id"], unique=False)
        batch_op.create_index(
            "ix_article_indexable_id",
            ["id"],
            unique=False,
            sqlite_where=sa.text("indexable = 1"),
            postgresql_where=sa.text("indexable"),
        )
        batch_op.create_index(
            "ix_article_queue",
            ["queue_rank", "id"],
            unique=False,
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.create_index(
            "ix_article_queue_batch_id",
            ["batch_id", "queue_rank", "id"],
            unique=False,
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.create_index(
            "ix_article_queue_code_language",
            ["code_language", "queue_rank", "id"],
            unique=False,
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.create_index(
            "ix_article_queue_difficulty",
            ["difficulty", "queue_rank", "id"],
            unique=False,
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.create_index(
            "ix_article_queue_primary_stack",
            ["primary_stack", "queue_rank", "id"],
            unique=False,
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.create_index(
            "ix_article_queue_revision_status",
            ["revision_status", "queue_rank", "id"],
            unique=False,
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.create_index(
            "ix_article_queue_topic",
            ["topic", "queue_rank", "id"],
            unique=False,
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.create_index("ix_article_revision_status_id", ["revision_status", "id"], unique=False)

    op.create_table(
        "checklist_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checklist_item")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "before",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.Column(
            "after",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_subject", ["subject_kind", "subject_id", "id"], unique=False)

    op.create_table(
        "hook_call",
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.Text(), nullable=False),
        sa.Column(
            "answer",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_hook_call")),
    )
    with op.batch_alter_table("hook_call", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hook_call_received_at"), ["received_at"], unique=False)

    op.create_table(
        "login_attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempt")),
    )
    with op.batch_alter_table("login_attempt", schema=None) as batch_op:
        batch_op.create_index(
            "ix_login_attempt_address_attempted_at", ["address", "attempted_at"], unique=False
        )
        batch_op.create_index("ix_login_attempt_email_attempted_at", ["email", "attempted_at"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "payload",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("release_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'cancelled')", name=op.f("ck_outbox_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("cause", name=op.f("uq_outbox_cause")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_due",
            ["release_at", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.create_table(
        "target",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
        sa.UniqueConstraint("name", name=op.f("uq_target_name")),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('reviewer', 'lead', 'admin')", name=op.f("ck_user_role")),
        sa.CheckConstraint("theme IN ('', 'light', 'dark')", name=op.f("ck_user_theme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("email", name=op.f("uq_user_email")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_api_token_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_api_token_token_digest")),
    )
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_token_user_id"), ["user_id"], unique=False)

    op.create_table(
        "article_body",
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("plain_text", sa.Text(), nullable=False),
        sa.Column("word_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("image_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sanitiser_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_body_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_article_body")),
    )
    op.create_table(
        "article_flag",
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_flag_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", "name", name=op.f("pk_article_flag")),
    )
    with op.batch_alter_table("article_flag", schema=None) as batch_op:
        batch_op.create_index(
            "ix_article_flag_name_value_article_id", ["name", "value", "article_id"], unique=False
        )

    op.create_table(
        "article_meta",
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "imported",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_meta_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_article_meta")),
    )
    op.create_table(
        "claim",
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_claim_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_claim_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_claim")),
    )
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_claim_user_id"), ["user_id"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reviewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column(
            "before",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "after",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("override_reason", sa.Text(), nullable=False),
        sa.Column(
            "checklist",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("article_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("policy_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handling_seconds", sa.Double(), nullable=True),
        sa.Column("wait_seconds", sa.Double(), nullable=True),
        sa.Column("reverts_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "(outcome = 'rollback') = (reverts_id IS NOT NULL)", name=op.f("ck_decision_rollback_reverts")
        ),
        sa.CheckConstraint(
            "outcome IN ('save', 'approve', 'request_changes', 'reject', 'archive', 'rollback')",
            name=op.f("ck_decision_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_decision_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["reverts_id"], ["decision.id"], name=op.f("fk_decision_reverts_id")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["user.id"], name=op.f("fk_decision_reviewer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("reverts_id", name=op.f("uq_decision_reverts_id")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index("ix_decision_article_id_id", ["article_id", "id"], unique=False)
        batch_op.create_index("ix_decision_reviewer_id_id", ["reviewer_id", "id"], unique=False)

    op.create_table(
        "import_batch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("updated", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unchanged", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rejected", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("skipped", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("total", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kept", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("done_in_file", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bytes_total", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bytes_done", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'finished', 'failed', 'cancelled', 'undone')",
            name=op.f("ck_import_batch_state"),
        ),
        sa.CheckConstraint(
            "total = created + updated + unchanged + rejected + skipped", name=op.f("ck_import_batch_sum")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_import_batch_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
    )
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.create_index(
            "ix_import_batch_unfinished",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'running')"),
        )

    op.create_table(
        "policy",
        sa.Column(
            "version",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "floors",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["changed_by_id"], ["user.id"], name=op.f("fk_policy_changed_by_id")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policy")),
    )
    op.create_table(
        "publish_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "requested",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("accepted", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "refused",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("published", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("failed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'running', 'finished')", name=op.f("ck_publish_run_state")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_publish_run_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publish_run")),
    )
    with op.batch_alter_table("publish_run", schema=None) as batch_op:
        batch_op.create_index(
            "ix_publish_run_unfinished",
            ["due_at", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'running')"),
        )

    op.create_table(
        "review_slot",
        sa.Column("reviewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slot_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("decisions", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "handling",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "waiting",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "score_changes",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "score_counts",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["reviewer_id"], ["user.id"], name=op.f("fk_review_slot_reviewer_id")),
        sa.PrimaryKeyConstraint("reviewer_id", "slot_start", "outcome", name=op.f("pk_review_slot")),
    )
    with op.batch_alter_table("review_slot", schema=None) as batch_op:
        batch_op.create_index("ix_review_slot_slot_start", ["slot_start"], unique=False)

    op.create_table(
        "skip",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("skipped_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_skip_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_skip_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "article_id", name=op.f("pk_skip")),
    )
    with op.batch_alter_table("skip", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_skip_article_id"), ["article_id"], unique=False)

    op.create_table(
        "user_session",
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_user_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_user_session")),
    )
    with op.batch_alter_table("user_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "import_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_file_batch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_file")),
    )
    with op.batch_alter_table("import_file", schema=None) as batch_op:
        batch_op.create_index("uq_import_file_batch_id_position", ["batch_id", "position"], unique=True)

    op.create_table(
        "import_row_error",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_row_error_batch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_row_error")),
    )
    with op.batch_alter_table("import_row_error", schema=None) as batch_op:
        batch_op.create_index("ix_import_row_error_batch_id_id", ["batch_id", "id"], unique=False)

    op.create_table(
        "import_row_warning",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_row_warning_batch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_row_warning")),
    )
    with op.batch_alter_table("import_row_warning", schema=None) as batch_op:
        batch_op.create_index("ix_import_row_warning_batch_id_id", ["batch_id", "id"], unique=False)

    op.create_table(
        "import_seen",
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_seen_batch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", "source_id", name=op.f("pk_import_seen")),
    )
    op.create_table(
        "publication",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("target_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivering', 'delivered', 'failed', 'dead')",
            name=op.f("ck_publication_state"),
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_publication_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["publish_run.id"], name=op.f("fk_publication_run_id")),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name=op.f("fk_publication_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
        sa.UniqueConstraint(
            "article_id", "version", "target_id", name=op.f("uq_publication_article_id_version_target_id")
        ),
    )
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.create_index(
            "ix_publication_target_id_article_id", ["target_id", "article_id"], unique=False
        )

    op.create_table(
        "publish_run_item",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("publication_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publication.id"],
            name=op.f("fk_publish_run_item_publication_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["publish_run.id"], name=op.f("fk_publish_run_item_run_id")),
        sa.PrimaryKeyConstraint("run_id", "publication_id", name=op.f("pk_publish_run_item")),
    )
    with op.batch_alter_table("publish_run_item", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_publish_run_item_publication_id"), ["publication_id"], unique=False
        )

    op.create_table(
        "import_chunk",
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_file.id"], name=op.f("fk_import_chunk_file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "position", name=op.f("pk_import_chunk")),
    )
    _make_search()
    _fill()


def _make_search() -> None:
    """The full-text index, in the way each database has (see `review_app/articles/search.py`)."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE article_search USING "
            "fts5(title, topic, body, tokenize = 'unicode61 remove_diacritics 2')"
        )
        return
    op.execute(
        "CREATE TABLE article_search (article_id BIGINT PRIMARY KEY REFERENCES article (id) ON DELETE CASCADE, "
        "document TSVECTOR NOT NULL)"
    )
    op.execute("CREATE INDEX ix_article_search_document ON article_search USING gin (document)")


def _fill() -> None:
    """What every desk begins with: our own pages as a target, and a checklist whose lines are not required."""
    target = sa.table("target", sa.column("kind"), sa.column("name"), sa.column("enabled", sa.Boolean))
    op.bulk_insert(target, [{"kind": "site", "name": "site", "enabled": True}])
    columns = (sa.column("text"), sa.column("required", sa.Boolean), sa.column("position", sa.Integer))
    rows = [{"text": text, "required": False, "position": place} for place, text in enumerate(CHECKLIST, 1)]
    op.bulk_insert(sa.table("checklist_item", *columns), rows)


def downgrade() -> None:
    """Take back."""
    op.execute("DROP TABLE article_search")
    op.drop_table("import_chunk")
    with op.batch_alter_table("publish_run_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_publish_run_item_publication_id"))

    op.drop_table("publish_run_item")
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.drop_index("ix_publication_target_id_article_id")

    op.drop_table("publication")
    op.drop_table("import_seen")
    with op.batch_alter_table("import_row_warning", schema=None) as batch_op:
        batch_op.drop_index("ix_import_row_warning_batch_id_id")

    op.drop_table("import_row_warning")
    with op.batch_alter_table("import_row_error", schema=None) as batch_op:
        batch_op.drop_index("ix_import_row_error_batch_id_id")

    op.drop_table("import_row_error")
    with op.batch_alter_table("import_file", schema=None) as batch_op:
        batch_op.drop_index("uq_import_file_batch_id_position")

    op.drop_table("import_file")
    with op.batch_alter_table("user_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_session_user_id"))

    op.drop_table("user_session")
    with op.batch_alter_table("skip", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_skip_article_id"))

    op.drop_table("skip")
    with op.batch_alter_table("review_slot", schema=None) as batch_op:
        batch_op.drop_index("ix_review_slot_slot_start")

    op.drop_table("review_slot")
    with op.batch_alter_table("publish_run", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_publish_run_unfinished",
            sqlite_where=sa.text("state IN ('queued', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'running')"),
        )

    op.drop_table("publish_run")
    op.drop_table("policy")
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_import_batch_unfinished",
            sqlite_where=sa.text("state IN ('queued', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'running')"),
        )

    op.drop_table("import_batch")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index("ix_decision_reviewer_id_id")
        batch_op.drop_index("ix_decision_article_id_id")

    op.drop_table("decision")
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_claim_user_id"))

    op.drop_table("claim")
    op.drop_table("article_meta")
    with op.batch_alter_table("article_flag", schema=None) as batch_op:
        batch_op.drop_index("ix_article_flag_name_value_article_id")

    op.drop_table("article_flag")
    op.drop_table("article_body")
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_token_user_id"))

    op.drop_table("api_token")
    op.drop_table("user")
    op.drop_table("target")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_due",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.drop_table("outbox")
    with op.batch_alter_table("login_attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_login_attempt_email_attempted_at")
        batch_op.drop_index("ix_login_attempt_address_attempted_at")

    op.drop_table("login_attempt")
    with op.batch_alter_table("hook_call", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hook_call_received_at"))

    op.drop_table("hook_call")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index("ix_event_subject")

    op.drop_table("event")
    op.drop_table("checklist_item")
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_index("ix_article_revision_status_id")
        batch_op.drop_index(
            "ix_article_queue_topic",
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.drop_index(
            "ix_article_queue_revision_status",
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.drop_index(
            "ix_article_queue_primary_stack",
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.drop_index(
            "ix_article_queue_difficulty",
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.drop_index(
            "ix_article_queue_code_language",
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.drop_index(
            "ix_article_queue_batch_id",
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.drop_index(
            "ix_article_queue",
            sqlite_where=sa.text("awaiting_review = 1"),
            postgresql_where=sa.text("awaiting_review"),
        )
        batch_op.drop_index(
            "ix_article_indexable_id",
            sqlite_where=sa.text("indexable = 1"),
            postgresql_where=sa.text("indexable"),
        )
        batch_op.drop_index("ix_article_batch_id_id")
        batch_op.drop_index("ix_article_awaiting_review_id")

    op.drop_table("article")
