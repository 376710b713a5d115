"""Decisions that come while something is on its way: what is sent then, in which order, and what is said of it last."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.outbox.actions import SYSTEM
from review_app.outbox.models import OutboxEvent
from review_app.publishing import queries, running
from review_app.publishing.deliveries import relay
from review_app.publishing.deliveries.actions import replay
from review_app.publishing.jobs import due_runs
from review_app.publishing.kinds.face import Result
from review_app.publishing.models import Publication, PublishRun, RemoteArticle, Target
from review_app.publishing.rules import CONTENT_KINDS
from review_app.publishing.targets.actions import remove_target
from review_app.publishing.truth.pages import pages_of
from review_app.reviewing.actions import Judgement, decide, roll_back
from review_app.reviewing.queries import standing_decision
from review_app.reviewing.rules import Outcome
from tests.factories import make_article
from tests.publishing.conftest import UNDO
from tests.publishing.deliveries.conftest import make_target

HOUR = timedelta(hours=1)
SOON = timedelta(minutes=2)


@pytest.fixture
def book(session_of, notebook, monkeypatch) -> int:
    """A place that articles are brought to."""
    monkeypatch.setattr(queries, "CONTENT_KINDS", (*CONTENT_KINDS, "notebook"))
    with session_of() as session:
        return make_target(session, "https://notebook.example", "notebook", kind="notebook").id


@pytest.fixture
def judge(session_of, lead) -> Callable[..., None]:
    """A lead decides, by default long enough ago that nothing of it can be undone."""

    def put(source_id, outcome, ago=SOON):
        with session_of() as session:
            article = lock_article(session, source_id)
            judgement = Judgement(outcome, article.row_version, note="Because.")
            person = session.merge(lead)
            decide(session, article, person, judgement, actor=SYSTEM, now=utc_now() - ago, undo=UNDO)

    return put


@pytest.fixture
def asked_for(session_of, judge, start, work_at, hand_over) -> Callable[..., int]:
    """Articles that were approved and that a run wants to be published; their deliveries wait."""

    def make(*source_ids):
        with session_of() as session:
            for source_id in source_ids:
                make_article(
                    session, source_id, revision_status="drafted", indexable=False, awaiting_review=True
                )
        for source_id in source_ids:
            judge(source_id, Outcome.APPROVE, HOUR)
        run = start(*source_ids, now=utc_now() - SOON).run.id
        work_at(run, utc_now() - SOON)
        hand_over()
        return run

    return make


@pytest.fixture
def publications(session_of, book):
    """The states of the publications of the place."""

    def read():
        with session_of() as session:
            query = select(Publication.state).where(Publication.target_id == book)
            return list(session.scalars(query.order_by(Publication.id)))

    return read


def words(notebook):
    return [word for word, _, _ in notebook.written]


def last_words(receiver):
    return [call.body["type"] for call in receiver.accepted]


def test_a_withdrawal_does_not_wait_for_the_next_try_of_what_is_moot_with_it(
    notebook, book, asked_for, send_to, make_due, judge, deliver
):
    asked_for("a-1")
    notebook.result = Result.RETRY
    for _ in range(4):
        make_due()
        send_to(book)
    notebook.result = Result.DONE
    judge("a-1", Outcome.REJECT)
    deliver(book)
    assert words(notebook)[-1] == "withdraw"


def test_what_is_rejected_while_others_are_sent_is_not_sent(
    notebook, book, asked_for, send_to, judge, monkeypatch, deliveries_of
):
    asked_for("a-1", "a-2")
    write = notebook._write

    def reject_the_other(word, parcels):
        if parcels[0].content.source_id == "a-1":
            judge("a-2", Outcome.REJECT, timedelta(0))
        return write(word, parcels)

    monkeypatch.setattr(notebook, "_write", reject_the_other)
    send_to(book)
    assert notebook.written == [("publish", "a-1", "1.3.0")]
    assert [(one.state, one.attempts) for one in deliveries_of(book)] == [("delivered", 1), ("waiting", 0)]


def test_a_kind_that_sends_several_asks_before_each(notebook, book, asked_for, send_to, judge, monkeypatch):
    asked_for("a-1", "a-2")
    monkeypatch.setattr(notebook, "at_once", 10)
    wanted = []

    def publish(_place, parcels):
        for parcel in parcels:
            wanted.append(parcel.is_wanted())
            if parcel.content.source_id == "a-1":
                judge("a-2", Outcome.REJECT)
        return [notebook._write("publish", [parcel])[0] for parcel in parcels]

    monkeypatch.setattr(notebook, "publish", publish)
    send_to(book)
    assert wanted == [True, False]


def test_nobody_hears_last_that_an_article_is_published_which_was_rejected_while_it_was(
    notebook, book, receiver, target_at, asked_for, send_to, deliver, hand_over, judge, monkeypatch, make_due
):
    hook = target_at(receiver)
    asked_for("a-1")
    write = notebook._write

    def reject(word, parcels):
        if word == "publish":
            judge("a-1", Outcome.REJECT)
        return write(word, parcels)

    monkeypatch.setattr(notebook, "_write", reject)
    send_to(book)
    for _ in range(3):
        deliver(book)
        make_due()
        deliver(hook)
        send_to(hook)
    assert words(notebook) == ["publish", "withdraw"]
    assert last_words(receiver)[-1] == "article.withdrawn"


def test_events_of_one_article_are_handed_over_in_the_order_of_their_numbers(
    app, notebook, book, receiver, target_at, asked_for, send_to, hand_over, lead, make_due
):
    """A rollback that is not written yet has the earlier number; the deliverer notes meanwhile what arrived."""
    hook = target_at(receiver)
    asked_for("a-1")
    began, go = threading.Event(), threading.Event()

    def take_back():
        with app.app_context():
            with transaction() as session:
                article = lock_article(session, "a-1")
                decision = standing_decision(session, article)
                roll_back(
                    session,
                    decision,
                    article,
                    session.merge(lead),
                    note="No.",
                    actor=SYSTEM,
                    now=utc_now(),
                    undo=UNDO,
                )
                session.flush()
                began.set()
                go.wait(10)
            db.session.remove()

    def send_and_hand_over():
        send_to(book)
        hand_over()

    slow, quick = threading.Thread(target=take_back), threading.Thread(target=send_and_hand_over)
    slow.start()
    began.wait(10)
    quick.start()
    quick.join(0.7)
    go.set()
    slow.join()
    quick.join()
    hand_over()
    for _ in range(4):
        make_due()
        send_to(hook)
    numbers = [call.sequence for call in receiver.accepted]
    assert numbers == sorted(numbers)
    assert last_words(receiver)[-1] == "article.withdrawn"


def test_what_was_numbered_before_and_written_after_holds_back_what_follows(
    app, receiver, target_at, tell, hand_over, deliveries_of, monkeypatch
):
    """Whoever writes an event without holding its article cannot put another out of order."""
    target_id = target_at(receiver)
    earlier, later = tell("a-1", "a-1")
    with app.app_context(), transaction() as session:
        session.execute(update(OutboxEvent).where(OutboxEvent.id == earlier).values(state="cancelled"))
    known = relay._known

    def written_now(session, events):
        session.execute(update(OutboxEvent).where(OutboxEvent.id == earlier).values(state="waiting"))
        return known(session, events)

    with monkeypatch.context() as patch:
        patch.setattr(relay, "_known", written_now)
        hand_over()
    assert deliveries_of(target_id) == []
    hand_over()
    assert [one.outbox_id for one in deliveries_of(target_id)] == [earlier, later]


def test_what_is_said_of_a_delivery_is_not_lost_since_its_number_had_been_used_before(
    notebook, book, asked_for, send_to, session_of
):
    """SQLite gives the numbers of rows that are gone to new ones."""
    asked_for("a-1")
    send_to(book)
    with session_of() as session:
        target = session.get_one(Target, book)
        remove_target(session, target, actor=SYSTEM, now=utc_now(), leave_articles=True)
    with session_of() as session:
        again = make_target(session, "https://notebook.example", "notebook", kind="notebook").id
    asked_for("a-2")
    send_to(again)
    with session_of() as session:
        told = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "article.published"))
        assert {one.subject for one in told if "target_id" in one.payload} == {"article:a-1", "article:a-2"}


def test_a_withdrawal_that_waits_when_its_rejection_is_rolled_back_takes_nothing_away(
    notebook, book, asked_for, send_to, deliver, judge, take_back, lead, make_due, publications, session_of
):
    asked_for("a-1")
    send_to(book)
    notebook.result = Result.RETRY
    judge("a-1", Outcome.REJECT)
    deliver(book)
    take_back(lead, "a-1", utc_now())
    notebook.result = Result.DONE
    for _ in range(3):
        make_due()
        deliver(book)
    # The try that failed may have taken it down all the same, so it is published once more.
    assert words(notebook) == ["publish", "withdraw", "publish"]
    assert publications() == ["delivered"]
    with session_of() as session:
        assert session.scalars(select(RemoteArticle.state)).one() == "published"


def test_a_rejection_rolled_back_while_its_withdrawal_is_sent_has_it_published_again(
    notebook, book, asked_for, send_to, deliver, judge, take_back, lead, publications, monkeypatch
):
    asked_for("a-1")
    send_to(book)
    judge("a-1", Outcome.REJECT)
    write = notebook._write

    def undo(word, parcels):
        if word == "withdraw":
            take_back(lead, "a-1", utc_now())
        return write(word, parcels)

    monkeypatch.setattr(notebook, "_write", undo)
    deliver(book)
    assert publications() == ["delivering"]
    deliver(book)
    assert (words(notebook), publications()) == (["publish", "withdraw", "publish"], ["delivered"])


def test_what_was_rolled_back_and_approved_again_while_it_waited_stays_published(
    notebook, book, asked_for, send_to, deliver, judge, take_back, lead, make_due, publications
):
    asked_for("a-1")
    notebook.result = Result.RETRY
    send_to(book)
    take_back(lead, "a-1", utc_now())
    judge("a-1", Outcome.APPROVE)  # the same version again
    notebook.result = Result.DONE
    for _ in range(3):
        make_due()
        deliver(book)
    assert words(notebook)[-1] == "publish"
    assert publications() == ["delivered"]


def test_what_was_approved_a_moment_ago_is_not_sent_until_nobody_can_undo_it(
    notebook, book, asked_for, deliver, judge, take_back, lead, make_due
):
    asked_for("a-1")
    take_back(lead, "a-1", utc_now())
    judge("a-1", Outcome.APPROVE, timedelta(0))
    make_due()
    deliver(book)
    assert notebook.written == []
    with time_machine.travel(utc_now() + UNDO + timedelta(seconds=1), tick=False):
        deliver(book)
    assert words(notebook)[-1:] == ["publish"]


def test_a_rejection_that_is_undone_in_time_costs_no_publication(
    notebook, book, asked_for, deliver, judge, take_back, lead, publications
):
    asked_for("a-1")
    judge("a-1", Outcome.REJECT, timedelta(0))
    deliver(book)
    take_back(lead, "a-1", utc_now())
    with time_machine.travel(utc_now() + UNDO + timedelta(seconds=1), tick=False):
        deliver(book)
    assert (words(notebook), publications()) == (["publish"], ["delivered"])


def test_a_page_that_was_taken_down_though_it_is_published_is_looked_for(
    notebook, book, asked_for, send_to, session_of
):
    asked_for("a-1")
    send_to(book)
    with session_of() as session:
        session.execute(update(RemoteArticle).values(state="withdrawn"))
        ids = session.scalars(select(Article.id)).all()
        (page,) = [one for one in pages_of(session, ids, "") if one.target_id == book]
        assert page.index


def test_an_old_delivery_that_is_sent_again_changes_nothing_of_what_stands(
    notebook, book, asked_for, send_to, judge, session_of, deliveries_of, publications
):
    asked_for("a-1")
    send_to(book)
    judge("a-1", Outcome.APPROVE)
    (old,) = deliveries_of(book)
    with session_of() as session:
        replay(session, old.id, actor=SYSTEM, now=utc_now())
    send_to(book)
    assert deliveries_of(book)[0].state == "cancelled"
    assert publications() == ["delivered"]


def test_a_version_that_another_has_replaced_there_is_published_again_once_it_is_approved_again(
    notebook, book, asked_for, send_to, judge, start, work_at, deliver, take_back, lead
):
    asked_for("a-1")
    send_to(book)
    judge("a-1", Outcome.APPROVE)
    for _ in range(2):
        run = start("a-1").run.id
        work_at(run, utc_now())
        deliver(book)
        take_back(lead, "a-1", utc_now())
        if len(notebook.written) == 3:
            break
    assert [version for _, _, version in notebook.written] == ["1.3.0", "1.4.0", "1.3.0"]


def test_a_run_hears_at_once_that_its_last_publication_has_arrived(
    app, notebook, book, asked_for, send_to, session_of
):
    run_id = asked_for("a-1")
    with session_of() as session:
        session.execute(update(PublishRun).values(due_at=utc_now() + SOON))
    send_to(book)
    with app.app_context():
        assert list(due_runs(utc_now())) == [run_id]


def test_a_run_that_publishes_and_one_that_starts_do_not_wait_for_each_other(
    session_of, asked_for, start, work_at, approve, monkeypatch
):
    """Both need the same article and its publication."""
    approve("a-1", "a-2")
    first = start("a-2", "a-1").run.id
    with session_of() as session:
        changed = update(Article).where(Article.source_id == "a-1")
        session.execute(changed.values(revision_version="1.4.0"))
    held, failed = threading.Event(), []
    locked = running._locked_articles

    def slowly(*given):
        held.set()
        threading.Event().wait(0.7)
        return locked(*given)

    monkeypatch.setattr(running, "_locked_articles", slowly)

    def tried(work):
        try:
            work()
        except Exception as error:
            failed.append(error)

    def begin():
        held.wait(5)
        start("a-1", "a-2")

    threads = [
        threading.Thread(target=tried, args=(work,)) for work in (lambda: work_at(first, utc_now()), begin)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
