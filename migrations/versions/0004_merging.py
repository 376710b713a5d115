"""people's work is pinned."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

NEVER_WAITS = "ck_article_settled_never_waits"
BEFORE = "NOT awaiting_review OR revision_status NOT IN ('approved', 'rejected', 'archived')"
AFTER = "NOT awaiting_review OR revision_status NOT IN ('rejected', 'archived')"
ADDED = {
    "ck_article_approved_waits_only_for_a_new_text": (
        "NOT awaiting_review OR revision_status <> 'approved' OR COALESCE(decided_digest, text_digest) <> text_digest"
    ),
    "ck_article_indexable_text_is_known": (
        "NOT indexable OR (decided_digest IS NOT NULL AND (awaiting_review OR decided_digest = text_digest))"
    ),
    "ck_article_published_text_is_known": "(published_version IS NULL) = (published_digest IS NULL)",
}


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "policy", sa.Column("keep_indexable", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("article_meta", sa.Column("imported_status", sa.Text(), nullable=True))
    op.add_column("article", sa.Column("published_digest", sa.Text(), nullable=True))
    op.add_column("article", sa.Column("decided_digest", sa.Text(), nullable=True))
    op.add_column("article", sa.Column("affirmed", sa.Boolean(), server_default=sa.false(), nullable=False))
    _fill()
    _constrain({NEVER_WAITS: (BEFORE, AFTER)} | {name: (None, text) for name, text in ADDED.items()})
    op.create_table(
        "article_version",
        sa.Column("article_id", BIG, nullable=False),
        sa.Column("text_digest", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_article_version_article_id_article"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", "text_digest", name=op.f("pk_article_version")),
    )
    op.create_table(
        "merge_proposal",
        sa.Column("id", BIG, nullable=False),
        sa.Column("article_id", BIG, nullable=False),
        sa.Column("batch_id", BIG, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("decision_id", BIG, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'taken', 'kept', 'overtaken')", name=op.f("ck_merge_proposal_state")
        ),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_merge_proposal_article_id_article"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge_proposal")),
    )
    op.create_index("ix_merge_proposal_article_id_id", "merge_proposal", ["article_id", "id"])
    is_open = {"sqlite_where": sa.text("state = 'open'"), "postgresql_where": sa.text("state = 'open'")}
    op.create_index("uq_merge_proposal_open", "merge_proposal", ["article_id"], unique=True, **is_open)
    op.create_index("ix_merge_proposal_open", "merge_proposal", ["id"], **is_open)


def downgrade() -> None:
    """Take back. What waits although it is approved is drafted again: its approval was of another text."""
    op.drop_table("merge_proposal")
    op.drop_table("article_version")
    _constrain({NEVER_WAITS: (AFTER, None)} | {name: (text, None) for name, text in ADDED.items()})
    op.execute(
        "UPDATE article SET revision_status = 'drafted', indexable = false, published_version = NULL "
        "WHERE awaiting_review AND revision_status = 'approved'"
    )
    _constrain({NEVER_WAITS: (None, BEFORE)})
    for table, column in (
        ("article", "affirmed"),
        ("article", "decided_digest"),
        ("article", "published_digest"),
        ("article_meta", "imported_status"),
        ("policy", "keep_indexable"),
    ):
        op.drop_column(table, column)


def _fill() -> None:
    """What decisions were made on; until now an approval and the text that stands were always of one text."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    digest = "json_extract(d.before, '$.text_digest')" if on_sqlite else "d.before ->> 'text_digest'"
    stands = (
        "d.article_id = article.id AND d.outcome <> 'rollback' "
        "AND NOT EXISTS (SELECT 1 FROM decision u WHERE u.reverts_id = d.id)"
    )
    settling = "d.outcome IN ('approve', 'request_changes', 'reject', 'archive')"
    op.execute(
        f"UPDATE article SET decided_digest = (SELECT {digest} FROM decision d WHERE {stands} "  # noqa: S608  # constants
        f"ORDER BY d.id DESC LIMIT 1), affirmed = EXISTS (SELECT 1 FROM decision d WHERE {stands} AND {settling}) "
        "WHERE decided_at IS NOT NULL"
    )
    op.execute("UPDATE article SET decided_digest = text_digest WHERE indexable")
    op.execute("UPDATE article SET published_digest = text_digest WHERE published_version IS NOT NULL")


def _constrain(changes: dict[str, tuple[str | None, str | None]]) -> None:
    """Change check constraints of `article`, each from one condition (None: there is none yet) to another."""
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(changes)
        return
    for name, (old, new) in changes.items():
        if old:
            op.drop_constraint(op.f(name), "article", type_="check")
        if new:
            op.create_check_constraint(op.f(name), "article", new)


def _rebuild(changes: dict[str, tuple[str | None, str | None]]) -> None:
    """SQLite cannot alter a constraint: the table is made again from its own words, as sqlite.org/lang_altertable.html says.

    Alembic's batch mode would lose the other check constraints. env.py has switched foreign keys off, or dropping the old
    table would empty those that point at it.
    """
    connection = op.get_bind()
    if connection.exec_driver_sql("PRAGMA foreign_keys").scalar():
        raise RuntimeError("foreign keys are on: see env.py")
    ours = "FROM sqlite_master WHERE tbl_name = 'article' AND sql IS NOT NULL AND type ="
    made = connection.exec_driver_sql(f"SELECT sql {ours} 'table'").scalar_one()  # constants
    indexes = connection.exec_driver_sql(f"SELECT sql {ours} 'index'").scalars().all()  # constants
    for name, (old, new) in changes.items():
        made = _reworded(made, name, (old, new))
    columns = [f'"{row[1]}"' for row in connection.exec_driver_sql("PRAGMA table_info(article)")]
    connection.exec_driver_sql(re.sub(r'^CREATE TABLE "?article"?', "CREATE TABLE article_anew", made))
    names = ", ".join(columns)
    connection.exec_driver_sql(f"INSERT INTO article_anew ({names}) SELECT {names} FROM article")  # noqa: S608  # its columns
    connection.exec_driver_sql("DROP TABLE article")
    connection.exec_driver_sql("ALTER TABLE article_anew RENAME TO article")
    for index in indexes:
        connection.exec_driver_sql(index)
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5):
        raise RuntimeError(f"rows point nowhere: {broken}")


def _reworded(made: str, name: str, change: tuple[str | None, str | None]) -> str:
    old, new = (f"CONSTRAINT {name} CHECK ({text})" if text else None for text in change)
    if old and old not in made:
        raise RuntimeError(f"{name} is not as it was made: {made}")
    if old and new:
        return made.replace(old, new)
    if old:
        return re.sub(rf",\s*{re.escape(old)}", "", made)
    return f"{made.rstrip().removesuffix(')')}, {new})"
