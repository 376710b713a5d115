"""What the tests of publishing share: approved articles, a worker, and somebody who signs calls of the hook."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.base.clock import utc_now
from review_app.outbox.actions import SYSTEM
from review_app.publishing.actions import Order, Started, start_run
from review_app.publishing.jobs import run_publish
from review_app.publishing.models import PublishRun
from review_app.publishing.rules import Trigger
from review_app.publishing.running import lease_run, publish_some
from review_app.reviewing.actions import Judgement, decide, roll_back
from review_app.reviewing.queries import standing_decision
from review_app.reviewing.rules import Outcome
from tests.factories import LONG_AGO, make_article

UNDO = timedelta(seconds=20)


class Hook:
    """A program that knows the secret."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def sign(self, body: bytes, webhook_id: str, at: datetime, secret: str | None = None) -> dict[str, str]:
        """The headers that the standard asks for."""
        key = Webhook(secret or self.app.extensions["settings"].publish_hook_secrets[0])
        return {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": key.sign(webhook_id, at, body.decode()),
            "Content-Type": "application/json",
        }

    def call(
        self,
        data: Any = None,
        *,
        body: bytes | None = None,
        webhook_id: str = "call-1",
        at: datetime | None = None,
        secret: str | None = None,
        **headers: str | None,
    ) -> TestResponse:
        """Call the hook; `headers` replace signed ones, with underscores for hyphens, and None leaves one out."""
        body = json.dumps({"type": "publish.requested", "data": data}).encode() if body is None else body
        sent = self.sign(body, webhook_id, at or utc_now(), secret)
        changed = {f"webhook-{name}": value for name, value in headers.items()}
        sent = {name: value for name, value in (sent | changed).items() if value is not None}
        return self.app.test_client().post("/hooks/publish", data=body, headers=sent)


@pytest.fixture
def hook(app: Flask) -> Hook:
    """A program that knows the secret."""
    return Hook(app)


def approved_article(session: Session, source_id: str, **changes: Any) -> Article:
    """An article that was approved long ago and is not published."""
    values = {
        "revision_status": "approved",
        "awaiting_review": False,
        "indexable": True,
        "decided_at": LONG_AGO,
    }
    return make_article(session, source_id, **values | changes)


@pytest.fixture
def approve(session_of) -> Callable[..., None]:
    """`approve("a", "b")`: two articles that were approved long ago and are not published."""

    def make(*source_ids: str, **changes: Any) -> None:
        with session_of() as session:
            for source_id in source_ids:
                approved_article(session, source_id, **changes)

    return make


@pytest.fixture
def start(session_of) -> Callable[..., Started]:
    """Start a run for the named articles, or for all."""

    def begin(*source_ids: str, now: datetime | None = None, publish_at: datetime | None = None) -> Started:
        with session_of() as session:
            order = Order(list(source_ids) or None, publish_at)
            at = now or utc_now()
            return start_run(session, order, Trigger.PAGE, user_id=None, actor=SYSTEM, now=at, undo=UNDO)

    return begin


@pytest.fixture
def work(app: Flask) -> Callable[[int], None]:
    """A worker looks at a run."""

    def look(run_id: int) -> None:
        with app.app_context():
            run_publish(run_id)

    return look


@pytest.fixture
def publish(start, work) -> Callable[..., int]:
    """Start a run and let a worker do it. Returns its number."""

    def whole(*source_ids: str) -> int:
        run_id: int = start(*source_ids).run.id
        work(run_id)
        return run_id

    return whole


@pytest.fixture
def article_of(session_of) -> Callable[[str], Article]:
    """An article as it stands now."""

    def read(source_id: str) -> Article:
        with session_of() as session:
            return session.scalars(select(Article).where(Article.source_id == source_id)).one()

    return read


@pytest.fixture
def withdraw(session_of) -> Callable[[str], None]:
    """An article loses its approval, and with it its place on the public pages."""

    def lose(source_id: str) -> None:
        lost = {
            "revision_status": "drafted",
            "indexable": False,
            "published_version": None,
            "published_digest": None,
        }
        with session_of() as session:
            session.execute(update(Article).where(Article.source_id == source_id).values(lost))

    return lose


@pytest.fixture
def approve_by(session_of):
    """A person approves an article at a moment."""

    def approve(user, source_id, at):
        with session_of() as session:
            article, person = lock_article(session, source_id), session.merge(user)
            judgement = Judgement(Outcome.APPROVE, article.row_version)
            decide(session, article, person, judgement, actor=SYSTEM, now=at, undo=UNDO)

    return approve


@pytest.fixture
def reject_by(session_of):
    """A person rejects an article at a moment."""

    def reject(user, source_id, at):
        with session_of() as session:
            article, person = lock_article(session, source_id), session.merge(user)
            judgement = Judgement(Outcome.REJECT, article.row_version, note="Wrong.")
            decide(session, article, person, judgement, actor=SYSTEM, now=at, undo=UNDO)

    return reject


@pytest.fixture
def take_back(session_of):
    """A person rolls the last decision of an article back."""

    def undo(user, source_id, at):
        with session_of() as session:
            article = lock_article(session, source_id)
            decision, person = standing_decision(session, article), session.merge(user)
            roll_back(session, decision, article, person, note="Not yet.", actor=SYSTEM, now=at, undo=UNDO)

    return undo


@pytest.fixture
def work_at(session_of):
    """A worker looks at a run at a moment."""

    def look(run_id, at, worker="worker"):
        with session_of() as session:
            position = 0 if lease_run(session, run_id, worker, at) else None
        while position is not None:
            with session_of() as session:
                position = publish_some(session, run_id, worker, now=at, undo=UNDO, after=position)

    return look


@pytest.fixture
def runs(session_of):
    """How many publish runs there are."""

    def count():
        with session_of() as session:
            return session.scalar(select(func.count()).select_from(PublishRun))

    return count
