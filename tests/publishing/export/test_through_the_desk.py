"""From an event to a file and away again, by the relay and the deliverer."""

from __future__ import annotations

import dataclasses

import pytest
from flask import Flask
from sqlalchemy import select

from review_app.base.clock import utc_now
from review_app.outbox.actions import announce
from review_app.publishing.deliveries.jobs import run_delivery, run_relay
from review_app.publishing.models import Delivery, Publication, PublishRun, RemoteArticle, Target
from tests.publishing.conftest import approved_article


@pytest.fixture
def settings(settings, tmp_path):
    return dataclasses.replace(settings, export_dir=tmp_path, base_url="https://desk.example")


@pytest.fixture
def send(app: Flask, session_of):
    """Announce this and let a worker do all of it."""

    def call(kind: str, **payload) -> None:
        with session_of() as session:
            cause = f"test:{kind}:{utc_now().timestamp()}"
            announce(session, kind, "article:good", cause=cause, payload=payload, now=utc_now())
        with app.app_context():
            run_relay(0)
            run_delivery(2)

    return call


def test_an_approved_article_becomes_a_file_and_goes_with_its_approval(
    session_of, start, send, tmp_path, withdraw
):
    with session_of() as session:
        article = approved_article(session, "good", html="<p>Some <em>text</em>.</p>")
        target = Target(kind="export", name="Files", options={"folder": "site"})
        session.add(target)
        session.flush()
        run = PublishRun(
            trigger="page", requested={}, accepted=1, refused=[], created_at=utc_now(), due_at=utc_now()
        )
        session.add(run)
        session.flush()
        wanted = {"article_id": article.id, "version": article.revision_version, "target_id": target.id}
        publication = Publication(**wanted, run_id=run.id, due_at=utc_now(), state="delivering")
        session.add(publication)
        session.flush()
        payload = {"publication_id": publication.id, "target_id": target.id}
    send("publication.requested", **payload)
    file = tmp_path / "site" / "good.md"
    text = file.read_text()
    assert text.endswith("---\n\nSome *text*.\n")
    assert "url: https://desk.example/p/slug-of-good" in text
    withdraw("good")
    send("article.withdrawn", source_id="good")
    assert not file.exists()
    with session_of() as session:
        assert session.scalars(select(Delivery.state).order_by(Delivery.id)).all() == [
            "delivered",
            "delivered",
        ]
        assert session.scalars(select(RemoteArticle.state)).one() == "withdrawn"
