"""The whole way: posts of a real WordPress are imported, approved and published there by the deliverer.

`REVIEW_TEST_POSTS` is how many (20).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article, ArticleMeta
from review_app.base.clock import utc_now
from review_app.base.outbound import Answer, call
from review_app.base.secrets import seal
from review_app.base.settings import Settings
from review_app.importing.sources.rules import Kind
from review_app.outbox.actions import SYSTEM, announce
from review_app.outbox.models import OutboxEvent
from review_app.publishing.actions import Order, start_run
from review_app.publishing.deliveries.jobs import run_delivery, run_relay
from review_app.publishing.jobs import run_publish
from review_app.publishing.kinds import wordpress_rest
from review_app.publishing.models import Delivery, RemoteArticle, Target
from review_app.publishing.rules import Trigger
from review_app.publishing.truth.actions import ask_for_check
from review_app.publishing.truth.jobs import check_pages
from review_app.publishing.truth.models import PublicCheck
from tests.importing.sources import add, read
from tests.publishing.wordpress.site import numbers, states, writes
from tests.support.application import SECRET_KEY
from tests.support.cast import Browser
from tests.support.wordpress import WordPress

pytestmark = pytest.mark.slow
SessionOf = Callable[[], AbstractContextManager[Session]]
POSTS = int(os.environ.get("REVIEW_TEST_POSTS", "20"))
ROUNDS = 3 + POSTS // 20
REVOKED = "a:0:{}"
REFUSED = "The site does not accept the user name and the application password."
PASSWORDS = "SELECT meta_value FROM wp_usermeta WHERE meta_key = '_application_passwords' AND user_id = 2"
PUT = "UPDATE wp_usermeta SET meta_value = '{}' WHERE meta_key = '_application_passwords' AND user_id = 2"
APPROVED = {"revision_status": "approved", "awaiting_review": False, "indexable": True}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allow_private_targets=True)


@pytest.fixture
def approved(app: Flask, site: WordPress, session_of: SessionOf) -> dict[str, str]:
    """New posts of the site, imported and approved: the source ids of the articles by the posts' numbers."""
    before = set(numbers(site))
    site.run("seed", str(POSTS))
    env = site.env
    read(
        app,
        add(app, Kind.WORDPRESS, site.url, username=env["WP_EDITOR_USER"], password=env["WP_APP_PASSWORD"]),
    )
    with session_of() as session:
        rows = session.execute(
            select(ArticleMeta.imported, Article.source_id).join_from(Article, ArticleMeta)
        )
        found = {str(imported["wordpress"]["post_id"]): source_id for imported, source_id in rows}
        new = {number: source_id for number, source_id in found.items() if number not in before}
        session.execute(
            update(Article)
            .where(Article.source_id.in_(new.values()))
            .values(**APPROVED, decided_digest=Article.text_digest, decided_at=utc_now() - timedelta(hours=1))
        )
    return new


@pytest.fixture
def target(site: WordPress, session_of: SessionOf) -> int:
    """The site, as a target."""
    env = site.env
    with session_of() as session:
        place = Target(
            kind="wordpress",
            name="Site",
            url=site.url,
            username=env["WP_EDITOR_USER"],
            sealed_password=seal(env["WP_APP_PASSWORD"], SECRET_KEY),
        )
        session.add(place)
        session.flush()
        return place.id


@pytest.fixture
def password(site: WordPress) -> Iterator[Callable[[str], None]]:
    """Puts other application passwords in the place of the editor's; the ones before come back in the end."""
    before = site.sql(PASSWORDS)[0][0]

    def put(value: str = before) -> None:
        site.sql(PUT.format(value))

    yield put
    put()


def publish(app: Flask, session_of: SessionOf, source_ids: list[str]) -> None:
    """A run of these, to all places."""
    with session_of() as session:
        order = Order(source_ids)
        who = {"user_id": None, "actor": SYSTEM}
        run_id = start_run(session, order, Trigger.COMMAND, **who, now=utc_now(), undo=timedelta(0)).run.id
    with app.app_context():
        run_publish(run_id)


def ask(session: Session, kind: str, source_id: str, **payload: Any) -> None:
    """Write an event of an article into the outbox."""
    cause = f"test:{kind}:{source_id}"
    announce(session, kind, f"article:{source_id}", cause=cause, payload=payload, now=utc_now())


def deliver(app: Flask, session_of: SessionOf, target_id: int) -> list[tuple[str, str]]:
    """A worker hands over and sends what is due. Returns state and reason of all deliveries to the target."""
    with app.app_context():
        run_relay(0)
        run_delivery(target_id)
    with session_of() as session:
        rows = session.scalars(select(Delivery).where(Delivery.target_id == target_id).order_by(Delivery.id))
        return [(row.state, row.reason) for row in rows]


def until(
    enough: Callable[[list[tuple[str, str]]], bool], app: Flask, session_of: SessionOf, target_id: int
) -> list[tuple[str, str]]:
    """Deliver so often that this holds; a worker takes a while for one target, then others have its turn."""
    for _ in range(ROUNDS):
        ended = deliver(app, session_of, target_id)
        if enough(ended):
            return ended
        let_time_pass(session_of)
    raise AssertionError(Counter(ended))


def let_time_pass(session_of: SessionOf) -> None:
    long_ago = utc_now() - timedelta(minutes=1)
    with session_of() as session:
        session.execute(update(Delivery).where(Delivery.state == "waiting").values(due_at=long_ago))
        session.execute(update(Target).values(resting_until=None))


def test_a_password_that_is_revoked_midway_is_told_and_when_it_is_back_all_are_published_once(
    app: Flask,
    site: WordPress,
    session_of: SessionOf,
    approved: dict[str, str],
    target: int,
    password: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    browser_of: Callable[[User], Browser],
    lead: User,
) -> None:
    assert len(approved) == POSTS
    dates = [date for _, _, date in states(site, approved)]
    publish(app, session_of, list(approved.values()))

    written = 0

    def revoked_midway(client: Any, method: str, url: str, **options: Any) -> Answer:
        nonlocal written
        written += method == "POST"
        if written == POSTS // 2 and method == "POST":
            password(REVOKED)
        return call(client, method, url, **options)

    monkeypatch.setattr(wordpress_rest, "call", revoked_midway)
    requests = len(site.requests())
    ended = until(lambda ended: REFUSED in {why for _, why in ended}, app, session_of, target)
    monkeypatch.undo()
    done = [state for state, _ in ended].count("delivered")
    assert 0 < done < POSTS
    assert [state for state, _ in ended].count("waiting") == POSTS - done
    assert len([row for row in states(site, approved) if row[:2] == ("publish", "1")]) >= done

    password()
    let_time_pass(session_of)
    ended = until(lambda ended: "waiting" not in {state for state, _ in ended}, app, session_of, target)
    assert set(ended) == {("delivered", "")}
    assert states(site, approved) == [("publish", "1", date) for date in dates]
    assert len(writes(site, requests)) <= POSTS + 3  # those that were refused at the moment of revocation
    check_books(session_of, site, approved, target)
    check_mending(app, session_of, site, approved, target, browser_of(lead))
    check_withdrawal(app, session_of, site, approved, target)


def check_books(session_of: SessionOf, site: WordPress, approved: dict[str, str], target: int) -> None:
    """What the desk has written down is what stands there, and each was announced once."""
    with session_of() as session:
        there = session.scalars(select(RemoteArticle).where(RemoteArticle.target_id == target)).all()
        told = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "article.published")).all()
        assert sorted(row.remote_id for row in there) == sorted(approved)
        assert {row.state for row in there} == {"published"}
        of_site = [event.payload["source_id"] for event in told if event.payload["target"] == "Site"]
        assert sorted(of_site) == sorted(approved.values())
        links = {row.remote_id: row.url for row in there}
    read_back = site.call("GET", f"/posts?per_page=100&include={','.join(list(approved)[:100])}").json()
    assert {str(post["id"]): post["link"] for post in read_back}.items() <= links.items()


def check_mending(
    app: Flask,
    session_of: SessionOf,
    site: WordPress,
    approved: dict[str, str],
    target: int,
    browser: Browser,
) -> None:
    """Somebody there drafts one post and forbids another to search engines. The check sees it, and the page's button mends it."""
    gone, hidden = list(approved)[:2]
    dates = [date for _, _, date in states(site, (gone, hidden))]
    look(app, session_of, approved, (gone, hidden))
    assert differences(session_of) == {}
    colleague = (site.env["WP_COLLEAGUE_USER"], site.env["WP_COLLEAGUE_APP_PASSWORD"])
    for number, change in ((gone, {"status": "draft"}), (hidden, {"meta": {"indexable": False}})):
        route = f"{site.env['WP_API']}/posts/{number}"
        httpx.post(route, json=change, auth=colleague, trust_env=False, timeout=30).raise_for_status()
    assert [row[:2] for row in states(site, (gone, hidden))] == [("draft", "1"), ("publish", "")]
    look(app, session_of, approved, (gone, hidden))
    found = differences(session_of)
    assert {name: findings for name, (_, findings) in found.items()} == {
        approved[gone]: ["status"],
        approved[hidden]: ["noindex"],
    }
    shown = browser.get("/publications/truth").text
    assert "answers 404, should be index" in shown
    assert "says noindex, should be index" in shown
    for check_id, _ in found.values():
        assert browser.post(f"/publications/truth/{check_id}/mendings").status_code == 303
    assert {state for state, _ in deliver(app, session_of, target)} == {"delivered"}
    assert states(site, (gone, hidden)) == [("publish", "1", date) for date in dates]
    read_back = site.call("GET", f"/posts?include={gone},{hidden}").json()
    assert {post["status"] for post in read_back} == {"publish"}
    look(app, session_of, approved, (gone, hidden))
    assert differences(session_of) == {}


def look(app: Flask, session_of: SessionOf, approved: dict[str, str], numbers: tuple[str, ...]) -> None:
    """A worker reads the pages of these posts as the public does."""
    with session_of() as session:
        names = [approved[number] for number in numbers]
        ids = session.scalars(select(Article.id).where(Article.source_id.in_(names))).all()
        ask_for_check(session, utc_now(), ids)
    with time_machine.travel(utc_now() + timedelta(minutes=1)), app.app_context():
        check_pages(20, set(ids))


def differences(session_of: SessionOf) -> dict[str, tuple[int, list[str]]]:
    """Of each article whose page differs: the check and what it found."""
    with session_of() as session:
        query = select(Article.source_id, PublicCheck).join_from(PublicCheck, Article)
        rows = session.execute(query.where(PublicCheck.state.not_in(("agrees", "waiting")))).all()
        return {source_id: (check.id, check.findings) for source_id, check in rows}


def check_withdrawal(
    app: Flask, session_of: SessionOf, site: WordPress, approved: dict[str, str], target: int
) -> None:
    """One of them loses its approval."""
    number, source_id = next(iter(approved.items()))
    with session_of() as session:
        lost = {
            "revision_status": "rejected",
            "indexable": False,
            "published_version": None,
            "published_digest": None,
        }
        session.execute(update(Article).where(Article.source_id == source_id).values(lost))
        ask(session, "article.withdrawn", source_id)
    deliver(app, session_of, target)
    assert states(site, {number: source_id})[0][:2] == ("draft", "")
    with session_of() as session:
        told = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "publication.withdrawn")).one()
        assert told.payload["url"].startswith(site.url)
        assert "?p=" not in told.payload["url"]
