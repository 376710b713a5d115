"""What a bulk action does to articles, what it leaves out, and that it can be taken back as one."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.base.clock import utc_now
from review_app.base.errors import Conflict, Forbidden, Invalid
from review_app.outbox.changes import changes_of
from review_app.outbox.models import OutboxEvent
from review_app.review_queue.actions import hold
from review_app.review_queue.queries import list_queue, queue_length
from review_app.reviewing.bulk.actions import request_undo
from review_app.reviewing.bulk.jobs import run_bulk
from review_app.reviewing.bulk.models import BulkAction, BulkItem
from review_app.reviewing.bulk.queries import get_bulk, plan_of
from review_app.reviewing.bulk.rules import Left, in_words
from review_app.reviewing.models import Decision
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
    articles(session_of, 120)
    with session_of() as session:
        before = standing(session)
    bulk = done(lead, action, note="All alike.")
    assert (bulk.state, bulk.total, bulk.done, bulk.left_out) == ("finished", 120, 120, 0)
    with session_of() as session:
        assert {(one[1], one[4], one[7]) for one in standing(session).values()} == {(status, waits, False)}
        decisions = session.scalars(select(Decision)).all()
        assert {(one.reviewer_id, one.note) for one in decisions} == {(lead.id, "All alike.")}
        assert Counter(one.article_id for one in decisions).most_common(1)[0][1] == 1

    bulk = undone(app, session_of, bulk, lead)
    assert (bulk.state, bulk.taken_back, bulk.stayed) == ("undone", 120, 0)
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
    from review_app.reviewing.bulk.actions import Params, confirm

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
        session.execute(select(1))
        lock_article(session, "a001")

    with session_of() as session:
        from review_app.review_queue.actions import release

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
