"""Importing: what becomes an article, what changes one, what is refused, and what a person's decision outlives."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from review_app.accounts.models import User
from review_app.articles.models import Article, ArticleBody
from review_app.articles.queries import get_article, lock_article
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.importing import jobs
from review_app.importing.batches import Upload, add_uploads, counts, lease_batch, open_batch
from review_app.importing.jobs import run_import
from review_app.importing.models import ImportBatch, ImportChunk, ImportRowError
from review_app.importing.queries import get_batch
from review_app.outbox.actions import SYSTEM
from review_app.outbox.models import Event, OutboxEvent
from review_app.reviewing.actions import Judgement, decide
from review_app.reviewing.rules import Outcome
from tests.importing.records import lines, record

Import = Callable[..., ImportBatch]


def queue(content: bytes, *more: bytes, **options: Any) -> int:
    """A batch of uploaded files, not worked on yet."""
    with transaction() as session:
        batch = open_batch(session, "test", "page", user_id=None, actor=SYSTEM, now=utc_now(), **options)
        files = [Upload(f"file{n}", io.BytesIO(data)) for n, data in enumerate([content, *more], 1)]
        add_uploads(session, batch, files)
        return batch.id


@pytest.fixture
def importing(app: Flask) -> Import:
    """Import bytes and get the ended batch."""

    def run(content: bytes, *more: bytes, **options: Any) -> ImportBatch:
        with app.app_context():
            batch_id = queue(content, *more, **options)
            run_import(batch_id)
            batch = get_batch(db.session(), batch_id)
            assert sum(counts(batch).values()) == 2 * batch.total, "the figures do not add up"
            db.session.remove()
            return batch

    return run


@pytest.fixture
def article_now(app: Flask) -> Callable[[str], Article]:
    """An article as it stands."""

    def read(source_id: str = "desk-000001") -> Article:
        with app.app_context():
            found = get_article(db.session(), source_id)
            db.session.remove()
            return found

    return read


def settle_as(app: Flask, user: User, outcome: Outcome, source_id: str = "desk-000001", **said: Any) -> None:
    """A person decides."""
    with app.app_context(), transaction() as session:
        article, person = lock_article(session, source_id), session.get_one(User, user.id)
        judgement = Judgement(outcome, article.row_version, **said)
        decide(
            session,
            article,
            person,
            judgement,
            actor=person.as_actor(),
            now=utc_now(),
            undo=timedelta(seconds=20),
        )


def test_a_new_record_becomes_a_waiting_article(importing: Import, article_now: Any) -> None:
    batch = importing(lines(record()))
    assert (batch.state, batch.created, batch.total) == ("finished", 1, 1)
    article = article_now()
    assert article.scores == {"quality": 81, "freshness": 64, "depth": 70, "clarity": 88}
    assert (article.primary_stack, article.view_count) == ("celery", 9223372036854775807)
    assert article.awaiting_review
    assert not article.indexable
    assert "<h2>Checks</h2>" in article.body.html
    assert article.meta.imported["tools"] == ["beat", "flower"]


def test_the_same_again_changes_nothing(importing: Import, article_now: Any) -> None:
    importing(lines(record()))
    before = article_now()
    batch = importing(lines(record()))
    assert counts(batch) == {
        "created": 0,
        "updated": 0,
        "unchanged": 1,
        "rejected": 0,
        "skipped": 0,
        "total": 1,
    }
    assert article_now().row_version == before.row_version


@pytest.mark.parametrize("status", ["approved", "published", "reviewed", "updated"])
def test_an_import_alone_never_approves(importing: Import, article_now: Any, status: str) -> None:
    importing(lines(record(**{"revision.status": status}) | {"indexable": True, "awaiting_review": False}))
    article = article_now()
    assert article.revision_status in {"drafted", "reviewed"}
    assert not article.indexable


def test_a_bad_record_is_refused_alone_and_kept(app: Flask, importing: Import) -> None:
    batch = importing(
        lines(record("a-1"), record("a-2", **{"score.depth": 101}), '{"broken": ', record("a-4"))
    )
    assert (batch.state, batch.created, batch.rejected, batch.total) == ("finished", 2, 2, 4)
    with app.app_context():
        errors = db.session.scalars(select(ImportRowError).order_by(ImportRowError.line)).all()
        assert [(error.line, error.source_id) for error in errors] == [(2, "a-2"), (3, None)]
        assert "depth" in errors[0].field
        assert "0 to 100" in errors[0].reason
        assert '"depth": 101' in errors[0].raw
        assert errors[1].raw.startswith('{"broken"')
        db.session.remove()


def test_a_file_that_cannot_be_read_fails_the_import_and_leaves_nothing(
    app: Flask, importing: Import
) -> None:
    batch = importing(b"\x00\x01\x02 binary")
    assert batch.state == "failed"
    assert "NUL" in batch.failure
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Article)) == 0
        db.session.remove()


def test_one_unreadable_file_among_others_is_refused_alone(importing: Import) -> None:
    batch = importing(lines(record("a-1")), b"", lines(record("a-2")))
    assert (batch.state, batch.created, batch.rejected) == ("finished", 2, 1)


def test_a_dry_run_counts_and_changes_nothing(app: Flask, importing: Import, article_now: Any) -> None:
    importing(lines(record()))
    before = article_now()
    batch = importing(lines(record(title="Another title"), record("new-1"), record("new-1")), dry_run=True)
    assert (batch.updated, batch.created, batch.unchanged) == (1, 1, 1)
    after = article_now()
    assert (after.title, after.row_version) == (before.title, before.row_version)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Article)) == 1
        db.session.remove()


def test_the_same_id_twice_in_one_import(importing: Import) -> None:
    same = importing(lines(record(), record()))
    assert (same.created, same.unchanged, same.rejected) == (1, 1, 0)
    other = importing(lines(record("b-1"), record("b-1", title="Another title")))
    assert (other.created, other.unchanged, other.rejected) == (1, 0, 1)


def test_a_lower_version_with_other_content_is_refused_as_stale(app: Flask, importing: Import) -> None:
    importing(lines(record(**{"revision.version": "1.10.0"})))
    batch = importing(lines(record(title="An older title", **{"revision.version": "1.9.9"})))
    assert batch.rejected == 1
    with app.app_context():
        error = db.session.scalars(select(ImportRowError)).one()
        assert "1.9.9 is older than 1.10.0" in error.reason
        db.session.remove()


def test_what_nobody_decided_follows_the_import(importing: Import, article_now: Any) -> None:
    importing(lines(record()))
    batch = importing(
        lines(record(title="A better title", **{"score.depth": 12, "revision.version": "1.5.0"}))
    )
    assert (batch.updated, batch.kept) == (1, 0)
    article = article_now()
    assert (article.title, article.depth, article.revision_version) == ("A better title", 12, "1.5.0")


def test_a_persons_scores_status_and_note_outlive_an_import(
    app: Flask, importing: Import, article_now: Any, reviewer: User
) -> None:
    importing(lines(record()))
    settle_as(app, reviewer, Outcome.REJECT, scores={"depth": 33}, note="nothing in it is true")
    batch = importing(
        lines(record(**{"score.depth": 99, "revision.version": "2.0.0"}, title="Another title"))
    )
    assert (batch.updated, batch.kept) == (1, 1)
    article = article_now()
    assert (article.depth, article.revision_status, article.revision_version) == (33, "rejected", "1.4.3")
    assert article.title == "Another title"
    assert article.meta.imported["score"]["depth"] == 99
    assert not article.awaiting_review
    with app.app_context():
        kept = db.session.scalars(select(Event).where(Event.kind == "import.kept_decision")).one()
        assert kept.after["scores"]["depth"] == 99
        db.session.remove()


@pytest.mark.parametrize(
    "change", [{"title": "A new title"}, {"body": "<p>New.</p>"}, {"excerpt": "A new one."}]
)
def test_a_changed_text_leaves_the_index_and_waits_again(
    app: Flask, importing: Import, article_now: Any, reviewer: User, change: dict[str, str]
) -> None:
    importing(lines(record()))
    settle_as(app, reviewer, Outcome.APPROVE, scores={"depth": 91})
    assert article_now().indexable
    importing(lines(record() | change))
    article = article_now()
    assert (article.indexable, article.awaiting_review, article.revision_status) == (False, True, "drafted")
    assert article.depth == 91
    with app.app_context():
        withdrawn = select(OutboxEvent).where(OutboxEvent.kind == "article.withdrawn")
        assert db.session.scalars(withdrawn).one().subject == "article:desk-000001"
        db.session.remove()


def test_an_approval_outlives_changed_metadata(
    app: Flask, importing: Import, article_now: Any, reviewer: User
) -> None:
    importing(lines(record()))
    settle_as(app, reviewer, Outcome.APPROVE)
    importing(lines(record(view_count=5)))
    assert article_now().indexable
    assert article_now().view_count == 5


def test_requested_changes_come_back_with_new_content(
    app: Flask, importing: Import, article_now: Any, reviewer: User
) -> None:
    importing(lines(record()))
    settle_as(app, reviewer, Outcome.REQUEST_CHANGES, note="name the source")
    assert not article_now().awaiting_review
    importing(lines(record(body="<p>With a source.</p>")))
    article = article_now()
    assert (article.awaiting_review, article.revision_status) == (True, "changes_requested")


def test_a_killed_import_goes_on_where_it_stopped(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "RECORDS", 3)
    content = [lines(*(record(f"f{file}-{n}") for n in range(5))) for file in range(3)]
    settled = 0

    class Killed(BaseException):
        pass

    def kill(_batch: ImportBatch) -> None:
        nonlocal settled
        settled += 1
        if settled == 4:
            raise Killed

    with app.app_context():
        batch_id = queue(*content)
        with pytest.raises(Killed):
            run_import(batch_id, kill)
        assert 0 < get_batch(db.session(), batch_id).created < 15
        with transaction() as session:
            session.get_one(ImportBatch, batch_id).lease_until = utc_now() - timedelta(seconds=1)
        run_import(batch_id)
        batch = get_batch(db.session(), batch_id)
        assert (batch.state, batch.created, batch.unchanged, batch.total) == ("finished", 15, 0, 15)
        assert db.session.scalar(select(func.count()).select_from(ImportChunk)) == 0
        db.session.remove()


def test_two_workers_never_have_the_same_batch(app: Flask) -> None:
    with app.app_context():
        batch_id, now = queue(lines(record())), utc_now()
        with transaction() as session:
            assert lease_batch(session, batch_id, "one", now)
        with transaction() as session:
            assert not lease_batch(session, batch_id, "two", now)
            assert lease_batch(session, batch_id, "two", now + timedelta(minutes=3))
        db.session.remove()


def test_two_imports_of_one_file_at_once_double_nothing(app: Flask) -> None:
    content = lines(*(record(f"both-{n}") for n in range(60)))
    with app.app_context():
        batches = [queue(content), queue(content)]
        db.session.remove()
    failures: list[BaseException] = []

    def work(batch_id: int) -> None:
        try:
            with app.app_context():
                run_import(batch_id)
                db.session.remove()
        except BaseException as failure:  # a thread's failure must reach the test
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(batch_id,)) for batch_id in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with app.app_context():
        first, second = (get_batch(db.session(), batch_id) for batch_id in batches)
        assert first.created + second.created == 60
        assert first.unchanged + second.unchanged == 60
        assert db.session.scalar(select(func.count()).select_from(ArticleBody)) == 60
        db.session.remove()


def test_the_database_refuses_figures_that_do_not_add_up(app: Flask) -> None:
    with app.app_context():
        batch_id = queue(lines(record()))
        with pytest.raises(IntegrityError), transaction() as session:
            session.get_one(ImportBatch, batch_id).created = 5
        db.session.remove()
