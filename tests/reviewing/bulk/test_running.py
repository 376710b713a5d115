"""What a bulk action does to articles, what it leaves out, and that it can be taken back as one."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.base.clock import utc_now
from review_app.base.errors import Conflict, Forbidden, Invalid
from review_app.notifications.models import Notification
from review_app.outbox.actions import SYSTEM
from review_app.outbox.changes import changes_of
from review_app.outbox.models import OutboxEvent
from review_app.review_queue.actions import hold, release
from review_app.review_queue.queries import list_queue, queue_length
from review_app.reviewing.bulk import jobs as bulk_jobs
from review_app.reviewing.bulk.actions import Params, confirm, request_undo, stop
from review_app.reviewing.bulk.jobs import run_bulk
from review_app.reviewing.bulk.models import BulkAction, BulkItem
from review_app.reviewing.bulk.queries import get_bulk, plan_of
from review_app.reviewing.bulk.rules import Left, in_words
from review_app.reviewing.models import Decision
from review_app.reviewing.policy import DeskRules, add_item, set_floors
from review_app.reviewing.queries import current_rules
from tests.factories import make_article
from tests.reviewing.bulk.conftest import Bulk
from tests.reviewing.desk import UNDO, Sessions, judge, retire_checklist


@pytest.fixture(autouse=True)
def empty_checklist(session_of: Sessions) -> None:
    """A desk without a checklist; those of approvals make their own."""
    with session_of() as session:
        retire_checklist(session)


def articles(session_of: Sessions, count: int, **values: Any) -> None:
    with session_of() as session:
        for number in range(count):
            make_article(session, f"a{number:03}", **values)


def standing(session: Session) -> dict[str, tuple[Any, ...]]:
    """Everything of each article that a decision may change."""
    return {
        article.source_id: (
            article.scores,
            article.revision_status,
            article.revision_version,
            article.last_reviewed_on,
            article.awaiting_review,
            article.needs_human_review,
            article.queue_rank,
            article.waiting_since,
            article.indexable,
            article.decided_digest,
        )
        for article in session.scalars(select(Article))
    }


def results(session: Session, bulk: BulkAction) -> dict[str, str]:
    query = (
        select(Article.source_id, BulkItem.result, BulkItem.reason)
        .join(Article)
        .filter(BulkItem.bulk_id == bulk.id)
    )
    return {row[0]: row[2] or row[1] for row in session.execute(query)}


def undone(
    app: Flask, session_of: Sessions, bulk: BulkAction, user: User, note: str = "A mistake."
) -> BulkAction:
    with session_of() as session:
        who = session.get_one(User, user.id)
        found = get_bulk(session, bulk.id)
        request_undo(session, found, who, note, actor=who.as_actor(), now=utc_now(), undo=UNDO)
    with app.app_context():
        run_bulk(bulk.id)
    with session_of() as session:
        return get_bulk(session, bulk.id)


@pytest.mark.parametrize(
    ("action", "status", "waits"),
    [
        ("set_reviewed", "reviewed", True),
        ("request_changes", "changes_requested", False),
        ("reject", "rejected", False),
    ],
)
def test_each_article_is_decided_on_and_all_of_it_can_be_undone(
    app: Flask, session_of: Sessions, done: Bulk, lead: User, action: str, status: str, waits: bool
) -> None:
    articles(session_of, 60)
    with session_of() as session:
        before = standing(session)
    bulk = done(lead, action, note="All alike.")
    assert (bulk.state, bulk.total, bulk.done, bulk.left_out) == ("finished", 60, 60, 0)
    with session_of() as session:
        assert {(one[1], one[4], one[8]) for one in standing(session).values()} == {(status, waits, False)}
        decisions = session.scalars(select(Decision)).all()
        assert {(one.reviewer_id, one.note) for one in decisions} == {(lead.id, "All alike.")}
        assert Counter(one.article_id for one in decisions).most_common(1)[0][1] == 1

    bulk = undone(app, session_of, bulk, lead)
    assert (bulk.state, bulk.taken_back, bulk.stayed) == ("undone", 60, 0)
    with session_of() as session:
        assert standing(session) == before


def test_what_stands_against_one_stops_no_other_and_is_told(
    session_of: Sessions, confirmed: Bulk, app: Flask, lead: User, reviewer: User, colleague: User
) -> None:
    articles(session_of, 5)
    with session_of() as session:
        judge(session, "a000", reviewer, "save", status="reviewed")
        make_article(session, "gone", awaiting_review=False, revision_status="archived")
    names = ["a000", "a001", "a002", "a003", "a004", "gone"]
    bulk = confirmed(lead, "set_reviewed", *names)
    with session_of() as session:
        judge(session, "a001", reviewer, "save", scores={"quality": 5})
        hold(session, lock_article(session, "a002"), colleague, now=utc_now(), lease=timedelta(minutes=15))
    with session_of() as session:
        plan = plan_of(session, get_bulk(session, bulk.id), current_rules(session), utc_now())
    told = {Left.CHANGED: 1, Left.HELD: 1, Left.ALREADY: 1, Left.NOT_ALLOWED: 1}
    assert (plan.ready, plan.left) == (2, told)

    with app.app_context():
        run_bulk(bulk.id)
    with session_of() as session:
        assert results(session, bulk) == {
            "a000": "already",
            "a001": "changed",
            "a002": "held",
            "a003": "done",
            "a004": "done",
            "gone": "not allowed",
        }
        bulk = get_bulk(session, bulk.id)
        assert (bulk.state, bulk.done, bulk.left_out, bulk.failed) == ("finished", 2, 4, 0)
        assert lock_article(session, "a001").quality == 5


def test_the_selection_is_frozen(
    session_of: Sessions, frozen: Bulk, confirmed: Bulk, app: Flask, lead: User
) -> None:
    articles(session_of, 3)
    bulk = confirmed(lead, "reject", stack="flask")
    with session_of() as session:
        make_article(session, "later")
    with app.app_context():
        run_bulk(bulk.id)
    with session_of() as session:
        assert get_bulk(session, bulk.id).done == 3
        assert lock_article(session, "later").revision_status == "drafted"


def test_all_that_match_are_as_many_as_the_queue_says(session_of: Sessions, frozen: Bulk, lead: User) -> None:
    articles(session_of, 7)
    with session_of() as session:
        make_article(session, "other", primary_stack="django")
        make_article(session, "settled", awaiting_review=False, revision_status="rejected")
        waiting = queue_length(session, Filters(stack="flask")).waiting
    assert frozen(lead, "reject", stack="flask").total == waiting == 7


def test_more_than_the_most_is_refused(
    session_of: Sessions, frozen: Bulk, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles(session_of, 4)
    monkeypatch.setattr("review_app.reviewing.bulk.actions.MOST_ARTICLES", 3)
    with pytest.raises(Invalid, match="More than 3 articles match"):
        frozen(lead, "reject")
    with session_of() as session:
        assert session.scalar(select(BulkItem.bulk_id)) is None


def test_a_large_selection_is_frozen_in_several_statements(
    session_of: Sessions, frozen: Bulk, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles(session_of, 9)
    monkeypatch.setattr("review_app.reviewing.bulk.actions.FREEZE_AT_ONCE", 3)
    monkeypatch.setattr("review_app.reviewing.bulk.actions.NAMED_AT_ONCE", 2)
    assert frozen(lead, "reject").total == 9
    assert frozen(lead, "reject", "a000", "a003", "a003", "a008", "nobody").total == 3


def test_nothing_selected_is_refused(frozen: Bulk, lead: User) -> None:
    with pytest.raises(Invalid, match="No article is selected"):
        frozen(lead, "reject", "nobody")


@pytest.mark.parametrize("action", ["reject", "request_changes"])
def test_a_note_is_needed_where_the_outcome_needs_it(
    session_of: Sessions, confirmed: Bulk, lead: User, action: str
) -> None:
    articles(session_of, 2)
    with pytest.raises(Invalid) as refused:
        confirmed(lead, action, note=" ")
    assert "note" in refused.value.fields


def test_only_who_selected_them_confirms_and_only_once(
    session_of: Sessions, frozen: Bulk, confirmed: Bulk, lead: User, admin: User
) -> None:
    articles(session_of, 2)
    bulk = frozen(lead, "reject")
    for who, refusal in ((admin, Forbidden), (lead, None), (lead, Conflict)):
        with session_of() as session:
            kept = {"rules": current_rules(session), "actor": who.as_actor(), "now": utc_now()}
            args = session, get_bulk(session, bulk.id), who, Params("Because.")
            if refusal:
                with pytest.raises(refusal):
                    confirm(*args, **kept)
            else:
                confirm(*args, **kept)


def test_putting_behind_goes_behind_all_others_and_comes_back(
    app: Flask, session_of: Sessions, done: Bulk, lead: User
) -> None:
    articles(session_of, 4)
    with session_of() as session:
        before = standing(session)
    bulk = done(lead, "put_behind", "a000", "a002")

    def order() -> list[str]:
        with session_of() as session:
            return [row.article.source_id for row in list_queue(session, Filters(), now=utc_now()).rows]

    assert order() == ["a001", "a003", "a000", "a002"]
    undone(app, session_of, bulk, lead)
    assert order() == ["a000", "a001", "a002", "a003"]
    with session_of() as session:
        assert standing(session) == before


def test_putting_in_takes_what_does_not_wait(
    app: Flask, session_of: Sessions, done: Bulk, lead: User
) -> None:
    articles(session_of, 2, awaiting_review=False, needs_human_review=False)
    with session_of() as session:
        make_article(session, "settled", awaiting_review=False, revision_status="rejected")
        make_article(session, "waits")
        before = standing(session)
    bulk = done(lead, "put_into_queue")
    assert (bulk.total, bulk.done, bulk.left_out) == (3, 2, 1)
    with session_of() as session:
        assert lock_article(session, "a000").awaiting_review
    undone(app, session_of, bulk, lead)
    with session_of() as session:
        assert standing(session) == before


def test_assigning_gives_them_to_a_reviewer_who_is_told_once_and_an_undo_gives_them_back(
    app: Flask, session_of: Sessions, done: Bulk, lead: User, reviewer: User, colleague: User
) -> None:
    articles(session_of, 4)
    done(lead, "assign", "a000", reviewer=colleague.email)
    bulk = done(lead, "assign", reviewer=reviewer.email)
    assert (bulk.done, bulk.left_out) == (4, 0)

    def whose() -> set[int | None]:
        with session_of() as session:
            return set(session.scalars(select(Article.assigned_to_id)))

    assert whose() == {reviewer.id}
    with session_of() as session:
        told = session.scalars(select(Notification).filter_by(user_id=reviewer.id)).one()
        assert told.text == "4 articles are assigned to you."
    assert done(lead, "assign", "a001", "a002", reviewer=colleague.email).done == 2
    bulk = undone(app, session_of, bulk, lead)
    assert (bulk.taken_back, bulk.stayed) == (2, 2)
    assert whose() == {colleague.id, None}


def test_nothing_is_assigned_to_somebody_who_is_not_here(
    session_of: Sessions, confirmed: Bulk, lead: User
) -> None:
    articles(session_of, 2)
    with pytest.raises(Invalid) as refused:
        confirmed(lead, "assign", reviewer="nobody@example.com")
    assert "reviewer" in refused.value.fields


def test_an_undo_leaves_what_somebody_worked_on_since_and_says_so(
    app: Flask, session_of: Sessions, done: Bulk, lead: User, reviewer: User
) -> None:
    articles(session_of, 4)
    bulk = done(lead, "set_reviewed")
    with session_of() as session:
        judge(session, "a000", reviewer, "save", scores={"quality": 9})
        hold(session, lock_article(session, "a001"), reviewer, now=utc_now(), lease=timedelta(minutes=15))
    bulk = undone(app, session_of, bulk, lead)
    assert (bulk.state, bulk.taken_back, bulk.stayed) == ("undone", 2, 2)
    with session_of() as session:
        query = select(Article.source_id, BulkItem.undo_reason).join(Article).where(BulkItem.undo == "left")
        told = {row[0]: in_words(row[1]) for row in session.execute(query)}
        assert "last decision that stands" in told["a000"]
        assert told["a001"] == "somebody else is reviewing it"

    with session_of() as session:
        release(session, lock_article(session, "a001"), reviewer)
    bulk = undone(app, session_of, bulk, lead)
    assert (bulk.state, bulk.taken_back, bulk.stayed) == ("undone", 3, 1)
    with session_of() as session:
        assert lock_article(session, "a000").quality == 9


def test_a_change_record_tells_reason_expectation_and_what_came_of_it(
    app: Flask, session_of: Sessions, done: Bulk, lead: User
) -> None:
    articles(session_of, 3)
    bulk = done(lead, "reject", stack="flask", note="Spam.")
    undone(app, session_of, bulk, lead, "Not spam.")
    with session_of() as session:
        made, taken_back = changes_of(session, ("bulk", str(bulk.id)))
    assert (made.owner, made.reason) == (lead.email, "Spam.")
    assert made.expected.startswith("Reject: 3 articles")
    assert "Stack: flask" in made.expected
    assert made.observed == "3 done, 0 left out, 0 failed."
    assert taken_back.reason == "Not spam."
    assert taken_back.observed == "3 taken back, 0 left as they are."


def test_nothing_goes_out_before_the_window_that_begins_with_the_end_and_nothing_at_all_if_undone_in_it(
    app: Flask, session_of: Sessions, done: Bulk, lead: User
) -> None:
    with session_of() as session:
        make_article(session, "public", awaiting_review=False, revision_status="approved", indexable=True)
    bulk = done(lead, "reject", "public")
    with session_of() as session:
        event = session.scalars(select(OutboxEvent)).one()
        assert (event.kind, event.state) == ("article.withdrawn", "waiting")
        assert event.release_at == bulk.ended_at + UNDO
    undone(app, session_of, bulk, lead, "")
    with session_of() as session:
        assert session.scalars(select(OutboxEvent.state)).all() == ["cancelled"]
        assert lock_article(session, "public").indexable


# --- approving ------------------------------------------------------------------------------------------------------


def allow(session_of: Sessions, lead: User, limit: int, **floors: int) -> None:
    with session_of() as session:
        set_floors(
            session,
            session.get_one(User, lead.id),
            floors,
            "test",
            based_on=current_rules(session).version,
            desk=DeskRules(bulk_approve_limit=limit),
            actor=SYSTEM,
            now=utc_now(),
        )


def indexable(session_of: Sessions) -> set[str]:
    with session_of() as session:
        return set(session.scalars(select(Article.source_id).where(Article.indexable)))


def test_approving_is_refused_above_the_limit_of_the_policy_and_when_it_is_off(
    session_of: Sessions, confirmed: Bulk, lead: User
) -> None:
    articles(session_of, 3)
    with pytest.raises(Conflict, match="does not allow approving in bulk"):
        confirmed(lead, "approve")
    allow(session_of, lead, 2)
    with pytest.raises(Conflict, match="at most 2 articles at once; 3 are selected"):
        confirmed(lead, "approve")
    assert confirmed(lead, "approve", "a000", "a001").state == "queued"


def test_approving_takes_what_has_its_scores_and_meets_the_floors(
    app: Flask, session_of: Sessions, done: Bulk, lead: User
) -> None:
    allow(session_of, lead, 10, quality=60)
    articles(session_of, 2)
    with session_of() as session:
        make_article(session, "low", quality=59)
        make_article(session, "none", depth=None)
    bulk = done(lead, "approve")
    assert indexable(session_of) == {"a000", "a001"}
    with session_of() as session:
        assert results(session, bulk) == {
            "a000": "done",
            "a001": "done",
            "low": "below floor",
            "none": "unscored",
        }
        assert {event.kind for event in session.scalars(select(OutboxEvent))} == {"article.approved"}
    undone(app, session_of, bulk, lead, "")
    assert indexable(session_of) == set()
    with session_of() as session:
        assert set(session.scalars(select(OutboxEvent.state))) == {"cancelled"}


def test_approving_needs_its_checklist_ticked(session_of: Sessions, frozen: Bulk, lead: User) -> None:
    allow(session_of, lead, 10)
    articles(session_of, 2)
    bulk = frozen(lead, "approve")
    with session_of() as session:
        add_item(session, "Somebody read it", required=True, actor=SYSTEM, now=utc_now())
        kept = {"rules": current_rules(session), "actor": SYSTEM, "now": utc_now()}
        with pytest.raises(Invalid) as refused:
            confirm(session, get_bulk(session, bulk.id), lead, Params("Because."), **kept)
    assert refused.value.fields == {"checklist": ["needs to be ticked: Somebody read it"]}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"limit": 1}, "stopped"),
        ({"limit": 0}, "stopped"),
        ({"limit": 10, "quality": 99}, "finished"),
    ],
)
def test_the_run_asks_the_policy_again(
    app: Flask, session_of: Sessions, confirmed: Bulk, lead: User, change: dict[str, int], told: str
) -> None:
    allow(session_of, lead, 10)
    articles(session_of, 2)
    bulk = confirmed(lead, "approve")
    allow(session_of, lead, **change)
    with app.app_context():
        run_bulk(bulk.id)
    assert indexable(session_of) == set()
    with session_of() as session:
        assert get_bulk(session, bulk.id).state == told


def test_a_line_added_to_the_checklist_meanwhile_was_not_ticked(
    app: Flask, session_of: Sessions, confirmed: Bulk, lead: User
) -> None:
    allow(session_of, lead, 10)
    articles(session_of, 2)
    bulk = confirmed(lead, "approve")
    with session_of() as session:
        add_item(session, "Somebody read it", required=True, actor=SYSTEM, now=utc_now())
    with app.app_context():
        run_bulk(bulk.id)
    assert indexable(session_of) == set()
    with session_of() as session:
        assert set(results(session, bulk).values()) == {"checklist needs to be ticked: Somebody read it"}


def test_whoever_is_a_lead_no_more_does_nothing_more(
    app: Flask, session_of: Sessions, confirmed: Bulk, lead: User
) -> None:
    articles(session_of, 2)
    bulk = confirmed(lead, "reject")
    with session_of() as session:
        session.get_one(User, lead.id).role = "reviewer"
    with app.app_context():
        run_bulk(bulk.id)
    with session_of() as session:
        found = get_bulk(session, bulk.id)
        assert (found.state, found.done) == ("stopped", 0)
        assert found.failure == "lead may not change many articles any more."


def test_of_two_leads_at_once_the_second_leaves_what_the_first_has_changed(
    app: Flask, session_of: Sessions, confirmed: Bulk, lead: User, admin: User
) -> None:
    articles(session_of, 4)
    first, second = confirmed(lead, "reject", "a000", "a001", "a002"), confirmed(admin, "set_reviewed")
    with app.app_context():
        run_bulk(first.id)
        run_bulk(second.id)
    with session_of() as session:
        assert (get_bulk(session, first.id).done, get_bulk(session, second.id).done) == (3, 1)
        assert Counter(results(session, second).values()) == {"changed": 3, "done": 1}
        assert session.scalar(select(func.count()).select_from(Decision)) == 4


def test_stopped_it_keeps_what_is_done_and_that_can_be_undone(
    app: Flask, session_of: Sessions, confirmed: Bulk, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles(session_of, 6)
    bulk = confirmed(lead, "reject")
    monkeypatch.setattr("review_app.reviewing.bulk.running.ARTICLES_AT_ONCE", 2)
    steps = iter([1])
    step = bulk_jobs._step

    def stop_after_one(*args: Any) -> int | None:
        if next(steps, None) is None:
            stop(args[0], get_bulk(args[0], bulk.id), actor=SYSTEM, now=utc_now(), undo=UNDO)
            return None
        return step(*args)

    monkeypatch.setattr(bulk_jobs, "_step", stop_after_one)
    with app.app_context():
        run_bulk(bulk.id)
    monkeypatch.undo()
    with session_of() as session:
        bulk = get_bulk(session, bulk.id)
    assert (bulk.state, bulk.done) == ("stopped", 2)
    assert undone(app, session_of, bulk, lead).taken_back == 2
