"""Undoing and cancelling an import: what nobody has worked on goes back, what somebody has stays and is listed."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.queries import get_article, lock_article
from review_app.articles.search import matches
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Conflict
from review_app.importing import jobs, undo
from review_app.importing.batches import Upload, add_uploads, cancel_batch, counts, lock_batch, open_batch
from review_app.importing.jobs import run_import
from review_app.importing.models import ImportBatch, ImportBefore, ImportRow, MergeProposal
from review_app.importing.queries import all_left, get_batch
from review_app.outbox.actions import SYSTEM
from review_app.outbox.changes import changes_of
from review_app.outbox.models import OutboxEvent
from review_app.review_queue.models import Claim
from review_app.reviewing.actions import Judgement, decide
from review_app.reviewing.rules import Outcome
from review_app.worker import jobs_of
from tests.importing.records import lines, record
from tests.support.cast import Browser, Program

SCORES = {"quality": 90, "freshness": 90, "depth": 90, "clarity": 90}


def bring(content: bytes, **options: Any) -> int:
    """Import bytes; gives the batch's number."""
    with transaction() as session:
        batch = open_batch(session, "test", "page", user_id=None, actor=SYSTEM, now=utc_now(), **options)
        add_uploads(session, batch, [Upload("file", io.BytesIO(content))])
        number = batch.id
    run_import(number)
    return number


def take_back(app: Flask, number: int) -> ImportBatch:
    """Undo a batch, to its end."""
    with transaction() as session:
        batch = lock_batch(session, number)
        undo.request_undo(session, batch, "It was the wrong file.", actor=SYSTEM, user_id=None, now=utc_now())
    jobs_of(app).kinds["import_undo"].run(number)
    return get_batch(db.session(), number)


def approve(source_id: str, reviewer: User) -> None:
    """A person approves an article as it stands."""
    with transaction() as session:
        article = lock_article(session, source_id)
        judgement = Judgement(Outcome.APPROVE, article.row_version, SCORES)
        decide(session, article, reviewer, judgement, actor=SYSTEM, now=utc_now(), undo=timedelta(0))


@pytest.fixture
def desk(app: Flask) -> Any:
    """An application context."""
    with app.app_context():
        yield app
        db.session.remove()


def ids() -> list[str]:
    return list(db.session.scalars(select(Article.source_id).order_by(Article.source_id)))


def test_new_articles_go_away_with_all_their_traces(desk: Flask) -> None:
    number = bring(lines(record("a-1"), record("a-2")))
    batch = take_back(desk, number)
    assert (batch.state, batch.taken_back, batch.left_alone) == ("undone", 2, 0)
    assert ids() == []
    found = matches(db.session(), "retry")
    assert found is not None
    assert db.session.scalar(select(func.count()).select_from(Article).where(found)) == 0
    again = get_batch(db.session(), bring(lines(record("a-1"))))
    assert counts(again)["created"] == 1


def test_a_changed_article_is_as_it_was(desk: Flask) -> None:
    bring(lines(record("a-1", body="<p>The first text about walruses.</p>")))
    before = get_article(db.session(), "a-1")
    kept = (before.title, before.body.html, before.meta.imported, before.content_digest, before.quality)
    flags = {flag.name: flag.value for flag in before.flags}
    newer = record("a-1", title="Another title", body="<p>Other words.</p>", **{"score.quality": 5})
    number = bring(lines(newer | {"flags": {"needs_human_review": 1, "image_heavy": 1}}))
    assert get_article(db.session(), "a-1").quality == 5
    batch = take_back(desk, number)
    assert (batch.taken_back, batch.left_alone) == (1, 0)
    after = get_article(db.session(), "a-1")
    assert (after.title, after.body.html, after.meta.imported, after.content_digest, after.quality) == kept
    assert {flag.name: flag.value for flag in after.flags} == flags
    found = matches(db.session(), "walruses")
    assert found is not None
    assert db.session.scalar(select(Article.source_id).where(found)) == "a-1"
    assert db.session.scalar(select(func.count()).select_from(ImportBefore)) == 0


def test_what_a_person_has_decided_since_stays_and_is_listed(desk: Flask, reviewer: User) -> None:
    number = bring(lines(record("a-1"), record("a-2")))
    approve("a-1", reviewer)
    batch = take_back(desk, number)
    assert (batch.taken_back, batch.left_alone) == (1, 1)
    assert ids() == ["a-1"]
    assert get_article(db.session(), "a-1").indexable
    (left,) = all_left(db.session(), number)
    assert (left.source_id, left.undo) == ("a-1", "somebody has worked on it since")


def test_what_somebody_is_reviewing_stays(desk: Flask, reviewer: User) -> None:
    number = bring(lines(record("a-1"), record("a-2")))
    with transaction() as session:
        article = lock_article(session, "a-2")
        session.add(
            Claim(
                article_id=article.id,
                user_id=reviewer.id,
                claimed_at=utc_now(),
                expires_at=utc_now() + timedelta(minutes=15),
            )
        )
    batch = take_back(desk, number)
    assert batch.left_alone == 1
    (left,) = all_left(db.session(), number)
    assert left.source_id == "a-2"
    assert "is reviewing it" in left.undo


def test_what_a_later_import_changed_stays(desk: Flask) -> None:
    first = bring(lines(record("a-1")))
    second = bring(lines(record("a-1", title="A later title", **{"revision.version": "1.5.0"})))
    assert take_back(desk, first).left_alone == 1
    (left,) = all_left(db.session(), first)
    assert f"import {second}" in left.undo
    assert take_back(desk, second).taken_back == 1
    again = take_back(desk, first)
    assert (again.state, again.taken_back, again.left_alone) == ("undone", 1, 0)
    assert ids() == []


def test_an_approval_comes_back_with_just_the_text_it_was_given_for(desk: Flask, reviewer: User) -> None:
    bring(lines(record("a-1", body="<p>What was read.</p>")))
    approve("a-1", reviewer)
    number = bring(lines(record("a-1", body="<p>What nobody has read.</p>")))
    changed = get_article(db.session(), "a-1")
    assert (changed.indexable, changed.awaiting_review) == (False, True)
    take_back(desk, number)
    back = get_article(db.session(), "a-1")
    assert (back.indexable, back.revision_status) == (True, "approved")
    assert "What was read." in back.body.html
    assert back.published_version is None, "it goes out anew, and not by itself"


def told(subject: str) -> list[tuple[str, str | None]]:
    """What the outside hears of an article, in order, and of which version."""
    events = select(OutboxEvent).where(OutboxEvent.subject == subject).order_by(OutboxEvent.id)
    return [(event.kind, event.payload.get("version")) for event in db.session.scalars(events)]


def test_the_outside_hears_that_an_approval_holds_again_each_time(desk: Flask, reviewer: User) -> None:
    bring(lines(record("a-1", body="<p>What was read.</p>"), record("a-2"), record("a-3")))
    for name in ("a-1", "a-2"):
        approve(name, reviewer)
    approved = ("article.approved", get_article(db.session(), "a-1").revision_version)
    for time in (1, 2):
        number = bring(
            lines(record("a-1", body=f"<p>Unread {time}.</p>"), record("a-2"), record("a-3", topic="x"))
        )
        assert told("article:a-1")[-1][0] == "article.withdrawn"
        take_back(desk, number)
        assert told("article:a-1") == [approved] + [("article.withdrawn", None), approved] * time
    assert told("article:a-2") == [approved]
    assert told("article:a-3") == []
    events = db.session.scalars(select(OutboxEvent).where(OutboxEvent.subject == "article:a-1")).all()
    assert events[-1].release_at <= utc_now(), "it follows the withdrawal at once, which was released at once"


def proposals() -> list[tuple[int | None, str, dict[str, Any]]]:
    """Each merge proposal as it stands: by which import, in which state, and the values imported now."""
    found = db.session.scalars(
        select(MergeProposal).order_by(MergeProposal.id).execution_options(populate_existing=True)
    )
    return [
        (one.batch_id, one.state, {name: said["now"] for name, said in one.fields.items()}) for one in found
    ]


@pytest.mark.parametrize("later", [{"score.quality": 55}, {"score.quality": 81, "topic": "another"}])
def test_a_merge_proposal_of_an_earlier_import_waits_again_with_its_values(
    desk: Flask, reviewer: User, later: dict[str, Any]
) -> None:
    bring(lines(record("a-1")))
    approve("a-1", reviewer)
    first = bring(lines(record("a-1", **{"score.quality": 7})))
    asked = [(first, "open", {"quality": 7})]
    assert proposals() == asked
    second = bring(lines(record("a-1", **later)))
    assert proposals() != asked
    take_back(desk, second)
    assert proposals() == asked
    take_back(desk, first)
    assert proposals() == [(first, "overtaken", {"quality": 7})]


def test_a_proposal_that_the_undone_import_left_as_it_was_is_left_as_it_is(
    desk: Flask, reviewer: User
) -> None:
    bring(lines(record("a-1")))
    approve("a-1", reviewer)
    first = bring(lines(record("a-1", **{"score.quality": 7})))
    take_back(desk, bring(lines(record("a-1", topic="another", **{"score.quality": 7}))))
    assert proposals() == [(first, "open", {"quality": 7})]


def test_unchanged_records_are_not_touched_by_an_undo(desk: Flask) -> None:
    bring(lines(record("a-1")))
    again = bring(lines(record("a-1")))
    batch = take_back(desk, again)
    assert (batch.state, batch.taken_back, batch.left_alone) == ("undone", 0, 0)
    assert ids() == ["a-1"]


def test_an_undo_that_was_killed_goes_on_where_it_stopped(
    desk: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = bring(lines(*(record(f"a-{n:03}") for n in range(50))))
    monkeypatch.setattr(undo, "ROWS", 10)
    with transaction() as session:
        undo.request_undo(
            session, lock_batch(session, number), "wrong", actor=SYSTEM, user_id=None, now=utc_now()
        )
    killed = iter([False, False, True])

    def die(*arguments: Any, **named: Any) -> bool:
        if next(killed):
            raise KeyboardInterrupt
        return undo.undo_some(*arguments, **named)

    monkeypatch.setattr(jobs, "undo_some", die)
    with pytest.raises(KeyboardInterrupt):
        jobs.run_undo(number, [])
    assert len(ids()) == 30
    monkeypatch.setattr(jobs, "undo_some", undo.undo_some)
    with transaction() as session:
        lock_batch(session, number).lease_until = utc_now()
    jobs.run_undo(number, [])
    assert ids() == []
    assert get_batch(db.session(), number).taken_back == 50


@pytest.mark.parametrize("twice", [True, False])
def test_only_an_ended_import_can_be_undone_and_once(desk: Flask, twice: bool) -> None:
    if twice:
        number = bring(lines(record("a-1")))
        take_back(desk, number)
    else:
        number = bring(lines(record("a-1")), dry_run=True)
    with pytest.raises(Conflict):
        take_back(desk, number)


def test_a_cancelled_import_stops_where_it_is_and_can_be_undone(
    desk: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "RECORDS", 10)

    def cancel_after_twenty(batch: ImportBatch) -> None:
        if batch.total == 20:
            with transaction() as session:
                cancel_batch(session, lock_batch(session, batch.id), actor=SYSTEM, now=utc_now())

    with transaction() as session:
        batch = open_batch(session, "test", "page", user_id=None, actor=SYSTEM, now=utc_now())
        add_uploads(
            session, batch, [Upload("file", io.BytesIO(lines(*(record(f"a-{n:03}") for n in range(50)))))]
        )
        number = batch.id
    run_import(number, cancel_after_twenty)
    stopped = get_batch(db.session(), number)
    assert (stopped.state, stopped.total, stopped.created) == ("cancelled", 20, 20)
    run_import(number)
    assert len(ids()) == 20, "nobody takes it up again"
    with pytest.raises(Conflict):
        cancel_batch(db.session(), stopped, actor=SYSTEM, now=utc_now())
    assert take_back(desk, number).taken_back == 20


def test_every_import_and_every_undo_leaves_a_change_record(desk: Flask) -> None:
    number = bring(lines(record("a-1")), reason="The weekly delivery.", expected="One article more.")
    take_back(desk, number)
    imported, undone = changes_of(db.session(), ("import", str(number)))
    assert (imported.reason, imported.expected) == ("The weekly delivery.", "One article more.")
    assert "1 created" in imported.observed
    assert undone.reason == "It was the wrong file."
    assert undone.observed == "1 articles taken back, 0 left as they are."


def test_rows_tell_what_became_of_each_record(desk: Flask) -> None:
    bring(lines(record("a-1"), record("a-2")))
    number = bring(lines(record("a-1"), record("a-2", title="New"), record("a-3")))
    rows = db.session.scalars(select(ImportRow).where(ImportRow.batch_id == number)).all()
    assert {row.source_id: row.outcome for row in rows} == {
        "a-1": "unchanged",
        "a-2": "updated",
        "a-3": "created",
    }


# --- by page and by API -----------------------------------------------------------------------------------------------


def test_a_lead_undoes_an_import_on_its_page(
    app: Flask, lead: User, browser_of: Callable[[User], Browser]
) -> None:
    with app.app_context():
        number = bring(lines(record("a-1"), record("a-2")))
        db.session.remove()
    browser = browser_of(lead)
    page = browser.get(f"/imports/{number}").text
    assert "Undo this import" in page
    assert "What changed" in page
    silent = browser.post(f"/imports/{number}/undo", data={"reason": "  "})
    assert silent.status_code == 422
    assert "Please say why." in silent.text
    assert browser.post(f"/imports/{number}/undo", data={"reason": "Wrong file."}).status_code == 303
    jobs_of(app).run_pending()
    page = browser.get(f"/imports/{number}").text
    assert "Undone" in page
    assert "Undo this import" not in page
    assert "Wrong file." in browser.get("/admin/changes").text


def test_a_program_undoes_and_reads_what_was_left(
    app: Flask, reviewer: User, lead: User, program_of: Callable[[User], Program]
) -> None:
    with app.app_context():
        number = bring(lines(record("a-1"), record("a-2")))
        approve("a-1", reviewer)
        db.session.remove()
    program = program_of(lead)
    assert program.post(f"/imports/{number}/undo", json={"reason": ""}).status_code == 422
    assert program.post(f"/imports/{number}/undo", json={"reason": "Wrong."}).status_code == 202
    jobs_of(app).run_pending()
    done = program.get(f"/imports/{number}").json
    assert (done["state"], done["taken_back"], done["left"]) == ("undone", 1, 1)
    (left,) = program.get(f"/imports/{number}/left").json["items"]
    assert left["source_id"] == "a-1"
    assert program.post(f"/imports/{number}/undo", json={"reason": "Once more."}).status_code == 202
    jobs_of(app).run_pending()
    again = program.get(f"/imports/{number}").json
    assert (again["state"], again["taken_back"], again["left"]) == ("undone", 1, 1), "it is still decided"


def test_a_dry_run_shows_the_first_differences(
    app: Flask, lead: User, program_of: Callable[[User], Program], browser_of: Callable[[User], Browser]
) -> None:
    with app.app_context():
        bring(lines(record("a-1")))
        number = bring(
            lines(record("a-1", **{"score.quality": 12}), record("a-2", title="<b>Bold</b>")), dry_run=True
        )
        assert get_article(db.session(), "a-1").quality == 81
        db.session.remove()
    changed, new = program_of(lead).get(f"/imports/{number}/differences").json["items"]
    assert changed["fields"] == [{"name": "score.quality", "before": "81", "after": "12"}]
    assert (new["source_id"], new["outcome"], new["fields"]) == ("a-2", "created", [])
    page = browser_of(lead).get(f"/imports/{number}").text
    assert "What would change" in page
    assert "&lt;b&gt;Bold" in page
