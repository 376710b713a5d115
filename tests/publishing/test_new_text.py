"""The text of an approved article arrives changed: what the public reads then, with and without the policy that keeps it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from review_app.accounts.models import User
from review_app.articles.models import Article, ArticleVersion
from review_app.articles.queries import approved_wording, get_article
from review_app.base.clock import utc_now
from review_app.outbox.models import OutboxEvent
from review_app.reviewing.models import Decision
from tests.reviewing.desk import Sessions, import_again, judge, keep_new_texts_out, retire_checklist, undo

Publish = Callable[..., int]
READ, UNREAD = "<p>What was read.</p>", "<p>What nobody read.</p>"
EARLIER = utc_now() - timedelta(days=2)


@pytest.fixture(autouse=True)
def published(session_of: Sessions, reviewer: User, publish: Publish) -> None:
    """An article `a`, approved two days ago and published."""
    with session_of() as session:
        retire_checklist(session)
        import_again(session, body=READ, title="The title that was read", now=EARLIER)
        judge(session, "a", reviewer, "approve", now=EARLIER)
    publish("a")


@pytest.fixture
def public(session_of: Sessions, client: FlaskClient) -> Callable[[], Any]:
    """The public page of the article."""
    with session_of() as session:
        slug = session.scalars(select(Article.slug)).one()
    return lambda: client.get(f"/p/{slug}")


@pytest.fixture
def kept(session_of: Sessions, lead: User) -> None:
    """The policy is on, and a new text has come."""
    with session_of() as session:
        keep_new_texts_out(session, lead)
        import_again(session, body=UNREAD, title="A title that nobody read")


def state(session_of: Sessions) -> tuple[str, bool, bool]:
    with session_of() as session:
        article = get_article(session, "a")
        return article.revision_status, article.awaiting_review, article.indexable


def test_without_the_policy_a_new_text_leaves_the_index(
    session_of: Sessions, public: Callable[[], Any]
) -> None:
    with session_of() as session:
        import_again(session, body=UNREAD)
    assert state(session_of) == ("drafted", True, False)
    assert public().status_code == 410
    with session_of() as session:
        assert session.scalars(select(ArticleVersion.html)).all() == [READ]
        assert approved_wording(session, get_article(session, "a")) is None


def test_with_the_policy_the_public_goes_on_reading_what_was_approved(
    session_of: Sessions, public: Callable[[], Any], kept: None
) -> None:
    assert state(session_of) == ("approved", True, True)
    page = public()
    assert page.status_code == 200
    assert "What was read." in page.text
    assert "The title that was read" in page.text
    assert "nobody read" not in page.text
    assert page.headers["X-Robots-Tag"] == "index, follow"
    with session_of() as session:
        assert "article.withdrawn" not in session.scalars(select(OutboxEvent.kind)).all()
        out = approved_wording(session, get_article(session, "a"))
        assert out is not None
        assert (out.html, out.title) == (READ, "The title that was read")


def test_the_sitemap_tells_of_no_change_that_the_public_cannot_see(
    client: FlaskClient, public: Callable[[], Any], kept: None
) -> None:
    at = EARLIER.isoformat(timespec="seconds")
    assert at[:10] in client.get("/sitemap.xml").text
    assert at[:10] in client.get("/sitemap-0.xml").text
    assert public().last_modified.date() == EARLIER.date()


def test_what_is_published_while_a_new_text_waits_is_what_was_approved(
    session_of: Sessions, public: Callable[[], Any], publish: Publish, kept: None
) -> None:
    with session_of() as session:
        session.execute(update(Article).values(published_version=None, published_digest=None))
    publish("a")
    assert "What was read." in public().text
    assert "nobody read" not in public().text


def test_once_the_new_text_is_approved_it_is_public_when_it_is_published_and_not_before(
    session_of: Sessions, public: Callable[[], Any], publish: Publish, reviewer: User, kept: None
) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "approve", now=utc_now())
    assert state(session_of) == ("approved", False, True)
    assert "What was read." in public().text
    publish("a")
    assert "What was read." in public().text, "its approval can still be undone"
    with time_machine.travel(utc_now() + timedelta(minutes=1)):
        publish("a")
    assert "What nobody read." in public().text


def test_an_approval_of_the_new_text_that_is_undone_leaves_the_old_one_public(
    session_of: Sessions, public: Callable[[], Any], reviewer: User, kept: None
) -> None:
    with session_of() as session:
        undo(session, judge(session, "a", reviewer, "approve"), reviewer)
    assert state(session_of) == ("approved", True, True)
    assert "What was read." in public().text


@pytest.mark.parametrize("outcome", ["save", "request_changes", "reject"])
def test_any_other_decision_on_the_new_text_withdraws_the_article(
    session_of: Sessions, public: Callable[[], Any], reviewer: User, kept: None, outcome: str
) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, outcome)
    assert not state(session_of)[2]
    assert public().status_code == 410


def test_the_approved_text_coming_back_ends_the_waiting(
    session_of: Sessions, public: Callable[[], Any], kept: None
) -> None:
    with session_of() as session:
        import_again(session, body=READ, title="The title that was read")
    assert state(session_of) == ("approved", False, True)
    assert "What was read." in public().text


def test_with_the_policy_off_again_the_next_new_text_leaves_the_index(
    session_of: Sessions, public: Callable[[], Any], lead: User, kept: None
) -> None:
    with session_of() as session:
        keep_new_texts_out(session, lead, keep=False)
        import_again(session, body=UNREAD, title="A title that nobody read", topic="another")
    assert state(session_of) == ("approved", True, True)
    with session_of() as session:
        import_again(session, body="<p>And another.</p>")
    assert state(session_of) == ("drafted", True, False)
    assert public().status_code == 410


def test_a_rollback_never_brings_back_an_approval_of_another_text(
    session_of: Sessions, reviewer: User, lead: User, app: Flask
) -> None:
    with session_of() as session:
        keep_new_texts_out(session, lead)
        rejected = judge(session, "a", reviewer, "reject")
        import_again(session, body=UNREAD)
        undo(session, rejected, reviewer)
    assert state(session_of) == ("drafted", True, False)


def test_a_text_that_is_lost_is_not_replaced_by_one_that_nobody_read(
    session_of: Sessions, public: Callable[[], Any], kept: None
) -> None:
    with session_of() as session:
        for version in session.scalars(select(ArticleVersion)):
            session.delete(version)
    assert public().status_code == 410


def test_only_texts_that_a_person_decided_on_are_kept(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        import_again(session, "b", body="<p>1</p>")
        import_again(session, "b", body="<p>2</p>")
        judge(session, "b", reviewer, "save")
        import_again(session, "b", body="<p>3</p>")
        import_again(session, "b", body="<p>4</p>")
        assert session.scalars(select(ArticleVersion.html)).all() == ["<p>2</p>"]


def byline(page: Any) -> str:
    """The line under the title of a public page: topic, reading time, day of the review."""
    return page.text.partition('<ul class="byline">')[2].partition("</ul>")[0]


def test_a_topic_and_reading_time_that_nobody_approved_are_not_public(
    session_of: Sessions, public: Callable[[], Any], reviewer: User, lead: User, publish: Publish
) -> None:
    approved = byline(public())
    assert "6 minutes to read" in approved
    with session_of() as session:
        import_again(
            session,
            body=READ,
            title="The title that was read",
            topic="a topic that nobody read",
            reading_time=99,
        )
    assert state(session_of) == ("approved", False, True)
    assert byline(public()) == approved
    publish("a")
    assert byline(public()) == approved
    with session_of() as session:
        out = approved_wording(session, get_article(session, "a"))
        assert out is not None
        assert (out.topic in approved, out.reading_minutes) == (True, 6)
        undo(session, session.scalars(select(Decision)).one(), lead)
        judge(session, "a", reviewer, "approve", now=EARLIER)
    publish("a")
    assert "a topic that nobody read" in byline(public())
    assert "99 minutes to read" in byline(public())


def test_the_approved_topic_stays_with_the_approved_text_while_a_new_one_waits(
    session_of: Sessions, public: Callable[[], Any], lead: User
) -> None:
    approved = byline(public())
    with session_of() as session:
        keep_new_texts_out(session, lead)
        import_again(session, body=UNREAD, topic="a second topic")
    assert byline(public()) == approved
    with session_of() as session:
        import_again(session, body=READ, title="The title that was read", topic="a third topic")
    assert state(session_of) == ("approved", False, True)
    assert byline(public()) == approved


def test_an_approval_that_comes_back_by_a_rollback_has_the_topic_that_was_approved(
    session_of: Sessions, public: Callable[[], Any], reviewer: User, publish: Publish
) -> None:
    approved = byline(public())
    with session_of() as session:
        rejected = judge(session, "a", reviewer, "reject")
        import_again(session, body=READ, title="The title that was read", topic="a topic that nobody read")
        undo(session, rejected, reviewer)
    publish("a")
    assert byline(public()) == approved
