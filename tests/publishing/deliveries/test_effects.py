"""What follows from deliveries to a place that articles are brought to, what is moot, what is counted and what is forgotten."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import Mock

import pytest
import time_machine
from sqlalchemy import delete, func, select, update

from review_app.articles.models import Article
from review_app.base.clock import utc_now
from review_app.outbox.actions import SYSTEM
from review_app.outbox.models import OutboxEvent
from review_app.publishing.deliveries import jobs
from review_app.publishing.deliveries.actions import replay
from review_app.publishing.deliveries.forgetting import forget_some, something_old
from review_app.publishing.deliveries.jobs import run_delivery
from review_app.publishing.deliveries.queries import (
    dead_count,
    get_delivery,
    list_attempts,
    list_deliveries,
    open_count,
    pending,
    tries_by_result,
)
from review_app.publishing.deliveries.rules import LEASE, State
from review_app.publishing.kinds.face import Result
from review_app.publishing.models import (
    Delivery,
    DeliveryAttempt,
    Publication,
    PublishRun,
    RemoteArticle,
)
from tests.publishing.conftest import approved_article
from tests.publishing.deliveries.conftest import make_target


@pytest.fixture
def wanted(session_of, tell):
    """A target of that kind, and an approved article whose version is to be published there."""
    now = utc_now()
    with session_of() as session:
        target = make_target(session, "https://notebook.example", "notebook", kind="notebook")
        article = approved_article(session, "a-1")
        run = PublishRun(trigger="page", requested={}, accepted=1, refused=[], created_at=now, due_at=now)
        session.add(run)
        session.flush()
        publication = Publication(
            article_id=article.id,
            version=article.revision_version,
            target_id=target.id,
            run_id=run.id,
            state="delivering",
            due_at=now,
        )
        session.add(publication)
        session.flush()
        ids = target.id, publication.id
    tell("a-1", kind="publication.requested", target_id=ids[0], publication_id=ids[1])
    return ids


@pytest.fixture
def announced(session_of):
    """The kinds of events in the outbox."""

    def read() -> list[str]:
        with session_of() as session:
            return list(session.scalars(select(OutboxEvent.kind).order_by(OutboxEvent.id)))

    return read


def set_article(session_of, **values) -> None:
    with session_of() as session:
        session.execute(update(Article).values(**values))


def publication_of(session_of, publication_id) -> Publication:
    with session_of() as session:
        return session.get_one(Publication, publication_id)


def test_what_arrived_is_published_placed_and_told_once(
    notebook, wanted, deliver, session_of, announced, deliveries_of, send_to
):
    target_id, publication_id = wanted
    deliver(target_id)
    assert notebook.written == [("publish", "a-1", "1.2.3")]
    publication = publication_of(session_of, publication_id)
    assert publication.state == "delivered"
    assert publication.delivered_at is not None
    with session_of() as session:
        there = session.scalars(select(RemoteArticle)).one()
        assert (there.remote_id, there.state) == ("7", "published")
    assert announced() == ["publication.requested", "article.published"]
    first = deliveries_of(target_id)[0]
    with session_of() as session:
        replay(session, first.id, actor=SYSTEM, now=utc_now())
    send_to(target_id)
    assert len(notebook.written) == 2
    assert announced() == ["publication.requested", "article.published"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"indexable": False, "revision_status": "drafted"}, "it is no longer approved"),
        ({"revision_version": "1.3.0"}, "it is no longer approved in this version"),
    ],
)
def test_what_is_no_longer_approved_is_never_sent(
    changes, reason, notebook, wanted, deliver, session_of, deliveries_of
):
    target_id, publication_id = wanted
    set_article(session_of, **changes)
    deliver(target_id)
    assert notebook.written == []
    (one,) = deliveries_of(target_id)
    assert (one.state, one.reason) == ("cancelled", reason)
    publication = publication_of(session_of, publication_id)
    assert (publication.state, publication.reason) == ("failed", reason)


def test_a_withdrawal_goes_only_where_the_article_may_stand(
    notebook, wanted, deliver, session_of, tell, announced, deliveries_of
):
    target_id, publication_id = wanted
    with session_of() as session:
        other = make_target(session, "https://other.example", "other", kind="notebook").id
    deliver(target_id)
    set_article(session_of, indexable=False, revision_status="drafted")
    tell("a-1", kind="article.withdrawn")
    deliver(target_id)
    assert [word for word, _, _ in notebook.written] == ["publish", "withdraw"]
    assert deliveries_of(other) == []
    assert publication_of(session_of, publication_id).state == "withdrawn"
    assert announced()[-1] == "publication.withdrawn"
    with session_of() as session:
        assert session.scalars(select(RemoteArticle.state)).one() == "withdrawn"
    tell("a-1", kind="article.withdrawn")


class Killed(BaseException):
    """A worker ends here, as by SIGKILL: nothing after this is done."""


@pytest.fixture
def kill_before_marking(app, monkeypatch):
    """A worker writes to a target and is killed before it writes down that it did; then its lease runs out."""

    def kill(target_id: int) -> None:
        with monkeypatch.context() as patch, app.app_context():
            patch.setattr(jobs, "mark_tried", Mock(side_effect=Killed))
            with pytest.raises(Killed):
                run_delivery(target_id)

    return kill


def test_what_a_killed_worker_may_have_brought_there_is_taken_away_however_late_the_withdrawal_comes(
    notebook, wanted, hand_over, deliver, kill_before_marking, session_of, tell, deliveries_of
):
    """Written to the place, killed before marking; the approval is lost; the publish is moot before its withdrawal comes."""
    target_id, _ = wanted
    hand_over()
    kill_before_marking(target_id)
    assert notebook.written == [("publish", "a-1", "1.2.3")]
    set_article(session_of, indexable=False, revision_status="drafted")
    with time_machine.travel(utc_now() + LEASE + timedelta(seconds=1), tick=False):
        deliver(target_id)
        (one,) = deliveries_of(target_id)
        assert (one.state, one.attempts) == ("cancelled", 0)
        tell("a-1", kind="article.withdrawn")
        deliver(target_id)
    assert [word for word, _, _ in notebook.written] == ["publish", "withdraw"]


def test_what_was_tried_replayed_and_became_moot_is_taken_away(
    notebook, wanted, deliver, send_to, session_of, tell, deliveries_of
):
    """A try that failed may have been stored all the same, and a replay begins to count at nought."""
    target_id, _ = wanted
    notebook.result, notebook.place = Result.FAILED, None
    deliver(target_id)
    set_article(session_of, indexable=False, revision_status="drafted")
    (dead,) = deliveries_of(target_id)
    with session_of() as session:
        replay(session, dead.id, actor=SYSTEM, now=utc_now())
    send_to(target_id)
    assert [(one.state, one.attempts) for one in deliveries_of(target_id)] == [("cancelled", 0)]
    notebook.result = Result.DONE
    tell("a-1", kind="article.withdrawn")
    deliver(target_id)
    assert [word for word, _, _ in notebook.written] == ["publish", "withdraw"]


def test_what_was_moot_before_anybody_began_to_send_it_is_not_taken_away(
    notebook, wanted, deliver, session_of, tell, deliveries_of
):
    target_id, _ = wanted
    set_article(session_of, indexable=False, revision_status="drafted")
    deliver(target_id)
    tell("a-1", kind="article.withdrawn")
    deliver(target_id)
    assert notebook.written == []
    assert [one.action for one in deliveries_of(target_id)] == ["publish"]


def test_a_withdrawal_reaches_a_place_that_is_known_to_have_it_though_its_deliveries_are_forgotten(
    notebook, wanted, deliver, session_of, tell
):
    target_id, _ = wanted
    deliver(target_id)
    with session_of() as session:
        session.execute(delete(Delivery))
    set_article(session_of, indexable=False, revision_status="drafted")
    tell("a-1", kind="article.withdrawn")
    deliver(target_id)
    assert [word for word, _, _ in notebook.written] == ["publish", "withdraw"]


def test_an_old_withdrawal_sent_again_takes_nothing_away_that_was_published_since(
    notebook, wanted, deliver, session_of, tell, deliveries_of, send_to
):
    target_id, publication_id = wanted
    deliver(target_id)
    set_article(session_of, indexable=False, revision_status="drafted")
    tell("a-1", kind="article.withdrawn")
    deliver(target_id)
    set_article(session_of, indexable=True, revision_status="approved")
    tell("a-1", kind="publication.requested", target_id=target_id, publication_id=publication_id)
    deliver(target_id)
    withdrawal = deliveries_of(target_id)[1]
    with session_of() as session:
        replay(session, withdrawal.id, actor=SYSTEM, now=utc_now())
    send_to(target_id)
    assert [word for word, _, _ in notebook.written] == ["publish", "withdraw", "publish"]
    assert deliveries_of(target_id)[1].state == "cancelled"


def test_what_a_place_refuses_for_good_is_dead_at_once(notebook, wanted, deliver, session_of, deliveries_of):
    target_id, publication_id = wanted
    notebook.result = Result.FAILED
    deliver(target_id)
    assert deliveries_of(target_id)[0].state == "dead"
    assert publication_of(session_of, publication_id).state == "dead"


def test_a_kind_that_breaks_is_a_failed_try_and_no_lost_delivery(
    notebook, wanted, deliver, deliveries_of, tries_of, monkeypatch
):
    target_id, _ = wanted
    monkeypatch.setattr(notebook, "publish", lambda *_: 1 / 0)
    deliver(target_id)
    assert tries_of(target_id)[0].reason.startswith("the desk made a mistake")
    assert deliveries_of(target_id)[0].state == "waiting"


def test_lists_are_paged_and_filtered_by_the_state_shown(
    receiver, target_at, tell, deliver, hand_over, session_of
):
    target_id = target_at(receiver)
    receiver.behave = lambda call: 500 if call.subject == "bad" else 204
    tell("good", "bad", "fine")
    deliver(target_id)
    tell("later")
    hand_over()
    with session_of() as session:
        first = list_deliveries(session, target_id, size=3)
        rest = list_deliveries(session, target_id, size=3, after=first.next)
        assert [row.subject for row in (*first.rows, *rest.rows)] == [
            f"article:{name}" for name in ("later", "fine", "bad", "good")
        ]
        shown = {
            state: [row.subject for row in list_deliveries(session, target_id, state=state).rows]
            for state in State
        }
        assert shown[State.FAILED] == ["article:bad"]
        assert shown[State.WAITING] == ["article:later"]
        assert len(shown[State.DELIVERED]) == 2
        assert (open_count(session, target_id), dead_count(session, target_id)) == (2, 0)
        bad = get_delivery(session, list_deliveries(session, target_id, state=State.FAILED).rows[0].id)
        assert bad.target.name == "hook"
        assert [one.status for one in list_attempts(session, bad.id).rows] == [500]
        counts = {(one.target, one.result): one.tries for one in tries_by_result(session)}
        assert counts == {("hook", "done"): 2, ("hook", "retry"): 1}
        waiting = pending(session, utc_now())
        assert waiting.count == 2
        assert waiting.oldest_at is not None


def test_what_ended_long_ago_is_deleted_with_its_tries_and_what_waits_is_not(
    receiver, target_at, tell, deliver, hand_over, session_of
):
    target_id = target_at(receiver)
    tell("a-1", "a-2", "a-3", "a-4")
    deliver(target_id)
    tell("a-5")
    hand_over()
    now = utc_now()
    with session_of() as session:
        ids = session.scalars(select(Delivery.id).order_by(Delivery.id)).all()
        ended = [("delivered", 31), ("delivered", 29), ("dead", 91), ("dead", 89)]
        for delivery_id, (state, days) in zip(ids, ended, strict=False):
            session.execute(
                update(Delivery)
                .where(Delivery.id == delivery_id)
                .values(state=state, finished_at=now - timedelta(days=days))
            )
    with session_of() as session:
        assert something_old(session, now)
        assert forget_some(session, now) == 2
        assert not something_old(session, now)
        assert session.scalars(select(Delivery.id).order_by(Delivery.id)).all() == [ids[1], ids[3], ids[4]]
        assert session.scalar(select(func.count()).select_from(DeliveryAttempt)) == 2
