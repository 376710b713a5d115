"""The migration that pins people's work: on SQLite it makes the table of articles again, and must lose nothing by it."""

from __future__ import annotations

from typing import Any

import flask_migrate
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article, ArticleBody, ArticleFlag, ArticleMeta
from review_app.base.database import db
from review_app.reviewing.models import Decision
from tests.reviewing.desk import Sessions, import_again, judge, keep_new_texts_out, retire_checklist, undo

COUNTED = (Article, ArticleBody, ArticleMeta, ArticleFlag, Decision)


def figures(session: Session) -> list[int | None]:
    return [session.scalar(select(func.count()).select_from(model)) for model in COUNTED]


def standing(session: Session) -> dict[str, tuple[Any, ...]]:
    """What the migration fills in, by article: whether the decided text stands, whether it is public, who stands behind it."""
    return {
        article.source_id: (
            article.revision_status,
            article.decided_digest and article.decided_digest == article.text_digest,
            article.published_digest,
            article.affirmed,
        )
        for article in session.scalars(select(Article))
    }


def down_and_up(app: Flask) -> None:
    with app.app_context():
        config = app.extensions["migrate"].migrate.get_config()
        before = ScriptDirectory.from_config(config).get_revision("0004").down_revision
        flask_migrate.downgrade(revision=str(before))
        flask_migrate.upgrade()


def test_down_and_up_again_loses_nothing_of_what_there_was(
    app: Flask, session_of: Sessions, lead: User
) -> None:
    with session_of() as session:
        retire_checklist(session)
        for name in ("new", "saved", "approved", "changed", "undone"):
            import_again(session, name)
        judge(session, "saved", lead, "save")
        judge(session, "approved", lead, "approve")
        judge(session, "changed", lead, "reject")
        import_again(session, "changed", body="<p>Another text.</p>")
        undo(session, judge(session, "undone", lead, "reject"), lead)
        approved = session.scalars(select(Article).filter_by(source_id="approved")).one()
        approved.published_version, approved.published_digest = "1.5.0", approved.text_digest
        session.flush()
        before, counts = standing(session), figures(session)
        indexes = index_names(session)
    assert before["changed"] == ("rejected", False, None, True)
    down_and_up(app)
    with session_of() as session:
        assert (standing(session), figures(session)) == (before, counts)
        assert index_names(session) == indexes


def index_names(session: Session) -> set[str]:
    if session.get_bind().dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'article'"
    else:
        query = "SELECT indexname FROM pg_indexes WHERE tablename = 'article'"
    return set(session.scalars(text(query)))


def test_what_the_policy_kept_indexable_is_a_draft_again_below_it(
    app: Flask, session_of: Sessions, lead: User
) -> None:
    with session_of() as session:
        retire_checklist(session)
        keep_new_texts_out(session, lead)
        import_again(session)
        judge(session, "a", lead, "approve")
        import_again(session, body="<p>Nobody read this.</p>")
    down_and_up(app)
    with session_of() as session:
        article = session.scalars(select(Article)).one()
        assert (article.revision_status, article.indexable, article.awaiting_review) == (
            "drafted",
            False,
            True,
        )


def test_foreign_keys_hold_after_a_migration(app: Flask) -> None:
    down_and_up(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            assert db.session.scalar(text("PRAGMA foreign_keys")) == 1
        db.session.remove()
