"""Demo people can do real work while they are there; taking the demo data away does not lose it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review_app.accounts.actions import add_token
from review_app.accounts.models import ApiToken, User
from review_app.articles.models import Article, ArticleBody
from review_app.articles.queries import lock_article
from review_app.base.errors import Conflict
from review_app.evidence.actions import remeasure
from review_app.evidence.models import ArticleEvidence, EvidenceRun, Paragraph, Passage
from review_app.importing.batches import finish, open_batch
from review_app.importing.models import ImportBatch
from review_app.operations.demo.loading import load_demo, remove_demo
from review_app.operations.demo.removal import KEPT
from review_app.outbox.actions import SYSTEM
from review_app.outbox.models import Event
from review_app.publishing.models import Publication, PublishRun
from review_app.review_queue.actions import hold, skip
from review_app.review_queue.models import Claim
from review_app.reviewing.models import Decision, ReviewSlot
from review_app.reviewing.queries import current_rules
from review_app.reviewing.rules import Outcome
from review_app.worker import run_pending
from tests.factories import make_article, make_user
from tests.operations.conftest import A_WEDNESDAY, UNDO
from tests.operations.demo_acts import AFTER, LEASE, demo_person, judge, publish

Transaction = Callable[[], AbstractContextManager[Session]]

pytestmark = pytest.mark.slow


@pytest.fixture
def database_url(loaded_url: str) -> str:
    """Each test here begins on a desk with the demo data."""
    return loaded_url


def remove(app: Flask) -> dict[str, int]:
    with app.app_context():
        return remove_demo(now=AFTER)


def test_loading_again_is_refused_and_changes_nothing(app: Flask, session_of: Transaction):
    with app.app_context(), pytest.raises(Conflict, match="already"):
        load_demo(now=A_WEDNESDAY, undo=UNDO)
    with session_of() as session:
        assert session.scalar(select(func.count()).select_from(ImportBatch)) == 6
        assert session.scalar(select(func.count()).select_from(Article)) == 300


def test_the_evidence_on_demo_articles_goes_with_them(app: Flask, session_of: Transaction):
    run_pending(app)
    with session_of() as session:
        assert session.scalar(select(func.count()).select_from(ArticleEvidence)) == 300
        text = session.scalars(
            select(ArticleBody.html).where(ArticleBody.html.contains("<p>")).limit(1)
        ).one()
        real = make_article(session, "real", text)
        remeasure(session, [real.id], A_WEDNESDAY)
    remove(app)
    with session_of() as session:
        own = session.scalars(select(Paragraph.digest)).all()
        assert sorted(session.execute(select(Passage.digest, Passage.articles)).all()) == sorted(
            (one, 1) for one in own
        )
        assert session.scalars(select(EvidenceRun)).all() == []


def test_who_decided_on_a_real_article_is_shut_out_but_stays_on_record(app: Flask, session_of: Transaction):
    with session_of() as session:
        helper = demo_person(session, "reviewer-a")
        add_token(session, helper, "script", actor=SYSTEM, now=AFTER)
        make_article(session, "real-1")
        helper_id, decision_id = helper.id, judge(session, "real-1", helper, Outcome.APPROVE, AFTER).id
        make_article(session, "real-2")
        hold(session, lock_article(session, "real-2"), helper, now=AFTER, lease=LEASE)
    removed = remove(app)
    with session_of() as session:
        kept, decision = session.get_one(User, helper_id), session.get_one(Decision, decision_id)
        assert (decision.reviewer_id, decision.outcome) == (helper_id, "approve")
        assert lock_article(session, "real-1").indexable
        assert not kept.is_active
        assert kept.email == f"former-demo-{helper_id}@example.com"
        slots = session.scalars(select(ReviewSlot)).all()
        assert [(slot.reviewer_id, slot.outcome, slot.decisions) for slot in slots] == [
            (helper_id, "approve", 1)
        ]
        assert session.scalars(select(Claim)).all() == session.scalars(select(ApiToken)).all() == []
    # With the lead, whose policy stays: a real article was decided under it.
    assert removed[KEPT] == 2
    assert removed["accounts"] == 4


def test_the_policy_under_which_a_real_article_was_decided_stays(app: Flask, session_of: Transaction):
    with session_of() as session:
        make_article(session, "real-1")
        judge(session, "real-1", make_user(session), Outcome.APPROVE, AFTER)
    assert remove(app)["policy versions"] == 0
    with session_of() as session:
        assert current_rules(session).version == 1


def test_what_a_demo_administrator_imported_and_published_stays_with_its_author(
    app: Flask, session_of: Transaction
):
    with session_of() as session:
        administrator = demo_person(session, "administrator")
        actor = administrator.as_actor()
        batch = open_batch(session, "seeds.txt", "page", user_id=administrator.id, actor=actor, now=AFTER)
        finish(session, batch, AFTER)
        make_article(session, "real-1", batch_id=batch.id)
        judge(session, "real-1", make_user(session), Outcome.APPROVE, AFTER)
        unpublished = select(Article.source_id).where(Article.indexable, Article.published_version.is_(None))
        named = ["real-1", session.scalars(unpublished.where(Article.source_id != "real-1")).first()]
        run = publish(session, named, administrator, AFTER + timedelta(hours=1))
        kept = ([batch.id], [run.id], [administrator.id])
    remove(app)
    with session_of() as session:
        assert session.scalars(select(Article.source_id)).all() == ["real-1"]
        assert session.scalars(select(ImportBatch.id)).all() == kept[0]
        assert session.scalars(select(PublishRun.id)).all() == kept[1]
        assert session.scalars(select(Publication.version)).all() == ["1.3.0"]
        assert session.scalars(select(ImportBatch.user_id)).all() == kept[2]


def test_a_line_of_the_log_about_something_real_keeps_its_author(app: Flask, session_of: Transaction):
    with session_of() as session:
        helper = demo_person(session, "reviewer-d")
        make_article(session, "real-1")
        skip(session, lock_article(session, "real-1"), helper, "no", actor=helper.as_actor(), now=AFTER)
        helper_id = helper.id
    assert remove(app)[KEPT] == 1
    with session_of() as session:
        about = session.scalars(select(Event).where(Event.subject_id == "real-1")).one()
        assert about.actor_id == helper_id
        assert not session.get_one(User, helper_id).is_active


def test_a_demo_article_that_was_imported_again_by_hand_goes_with_the_others(
    app: Flask, session_of: Transaction
):
    with session_of() as session:
        batch = open_batch(session, "again.jsonl", "page", user_id=None, actor=SYSTEM, now=AFTER)
        session.scalars(select(Article).where(Article.source_id == "demo-000020")).one().batch_id = batch.id
    assert remove(app)["articles"] == 300
