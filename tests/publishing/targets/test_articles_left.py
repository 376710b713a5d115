"""What stands at a place is not abandoned by an oversight: not when its target is removed, nor when it is sent elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from review_app.accounts.models import User
from review_app.base.clock import utc_now
from review_app.base.errors import Conflict
from review_app.outbox.actions import SYSTEM
from review_app.outbox.models import Event
from review_app.publishing.models import Delivery, RemoteArticle, Target
from review_app.publishing.targets.actions import change_target, remove_target
from review_app.publishing.targets.queries import articles_left, get_target
from tests.factories import make_article
from tests.publishing.targets.conftest import PASSWORD, Add, DeliveryOf, SessionOf
from tests.support.cast import Browser, Program

NOW = utc_now()
MINUTE = timedelta(minutes=1)
Bring = Callable[..., None]


@pytest.fixture
def bring(session_of: SessionOf, delivery_of: DeliveryOf) -> Bring:
    """`bring(target, "a", state, begun, read, remote)`: a delivery that a worker began, and what was read there when."""

    def make(
        target_id: int,
        name: str,
        state: str | None = None,
        begun: datetime | None = None,
        read: datetime | None = None,
        remote: str = "published",
        action: str = "publish",
    ) -> None:
        number = delivery_of(target_id, state) if state else None
        with session_of() as session:
            article = make_article(session, name)
            if read:
                session.add(
                    RemoteArticle(target_id=target_id, article_id=article.id, state=remote, updated_at=read)
                )
            if number:
                delivery = session.get_one(Delivery, number)
                delivery.action, delivery.article_id, delivery.begun_at = action, article.id, begun

    return make


@pytest.mark.parametrize(
    ("left", "known"),
    [
        (1, {"read": NOW}),
        (1, {"read": NOW, "remote": "unknown"}),
        (0, {"read": NOW, "remote": "withdrawn"}),
        (1, {"state": "delivered", "begun": NOW - MINUTE, "read": NOW}),
        (1, {"state": "waiting", "begun": NOW}),
        (1, {"state": "dead", "begun": NOW}),
        (1, {"state": "cancelled", "begun": NOW}),
        (0, {"state": "cancelled"}),
        (0, {"state": "waiting"}),
        (1, {"state": "dead", "begun": NOW, "read": NOW - MINUTE, "remote": "withdrawn"}),
        (0, {"state": "dead", "begun": NOW - MINUTE, "read": NOW, "remote": "withdrawn"}),
        (0, {"state": "waiting", "begun": NOW - MINUTE, "read": NOW, "remote": "withdrawn"}),
        (1, {"state": "delivering", "begun": NOW - MINUTE, "read": NOW, "remote": "withdrawn"}),
        (0, {"state": "delivering", "begun": NOW, "action": "withdraw"}),
    ],
)
def test_what_may_stand_there_counts(
    session_of: SessionOf, add: Add, bring: Bring, left: int, known: dict[str, Any]
) -> None:
    target_id, other_id = add("wordpress").target.id, add("export").target.id
    bring(target_id, "a", **known)
    bring(other_id, "b", read=NOW)
    with session_of() as session:
        assert articles_left(session, target_id) == left
        target = get_target(session, target_id, lock=True)
        if not left:
            remove_target(session, target, actor=SYSTEM, now=NOW)
            return
        with pytest.raises(Conflict, match="1 article stands there, or may"):
            remove_target(session, target, actor=SYSTEM, now=NOW)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("wordpress", {"url": "https://other.example.com", "password": PASSWORD}),
        ("wordpress", {"url": "https://blog.example.com/news", "password": PASSWORD}),
        ("export", {"folder": "elsewhere"}),
    ],
)
def test_another_place_is_refused_while_articles_stand_at_the_old_one(
    app: Flask, session_of: SessionOf, add: Add, bring: Bring, kind: str, changes: dict[str, str]
) -> None:
    target_id, settings = add(kind).target.id, app.extensions["settings"]
    bring(target_id, "a", read=NOW)

    def change(wanted: dict[str, str], **more: Any) -> None:
        with session_of() as session:
            target = get_target(session, target_id, lock=True)
            change_target(session, target, wanted, settings, actor=SYSTEM, now=NOW, **more)

    with pytest.raises(Conflict, match="1 article stands there, or may"):
        change(changes)
    with session_of() as session:
        assert session.get_one(Target, target_id).row_version == 1
    change({"name": "Another name"})
    change(
        {"url": "http://www.blog.example.com/", "password": PASSWORD}
        if kind == "wordpress"
        else {"folder": "./export"}
    )
    change(changes, leave_articles=True)
    with session_of() as session:
        assert session.scalars(select(RemoteArticle.state)).all() == ["published"], (
            "they may have moved along"
        )
        logged = session.scalars(select(Event).order_by(Event.id.desc())).first()
        assert logged is not None
        assert (logged.kind, (logged.before or {})["articles_left"]) == ("target.changed", 1)


def test_a_lead_says_on_the_page_that_articles_may_stay(
    add: Add, bring: Bring, lead: User, browser_of: Callable[[User], Browser]
) -> None:
    target_id, browser = add("export").target.id, browser_of(lead)
    bring(target_id, "a", read=NOW)
    here, form = f"/admin/targets/{target_id}", {"name": "Files", "folder": "elsewhere", "format": "markdown"}
    refused = browser.post(f"{here}?_method=PUT", form)
    assert (refused.status_code, "1 article stands there, or may" in refused.text) == (409, True)
    assert browser.post(f"{here}?_method=PUT", form | {"leave_articles": "yes"}).status_code == 303
    assert browser.post(f"{here}?_method=DELETE", {"sure": "yes"}).status_code == 409
    assert 'name="leave_articles"' in browser.get(here).text.partition('id="target-removal"')[2]
    gone = browser.post(f"{here}?_method=DELETE", {"sure": "yes", "leave_articles": "yes"})
    assert gone.status_code == 303


def test_a_program_says_that_articles_may_stay(
    add: Add, bring: Bring, lead: User, program_of: Callable[[User], Program]
) -> None:
    target_id, program = add("export").target.id, program_of(lead)
    bring(target_id, "a", read=NOW)
    refused = program.patch(f"/targets/{target_id}", json={"folder": "elsewhere"})
    assert (refused.status_code, "1 article stands there" in refused.json["detail"]) == (409, True)
    moved = program.patch(f"/targets/{target_id}", json={"folder": "elsewhere", "leave_articles": True})
    assert (moved.status_code, moved.json["folder"]) == (200, "elsewhere")
