"""What a decision needs and what it changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.articles.rules import RevisionStatus
from review_app.base.errors import Conflict, Forbidden, Invalid
from review_app.outbox.actions import SYSTEM
from review_app.outbox.models import Event, OutboxEvent
from review_app.review_queue.actions import ClaimHeld, hold
from review_app.review_queue.models import Claim
from review_app.reviewing.actions import StaleArticle
from review_app.reviewing.policy import add_item, retire_item, set_floors
from review_app.reviewing.rules import Outcome
from tests.factories import LONG_AGO, make_article
from tests.reviewing.desk import NOW, UNDO, Sessions, judge, retire_checklist

LEASE = timedelta(minutes=15)
DECIDING = [outcome for outcome in Outcome if outcome is not Outcome.ROLLBACK]


def floors(session: Session, user: User, version: int = 0, **least: int) -> None:
    set_floors(session, user, least, "to test", based_on=version, actor=SYSTEM, now=LONG_AGO)


@pytest.mark.parametrize(
    ("outcome", "status", "version", "waits", "indexable"),
    [
        ("save", "reviewed", "1.2.4", True, False),
        ("approve", "approved", "1.3.0", False, True),
        ("request_changes", "changes_requested", "1.2.4", False, False),
        ("reject", "rejected", "1.2.4", False, False),
        ("archive", "archived", "1.2.4", False, False),
    ],
)
def test_an_outcome_sets_status_version_date_queue_and_index(
    session_of: Sessions, lead: User, outcome: str, status: str, version: str, *, waits: bool, indexable: bool
) -> None:
    with session_of() as session:
        make_article(session, "a")
        judge(session, "a", lead, outcome)
    with session_of() as session:
        article = lock_article(session, "a")
        assert (article.revision_status, article.revision_version) == (status, version)
        assert (article.awaiting_review, article.indexable) == (waits, indexable)
        assert (article.last_reviewed_on, article.row_version) == (NOW.date(), 2)
        assert article.decided_at == NOW


def test_a_save_keeps_the_place_in_the_queue_and_takes_the_chosen_status(
    session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        article = make_article(session, "a", queue_rank=42, revision_status="reviewed")
        judge(session, "a", reviewer, "save", status=RevisionStatus.DRAFTED, scores={"quality": 12})
        assert (article.queue_rank, article.revision_status, article.quality) == (42, "drafted", 12)


def test_scores_left_out_stay_and_scores_given_replace(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        article = make_article(session, "a", quality=1, freshness=2, depth=3, clarity=4)
        decision = judge(session, "a", reviewer, "save", scores={"freshness": 100, "clarity": None})
        assert article.scores == {"quality": 1, "freshness": 100, "depth": 3, "clarity": None}
        assert decision.before["scores"]["freshness"] == 2
        assert decision.after["scores"]["freshness"] == 100


@pytest.mark.parametrize("score", [-1, 101, 10**6])
def test_a_score_outside_0_to_100_is_refused(session_of: Sessions, reviewer: User, score: int) -> None:
    with session_of() as session:
        make_article(session, "a")
        with pytest.raises(Invalid) as refused:
            judge(session, "a", reviewer, "save", scores={"depth": score})
        assert list(refused.value.fields) == ["depth"]


@pytest.mark.parametrize("column", ["quality", "freshness", "depth", "clarity"])
@pytest.mark.parametrize("score", [-1, 101])
def test_the_database_itself_refuses_such_a_score(session_of: Sessions, column: str, score: int) -> None:
    with pytest.raises(IntegrityError), session_of() as session:
        make_article(session, "a", **{column: score})


@pytest.mark.parametrize("outcome", ["request_changes", "reject"])
@pytest.mark.parametrize("note", ["", "  \n "])
def test_requesting_changes_and_rejecting_need_a_note(
    session_of: Sessions, reviewer: User, outcome: str, note: str
) -> None:
    with session_of() as session:
        make_article(session, "a")
        with pytest.raises(Invalid) as refused:
            judge(session, "a", reviewer, outcome, note=note)
        assert list(refused.value.fields) == ["note"]


def test_approving_needs_no_note_and_a_note_has_an_end(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        retire_checklist(session)
        make_article(session, "a")
        with pytest.raises(Invalid):
            judge(session, "a", reviewer, "approve", note="x" * 10_001)
        judge(session, "a", reviewer, "approve", note="")


def test_approving_needs_all_four_scores(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        article = make_article(session, "a", quality=None, clarity=None)
        with pytest.raises(Invalid) as refused:
            judge(session, "a", reviewer, "approve")
        assert sorted(refused.value.fields) == ["clarity", "quality"]
        judge(session, "a", reviewer, "approve", scores={"quality": 0, "clarity": 100})
        assert article.indexable


def test_approving_below_a_floor_is_refused_and_at_the_floor_is_not(
    session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        floors(session, reviewer, quality=60, depth=50)
        make_article(session, "a", quality=59, depth=50)
        with pytest.raises(Invalid) as refused:
            judge(session, "a", reviewer, "approve")
        assert list(refused.value.fields) == ["quality"]
        decision = judge(session, "a", reviewer, "approve", scores={"quality": 60})
        assert decision.policy_version == 1


@pytest.mark.parametrize("outcome", ["save", "request_changes", "reject"])
def test_floors_hold_for_approvals_alone(session_of: Sessions, reviewer: User, outcome: str) -> None:
    with session_of() as session:
        floors(session, reviewer, quality=100)
        make_article(session, "a", quality=1)
        assert judge(session, "a", reviewer, outcome).outcome == outcome


def test_a_lead_overrides_a_floor_with_a_reason_and_a_reviewer_does_not(
    session_of: Sessions, reviewer: User, lead: User
) -> None:
    with session_of() as session:
        floors(session, lead, quality=60)
        article = make_article(session, "a", quality=10)
        for user, reason in ((reviewer, "I say so"), (lead, ""), (lead, "   ")):
            with pytest.raises(Invalid):
                judge(session, "a", user, "approve", override_reason=reason)
        decision = judge(session, "a", lead, "approve", override_reason=" the only page on it ")
        assert decision.override_reason == "the only page on it"
        assert article.indexable


def test_an_override_replaces_no_missing_score(session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        floors(session, lead, quality=60)
        make_article(session, "a", quality=None)
        with pytest.raises(Invalid):
            judge(session, "a", lead, "approve", override_reason="the only page on it")


def test_every_required_line_must_be_ticked_to_approve(
    session_of: Sessions, reviewer: User, lead: User
) -> None:
    with session_of() as session:
        now = {"actor": SYSTEM, "now": LONG_AGO}
        needed = [
            add_item(session, text, required=True, **now) for text in ("Read the code", "Checked links")
        ]
        free = add_item(session, "Liked it", required=False, **now)
        make_article(session, "a")
        for ticked in ({free.id}, {needed[0].id, free.id}, {needed[0].id}):
            for user in (reviewer, lead):
                with pytest.raises(Invalid) as refused:
                    judge(session, "a", user, "approve", checklist=frozenset(ticked), override_reason="hm")
                assert "Checked links" in " ".join(refused.value.fields["checklist"])
        judge(session, "a", reviewer, "save", checklist=frozenset())
        ticked = frozenset({needed[0].id, needed[1].id})
        decision = judge(session, "a", reviewer, "approve", checklist=ticked)
        assert decision.checklist == [needed[0].id, needed[1].id]


def test_a_retired_line_is_needed_no_more(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        item = add_item(session, "Read the code", required=True, actor=SYSTEM, now=LONG_AGO)
        make_article(session, "a")
        retire_item(session, item.id, actor=SYSTEM, now=LONG_AGO)
        decision = judge(session, "a", reviewer, "approve")
        assert decision.after["status"] == "approved"


def test_a_line_retired_since_the_page_was_opened_is_no_mistake(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        item = add_item(session, "Read the code", required=True, actor=SYSTEM, now=LONG_AGO)
        make_article(session, "a")
        retire_item(session, item.id, actor=SYSTEM, now=LONG_AGO)
        assert judge(session, "a", reviewer, "approve", checklist=frozenset({item.id})).checklist == []


@pytest.mark.parametrize("number", [0, 999, 10**17, 2**63, 10**40])
def test_a_line_that_never_was_is_refused(session_of: Sessions, reviewer: User, number: int) -> None:
    with session_of() as session:
        article = make_article(session, "a")
        with pytest.raises(Invalid) as refused:
            judge(session, "a", reviewer, "approve", checklist=frozenset({number}))
        assert list(refused.value.fields) == ["checklist"]
        assert not article.indexable


@pytest.mark.parametrize("note", ["", " \n", "\u200b", "\u202e \ufeff", "\u2800", "\u3164\u115f", "\u0301"])
@pytest.mark.parametrize("outcome", ["request_changes", "reject"])
def test_a_needed_note_can_be_seen(session_of: Sessions, reviewer: User, outcome: str, note: str) -> None:
    with session_of() as session:
        make_article(session, "a")
        with pytest.raises(Invalid) as refused:
            judge(session, "a", reviewer, outcome, note=note)
        assert list(refused.value.fields) == ["note"]


@pytest.mark.parametrize("note", ["x", "7", "?", "好", "لا", "🙁"])
def test_a_short_note_is_a_note(session_of: Sessions, reviewer: User, note: str) -> None:
    with session_of() as session:
        make_article(session, "a")
        assert judge(session, "a", reviewer, "reject", note=note).note == note


def test_only_a_lead_archives(session_of: Sessions, reviewer: User, lead: User) -> None:
    with session_of() as session:
        make_article(session, "a")
        with pytest.raises(Forbidden):
            judge(session, "a", reviewer, "archive")
        judge(session, "a", lead, "archive")


@pytest.mark.parametrize("outcome", DECIDING)
def test_out_of_archived_no_decision_leads(session_of: Sessions, lead: User, outcome: Outcome) -> None:
    with session_of() as session:
        make_article(session, "a", revision_status="archived", awaiting_review=False)
        with pytest.raises(Conflict):
            judge(session, "a", lead, outcome)


@pytest.mark.parametrize("status", [RevisionStatus.APPROVED, RevisionStatus.REJECTED])
def test_a_save_cannot_name_another_status(session_of: Sessions, lead: User, status: RevisionStatus) -> None:
    with session_of() as session:
        article = make_article(session, "a")
        with pytest.raises(Invalid):
            judge(session, "a", lead, "save", status=status)
        assert not article.indexable


@pytest.mark.parametrize("row_version", [6, 8, 0, -1])
def test_a_decision_on_another_version_is_stale_and_tells_how_it_stands(
    session_of: Sessions, reviewer: User, row_version: int
) -> None:
    with session_of() as session:
        article = make_article(session, "a", row_version=7, quality=33)
        with pytest.raises(StaleArticle) as refused:
            judge(session, "a", reviewer, "approve", row_version=row_version)
        assert refused.value.extra["row_version"] == 7
        assert refused.value.extra["current"]["scores"]["quality"] == 33
        assert article.revision_status == "drafted"


def test_one_may_decide_what_nobody_holds(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        make_article(session, "a")
        assert judge(session, "a", reviewer, "save").handling_seconds is None


def test_what_another_holds_cannot_be_decided(session_of: Sessions, reviewer: User, lead: User) -> None:
    with session_of() as session:
        article = make_article(session, "a")
        hold(session, article, reviewer, now=NOW, lease=LEASE)
        with pytest.raises(ClaimHeld):
            judge(session, "a", lead, "approve")


def test_a_lease_that_passed_to_another_is_lost(
    session_of: Sessions, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        article = make_article(session, "a")
        hold(session, article, reviewer, now=NOW, lease=LEASE)
        hold(session, article, colleague, now=NOW + LEASE, lease=LEASE)
        with pytest.raises(ClaimHeld):
            judge(session, "a", reviewer, "approve", now=NOW + LEASE)
        judge(session, "a", colleague, "approve", now=NOW + LEASE)


def test_a_decision_ends_the_claim_and_says_how_long_it_took(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        article = make_article(session, "a", imported_at=NOW - timedelta(hours=2))
        hold(session, article, reviewer, now=NOW, lease=LEASE)
        decision = judge(session, "a", reviewer, "save", now=NOW + timedelta(seconds=95))
        assert (decision.handling_seconds, decision.wait_seconds) == (95, 7295)
        assert session.scalars(select(Claim)).all() == []


def test_a_decision_is_logged_with_before_and_after(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        make_article(session, "a")
        judge(session, "a", reviewer, "reject")
        entry = session.scalars(select(Event).where(Event.kind == "decision.reject")).one()
        assert entry.before is not None
        assert entry.after is not None
        assert (entry.before["status"], entry.after["status"]) == ("drafted", "rejected")
        assert (entry.actor, entry.subject_id) == (reviewer.email, "a")


@pytest.mark.parametrize(
    ("was", "outcome", "told"),
    [
        ("drafted", "approve", ["article.approved"]),
        ("approved", "reject", ["article.withdrawn"]),
        ("drafted", "reject", []),
        ("drafted", "save", []),
    ],
)
def test_the_outside_hears_of_what_enters_or_leaves_the_index_when_the_undo_window_has_passed(
    session_of: Sessions, reviewer: User, was: str, outcome: str, told: list[str]
) -> None:
    with session_of() as session:
        make_article(
            session, "a", revision_status=was, awaiting_review=was == "drafted", indexable=was == "approved"
        )
        judge(session, "a", reviewer, outcome)
        events = session.scalars(select(OutboxEvent)).all()
        assert [event.kind for event in events] == told
        assert all(event.release_at == NOW + UNDO for event in events)


BREAKING: list[dict[str, Any]] = [
    {"indexable": True},
    {"indexable": True, "revision_status": "reviewed"},
    {"published_version": "1.0.0"},
    {"revision_status": "approved"},  # it still waits
    {"revision_status": "rejected"},
    {"revision_status": "archived"},
    {"revision_status": "updated"},
    {"quality": 101},
]


@pytest.mark.parametrize("change", BREAKING, ids=str)
def test_the_database_refuses_what_would_break_the_gate(session_of: Sessions, change: dict[str, Any]) -> None:
    with session_of() as session:
        make_article(session, "a")
    with pytest.raises(IntegrityError), session_of() as session:
        session.execute(Article.__table__.update().values(**change))
