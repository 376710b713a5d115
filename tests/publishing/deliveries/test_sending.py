"""What is sent, when, how often and in which order, to a receiver that checks the signatures by itself."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import event, select, update

from review_app.base import outbound
from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.base.errors import Conflict
from review_app.base.messages import Message
from review_app.notifications.models import Notification
from review_app.outbox.actions import SYSTEM, cancel
from review_app.publishing.deliveries import jobs, rules
from review_app.publishing.deliveries.actions import replay, replay_dead
from review_app.publishing.deliveries.jobs import due_deliveries, due_relay
from review_app.publishing.deliveries.leases import lease_some
from review_app.publishing.deliveries.marks import mark_tried
from review_app.publishing.deliveries.sending import Tried
from review_app.publishing.kinds.face import Action, Outcome, Parcel, Result
from review_app.publishing.models import Delivery, Target
from tests.publishing.deliveries.conftest import sealed
from tests.publishing.deliveries.receiver import SECRET

OTHER_SECRET = "whsec_b3RoZXIgc2VjcmV0IG9mIHRoZSB0ZXN0cw=="


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_an_event_reaches_its_receiver_signed_and_thin(receiver, target_at, tell, deliver, event_of):
    target_id = target_at(receiver)
    (number,) = tell("a-1", version="1.3.0")
    deliver(target_id)
    (call,) = receiver.calls
    assert call.signed_by == (0,)
    assert abs(call.sent_at - utc_now().timestamp()) < 5
    event = event_of(number)
    assert call.body == {
        "type": "article.approved",
        "timestamp": event.created_at.isoformat(),
        "data": {
            "source_id": "a-1",
            "version": "1.3.0",
            "sequence": number,
            "url": "https://desk.example/api/v1/articles/a-1",
        },
    }
    assert call.headers["content-type"] == "application/json"
    assert event.state == "delivered"


def test_each_try_has_the_same_id_a_new_time_and_a_new_signature(
    receiver, target_at, tell, deliver, make_due
):
    target_id = target_at(receiver)
    receiver.behave = lambda _call: 500
    with time_machine.travel(datetime(2026, 11, 20, 9, tzinfo=UTC), tick=False) as clock:
        tell("a-1")
        deliver(target_id)
        clock.shift(60)
        deliver(target_id)
    first, second = receiver.calls
    assert first.id == second.id
    assert second.sent_at - first.sent_at == 60
    assert first.signed_by == second.signed_by == (0,)
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


def test_while_a_secret_is_rotated_both_sign_and_afterwards_only_the_new_one(
    receiver, target_at, tell, deliver
):
    receiver.secrets = (OTHER_SECRET, SECRET)
    now = utc_now()
    target_id = target_at(
        receiver, sealed_secrets=sealed(OTHER_SECRET, SECRET, until=now + timedelta(hours=1))
    )
    tell("a-1")
    deliver(target_id)
    with time_machine.travel(now + timedelta(hours=2), tick=False):
        tell("a-2")
        deliver(target_id)
    assert [call.signed_by for call in receiver.calls] == [(0, 1), (0,)]


def test_a_target_hears_only_what_it_chose_and_nobody_hears_our_own(receiver, target_at, tell, deliver):
    target_id = target_at(receiver, events=["article.withdrawn"])
    tell("a-1", kind="article.approved")
    tell("a-1", kind="publication.withdrawn")
    tell("a-1", kind="article.withdrawn")
    deliver(target_id)
    assert [call.body["type"] for call in receiver.calls] == ["article.withdrawn"]


def test_the_log_keeps_request_answer_and_time_but_no_signature(receiver, target_at, tell, deliver, tries_of):
    target_id = target_at(receiver)
    receiver.behave = lambda _call: (500, {"X-Their": "header"}, b"<b>broken</b>\0")
    tell("a-1")
    deliver(target_id)
    (one,) = tries_of(target_id)
    assert (one.result, one.status, one.reason) == ("retry", 500, "it answered 500 Internal Server Error")
    assert one.request["headers"]["webhook-id"] == receiver.calls[0].id
    assert "signature" not in str(one.request)
    assert SECRET not in str(one.request)
    assert '"sequence":' in one.request["body"]
    assert "X-Their: header".lower() in one.response.lower()
    assert one.response.endswith("<b>broken</b>\N{SYMBOL FOR NULL}")


def test_of_a_long_answer_64_kb_are_kept(receiver, target_at, tell, deliver, tries_of):
    target_id = target_at(receiver)
    receiver.behave = lambda _call: (200, {}, b"x" * 10_000_000)
    tell("a-1")
    deliver(target_id)
    (one,) = tries_of(target_id)
    assert one.result == "done"
    assert len(one.response) == outbound.MOST_ANSWER_BYTES


# --- again, and not again -----------------------------------------------------------------------------------------------


def test_the_retries_come_as_they_are_told_and_then_it_is_dead(
    receiver, target_at, tell, deliver, deliveries_of
):
    receiver.behave = lambda _call: 503
    target_id = target_at(receiver)
    with time_machine.travel(datetime(2026, 11, 1, tzinfo=UTC), tick=False) as clock:
        tell("a-1")
        deliver(target_id)
        for usual in rules.RETRIES:
            (one,) = deliveries_of(target_id)
            wait = one.due_at - utc_now()
            assert usual * 0.8 <= wait <= usual * 1.2
            assert one.state == "waiting"
            clock.shift(wait - timedelta(seconds=1))
            deliver(target_id)
            assert deliveries_of(target_id)[0].attempts == one.attempts
            clock.shift(1)
            deliver(target_id)
        (one,) = deliveries_of(target_id)
        assert (one.state, one.attempts, one.reason) == ("dead", 10, "it answered 503 Service Unavailable")
        clock.shift(timedelta(days=2))
        deliver(target_id)
    assert len(receiver.calls) == 10
    assert len({call.id for call in receiver.calls}) == 1


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [("60", 60, 60), ("1", 4, 6), ("9999999", 86_400, 86_400), ("soon", 4, 6), ("", 4, 6)],
)
def test_retry_after_holds_if_it_is_longer_up_to_a_day(
    said, least, most, receiver, target_at, tell, deliver, deliveries_of
):
    receiver.behave = lambda _call: (429, {"Retry-After": said}, b"")
    target_id = target_at(receiver)
    with time_machine.travel(datetime(2026, 11, 1, tzinfo=UTC), tick=False):
        tell("a-1")
        deliver(target_id)
        wait = deliveries_of(target_id)[0].due_at - utc_now()
    assert least <= wait.total_seconds() <= most


def test_only_2xx_is_success_and_nobody_is_followed(receiver, target_at, tell, deliver, tries_of):
    target_id = target_at(receiver)
    receiver.behave = lambda _call: (302, {"Location": receiver.url}, b"")
    tell("a-1")
    deliver(target_id)
    assert len(receiver.calls) == 1
    assert receiver.forged == 0
    (one,) = tries_of(target_id)
    assert one.reason == "it answered 302 Found, which leads elsewhere; the desk does not follow"


def test_410_switches_off_at_once_tells_the_owner_and_loses_nothing(
    receiver, target_at, tell, deliver, target_of, session_of, lead, make_due
):
    receiver.behave = lambda _call: 410
    target_id = target_at(receiver, owner_id=lead.id)
    tell("a-1")
    deliver(target_id)
    target = target_of(target_id)
    assert (target.enabled, target.off_reason) == (False, "The place is no more: it answered 410 Gone.")
    with session_of() as session:
        (told,) = session.scalars(select(Notification).where(Notification.user_id == lead.id))
    assert told.kind == "target_off"
    assert told.text.startswith("Your target hook is switched off.")
    receiver.behave = lambda _call: 204
    tell("a-2")
    make_due()
    deliver(target_id)
    assert receiver.accepted == []
    with session_of() as session:
        session.execute(update(Target).where(Target.id == target_id).values(enabled=True, off_reason=""))
    deliver(target_id)
    assert {call.subject for call in receiver.accepted} == {"a-1", "a-2"}


def test_five_days_without_a_success_switch_off(receiver, target_at, tell, deliver, target_of, make_due):
    target_id = target_at(receiver)
    receiver.behave = lambda _call: 500
    with time_machine.travel(datetime(2026, 11, 1, tzinfo=UTC), tick=False) as clock:
        for days in (0, 3, 1.9):
            clock.shift(timedelta(days=days))
            tell(f"a-{days}")
            deliver(target_id)
            assert target_of(target_id).enabled
        clock.shift(timedelta(days=0.2))
        make_due()
        deliver(target_id)
        target = target_of(target_id)
    assert not target.enabled
    assert target.off_reason.startswith("Nothing arrived for 5 days; last: it answered 500")


def test_one_success_begins_the_five_days_anew(receiver, target_at, tell, deliver, target_of, make_due):
    target_id = target_at(receiver)
    with time_machine.travel(datetime(2026, 11, 1, tzinfo=UTC), tick=False) as clock:
        for status in (500, 200, 500):
            receiver.behave = lambda _call, status=status: status
            tell(f"a-{status}")
            make_due()
            deliver(target_id)
            clock.shift(timedelta(days=4))
        deliver(target_id)
        assert target_of(target_id).enabled


def test_what_is_dead_is_sent_again_singly_or_all_under_its_old_id(
    receiver, target_at, tell, deliver, deliveries_of, session_of, send_to
):
    target_id = target_at(receiver)
    tell("a-1", "a-2", "a-3")
    deliver(target_id)
    with session_of() as session:
        session.execute(update(Delivery).values(state="dead", attempts=10))
    first = deliveries_of(target_id)[0]
    with session_of() as session:
        replay(session, first.id, actor=SYSTEM, now=utc_now())
    send_to(target_id)
    assert [call.id for call in receiver.calls[3:]] == [first.message_id]
    with session_of() as session:
        assert replay_dead(session, target_id, actor=SYSTEM, now=utc_now()) == 2
    send_to(target_id)
    assert {one.state for one in deliveries_of(target_id)} == {"delivered"}
    assert len(receiver.calls) == 6


def test_what_is_being_sent_cannot_be_replayed(receiver, target_at, tell, hand_over, session_of):
    target_id = target_at(receiver)
    tell("a-1")
    hand_over()
    with session_of() as session:
        (leased,) = lease_some(session, target_id, "worker", utc_now())
    with session_of() as session, pytest.raises(Conflict) as told:
        replay(session, leased.id, actor=SYSTEM, now=utc_now())
    (said,) = told.value.args
    assert isinstance(said, Message)
    assert said == said.message == "It is being sent just now."


# --- in order -----------------------------------------------------------------------------------------------------------


def test_of_one_article_the_later_waits_for_the_earlier_and_others_do_not(
    receiver, target_at, tell, deliver, make_due
):
    target_id = target_at(receiver)
    receiver.behave = lambda call: 500 if call.subject == "slow" else 204
    tell("slow", "slow", "quick", "quick", "slow")
    deliver(target_id)
    assert [call.subject for call in receiver.accepted] == ["quick", "quick"]
    assert [call.subject for call in receiver.calls].count("slow") == 1
    receiver.behave = lambda _call: 204
    deliver(target_id)
    assert len(receiver.accepted) == 2
    make_due()
    deliver(target_id)
    assert all(places == sorted(places) for places in receiver.ledger().values())
    assert len(receiver.accepted) == 5


def test_a_dead_one_holds_nobody_back(receiver, target_at, tell, deliver, session_of, send_to):
    target_id = target_at(receiver)
    receiver.behave = lambda _call: 500
    tell("a-1", "a-1")
    with session_of() as session:
        session.flush()
    deliver(target_id)
    with session_of() as session:
        first = session.scalar(select(Delivery.id).order_by(Delivery.id).limit(1))
        session.execute(update(Delivery).where(Delivery.id == first).values(state="dead"))
    receiver.behave = lambda _call: 204
    send_to(target_id)
    assert len(receiver.accepted) == 1


def test_nothing_goes_out_within_the_undo_window_nor_anything_that_was_undone(
    receiver, target_at, tell, deliver, event_of, session_of, app
):
    target_id = target_at(receiver)
    now = utc_now()
    (first,) = tell("a-1", release_at=now + timedelta(seconds=20))
    (second,) = tell("a-1")
    (undone,) = tell("a-2", release_at=now + timedelta(seconds=20))
    with app.app_context():
        assert list(due_relay(utc_now())) == []
    deliver(target_id)
    assert receiver.calls == []
    assert event_of(second).state == "waiting"
    cause_of_undone, cause_of_first = event_of(undone).cause, event_of(first).cause
    with session_of() as session:
        assert cancel(session, cause_of_undone, utc_now())
    with time_machine.travel(now + timedelta(seconds=21), tick=False):
        deliver(target_id)
    assert [call.sequence for call in receiver.accepted] == [first, second]
    with session_of() as session:
        assert not cancel(session, cause_of_first, now)


def test_many_events_are_handed_over_whole_and_once(
    receiver, target_at, tell, hand_over, monkeypatch, deliveries_of
):
    monkeypatch.setattr("review_app.publishing.deliveries.relay.RELAYED_AT_ONCE", 7)
    target_id = target_at(receiver)
    numbers = tell(*["a-1", "a-2"] * 10)
    hand_over()
    hand_over()
    assert [one.outbox_id for one in deliveries_of(target_id)] == numbers


def test_several_workers_at_once_send_each_once_and_in_order(app, receiver, target_at, tell, hand_over):
    target_id = target_at(receiver)
    numbers = tell(*[f"a-{number % 17}" for number in range(150)])

    def work() -> None:
        with app.app_context():
            idle = 0
            while idle < 20:
                jobs.run_relay(0)
                idle = 0 if jobs.send_all(target_id) else idle + 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(call.sequence for call in receiver.calls) == numbers
    assert all(places == sorted(places) for places in receiver.ledger().values())


# --- leases -------------------------------------------------------------------------------------------------------------


def test_what_one_worker_holds_no_other_takes_until_the_lease_is_over(
    receiver, target_at, tell, hand_over, session_of
):
    target_id = target_at(receiver)
    tell("a-1", "a-1", "a-2")
    hand_over()
    now = utc_now()
    with session_of() as session:
        assert len(lease_some(session, target_id, "one", now)) == 2
    with session_of() as session:
        assert lease_some(session, target_id, "two", now) == ()
    with session_of() as session:
        taken = lease_some(session, target_id, "two", now + rules.LEASE)
        assert [one.leased_by for one in taken] == ["two", "two"]


def test_a_worker_that_lost_its_lease_marks_nothing_but_its_try_is_in_the_log(
    receiver, target_at, tell, hand_over, session_of, deliveries_of, tries_of
):
    target_id = target_at(receiver)
    tell("a-1")
    hand_over()
    now = utc_now()
    with session_of() as session:
        (lost,) = lease_some(session, target_id, "one", now)
    with session_of() as session:
        lease_some(session, target_id, "two", now + rules.LEASE)
    parcel = Parcel(lost.id, lost.message_id, Action.TELL, "article.approved", lost.subject, 1, now, {})
    with session_of() as session:
        tried = [Tried(parcel, Outcome(Result.DONE), now, 3)]
        mark_tried(session, target_id, tried, [], worker="one", now=now)
    (one,) = deliveries_of(target_id)
    assert (one.state, one.leased_by) == ("delivering", "two")
    assert [attempt.result for attempt in tries_of(target_id)] == ["done"]


def test_the_lease_of_a_long_batch_is_renewed(receiver, target_at, tell, deliver, deliveries_of, monkeypatch):
    monkeypatch.setattr(jobs, "RENEWED_AFTER", timedelta(0))
    monkeypatch.setattr("review_app.publishing.deliveries.sending.LOOK_SECONDS", 0.02)
    target_id = target_at(receiver)
    leases = []

    def look(_call) -> int:
        leases.append(deliveries_of(target_id)[0].lease_until)
        return 204

    receiver.behave = look
    tell("a-1")
    renewed = []
    renew = jobs.renew
    monkeypatch.setattr(jobs, "renew", lambda *given: (renewed.append(given[1]), renew(*given)))
    deliver(target_id)
    assert leases[0] is not None
    assert renewed


# --- a receiver in trouble ----------------------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Half a second is a long time."""
    monkeypatch.setattr(outbound, "TARGET_SECONDS", 0.4)
    monkeypatch.setattr("review_app.publishing.deliveries.rules.HOPELESS_SECONDS", 0.2)


@pytest.mark.usefixtures("impatient")
def test_a_receiver_in_every_kind_of_trouble_gets_every_event_in_order_once_it_recovers(
    receiver, target_at, tell, deliver, make_due, deliveries_of, tries_of
):
    target_id = target_at(receiver)
    numbers = tell(*[f"a-{number % 6}" for number in range(24)])
    for trouble in (500, "reset", "hang", "drip", (301, {"Location": receiver.url}, b"")):
        receiver.behave = lambda call, trouble=trouble: trouble if call.sequence % 3 else 204
        make_due()
        deliver(target_id)
    receiver.behave = lambda _call: 204
    for _ in range(6):
        make_due()
        deliver(target_id)
    assert sorted(number for places in receiver.ledger().values() for number in places) == numbers
    assert all(places == sorted(places) for places in receiver.ledger().values())
    assert receiver.forged == 0
    assert {one.state for one in deliveries_of(target_id)} == {"delivered"}
    reasons = {one.reason.replace(receiver.url, "it") for one in tries_of(target_id)}
    assert "it did not answer within 15 seconds" in reasons
    assert any("broke off" in reason for reason in reasons)


@pytest.mark.usefixtures("impatient")
def test_a_target_that_hangs_is_left_alone_for_a_moment_and_most_of_what_waits_is_not_tried(
    receiver, target_at, tell, deliver, target_of, tries_of, deliveries_of, monkeypatch, app
):
    monkeypatch.setattr("review_app.publishing.deliveries.standing.HOPELESS_SECONDS", 0.2)
    target_id = target_at(receiver)
    receiver.behave = lambda _call: "hang"
    tell(*[f"a-{number}" for number in range(30)])
    deliver(target_id)
    assert len(receiver.calls) == 4
    assert sum(one.attempts for one in deliveries_of(target_id)) == 4
    assert len(tries_of(target_id)) == 4
    assert target_of(target_id).resting_until > utc_now()
    with app.app_context():
        assert list(due_deliveries(utc_now())) == []
        assert list(due_deliveries(utc_now() + timedelta(seconds=20))) == [target_id]


def test_to_a_target_that_fails_one_worker_sends_at_a_time(receiver, target_at, tell, hand_over, session_of):
    target_id = target_at(receiver, failing_since=utc_now())
    tell(*[f"a-{number}" for number in range(rules.LEASED_AT_ONCE + 10)])
    hand_over()
    with session_of() as session:
        assert len(lease_some(session, target_id, "one", utc_now())) == rules.LEASED_AT_ONCE
    with session_of() as session:
        assert lease_some(session, target_id, "two", utc_now()) == ()


def test_a_secret_that_cannot_be_opened_is_a_failed_try_that_says_so(
    receiver, target_at, tell, deliver, tries_of, deliveries_of
):
    target_id = target_at(receiver, sealed_secrets=[{"id": "1", "sealed": "damaged", "until": None}])
    tell("a-1")
    deliver(target_id)
    (one,) = tries_of(target_id)
    assert one.reason.startswith("its secret cannot be opened")
    assert deliveries_of(target_id)[0].state == "waiting"
    assert receiver.calls == []


def test_one_target_in_trouble_does_not_keep_another_waiting(receive, target_at, tell, hand_over, send_to):
    good, bad = receive(), receive(behave=lambda _call: 500)
    bad_id, good_id = target_at(bad, "bad"), target_at(good, "good")
    tell("a-1", "a-1")
    hand_over()
    send_to(bad_id)
    send_to(good_id)
    assert len(good.accepted) == 2


def test_a_target_that_is_off_gets_nothing_and_what_is_for_it_waits(
    receiver, target_at, tell, deliver, deliveries_of
):
    target_id = target_at(receiver, enabled=False)
    tell("a-1")
    deliver(target_id)
    assert receiver.calls == []
    assert [one.state for one in deliveries_of(target_id)] == ["waiting"]


def test_a_batch_costs_the_same_few_statements_however_much_it_holds(
    app, receiver, target_at, tell, hand_over
):
    target_id = target_at(receiver)
    costs = []
    with app.app_context():
        counted: list[str] = []
        event.listen(db.engine, "before_cursor_execute", lambda *given: counted.append(given[2]))
        for size in (1, 2, rules.LEASED_AT_ONCE - 1):
            tell(*[f"a-{number}" for number in range(size)])
            hand_over()
            counted.clear()
            assert jobs.send_all(target_id) == 1
            costs.append(len([one for one in counted if one != "BEGIN IMMEDIATE"]))
    assert len(receiver.accepted) == 2 + rules.LEASED_AT_ONCE
    # Target, urgent, others, take, events; target, mark, tries, counts, target, and twice that there is nothing more to take.
    assert len(set(costs)) == 1
    assert costs[0] <= 12, counted
