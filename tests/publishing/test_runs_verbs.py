"""A run is paused, resumed, stopped, tried again and rolled back; what goes to places of others is asked for and waited for."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from review_app.accounts.models import User
from review_app.base.clock import utc_now
from review_app.base.errors import Conflict, Invalid
from review_app.outbox.actions import SYSTEM
from review_app.outbox.changes import changes_of
from review_app.outbox.models import OutboxEvent
from review_app.publishing.actions import hasten_ended, pause_run, resume_run, retry_run
from review_app.publishing.cohort import DECIDED_SINCE, roll_back_run
from review_app.publishing.deliveries.jobs import run_relay
from review_app.publishing.jobs import run_rollback
from review_app.publishing.models import Delivery, Publication, PublishRunItem, Target
from review_app.publishing.queries import get_run, last_rollback, list_left_out, lock_run, run_progress
from review_app.publishing.rules import Trigger
from review_app.publishing.stopping import STOPPED, stop_run
from review_app.reviewing.models import Decision
from tests.publishing.conftest import UNDO

DRAFT = {"revision_status": "drafted", "indexable": False, "awaiting_review": True}
BEFORE = timedelta(hours=1)


@pytest.fixture
def elsewhere(session_of):
    """A target of others that articles are brought to."""
    with session_of() as session:
        session.add(
            Target(kind="wordpress", name="blog", url="https://blog.example.com", created_at=utc_now())
        )


@pytest.fixture
def approved_by(approve, approve_by):
    """`approved_by(lead, "a", "b")`: a person approved these an hour ago."""

    def make(user, *names):
        approve(*names, **DRAFT)
        for name in names:
            approve_by(user, name, utc_now() - BEFORE)

    return make


@pytest.fixture
def do(session_of):
    """A verb on a run, `do(pause_run, 1)`."""

    def act(verb, run_id, *more, **options):
        with session_of() as session:
            return verb(session, lock_run(session, run_id), *more, actor=SYSTEM, now=utc_now(), **options)

    return act


@pytest.fixture
def roll_back_by(session_of, app):
    """A person rolls a run back, and a worker does it."""

    def act(user, run_id, note="The template was broken."):
        with session_of() as session:
            run, by = lock_run(session, run_id), session.merge(user)
            asked = roll_back_run(session, run, by, note, actor=by.as_actor(), now=utc_now()).id
        with app.app_context():
            run_rollback(asked)
        with session_of() as session:
            return last_rollback(session, run_id)

    return act


@pytest.fixture
def settle(session_of, work):
    """The deliverer ends the publications of a target of others in this state, and calls whoever waited for them."""

    def act(state, *names):
        with session_of() as session:
            of_others = select(Publication).join(Target).where(Target.kind != "site")
            ended = session.scalars(of_others.where(Publication.state == "delivering")).all()
            for publication in ended:
                publication.state = state
                publication.delivered_at = utc_now()
        with session_of() as session:
            runs = hasten_ended(session, {publication.id for publication in ended}, utc_now())
        for run_id in runs:
            work(run_id)

    return act


@pytest.fixture
def hand_over(app):
    """A worker makes deliveries of what is released."""

    def relay():
        with app.app_context():
            run_relay(0)

    return relay


@pytest.fixture
def sendable(session_of):
    """What a worker could bring to a place of others."""

    def read():
        with session_of() as session:
            waiting = select(Delivery.subject).where(
                Delivery.state == "waiting", Delivery.action == "publish"
            )
            return session.scalars(waiting.order_by(Delivery.id)).all()

    return read


@pytest.fixture
def state_of(session_of):
    """A run's state with its progress."""

    def read(run_id):
        with session_of() as session:
            return get_run(session, run_id).state, run_progress(session, run_id)

    return read


def events(session_of, *kinds):
    with session_of() as session:
        query = select(OutboxEvent).where(OutboxEvent.kind.in_(kinds), OutboxEvent.state != "cancelled")
        return session.scalars(query.order_by(OutboxEvent.id)).all()


# --- pause, resume, stop ----------------------------------------------------------------------------------------------


def test_a_paused_run_sends_nothing_until_it_is_resumed(approve, start, work, do, article_of, state_of):
    approve("good")
    run_id = start("good").run.id
    do(pause_run, run_id)
    work(run_id)
    assert (article_of("good").published_version, state_of(run_id)[0]) == (None, "paused")
    do(resume_run, run_id)
    work(run_id)
    assert (article_of("good").published_version, state_of(run_id)[0]) == ("1.2.3", "finished")


def test_a_paused_run_that_was_to_wait_still_waits_when_it_is_resumed(approve, start, work, do, article_of):
    approve("good")
    run_id = start("good", publish_at=utc_now() + timedelta(days=1)).run.id
    do(pause_run, run_id)
    do(resume_run, run_id)
    work(run_id)
    assert article_of("good").published_version is None


@pytest.mark.parametrize("verb", [pause_run, resume_run, stop_run])
def test_a_run_that_has_ended_takes_none_of_it(approve, publish, do, verb):
    approve("good")
    run_id = publish("good")
    with pytest.raises(Conflict):
        do(verb, run_id)


def test_stopping_cancels_what_is_not_sent_and_says_so(approve, start, work, do, session_of, state_of):
    approve("out")
    approve("fresh", decided_at=utc_now())
    run_id = start("out", "fresh").run.id
    work(run_id)
    assert do(stop_run, run_id) == 1
    state, progress = state_of(run_id)
    assert (state, progress.published, progress.cancelled, progress.waiting) == ("stopped", 1, 1, 0)
    with session_of() as session:
        cancelled = session.scalars(select(Publication).where(Publication.state == "cancelled")).one()
        assert cancelled.reason == STOPPED
    finished = events(session_of, "publish_run.finished")
    assert finished[0].payload == {
        "run_id": run_id,
        "published": 1,
        "failed": 0,
        "stopped": True,
        "cancelled": 1,
    }


def test_what_another_run_took_on_too_goes_out_with_that_one(approve, start, work, do, article_of, state_of):
    approve("good")
    later = utc_now() + timedelta(days=1)
    first, second = start("good", publish_at=later).run.id, start("good").run.id
    do(stop_run, first)
    assert state_of(first)[1].cancelled == 1
    work(second)
    assert (article_of("good").published_version, state_of(second)[0]) == ("1.2.3", "finished")


def test_what_was_cancelled_can_be_asked_for_again(approve, start, work, do, article_of):
    approve("good")
    run_id = start("good", publish_at=utc_now() + timedelta(days=1)).run.id
    do(stop_run, run_id)
    again = do(retry_run, run_id, Trigger.PAGE, user_id=None, undo=UNDO)
    assert again.accepted == ["good"]
    work(again.run.id)
    assert article_of("good").published_version == "1.2.3"


def test_there_is_nothing_to_try_again_when_all_went_well(approve, publish, do):
    approve("good")
    with pytest.raises(Conflict):
        do(retry_run, publish("good"), Trigger.PAGE, user_id=None, undo=UNDO)


# --- places of others -------------------------------------------------------------------------------------------------


def test_a_place_of_others_is_asked_for_and_the_run_waits_until_it_has_it(
    elsewhere, approve, publish, session_of, settle, state_of
):
    approve("good")
    run_id = publish("good")
    state, progress = state_of(run_id)
    assert (state, progress.published, progress.delivering) == ("running", 1, 1)
    asked = events(session_of, "publication.requested")
    assert [(event.subject, event.payload["source_id"]) for event in asked] == [("article:good", "good")]
    settle("delivered")
    state, progress = state_of(run_id)
    assert (state, progress.published) == ("finished", 2)
    assert len(events(session_of, "publish_run.finished")) == 1


@pytest.mark.parametrize(
    ("ending", "failed"), [("failed", 1), ("dead", 1), ("cancelled", 0), ("withdrawn", 0)]
)
def test_a_run_ends_however_its_publications_end(
    elsewhere, approve, publish, settle, state_of, ending, failed
):
    approve("good")
    run_id = publish("good")
    settle(ending)
    state, progress = state_of(run_id)
    assert (state, progress.failed) == ("finished", failed)


def test_what_is_there_or_on_its_way_is_not_asked_for_again(
    elsewhere, approve, publish, session_of, settle, start
):
    approve("good")
    publish("good")
    publish("good")
    settle("delivered")
    publish("good")
    assert len(events(session_of, "publication.requested")) == 1
    assert start().accepted == []


@pytest.mark.parametrize("ending", ["dead", "failed", "withdrawn", "cancelled"])
def test_a_place_that_did_not_get_it_is_asked_again_though_our_own_pages_have_it(
    elsewhere, approve, publish, session_of, settle, start, ending
):
    approve("good", "other")
    publish("good", "other")
    settle(ending)
    assert start().accepted == ["good", "other"]
    publish("good")
    assert len(events(session_of, "publication.requested")) == 3
    assert len(events(session_of, "article.published")) == 2


def test_a_target_that_came_later_gets_what_is_out_already(approve, publish, session_of, start):
    approve("good")
    publish("good")
    with session_of() as session:
        session.add(
            Target(kind="wordpress", name="late", url="https://late.example.com", created_at=utc_now())
        )
    assert start().accepted == ["good"]


def test_targets_that_are_only_told_get_no_publication(approve, publish, session_of):
    approve("good")
    with session_of() as session:
        session.add(Target(kind="webhook", name="ear", url="https://ear.example.com", created_at=utc_now()))
    publish("good")
    with session_of() as session:
        assert len(session.scalars(select(Publication)).all()) == 1


@pytest.mark.parametrize("tried", [0, 1])
def test_stopping_takes_back_what_nobody_has_tried_to_send(
    elsewhere, approve, publish, do, session_of, state_of, tried
):
    approve("good")
    run_id = publish("good")
    with session_of() as session:
        event = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "publication.requested")).one()
        event.state = "delivered"
        session.add(
            Delivery(
                target_id=event.payload["target_id"],
                outbox_id=event.id,
                message_id="m",
                subject=event.subject,
                action="publish",
                publication_id=event.payload["publication_id"],
                attempts=tried,
                created_at=utc_now(),
                due_at=utc_now(),
            )
        )
    do(stop_run, run_id)
    state, progress = state_of(run_id)
    assert (state, progress.cancelled, progress.delivering) == ("stopped", 1 - tried, tried)
    with session_of() as session:
        delivery = session.scalars(select(Delivery)).one()
        assert delivery.state == ("waiting" if tried else "cancelled")


def test_stopping_takes_back_what_the_deliverer_has_not_heard_of(
    elsewhere, approve, publish, do, session_of, state_of
):
    approve("good")
    run_id = publish("good")
    do(stop_run, run_id)
    assert state_of(run_id)[1].cancelled == 1
    assert events(session_of, "publication.requested") == []


@pytest.mark.parametrize("handed_over", [False, True])
def test_pausing_takes_back_what_nobody_has_tried_to_send_and_resuming_sends_it(
    elsewhere, approve, publish, do, work, hand_over, sendable, state_of, handed_over
):
    approve("good")
    run_id = publish("good")
    if handed_over:
        hand_over()
    do(pause_run, run_id)
    hand_over()
    assert sendable() == []
    state, progress = state_of(run_id)
    assert (state, progress.waiting, progress.delivering) == ("paused", 1, 0)
    do(resume_run, run_id)
    work(run_id)
    hand_over()
    assert sendable() == ["article:good"]
    assert state_of(run_id)[1].delivering == 1


def test_pausing_gives_its_room_of_the_day_back(elsewhere, approve, publish, do, session_of):
    approve("good")
    with session_of() as session:
        session.execute(update(Target).where(Target.kind == "site").values(enabled=False))
    run_id = publish("good")
    do(pause_run, run_id)
    with session_of() as session:
        item = session.scalars(select(PublishRunItem)).one()
        assert (item.newly, item.sent_at, item.decided_at) == (False, None, None)


@pytest.mark.parametrize("verb", [stop_run, pause_run])
def test_what_another_run_handed_over_is_left_alone(
    elsewhere,
    approved_by,
    approve,
    approve_by,
    take_back,
    publish,
    do,
    lead,
    hand_over,
    sendable,
    settle,
    session_of,
    verb,
):
    approved_by(lead, "good")
    approve("fresh", decided_at=utc_now())
    first = publish("good", "fresh")
    hand_over()
    settle("delivered")
    with session_of() as session:
        session.execute(update(Delivery).values(state="delivered"))
        session.execute(update(Publication).values(delivered_at=utc_now() - BEFORE))
    take_back(lead, "good", utc_now() - BEFORE / 2)
    approve_by(lead, "good", utc_now() - BEFORE / 3)
    publish("good")
    hand_over()
    do(verb, first)
    assert sendable() == ["article:good"]


def test_two_that_end_at_the_same_moment_leave_no_run_open(
    elsewhere, approve, publish, session_of, work, state_of
):
    approve("a", "b")
    run_id = publish("a", "b")
    with session_of() as session:
        ids = session.scalars(select(Publication.id).where(Publication.state == "delivering")).all()
    ready, hastened = threading.Barrier(2), []

    def end(publication_id):
        ready.wait()
        with session_of() as session:
            session.get_one(Publication, publication_id).state = "delivered"
        with session_of() as session:
            hastened.extend(hasten_ended(session, {publication_id}, utc_now()))

    threads = [threading.Thread(target=end, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(hastened) == {run_id}
    work(run_id)
    assert state_of(run_id)[0] == "finished"


# --- rolling back a cohort --------------------------------------------------------------------------------------------


def test_all_that_a_run_published_is_withdrawn_for_one_reason(
    approved_by, publish, roll_back_by, lead, reviewer, article_of, session_of
):
    approved_by(reviewer, "a", "b")
    run_id = publish("a", "b")
    done = roll_back_by(lead, run_id)
    assert (done.state, done.total, done.withdrawn, done.stayed) == ("finished", 2, 2, 0)
    for name in ("a", "b"):
        article = article_of(name)
        assert (article.indexable, article.published_version, article.awaiting_review) == (False, None, True)
    assert [event.subject for event in events(session_of, "article.withdrawn")] == ["article:a", "article:b"]
    with session_of() as session:
        undone = session.scalars(select(Decision).where(Decision.outcome == "rollback")).all()
        assert {decision.note for decision in undone} == {"The template was broken."}
        change = changes_of(session, ("publish_run", str(run_id)))[-1]
        assert change.reason == "The template was broken."
        assert change.observed == "2 withdrawn, 0 left as they are."


def test_what_was_decided_since_is_left_out_and_listed(
    approved_by, approve_by, publish, roll_back_by, lead, article_of, session_of
):
    approved_by(lead, "a", "b")
    run_id = publish("a", "b")
    approve_by(lead, "b", utc_now())
    done = roll_back_by(lead, run_id)
    assert (done.withdrawn, done.stayed) == (1, 1)
    assert article_of("b").indexable
    with session_of() as session:
        left = list_left_out(session, done.id).rows
        assert [(item.article.source_id, item.reason) for item in left] == [("b", DECIDED_SINCE)]


def test_what_was_rolled_back_and_approved_again_since_is_left_out_though_its_version_is_the_same(
    approved_by, approve_by, take_back, publish, roll_back_by, lead, article_of
):
    approved_by(lead, "a")
    run_id, was = publish("a"), article_of("a").revision_version
    take_back(lead, "a", utc_now() - BEFORE / 2)
    approve_by(lead, "a", utc_now() - BEFORE / 3)
    publish("a")
    assert article_of("a").revision_version == was
    assert roll_back_by(lead, run_id).stayed == 1
    assert (article_of("a").indexable, article_of("a").published_version) == (True, was)


def test_what_was_rejected_since_and_the_rejection_rolled_back_is_of_the_cohort_still(
    approved_by, approve_by, take_back, publish, roll_back_by, lead, article_of
):
    approved_by(lead, "a")
    run_id = publish("a")
    approve_by(lead, "a", utc_now() - BEFORE / 2)
    take_back(lead, "a", utc_now() - BEFORE / 3)
    assert roll_back_by(lead, run_id).withdrawn == 1
    assert not article_of("a").indexable


def test_what_another_run_published_is_not_of_the_cohort(
    approved_by, publish, roll_back_by, lead, article_of
):
    approved_by(lead, "a", "b")
    publish("a")
    both = publish("a", "b")
    assert roll_back_by(lead, both).total == 1
    assert [article_of(name).indexable for name in ("a", "b")] == [True, False]


def test_an_article_approved_twice_is_withdrawn_all_the_same(
    approved_by, approve_by, publish, roll_back_by, lead, article_of
):
    approved_by(lead, "a")
    approve_by(lead, "a", utc_now() - BEFORE / 2)
    roll_back_by(lead, publish("a"))
    assert not article_of("a").indexable


def test_a_run_that_goes_on_is_stopped_first(
    approved_by, approve, start, work, roll_back_by, lead, state_of, article_of
):
    approved_by(lead, "a")
    approve("fresh", decided_at=utc_now())
    run_id = start("a", "fresh").run.id
    work(run_id)
    assert roll_back_by(lead, run_id).withdrawn == 1
    assert (state_of(run_id)[0], state_of(run_id)[1].cancelled) == ("stopped", 1)
    assert article_of("fresh").indexable


def test_what_no_decision_made_indexable_stays(approve, publish, roll_back_by, lead, article_of):
    approve("a")
    assert roll_back_by(lead, publish("a")).stayed == 1
    assert article_of("a").indexable


def test_a_rollback_wants_a_reason_and_something_to_withdraw(approve, publish, start, roll_back_by, lead):
    approve("a")
    with pytest.raises(Invalid):
        roll_back_by(lead, publish("a"), " ")
    with pytest.raises(Conflict):
        roll_back_by(lead, start("unknown").run.id)


def test_a_rollback_goes_on_where_a_killed_worker_stopped(
    approved_by, publish, lead, session_of, app, monkeypatch, article_of
):
    monkeypatch.setattr("review_app.publishing.cohort.WITHDRAWN_AT_ONCE", 1)
    approved_by(lead, "a", "b", "c")
    run_id = publish("a", "b", "c")
    with session_of() as session:
        by = session.merge(lead)
        asked = roll_back_run(
            session, lock_run(session, run_id), by, "why", actor=by.as_actor(), now=utc_now()
        ).id
    with monkeypatch.context() as broken:
        broken.setattr("review_app.publishing.jobs.withdraw_some", _once_then_die())
        with app.app_context(), pytest.raises(KeyboardInterrupt):
            run_rollback(asked)
    assert [article_of(name).indexable for name in "abc"] == [False, True, True]
    with session_of() as session:
        last_rollback(session, run_id).lease_until = utc_now()
    with app.app_context():
        run_rollback(asked)
    assert [article_of(name).indexable for name in "abc"] == [False] * 3
    with session_of() as session:
        assert last_rollback(session, run_id).withdrawn == 3


def _once_then_die():
    from review_app.publishing.cohort import withdraw_some  # noqa: PLC0415  # the real one, before it is replaced

    calls = []

    def work(*arguments, **options):
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        return withdraw_some(*arguments, **options)

    return work


def test_a_lead_who_was_demoted_meanwhile_withdraws_nothing_more(
    approved_by, publish, lead, session_of, app, article_of
):
    approved_by(lead, "a")
    run_id = publish("a")
    with session_of() as session:
        by = session.merge(lead)
        asked = roll_back_run(
            session, lock_run(session, run_id), by, "why", actor=by.as_actor(), now=utc_now()
        ).id
        session.execute(update(User).where(User.id == lead.id).values(role="reviewer"))
    with app.app_context():
        run_rollback(asked)
    assert article_of("a").indexable
    with session_of() as session:
        assert last_rollback(session, run_id).state == "stopped"
