"""A desk with the demo data: every page has something to show, and every promise of the desk holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from review_app.accounts.models import User
from review_app.articles.filters import Filters
from review_app.articles.models import Article, Policy
from review_app.base.errors import Conflict
from review_app.base.security import passwords
from review_app.importing.models import ImportBatch, ImportRowError, ImportRowWarning
from review_app.importing.queries import list_batches
from review_app.operations.demo import loading
from review_app.operations.demo.loading import demo_is_loaded, load_demo
from review_app.operations.demo.queries import count_waiting
from review_app.outbox.models import Event, OutboxEvent
from review_app.publishing.models import Publication, PublishRun
from review_app.review_queue.models import Claim
from review_app.review_queue.queries import list_queue, queue_length
from review_app.reviewing.models import Decision, ReviewSlot
from review_app.reviewing.policy import set_floors
from review_app.reviewing.queries import current_rules
from review_app.reviewing.rules import Outcome, slot_of
from tests.factories import make_article, make_user
from tests.operations.conftest import A_WEDNESDAY, UNDO, DemoDesk

Transaction = Callable[[], AbstractContextManager[Session]]

pytestmark = pytest.mark.slow


def test_about_120_articles_wait_and_two_of_them_are_being_read(demo_desk: DemoDesk):
    with demo_desk.reading() as session:
        assert 110 <= queue_length(session, Filters()).waiting <= 130
        rows = list_queue(session, Filters(), now=demo_desk.now, size=200).rows
        assert {row.claim.user.name for row in rows if row.claim} == {"Reviewer B", "Reviewer C"}
        assert session.scalar(select(func.count()).select_from(Claim)) == 2


def test_only_what_is_approved_is_indexable_and_only_that_is_published(demo_desk: DemoDesk):
    with demo_desk.reading() as session:
        articles = session.scalars(select(Article)).all()
    assert all(article.indexable == (article.revision_status == "approved") for article in articles)
    assert all(article.indexable for article in articles if article.published_version)
    assert sum(article.published_version is not None for article in articles) > 50
    assert any(article.indexable and article.published_version is None for article in articles)


def test_the_sums_of_the_statistics_equal_a_recount(demo_desk: DemoDesk):
    undoing = aliased(Decision)
    standing = select(Decision).outerjoin(undoing, undoing.reverts_id == Decision.id)
    standing = standing.where(undoing.id.is_(None), Decision.outcome != Outcome.ROLLBACK)
    with demo_desk.reading() as session:
        decisions = session.scalars(standing).all()
        slots = session.scalars(select(ReviewSlot)).all()
    assert decisions
    assert +Counter(
        {(slot.reviewer_id, slot.slot_start, slot.outcome): slot.decisions for slot in slots}
    ) == Counter((each.reviewer_id, slot_of(each.decided_at), each.outcome) for each in decisions)
    timed = sum(each.handling_seconds is not None for each in decisions)
    assert sum(sum(slot.handling.values()) for slot in slots) == timed == len(decisions)


def test_five_people_have_decided_in_every_way_over_the_last_four_weeks(demo_desk: DemoDesk):
    with demo_desk.reading() as session:
        decisions = session.scalars(select(Decision)).all()
    assert len({each.reviewer_id for each in decisions}) == 5
    assert {each.outcome for each in decisions} == {
        "approve",
        "save",
        "request_changes",
        "reject",
        "rollback",
    }
    days = Counter(each.decided_at.date() for each in decisions)
    assert len(days) >= 20
    assert all(demo_desk.now - timedelta(days=28) < each.decided_at <= demo_desk.now for each in decisions)
    assert days[demo_desk.now.date()] >= 3
    assert Counter(each.outcome for each in decisions)["rollback"] == 5
    assert any(each.before["scores"] != each.after["scores"] for each in decisions)
    assert all(each.note for each in decisions if each.outcome in {"request_changes", "reject", "rollback"})


def test_reviewers_differ_in_how_often_they_approve(demo_desk: DemoDesk):
    with demo_desk.reading() as session:
        of_whom = {user.id: user.name for user in session.scalars(select(User))}
        outcomes = Counter(
            (of_whom[each.reviewer_id], each.outcome) for each in session.scalars(select(Decision))
        )

    def approval_rate(name: str) -> float:
        judged = sum(outcomes[name, outcome] for outcome in ("approve", "request_changes", "reject"))
        return outcomes[name, "approve"] / judged

    assert approval_rate("Reviewer A") > approval_rate("Reviewer B") + 0.1


def test_six_imports_are_done_one_with_refusals_and_one_with_known_articles(demo_desk: DemoDesk):
    with demo_desk.reading() as session:
        batches = list_batches(session).rows
        reasons = session.scalars(select(ImportRowError.reason)).all()
        warnings = session.scalars(select(ImportRowWarning.message)).all()
    assert [batch.state for batch in batches] == ["finished"] * 6
    assert all(batch.is_demo and batch.origin == "demo" for batch in batches)
    assert sum(batch.created for batch in batches) == 300
    assert [batch.rejected for batch in batches if batch.rejected] == [len(reasons)] == [6]
    assert len(set(reasons)) == 6
    assert len(warnings) >= 3
    (again,) = [batch for batch in batches if batch.updated]
    assert again.kept == again.updated == 12
    assert again.unchanged == 9


def test_publish_runs_are_done_and_one_refused_what_is_not_approved(demo_desk: DemoDesk):
    with demo_desk.reading() as session:
        runs = session.scalars(select(PublishRun).order_by(PublishRun.id)).all()
        states = set(session.scalars(select(Publication.state)))
    assert [run.state for run in runs] == ["finished"] * 4
    assert [run.trigger for run in runs] == ["page", "page", "page", "hook"]
    assert all(run.published == run.accepted > 0 for run in runs)
    assert len(runs[-1].refused) == 2
    assert states == {"delivered"}


def test_the_policy_has_one_version_and_the_log_tells_of_skips(demo_desk: DemoDesk):
    with demo_desk.reading() as session:
        assert session.scalars(select(Policy.version)).all() == [1]
        assert session.scalar(select(func.count()).where(Event.kind == "article.skipped")) >= 3


def test_three_logins_are_shown_and_their_passwords_are_right(demo_desk: DemoDesk):
    assert [login.role for login in demo_desk.logins] == ["reviewer", "lead", "administrator"]
    assert len({login.password for login in demo_desk.logins}) == 3
    with demo_desk.reading() as session:
        users = {user.email: user for user in session.scalars(select(User))}
    assert len(users) == 6
    assert all(user.is_demo and user.email.endswith("@example.com") for user in users.values())
    for login, role in zip(demo_desk.logins, ("reviewer", "lead", "admin"), strict=True):
        assert users[login.email].role == role
        assert passwords.verify(login.password, users[login.email].password_hash)


def test_nobody_outside_will_hear_of_their_past(demo_desk: DemoDesk):
    with demo_desk.reading() as session:
        assert set(session.scalars(select(OutboxEvent.state))) == {"cancelled"}


def test_loading_says_what_it_is_at(demo_desk: DemoDesk):
    assert demo_desk.said[0] == "Importing 120 articles"
    assert len(demo_desk.said) == 9


def test_they_are_as_fresh_on_any_other_day(app: Flask, session_of: Transaction):
    now = datetime(2028, 2, 28, 0, 1, tzinfo=UTC)
    with app.app_context():
        load_demo(now=now, undo=UNDO)
    with session_of() as session:
        assert 110 <= count_waiting(session) <= 130
        latest = session.scalar(select(func.max(Decision.decided_at)))
        assert latest
        assert now - timedelta(hours=9) < latest <= now
        assert session.scalar(select(func.max(ImportBatch.created_at))) > now - timedelta(days=2)


def test_a_real_article_of_the_same_name_is_never_overwritten(app: Flask, session_of: Transaction):
    with session_of() as session:
        make_article(session, "demo-000017")
    with app.app_context(), pytest.raises(Conflict, match="demo-000017"):
        load_demo(now=A_WEDNESDAY, undo=UNDO)
    with session_of() as session:
        assert session.scalars(select(Article.title)).all() == ["Title of demo-000017"]


def test_who_stops_the_loading_is_left_with_nothing(
    app: Flask, session_of: Transaction, monkeypatch: pytest.MonkeyPatch
):
    def stop(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, "keep_quiet", stop)
    monkeypatch.setattr("review_app.operations.demo.story._reviews", lambda *_arguments, **_more: [])
    monkeypatch.setattr("review_app.operations.demo.story._releases", lambda *_arguments, **_more: [])
    with app.app_context(), pytest.raises(KeyboardInterrupt):
        load_demo(now=A_WEDNESDAY, undo=UNDO)
    with session_of() as session:
        assert not demo_is_loaded(session)
        assert session.scalar(select(func.count()).select_from(Article)) == 0
        assert session.scalar(select(func.count()).select_from(User)) == 0


def test_a_policy_of_the_desks_own_holds_on_and_the_demo_people_obey_it(app: Flask, session_of: Transaction):
    with session_of() as session:
        lead = make_user(session)
        floors = {"clarity": 80}
        set_floors(session, lead, floors, "we are strict", based_on=0, actor=lead.as_actor(), now=A_WEDNESDAY)
    with app.app_context():
        load_demo(now=A_WEDNESDAY, undo=UNDO)
    with session_of() as session:
        assert current_rules(session).floors == {"clarity": 80}
        approved = session.scalars(select(Article).where(Article.indexable)).all()
        assert approved
        assert all(article.clarity >= 80 for article in approved)
