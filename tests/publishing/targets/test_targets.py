"""What leads do with targets, on each database: secrets stay sealed, two are good while one is rotated, names are one's own."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from review_app.base.clock import utc_now
from review_app.base.errors import Conflict, Invalid, NotFound
from review_app.base.secrets import unseal
from review_app.outbox.actions import SYSTEM
from review_app.outbox.models import Event, OutboxEvent
from review_app.publishing.content import place_of
from review_app.publishing.models import (
    Delivery,
    DeliveryAttempt,
    Publication,
    PublishRun,
    PublishRunItem,
    RemoteArticle,
    Target,
)
from review_app.publishing.targets.actions import (
    change_target,
    disable_target,
    enable_target,
    end_secret,
    remove_target,
    rotate_secret,
    send_test,
)
from review_app.publishing.targets.queries import dead_counts, get_target, good_secrets, list_targets
from tests.factories import LONG_AGO, make_article
from tests.publishing.targets.conftest import PASSWORD, USUAL, Add, DeliveryOf, SessionOf

DAY = timedelta(days=1)
OWN = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def secret_key(app: Flask) -> str:
    return app.extensions["settings"].secret_key


def place(app: Flask, session_of: SessionOf, target_id: int, now: datetime | None = None) -> Any:
    with session_of() as session:
        return place_of(get_target(session, target_id), app.extensions["settings"], now or utc_now())


@pytest.mark.parametrize("kind", USUAL, ids=str)
def test_a_target_of_each_kind_is_added_and_opened_again(
    app: Flask, session_of: SessionOf, add: Add, kind: str
) -> None:
    added = add(kind)
    opened = place(app, session_of, added.target.id)
    assert (opened.kind, opened.url) == (kind, USUAL[kind].get("url", ""))
    assert opened.password == USUAL[kind].get("password", "")
    assert opened.secrets == ((added.secret,) if added.secret else ())
    assert opened.options == {
        name: USUAL[kind][name] for name in ("zone_id", "folder") if name in USUAL[kind]
    }
    assert bool(added.secret) == (kind in {"webhook", "indexnow"})


def test_what_is_secret_stands_nowhere_in_the_clear(session_of: SessionOf, add: Add, secret_key: str) -> None:
    ids = [add("webhook", secret=OWN).target.id, add("wordpress").target.id, add("cloudflare").target.id]
    with session_of() as session:
        for target in map(session.get_one, [Target] * 3, ids):
            row = str({column.name: getattr(target, column.name) for column in Target.__table__.columns})
            assert PASSWORD not in row
            assert OWN.removeprefix("whsec_") not in row
        webhook, wordpress, _ = (session.get_one(Target, one) for one in ids)
        assert unseal(webhook.sealed_secrets[0]["sealed"], secret_key) == OWN
        assert unseal(wordpress.sealed_password or "", secret_key) == PASSWORD
        log = str([(one.before, one.after) for one in session.scalars(select(Event))])
        assert PASSWORD not in log
        assert OWN not in log


def rotate(
    app: Flask, session_of: SessionOf, target_id: int, overlap: timedelta, now: datetime, secret: str = ""
) -> str:
    with session_of() as session:
        target = get_target(session, target_id, lock=True)
        return rotate_secret(
            session, target, overlap, app.extensions["settings"], actor=SYSTEM, now=now, secret=secret
        )


def test_while_a_secret_is_rotated_both_are_good_and_then_only_the_new_one(
    app: Flask, session_of: SessionOf, add: Add
) -> None:
    added, now = add("webhook"), utc_now()
    fresh = rotate(app, session_of, added.target.id, DAY, now)
    assert place(app, session_of, added.target.id, now).secrets == (fresh, added.secret)
    assert place(app, session_of, added.target.id, now + DAY).secrets == (fresh,)


def test_never_are_three_secrets_good_at_once(app: Flask, session_of: SessionOf, add: Add) -> None:
    added, now = add("webhook"), utc_now()
    second = rotate(app, session_of, added.target.id, DAY, now)
    third = rotate(app, session_of, added.target.id, 2 * DAY, now + timedelta(hours=1))
    assert place(app, session_of, added.target.id, now + timedelta(hours=2)).secrets == (third, second)


def test_without_an_overlap_the_old_secret_ends_at_once(app: Flask, session_of: SessionOf, add: Add) -> None:
    added = add("webhook")
    fresh = rotate(app, session_of, added.target.id, timedelta(0), utc_now(), OWN)
    assert (fresh, place(app, session_of, added.target.id).secrets) == (OWN, (OWN,))
    with session_of() as session:
        assert len(get_target(session, added.target.id).sealed_secrets) == 1, "the old one is not even kept"


def test_the_secret_that_is_in_use_is_no_new_one_but_the_one_before_it_may_come_back(
    app: Flask, session_of: SessionOf, add: Add
) -> None:
    added, now = add("webhook", secret=OWN), utc_now()
    for same in (OWN, OWN.removeprefix("whsec_")):
        with pytest.raises(Invalid) as refused:
            rotate(app, session_of, added.target.id, DAY, now, same)
        assert refused.value.fields == {"secret": ["is the one that is in use already"]}
    assert place(app, session_of, added.target.id, now).secrets == (OWN,)
    fresh = rotate(app, session_of, added.target.id, DAY, now)
    rotate(app, session_of, added.target.id, DAY, now, OWN.removeprefix("whsec_"))
    assert place(app, session_of, added.target.id, now).secrets == (OWN, fresh)


def test_an_old_secret_is_ended_before_its_time_but_not_the_newest(
    app: Flask, session_of: SessionOf, add: Add
) -> None:
    added, now = add("webhook"), utc_now()
    fresh = rotate(app, session_of, added.target.id, DAY, now)
    with session_of() as session:
        target = get_target(session, added.target.id, lock=True)
        newest, old = good_secrets(target, now)
        with pytest.raises(Conflict):
            end_secret(session, target, newest.id, actor=SYSTEM, now=now)
        end_secret(session, target, old.id, actor=SYSTEM, now=now)
        with pytest.raises(NotFound):
            end_secret(session, target, old.id, actor=SYSTEM, now=now)
    assert place(app, session_of, added.target.id).secrets == (fresh,)


def test_a_kind_whose_place_makes_the_password_has_no_secret_to_rotate(
    app: Flask, session_of: SessionOf, add: Add
) -> None:
    with pytest.raises(Conflict):
        rotate(app, session_of, add("wordpress").target.id, DAY, utc_now())


def change(
    app: Flask, session_of: SessionOf, target_id: int, row_version: int | None = None, **changes: Any
) -> None:
    with session_of() as session:
        change_target(
            session,
            get_target(session, target_id, lock=True),
            changes,
            app.extensions["settings"],
            actor=SYSTEM,
            now=utc_now(),
            row_version=row_version,
        )


def test_another_site_never_gets_the_password_of_this_one(
    app: Flask, session_of: SessionOf, add: Add
) -> None:
    added = add("wordpress")
    with pytest.raises(Invalid, match="password is needed again"):
        change(app, session_of, added.target.id, url="https://thief.example.com")
    change(app, session_of, added.target.id, url="https://blog.example.com/sub")
    change(app, session_of, added.target.id, url="https://new.example.com", password="another one")
    opened = place(app, session_of, added.target.id)
    assert (opened.url, opened.password) == ("https://new.example.com", "another one")
    with session_of() as session:
        assert "another one" not in str([one.after for one in session.scalars(select(Event))])


def test_the_token_of_cloudflare_never_goes_to_another_api(
    app: Flask, session_of: SessionOf, add: Add
) -> None:
    added = add("cloudflare")
    with pytest.raises(Invalid, match="password is needed again"):
        change(app, session_of, added.target.id, url="https://thief.example.com")
    change(app, session_of, added.target.id, url="https://api.cloudflare.com/client/v5", name="CDN")


def test_a_stale_change_is_refused_and_changes_nothing(app: Flask, session_of: SessionOf, add: Add) -> None:
    added = add("webhook")
    change(app, session_of, added.target.id, 1, name="First")
    with pytest.raises(Conflict):
        change(app, session_of, added.target.id, 1, name="Second")
    with session_of() as session:
        assert get_target(session, added.target.id).name == "First"


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("webhook", {"url": ""}, "url"),
    ("webhook", {"url": "ftp://hooks.example.com"}, "url"),
    ("webhook", {"url": "https://me:secret@hooks.example.com"}, "url"),
    ("webhook", {"url": "https://0xa9fea9fe/latest"}, "url"),
    ("webhook", {"secret": "whsec_c2hvcnQ="}, "secret"),
    ("webhook", {"events": ()}, "events"),
    ("webhook", {"events": ("article.eaten",)}, "events"),
    ("webhook", {"zone_id": "1"}, "zone_id"),
    ("webhook", {"name": " "}, "name"),
    ("webhook", {"name": "x" * 101}, "name"),
    ("webhook", {"name": "a\0b"}, "name"),
    ("wordpress", {"password": ""}, "password"),
    ("wordpress", {"username": "a:b"}, "username"),
    ("wordpress", {"events": ("article.published",)}, "events"),
    ("wordpress", {"meta_key": "a.b"}, "meta_key"),
    ("cloudflare", {"zone_id": "../zones"}, "zone_id"),
    ("indexnow", {"secret": "short"}, "secret"),
    ("export", {"folder": ""}, "folder"),
]


def test_what_cannot_be_is_refused_and_named(add: Add) -> None:
    for kind, wrong, field in WRONG:
        with pytest.raises(Invalid) as refused:
            add(kind, **wrong)
        assert list(refused.value.fields) == [field], wrong


def test_a_private_address_or_plain_http_needs_the_setting(app: Flask, add: Add) -> None:
    for url in ("http://hooks.example.com/", "https://hooks.example.com:8080/", "https://127.0.0.1/"):
        app.extensions["settings"] = replace(app.extensions["settings"], allow_private_targets=True)
        add("webhook", name=url, url=url)
        app.extensions["settings"] = replace(app.extensions["settings"], allow_private_targets=False)
        with pytest.raises(Invalid):
            add("webhook", url=url)


def test_two_targets_never_have_one_name(add: Add) -> None:
    add("webhook", name="Same")
    with pytest.raises(Invalid) as refused:
        add("indexnow", name=" Same ")
    assert list(refused.value.fields) == ["name"]


def test_a_target_is_switched_off_and_on_and_its_failures_are_forgotten(
    session_of: SessionOf, add: Add
) -> None:
    target_id = add("webhook").target.id
    with session_of() as session:
        target = get_target(session, target_id, lock=True)
        disable_target(session, target, actor=SYSTEM, now=utc_now())
        assert not target.enabled
        target.off_reason, target.failing_since, target.resting_until = "it is gone", LONG_AGO, LONG_AGO
        enable_target(session, target, actor=SYSTEM, now=utc_now())
        assert (target.enabled, target.off_reason, target.failing_since, target.resting_until) == (
            True,
            "",
            None,
            None,
        )


def test_a_removed_target_takes_its_deliveries_and_publications_along(
    session_of: SessionOf, add: Add, delivery_of: DeliveryOf
) -> None:
    target_id, other_id = add("wordpress").target.id, add("webhook").target.id
    delivery_of(target_id, "dead")
    delivery_of(other_id, "dead")
    with session_of() as session:
        article = make_article(session, "a")
        run = PublishRun(
            trigger="page", requested={}, accepted=1, refused=[], created_at=LONG_AGO, due_at=LONG_AGO
        )
        session.add(run)
        session.flush()
        publication = Publication(
            article_id=article.id, version="1.0.0", target_id=target_id, run_id=run.id, due_at=LONG_AGO
        )
        session.add(publication)
        session.flush()
        session.add(PublishRunItem(run_id=run.id, publication_id=publication.id))
        session.add(
            RemoteArticle(target_id=target_id, article_id=article.id, state="published", updated_at=LONG_AGO)
        )
    with session_of() as session, pytest.raises(Conflict, match="1 article stands there"):
        remove_target(session, get_target(session, target_id, lock=True), actor=SYSTEM, now=utc_now())
    with session_of() as session:
        target = get_target(session, target_id, lock=True)
        remove_target(session, target, actor=SYSTEM, now=utc_now(), leave_articles=True)
    with session_of() as session:
        left = [
            session.scalar(select(func.count()).select_from(table))
            for table in (Delivery, DeliveryAttempt, Publication, PublishRunItem, RemoteArticle)
        ]
        assert left == [1, 1, 0, 0, 0]
        assert [target.kind for target in list_targets(session).rows] == ["site", "webhook"]


def test_our_own_pages_cannot_be_removed(session_of: SessionOf) -> None:
    with session_of() as session, pytest.raises(Conflict):
        remove_target(session, get_target(session, 1, lock=True), actor=SYSTEM, now=utc_now())


def test_a_test_event_goes_to_one_target_and_passes_the_relay_by(session_of: SessionOf, add: Add) -> None:
    one, other = add("webhook").target.id, add("webhook", name="Other").target.id
    with session_of() as session:
        send_test(session, get_target(session, one, lock=True), actor=SYSTEM, now=utc_now())
        target = get_target(session, other, lock=True)
        disable_target(session, target, actor=SYSTEM, now=utc_now())
        with pytest.raises(Conflict, match="switched off"):
            send_test(session, target, actor=SYSTEM, now=utc_now())
        with pytest.raises(Conflict):
            send_test(session, get_target(session, 1, lock=True), actor=SYSTEM, now=utc_now())
    with session_of() as session:
        assert session.scalars(select(OutboxEvent.state)).all() == ["delivered"]
        assert session.scalars(select(Delivery.target_id)).all() == [one]


def test_what_was_given_up_is_counted_target_by_target(
    session_of: SessionOf, add: Add, delivery_of: DeliveryOf
) -> None:
    one, other = add("webhook").target.id, add("webhook", name="Other").target.id
    for state in ("dead", "dead", "delivered", "waiting"):
        delivery_of(one, state)
    with session_of() as session:
        assert dead_counts(session, [one, other]) == {one: 2, other: 0}
        assert dead_counts(session, []) == {}
