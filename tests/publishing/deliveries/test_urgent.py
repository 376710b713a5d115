"""What says that an article must go overtakes all of other articles that waits for the same target, and nothing of its own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from review_app.articles.models import Article
from review_app.base.clock import utc_now
from review_app.publishing.deliveries import leases, sending
from review_app.publishing.deliveries.leases import lease_some
from review_app.publishing.kinds.face import Action, Parcel, Result
from review_app.publishing.models import Delivery, RemoteArticle, Target
from tests.publishing.conftest import approved_article

NAMES = [f"a-{number}" for number in range(5)]


@pytest.fixture
def target_id(session_of, notebook) -> int:
    """A target of others, at which the last article stands."""
    with session_of() as session:
        target = Target(kind="notebook", name="Notes")
        session.add(target)
        session.flush()
        ids = [approved_article(session, name).id for name in NAMES]
        session.add(
            RemoteArticle(target_id=target.id, article_id=ids[-1], state="published", updated_at=utc_now())
        )
        return target.id


def reject(session_of, name: str) -> None:
    with session_of() as session:
        values = {"indexable": False, "revision_status": "rejected"}
        session.execute(update(Article).where(Article.source_id == name).values(**values))


@pytest.fixture
def one_at_a_time(monkeypatch) -> None:
    """Little is leased at once, as if very much waited."""
    monkeypatch.setattr(leases, "_how_many", lambda _: 1)


@pytest.mark.usefixtures("one_at_a_time")
def test_a_withdrawal_goes_before_all_publications_that_wait(
    notebook, target_id, tell, hand_over, send_to, session_of
):
    tell(*NAMES[:-1], kind="publication.requested", target_id=target_id)
    hand_over()
    reject(session_of, NAMES[-1])
    tell(NAMES[-1], kind="article.withdrawn")
    hand_over()
    send_to(target_id)
    assert [(word, name) for word, name, _ in notebook.written] == [
        ("withdraw", NAMES[-1]),
        *(("publish", name) for name in NAMES[:-1]),
    ]


@pytest.mark.usefixtures("one_at_a_time")
def test_what_waits_of_the_same_article_goes_first_and_holds_nothing_up(
    notebook, target_id, tell, hand_over, send_to, deliveries_of, session_of
):
    """A new version was to be published, failed, and is to be tried again in hours: it never will, and the old one stands."""
    tell(*NAMES, kind="publication.requested", target_id=target_id)
    hand_over()
    later = utc_now() + timedelta(hours=5)
    with session_of() as session:
        session.execute(
            update(Delivery).values(due_at=later).where(Delivery.subject == f"article:{NAMES[-1]}")
        )
        session.execute(
            update(Delivery).values(due_at=later).where(Delivery.subject == f"article:{NAMES[0]}")
        )
    reject(session_of, NAMES[-1])
    tell(NAMES[-1], kind="article.withdrawn")
    hand_over()
    send_to(target_id)
    assert notebook.written[0][:2] == ("withdraw", NAMES[-1])
    assert len(notebook.written) == len(NAMES) - 1, "the publication of another waits for its time"
    states = {(one.action, one.subject): one.state for one in deliveries_of(target_id)}
    assert states["publish", f"article:{NAMES[-1]}"] == "cancelled"
    assert states["publish", f"article:{NAMES[0]}"] == "waiting"


def test_who_has_been_approved_again_is_not_tried_before_its_time(
    notebook, target_id, tell, hand_over, deliveries_of, session_of
):
    tell(NAMES[-1], kind="publication.requested", target_id=target_id)
    hand_over()
    later = utc_now() + timedelta(hours=5)
    with session_of() as session:
        session.execute(update(Delivery).values(due_at=later))
    tell(NAMES[-1], kind="article.withdrawn")
    hand_over()
    publication, withdrawal = deliveries_of(target_id)
    assert (publication.due_at, publication.urgent, withdrawal.urgent) == (later, True, True)
    assert notebook.written == []


@pytest.mark.usefixtures("one_at_a_time")
def test_a_webhook_hears_of_it_first_too_and_of_each_article_in_order(
    receiver, target_at, tell, hand_over, send_to
):
    target_id = target_at(receiver)
    tell("a-1", "a-2", "a-3")
    hand_over()
    tell("a-3", kind="article.withdrawn")
    hand_over()
    send_to(target_id)
    heard = [(call.body["type"], call.body["data"]["source_id"]) for call in receiver.calls]
    assert heard == [
        ("article.approved", "a-3"),
        ("article.withdrawn", "a-3"),
        ("article.approved", "a-1"),
        ("article.approved", "a-2"),
    ]


def test_in_one_batch_withdrawals_are_sent_first(notebook):
    def parcel(number: int, action: Action) -> Parcel:
        return Parcel(number, f"msg_{number}", action, "kind", f"article:{number}", number, utc_now(), {})

    asked = [Action.TELL, Action.PUBLISH, Action.WITHDRAW, Action.PUBLISH, Action.WITHDRAW]
    portions = sending._portions(notebook, [parcel(number, action) for number, action in enumerate(asked)])
    assert [(one.action.value, one.delivery_id) for portion in portions for one in portion] == [
        ("withdraw", 2),
        ("withdraw", 4),
        ("publish", 1),
        ("publish", 3),
        ("tell", 0),
    ]


def test_what_is_urgent_and_fails_waits_for_its_next_try_like_others(
    notebook, target_id, tell, hand_over, send_to, deliveries_of, session_of
):
    notebook.result = Result.RETRY
    reject(session_of, NAMES[-1])
    tell(NAMES[-1], kind="article.withdrawn")
    hand_over()
    send_to(target_id)
    (failed,) = deliveries_of(target_id)
    assert (failed.attempts, failed.due_at > utc_now()) == (1, True)
    with session_of() as session:
        session.execute(update(Target).values(failing_since=None))
        assert lease_some(session, target_id, "worker", utc_now()) == ()


def test_a_lease_is_filled_up_with_what_is_not_urgent(receiver, target_at, tell, hand_over, session_of):
    target_id = target_at(receiver)
    tell("a-1", "a-2")
    hand_over()
    tell("a-3", kind="article.withdrawn")
    hand_over()
    with session_of() as session:
        leased = lease_some(session, target_id, "worker", utc_now())
    assert [one.subject for one in leased] == ["article:a-3", "article:a-1", "article:a-2"]


def test_what_was_rejected_while_its_try_failed_holds_up_its_withdrawal_for_no_retry(
    notebook, target_id, tell, hand_over, send_to, session_of, monkeypatch
):
    name = NAMES[0]
    notebook.result = Result.RETRY
    write = notebook._write

    def rejected_meanwhile(word: str, parcels: list[Parcel]):
        reject(session_of, name)
        tell(name, kind="article.withdrawn")
        hand_over()
        return write(word, parcels)

    tell(name, kind="publication.requested", target_id=target_id)
    hand_over()
    with monkeypatch.context() as patch:
        patch.setattr(notebook, "_write", rejected_meanwhile)
        send_to(target_id)
    notebook.result = Result.DONE
    send_to(target_id)
    send_to(target_id)
    assert [word for word, _, _ in notebook.written] == ["publish", "withdraw"]
