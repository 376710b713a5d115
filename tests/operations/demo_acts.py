"""What people do to a desk, in as few words as the tests of the demo data need, and how to compare two desks."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.articles.queries import list_articles, lock_article
from review_app.base.database import Base
from review_app.importing.models import ImportBatch
from review_app.publishing.actions import Order, start_run
from review_app.publishing.models import PublishRun
from review_app.publishing.rules import Trigger
from review_app.publishing.running import lease_run, publish_some
from review_app.review_queue.actions import claim_next
from review_app.reviewing.actions import Judgement, decide
from review_app.reviewing.models import Decision
from review_app.reviewing.rules import Outcome
from tests.operations.conftest import A_WEDNESDAY, UNDO

LEASE = timedelta(minutes=15)
BEFORE, AFTER = A_WEDNESDAY - timedelta(days=3), A_WEDNESDAY + timedelta(hours=1)
SCORES = {"quality": 81, "clarity": 79, "depth": 60, "freshness": 55}


def dump(session: Session) -> dict[str, list[tuple[str, ...]]]:
    """Every row of every table, and which articles a search finds."""
    tables = {
        table.name: sorted(tuple(map(str, row)) for row in session.execute(select(table)))
        for table in Base.metadata.sorted_tables
    }
    found = list_articles(session, Filters(q="text"), size=200).rows
    indexed = session.scalar(text("SELECT count(*) FROM article_search"))
    return tables | {"search": [(article.source_id,) for article in found], "indexed": [(str(indexed),)]}


def judge(session: Session, source_id: str, user: User, outcome: Outcome, now: datetime) -> Decision:
    """Decide, with fixed scores and a note."""
    article = lock_article(session, source_id)
    judgement = Judgement(outcome, article.row_version, SCORES, note="Please name the source.")
    return decide(session, article, user, judgement, actor=user.as_actor(), now=now, undo=UNDO)


def publish(session: Session, source_ids: list[str], user: User, now: datetime) -> PublishRun:
    """Publish these articles, as the job would."""
    order, actor = Order(source_ids), user.as_actor()
    run = start_run(session, order, Trigger.PAGE, user_id=user.id, actor=actor, now=now, undo=UNDO).run
    session.flush()
    lease_run(session, run.id, "test", now + UNDO)
    session.refresh(run)
    publish_some(session, run.id, "test", now=now + UNDO, undo=UNDO)
    return run


def demo_person(session: Session, key: str) -> User:
    """Somebody of the demo data."""
    return session.scalars(select(User).where(User.email == f"{key}@example.com")).one()


def real_person(session: Session, name: str) -> User:
    """Somebody who did not come with the demo data."""
    return session.scalars(select(User).where(User.email == f"{name}@example.com", ~User.is_demo)).one()


def a_waiting_demo_article(session: Session, user: User, now: datetime) -> str:
    """Claimed by this person at that time."""
    batch = session.scalars(
        select(ImportBatch.id).where(ImportBatch.is_demo).order_by(ImportBatch.id.desc())
    ).first()
    claim = claim_next(session, user, Filters(batch=str(batch)), now=now, lease=LEASE)
    assert claim is not None
    return session.get_one(Article, claim.article_id).source_id
