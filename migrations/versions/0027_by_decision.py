"""Approvals that are to be published by themselves are rows of their own, no more those after a number; a run keeps under which
policy it last looked, and which approval it sent.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TAKE_ON = """
    INSERT INTO approval_to_publish (decision_id)
    SELECT decision.id FROM decision JOIN policy ON policy.version = decision.policy_version
    WHERE decision.outcome = 'approve' AND policy.publish_on_approval
    AND decision.id > COALESCE((SELECT value FROM publish_mark WHERE name = 'approval'), 0)
"""
SENT = """
    UPDATE publish_run_item SET decided_at = (
        SELECT CASE WHEN article.decided_at > publish_run_item.sent_at
        THEN publish_run_item.sent_at ELSE article.decided_at END
        FROM publication JOIN article ON article.id = publication.article_id
        WHERE publication.id = publish_run_item.publication_id
    ) WHERE sent_at IS NOT NULL
"""
IN_COHORTS = """
    UPDATE run_rollback_item SET decided_at = (
        SELECT MAX(publish_run_item.decided_at)
        FROM run_rollback JOIN publish_run_item ON publish_run_item.run_id = run_rollback.run_id
        JOIN publication ON publication.id = publish_run_item.publication_id
        WHERE run_rollback.id = run_rollback_item.rollback_id
        AND publication.article_id = run_rollback_item.article_id
    ) WHERE result = ''
"""


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply. What was sent under an approval that has been followed by another gets a time that is no decision's."""
    op.create_table(
        "approval_to_publish",
        sa.Column("decision_id", _id(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["decision.id"],
            name=op.f("fk_approval_to_publish_decision_id_decision"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_approval_to_publish")),
    )
    op.execute(TAKE_ON)
    op.execute("DELETE FROM publish_mark WHERE name = 'approval'")
    op.add_column("publish_run", sa.Column("policy_version", _id(), server_default="0", nullable=False))
    for table in ("publish_run_item", "run_rollback_item"):
        op.add_column(table, sa.Column("decided_at", MOMENT, nullable=True))
    op.execute(SENT)
    op.execute(IN_COHORTS)


def downgrade() -> None:
    """Take back. What waits to be published by itself is left to people: before, it was what came after a number."""
    for table in ("run_rollback_item", "publish_run_item"):
        op.drop_column(table, "decided_at")
    op.drop_column("publish_run", "policy_version")
    op.execute("INSERT INTO publish_mark (name, value) SELECT 'approval', COALESCE(MAX(id), 0) FROM decision")
    op.drop_table("approval_to_publish")
