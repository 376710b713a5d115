"""Measuring what an import brought: in pieces, again after a kill, and with counts that are always right."""

from __future__ import annotations

import io
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from review_app.articles.models import Article, ArticleBody
from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.evidence import actions, jobs
from review_app.evidence.actions import forget, lease_run, remeasure, request_evidence
from review_app.evidence.jobs import due_runs, run_evidence
from review_app.evidence.likeness import bands_of, digest_of, normalised
from review_app.evidence.models import ArticleEvidence, EvidenceRun, Paragraph, Passage
from review_app.importing.batches import Upload, add_uploads, open_batch
from review_app.outbox.actions import SYSTEM
from review_app.worker import run_pending
from tests.evidence.texts import html, measured, paragraph
from tests.factories import LONG_AGO, make_article
from tests.importing.records import lines, record
from tests.reviewing.test_query_counts import counted

Sessions = Callable[[], AbstractContextManager[Session]]
BATCH = 7


@pytest.fixture
def batch(session_of: Sessions) -> int:
    """Ten articles of one import, each with a paragraph of its own and one that all have; returns the run's number."""
    with session_of() as session:
        for number in range(10):
            body = html(paragraph(number), paragraph(-1))
            make_article(session, f"n{number}", body, batch_id=BATCH)
        make_article(session, "elsewhere", html(paragraph(-1)), batch_id=BATCH + 1)
        return request_evidence(session, BATCH, LONG_AGO).id


def kept(session: Session) -> tuple[set[tuple[int, int]], dict[int, int], set[tuple[int, str]]]:
    """All that evidence keeps: paragraphs, counts, and for which text each article was measured."""
    paragraphs = set(session.execute(select(Paragraph.article_id, Paragraph.digest)))
    counts = dict(session.execute(select(Passage.digest, Passage.articles)).all())
    texts = set(session.execute(select(ArticleEvidence.article_id, ArticleEvidence.text_digest)))
    return paragraphs, counts, texts


def shares(session: Session) -> dict[int, tuple[int, int, int]]:
    """What each article says of its paragraphs: how many it has, how many of them others have, and that in percent."""
    columns = (ArticleEvidence.paragraphs, ArticleEvidence.shared, ArticleEvidence.repeated)
    return {key: (a, b, c) for key, a, b, c in session.execute(select(ArticleEvidence.article_id, *columns))}


def repeated(session: Session) -> dict[str, int]:
    """How much of each article stands in others, in percent."""
    query = select(Article.source_id, ArticleEvidence.repeated).join_from(ArticleEvidence, Article)
    return dict(session.execute(query).all())


def assert_counted(session: Session) -> None:
    """Each passage says in how many articles it stands, none stands nowhere, and each article how many it shares."""
    paragraphs, counts, _ = kept(session)
    assert counts == Counter(digest for _, digest in paragraphs)
    for article_id, told in shares(session).items():
        own = [digest for holder, digest in paragraphs if holder == article_id]
        shared = sum(counts[digest] > 1 for digest in own)
        assert told == (len(own), shared, 100 * shared // max(1, len(own)))


def digest(text: str) -> int:
    return digest_of(normalised(text))


def test_a_run_measures_the_articles_of_its_import_alone(
    app: Flask, session_of: Sessions, batch: int
) -> None:
    with app.app_context():
        run_evidence(batch)
    with session_of() as session:
        run = session.get_one(EvidenceRun, batch)
        assert (run.state, run.measured, run.leased_by) == ("finished", 10, None)
        assert session.get_one(Passage, digest(paragraph(-1))).articles == 10
        one = session.get_one(Passage, digest(paragraph(3)))
        assert one.articles == 1
        assert [one.band_0, one.band_1, one.band_2, one.band_3] == bands_of(normalised(paragraph(3)))
        assert_counted(session)


def test_a_run_for_all_measures_all(app: Flask, session_of: Sessions, batch: int) -> None:
    with session_of() as session:
        everything = request_evidence(session, None, LONG_AGO).id
    with app.app_context():
        run_evidence(everything)
    with session_of() as session:
        assert session.get_one(Passage, digest(paragraph(-1))).articles == 11


def test_measuring_again_changes_nothing(app: Flask, session_of: Sessions, batch: int) -> None:
    with app.app_context():
        run_evidence(batch)
    with session_of() as session:
        before = kept(session)
        again = request_evidence(session, BATCH, LONG_AGO).id
        remeasure(
            session, list(session.scalars(select(Article.id).where(Article.batch_id == BATCH))), LONG_AGO
        )
    with app.app_context():
        run_evidence(again)
    with session_of() as session:
        assert kept(session) == before
        assert session.get_one(EvidenceRun, again).measured == 0


def test_a_killed_run_goes_on_where_it_stopped(
    app: Flask, session_of: Sessions, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MEASURED_AT_ONCE", 4)
    write, calls = jobs.keep, []

    def dying(*arguments: object) -> int:
        calls.append(arguments)
        written: int = write(*arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return written

    monkeypatch.setattr(jobs, "keep", dying)
    with app.app_context(), pytest.raises(KeyboardInterrupt):
        run_evidence(batch)
    with session_of() as session:
        run = session.get_one(EvidenceRun, batch)
        assert (run.state, run.measured) == ("running", 4)
        assert_counted(session)
        assert batch not in due_runs(utc_now())
        assert batch in due_runs(utc_now() + timedelta(minutes=5))
        run.lease_until = LONG_AGO
    with app.app_context():
        run_evidence(batch)
    with session_of() as session:
        assert session.get_one(EvidenceRun, batch).measured == 10
        assert_counted(session)


def test_a_worker_that_lost_its_lease_writes_nothing(
    app: Flask, session_of: Sessions, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = jobs.measure_next

    def overtaken(session: Session, run: EvidenceRun) -> object:
        found = measure(session, run)
        session.rollback()
        with session_of() as other:
            other.get_one(EvidenceRun, batch).leased_by = "another worker"
        return found

    monkeypatch.setattr(jobs, "measure_next", overtaken)
    with app.app_context():
        run_evidence(batch)
    with session_of() as session:
        assert kept(session) == (set(), {}, set())
        assert session.get_one(EvidenceRun, batch).leased_by == "another worker"


def test_only_one_worker_has_a_run(session_of: Sessions, batch: int) -> None:
    with session_of() as session:
        assert lease_run(session, batch, "one", LONG_AGO)
        assert not lease_run(session, batch, "two", LONG_AGO)
        assert lease_run(session, batch, "two", LONG_AGO + timedelta(minutes=3))


def test_two_runs_at_once_count_each_article_once(
    app: Flask, session_of: Sessions, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MEASURED_AT_ONCE", 3)
    measure, together = jobs.measure_next, threading.Barrier(2, timeout=20)

    def meeting(session: Session, run: EvidenceRun) -> object:
        found = measure(session, run)
        session.rollback()
        if not together.broken:
            with suppress(threading.BrokenBarrierError):
                together.wait()
            if run.position:
                together.abort()
        return found

    monkeypatch.setattr(jobs, "measure_next", meeting)
    with session_of() as session:
        runs = [batch, request_evidence(session, None, LONG_AGO).id]

    def work(run_id: int) -> None:
        with app.app_context():
            run_evidence(run_id)
            db.session.remove()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, runs))
    with session_of() as session:
        assert session.get_one(Passage, digest(paragraph(-1))).articles == 11
        assert_counted(session)


def test_what_changed_while_it_was_measured_waits_for_its_own_run(
    app: Flask, session_of: Sessions, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = jobs.measure_next

    def then_changed(session: Session, run: EvidenceRun) -> object:
        found = measure(session, run)
        session.rollback()
        with session_of() as other:
            other.query(Article).filter_by(source_id="n3").one().text_digest = "another text"
            other.execute(delete(Article).where(Article.source_id == "n4"))
        return found

    monkeypatch.setattr(jobs, "measure_next", then_changed)
    with app.app_context():
        run_evidence(batch)
    with session_of() as session:
        run = session.get_one(EvidenceRun, batch)
        assert (run.state, run.measured) == ("finished", 8)
        assert session.get(Passage, digest(paragraph(3))) is None
        assert_counted(session)


def test_very_long_texts_are_written_one_by_one(
    app: Flask, session_of: Sessions, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST_CHARACTERS", 1)
    with app.app_context():
        run_evidence(batch)
    with session_of() as session:
        assert session.get_one(EvidenceRun, batch).measured == 10


def test_a_long_run_lets_others_have_the_worker_and_goes_on(
    app: Flask, session_of: Sessions, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MEASURED_AT_ONCE", 4)
    monkeypatch.setattr(jobs, "WORK_SECONDS", -1.0)
    for measured_by_then in (4, 8, 10):
        with session_of() as session:
            assert batch in due_runs(utc_now())
        with app.app_context():
            run_evidence(batch)
        with session_of() as session:
            assert session.get_one(EvidenceRun, batch).measured == measured_by_then


def test_a_changed_text_replaces_its_paragraphs(session_of: Sessions) -> None:
    with session_of() as session:
        measured(session, "other", html(paragraph(1)))
        article = measured(session, "changing", html(paragraph(1), paragraph(2)))
        session.get_one(ArticleBody, article.id).html = html(paragraph(2), paragraph(3), paragraph(3))
        remeasure(session, [article.id], LONG_AGO)
    with session_of() as session:
        assert_counted(session)
        _, counts, _ = kept(session)
        assert counts == {digest(paragraph(number)): 1 for number in (1, 2, 3)}


def test_forgotten_articles_are_counted_no_more(session_of: Sessions) -> None:
    with session_of() as session:
        article = measured(session, "leaving", html(paragraph(1), paragraph(2)))
        measured(session, "staying", html(paragraph(1)))
        forget(session, [article.id])
        session.execute(delete(Article).where(Article.id == article.id))
    with session_of() as session:
        assert_counted(session)
        assert kept(session)[1] == {digest(paragraph(1)): 1}


def test_whatever_happens_the_counts_are_right(session_of: Sessions) -> None:
    chance = random.Random(3)
    with session_of() as session:
        ids = [make_article(session, f"n{number}", "").id for number in range(12)]
        for _ in range(60):
            some = chance.sample(ids, chance.randint(1, 6))
            if chance.random() < 0.3:
                forget(session, some)
            else:
                for body in session.query(ArticleBody).filter(ArticleBody.article_id.in_(some)):
                    body.html = html(*(paragraph(chance.randint(0, 6)) for _ in range(chance.randint(0, 4))))
                remeasure(session, some, LONG_AGO)
            assert_counted(session)


def test_a_passage_that_gets_a_second_holder_counts_for_the_first_one_too(session_of: Sessions) -> None:
    with session_of() as session:
        first = measured(session, "first", html(paragraph(1), paragraph(2), paragraph(3)))
        assert repeated(session) == {"first": 0}
        second = measured(session, "second", html(paragraph(1), paragraph(1)))
        assert repeated(session) == {"first": 33, "second": 100}
        measured(session, "third", html(paragraph(1), paragraph(4)))
        forget(session, [second.id])
        assert repeated(session) == {"first": 33, "third": 50}
        session.get_one(ArticleBody, first.id).html = html(paragraph(2), paragraph(5))
        remeasure(session, [first.id], LONG_AGO)
        assert repeated(session) == {"first": 0, "third": 0}


def test_telling_the_other_holders_takes_no_more_statements_the_more_there_are(
    session_of: Sessions,
) -> None:
    with session_of() as session:
        for number in range(12):
            measured(session, f"holder-{number}", html(paragraph(number)))
        few = make_article(session, "few", html(paragraph(0), paragraph(1)))
        many = make_article(session, "many", html(*map(paragraph, range(12))))
        statements = []
        for article in (few, many):
            with counted() as found:
                remeasure(session, [article.id], LONG_AGO)
            statements.append(len(found))
        assert statements[0] == statements[1]
        assert set(repeated(session).values()) == {100}


def test_an_import_asks_for_evidence_and_a_dry_run_does_not(app: Flask, session_of: Sessions) -> None:
    for dry_run, runs in ((True, 0), (False, 1)):
        with session_of() as session:
            batch = open_batch(
                session, "a", "page", user_id=None, actor=SYSTEM, now=utc_now(), dry_run=dry_run
            )
            add_uploads(session, batch, [Upload("a", io.BytesIO(lines(record(), record("desk-000002"))))])
        run_pending(app)
        with session_of() as session:
            assert session.query(EvidenceRun).count() == runs
    run_pending(app)
    with session_of() as session:
        assert session.query(EvidenceRun).one().state == "finished"
        assert session.query(ArticleEvidence).count() == 2
