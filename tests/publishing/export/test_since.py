"""What changed since a cursor is found without looking at what did not, however large the desk is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text, update

from review_app.articles.models import Article
from review_app.publishing.export import queries
from review_app.publishing.export.queries import published_records, withdrawn_ids
from review_app.publishing.export.streams import source_id_of
from review_app.publishing.models import Publication, PublishRun
from tests.factories import LONG_AGO
from tests.publishing.conftest import approved_article
from tests.review_queue.test_query_plans import plans

DRAFT = {"revision_status": "drafted", "awaiting_review": True}


@pytest.fixture
def long_desk(session_of):
    """Many articles, a few of them published or withdrawn, each changed at its own moment; and statistics that say so."""
    with session_of() as session:
        run = PublishRun(
            trigger="page", requested={}, accepted=0, refused=[], created_at=LONG_AGO, due_at=LONG_AGO
        )
        session.add(run)
        session.flush()
        for number in range(600):
            changes = {"published_version": "1.0.0"} if number % 4 == 0 else {"indexable": False, **DRAFT}
            article = approved_article(session, f"n-{number:03}", **changes)
            # the later the id, the longer ago: an order by id is none by time
            article.updated_at = LONG_AGO - timedelta(minutes=number)
            if number % 4 == 1:
                once = {"state": "withdrawn", "due_at": LONG_AGO, "delivered_at": LONG_AGO}
                site = {"article_id": article.id, "target_id": 1, "version": "1.0.0", "run_id": run.id}
                session.add(Publication(**site, **once))
        session.execute(text("ANALYZE"))


@pytest.mark.usefixtures("long_desk")
def test_what_changed_since_is_read_along_the_index_of_changes(session_of, monkeypatch):
    monkeypatch.setattr(queries, "BATCH", 7)
    monkeypatch.setattr(queries, "_let_go", lambda _session: None)  # what is explained is one transaction
    since = LONG_AGO - timedelta(minutes=99)
    with session_of() as session, plans(session) as found:
        names = [source_id_of(one) for some in published_records(session, since, "") for one in some]
        gone = [name for some in withdrawn_ids(session, since) for name in some]
    assert names == [f"n-{number:03}" for number in range(96, -1, -4)], "the one that changed first is first"
    assert gone == [f"n-{number:03}" for number in range(97, 0, -4)]
    assert len(found) == 2 * 4
    for plan in found:
        assert "ix_article_updated_at_id" in plan
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan


@pytest.mark.usefixtures("long_desk")
def test_what_changes_while_it_is_exported_is_not_left_out(session_of, monkeypatch):
    monkeypatch.setattr(queries, "BATCH", 7)
    names = []
    with session_of() as session:
        for some in published_records(session, LONG_AGO - timedelta(minutes=99), ""):
            names += map(source_id_of, some)
            if len(names) == 7:
                now = LONG_AGO + timedelta(days=1)
                changed = Article.source_id.in_(("n-096", "n-004"))
                session.execute(update(Article).where(changed).values(updated_at=now))
                session.commit()
    assert sorted(set(names)) == [f"n-{number:03}" for number in range(0, 97, 4)]
    assert names[-2:] == ["n-004", "n-096"]
    assert len(names) == 26
