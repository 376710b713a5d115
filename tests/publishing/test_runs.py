"""Publish runs: what goes out, when, and that it goes out once however many runs and workers there are."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from review_app.base.clock import utc_now
from review_app.base.errors import Invalid
from review_app.outbox.actions import SYSTEM
from review_app.outbox.models import OutboxEvent
from review_app.publishing.actions import Order, start_run
from review_app.publishing.models import Publication, PublishRun
from review_app.publishing.queries import accepted_source_ids, get_run, list_publications, run_progress
from review_app.publishing.rules import BATCH, LEASE, MOST_SOURCE_IDS, STATEMENT_ROWS, Trigger
from review_app.publishing.running import lease_run, publish_some
from tests.factories import make_article
from tests.publishing.conftest import UNDO, approved_article


@pytest.fixture
def look_at(session_of):
    """A run and how far it is."""

    def read(run_id):
        with session_of() as session:
            return get_run(session, run_id), run_progress(session, run_id)

    return read


def told(session_of, kind):
    with session_of() as session:
        return session.scalars(select(OutboxEvent).where(OutboxEvent.kind == kind)).all()


# --- what goes out ----------------------------------------------------------------------------------------------------


def test_a_run_publishes_what_it_accepted_and_tells_the_outbox_once(
    approve, publish, article_of, look_at, session_of
):
    approve("good")
    run_id = publish("good")
    run, progress = look_at(run_id)
    assert article_of("good").published_version == "1.2.3"
    assert (run.state, run.published, run.failed, progress.waiting) == ("finished", 1, 0, 0)
    published, finished = told(session_of, "article.published"), told(session_of, "publish_run.finished")
    assert [event.payload["source_id"] for event in published] == ["good"]
    assert [event.payload for event in finished] == [{"run_id": run_id, "published": 1, "failed": 0}]


def test_all_approved_means_those_whose_approved_version_is_not_out(approve, publish, start, session_of):
    approve("out", "new")
    publish("out")
    with session_of() as session:
        make_article(session, "draft")
    assert start().accepted == ["new"]


def test_a_name_twice_counts_once(approve, start):
    approve("good")
    assert start("good", "good", "unknown", "unknown").accepted == ["good"]


@pytest.mark.parametrize("count", [0, MOST_SOURCE_IDS + 1])
def test_naming_none_or_too_many_is_refused(session_of, count):
    order = Order([f"a-{number}" for number in range(count)])
    with session_of() as session, pytest.raises(Invalid):
        start_run(session, order, Trigger.PAGE, user_id=None, actor=SYSTEM, now=utc_now(), undo=UNDO)


def test_a_run_that_refused_everything_ends(start, work, look_at):
    run_id = start("unknown").run.id
    work(run_id)
    assert look_at(run_id)[0].state == "finished"


def test_what_lost_its_approval_before_it_went_out_fails_with_the_reason(
    approve, start, work, take_back, approve_by, lead, session_of, look_at
):
    approve("good", revision_status="drafted", indexable=False, awaiting_review=True)
    approve_by(lead, "good", utc_now() - timedelta(hours=1))
    run_id = start("good").run.id
    take_back(lead, "good", utc_now())
    work(run_id)
    with session_of() as session:
        publication = list_publications(session, run_id).rows[0]
    assert (publication.state, publication.reason) == ("failed", "it is no longer approved in this version")
    assert look_at(run_id)[0].failed == 1
    assert told(session_of, "article.published") == []


def test_more_than_one_batch_and_statement_goes_out_whole(session_of, start, work, look_at):
    count = STATEMENT_ROWS + BATCH + 1
    with session_of() as session:
        for number in range(count):
            approved_article(session, f"a-{number:04}")
    started = start()
    work(started.run.id)
    run, progress = look_at(started.run.id)
    assert (run.state, run.published, progress.published) == ("finished", count, count)
    with session_of() as session:
        assert accepted_source_ids(session, started.run.id) == [f"a-{number:04}" for number in range(count)]


# --- when -------------------------------------------------------------------------------------------------------------


def test_nothing_goes_out_within_the_undo_window_of_its_approval(
    approve, approve_by, start, work_at, article_of, look_at, lead
):
    now = utc_now()
    approve("fresh", revision_status="drafted", indexable=False, awaiting_review=True)
    approve("old")
    approve_by(lead, "fresh", now)
    run_id = start(now=now + timedelta(seconds=1)).run.id
    work_at(run_id, now + timedelta(seconds=2))
    assert [article_of(name).published_version for name in ("old", "fresh")] == ["1.2.3", None]
    run, progress = look_at(run_id)
    assert (run.state, run.published, progress.next_due_at) == ("running", 1, now + UNDO)
    work_at(run_id, now + UNDO - timedelta(seconds=1))
    assert article_of("fresh").published_version is None
    work_at(run_id, now + UNDO)
    assert article_of("fresh").published_version == "1.3.0"
    assert look_at(run_id)[0].state == "finished"


@pytest.mark.parametrize(("undone", "becomes"), [(True, ("1.3.0", "delivered")), (False, (None, "failed"))])
def test_a_rejection_fails_what_waits_only_when_it_cannot_be_undone_any_more(
    approve, approve_by, reject_by, take_back, start, work_at, article_of, lead, session_of, undone, becomes
):
    now, second = utc_now(), timedelta(seconds=1)
    approve("a", revision_status="drafted", indexable=False, awaiting_review=True)
    approve_by(lead, "a", now - timedelta(hours=1))
    run_id = start("a", now=now).run.id
    reject_by(lead, "a", now)
    work_at(run_id, now + second)
    if undone:
        take_back(lead, "a", now + 2 * second)
    work_at(run_id, now + UNDO)
    with session_of() as session:
        state = session.scalars(select(Publication.state)).one()
    assert (article_of("a").published_version, state) == becomes


def test_an_approval_made_again_while_it_waits_has_its_own_undo_window(
    approve, approve_by, take_back, start, work_at, article_of, lead
):
    now = utc_now()
    approve("good", revision_status="drafted", indexable=False, awaiting_review=True)
    approve_by(lead, "good", now)
    run_id = start("good", now=now).run.id
    take_back(lead, "good", now + timedelta(seconds=10))
    approve_by(lead, "good", now + timedelta(seconds=15))
    work_at(run_id, now + UNDO)
    assert article_of("good").published_version is None
    work_at(run_id, now + timedelta(seconds=15) + UNDO)
    assert article_of("good").published_version == "1.3.0"


def test_a_later_run_never_delays_what_waits_already(approve, start, work_at, article_of, look_at):
    now = utc_now()
    approve("good")
    first = start("good", now=now).run.id
    held = start("good", now=now, publish_at=now + timedelta(days=7)).run.id
    work_at(first, now)
    assert article_of("good").published_version == "1.2.3"
    assert look_at(first)[0].published == 1
    work_at(held, now + timedelta(days=7))
    assert (look_at(held)[0].state, look_at(held)[0].published) == ("finished", 1)


def test_a_run_for_now_does_not_wait_for_one_that_is_held(approve, start, work_at, article_of, look_at):
    now = utc_now()
    approve("good", "other")
    held = start("good", "other", now=now, publish_at=now + timedelta(days=7)).run.id
    at_once = start("good", now=now).run.id
    work_at(at_once, now)
    assert [article_of(name).published_version for name in ("good", "other")] == ["1.2.3", None]
    assert look_at(at_once)[0].state == "finished"
    work_at(held, now + timedelta(days=7))
    assert look_at(held)[0].published == 2


# --- again ------------------------------------------------------------------------------------------------------------


def test_what_is_out_already_is_not_sent_again(approve, publish, look_at, session_of):
    approve("good")
    publish("good")
    again = publish("good")
    assert (look_at(again)[0].state, look_at(again)[0].published) == ("finished", 1)
    assert len(told(session_of, "article.published")) == 1
    with session_of() as session:
        assert session.scalar(select(func.count()).select_from(Publication)) == 1


def test_what_was_withdrawn_and_approved_again_goes_out_again(
    approve, approve_by, take_back, publish, article_of, session_of, lead
):
    long_ago = utc_now() - timedelta(hours=2)
    approve("good", revision_status="drafted", indexable=False, awaiting_review=True)
    approve_by(lead, "good", long_ago)
    publish("good")
    take_back(lead, "good", long_ago + timedelta(hours=1))
    assert article_of("good").published_version is None
    approve_by(lead, "good", long_ago + timedelta(hours=1, minutes=1))
    publish("good")
    assert article_of("good").published_version == "1.3.0"
    assert len(told(session_of, "article.published")) == 2


# --- workers ----------------------------------------------------------------------------------------------------------


def test_a_run_whose_worker_died_is_taken_over_when_its_lease_has_run_out(
    approve, start, work_at, session_of, article_of
):
    approve("good")
    now = utc_now()
    run_id = start("good", now=now).run.id
    with session_of() as session:
        assert lease_run(session, run_id, "dead", now)
    work_at(run_id, now + LEASE - timedelta(seconds=1), "alive")
    assert article_of("good").published_version is None
    work_at(run_id, now + LEASE, "alive")
    assert article_of("good").published_version == "1.2.3"


def test_a_worker_that_lost_its_lease_publishes_nothing_more(approve, start, session_of, article_of):
    approve("good")
    now = utc_now()
    run_id = start("good", now=now).run.id
    with session_of() as session:
        lease_run(session, run_id, "slow", now)
        session.execute(update(PublishRun).values(leased_by="quick"))
    with session_of() as session:
        assert publish_some(session, run_id, "slow", now=now, undo=UNDO) is None
    assert article_of("good").published_version is None


def test_two_runs_of_the_same_articles_worked_on_at_once_send_each_once(
    session_of, start, work, app, article_of, look_at
):
    names = [f"a-{number:03}" for number in range(2 * BATCH)]
    with session_of() as session:
        for name in names:
            approved_article(session, name)
    runs = [start(*names).run.id, start(*reversed(names)).run.id]
    threads = [threading.Thread(target=work, args=(run_id,)) for run_id in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with session_of() as session:
        session.execute(update(PublishRun).values(due_at=utc_now()))
    while app.extensions["jobs"].run_pending():
        pass
    assert len(told(session_of, "article.published")) == len(names)
    assert [look_at(run_id)[0].published for run_id in runs] == [len(names)] * 2
    assert article_of(names[0]).published_version == "1.2.3"


def test_runs_started_at_once_for_the_same_articles_do_not_wait_for_each_other(session_of, start):
    names = [f"a-{number:03}" for number in range(STATEMENT_ROWS + 50)]
    with session_of() as session:
        for name in names:
            approved_article(session, name)
    accepted, ready = [], threading.Barrier(4)

    def begin(order):
        ready.wait()
        accepted.append(len(start(*order).accepted))

    threads = [
        threading.Thread(target=begin, args=(order,)) for order in (names, names[::-1], names, names[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert accepted == [len(names)] * 4
