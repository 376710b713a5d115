"""Telling search engines of pages, at a stand-in that checks the host and the key file as the protocol says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from review_app.publishing.kinds.face import Place, Result
from review_app.publishing.kinds.indexnow import IndexNow
from tests.publishing.deliveries.conftest import make_target, sealed
from tests.publishing.outside.parcels import parcel
from tests.publishing.outside.stand_ins import KEY, IndexNowStandIn, serving


@pytest.fixture
def engine() -> Iterator[IndexNowStandIn]:
    """The stand-in, while the test runs."""
    stand_in = IndexNowStandIn()
    with serving(stand_in) as url:
        stand_in.url = f"{url}/indexnow"
        yield stand_in


@pytest.fixture
def site(app, session_of) -> Iterator[str]:
    """The desk as the public reaches it, with a target whose key is served, and one whose old key is served beside."""
    with session_of() as session:
        make_target(session, "", "engines", kind="indexnow", sealed_secrets=sealed(KEY))
    with serving(app) as url:
        yield url


def place_at(stand_in: IndexNowStandIn, site_url: str, **changes: Any) -> Place:
    values = {
        "target_id": 1,
        "kind": "indexnow",
        "name": "engines",
        "url": stand_in.url,
        "secrets": (KEY,),
        "site_url": site_url,
        "allow_private": True,
    }
    return Place(**values | changes)


def test_pages_are_named_in_one_call_whose_key_file_the_engine_finds(engine, site):
    outcomes = IndexNow().publish(
        place_at(engine, site), [parcel(number, site_url=site) for number in range(1, 201)]
    )
    assert {outcome.result for outcome in outcomes} == {Result.DONE}
    (told,) = engine.submitted
    assert told["urlList"][0] == f"{site}/p/slug-1"
    assert len(told["urlList"]) == 200
    assert told["host"] == site.removeprefix("http://")
    assert told["keyLocation"] == f"{site}/{KEY}.txt"
    assert KEY not in str(outcomes[0].request)


def test_accepted_is_as_good_as_done(engine, site):
    engine.pending = True
    (outcome,) = IndexNow().publish(place_at(engine, site), [parcel(site_url=site)])
    assert (outcome.result, outcome.status) == (Result.DONE, 202)


def test_what_is_not_indexable_is_never_named(engine, site):
    parcels = [parcel(1, site_url=site, indexable=False), parcel(2, site_url=site)]
    outcomes = IndexNow().publish(place_at(engine, site), parcels)
    assert [outcome.result for outcome in outcomes] == [Result.FAILED, Result.DONE]
    assert engine.submitted[0]["urlList"] == [f"{site}/p/slug-2"]


def test_a_page_of_another_host_is_left_to_that_host(engine, site):
    elsewhere = parcel(1, site_url=site, url="https://blog.example/a", target_id=4)
    (outcome,) = IndexNow().publish(place_at(engine, site), [elsewhere])
    assert outcome.result is Result.DONE
    assert "blog.example is not the host of the desk's pages" in outcome.reason
    assert not engine.submitted


def test_a_key_that_is_not_served_is_a_clear_refusal_that_is_not_tried_again(engine, site):
    (outcome,) = IndexNow().publish(
        place_at(engine, site, secrets=("another-key-of-32-characters-xyz",)), [parcel(site_url=site)]
    )
    assert (outcome.result, outcome.status) == (Result.FAILED, 403)
    assert "it did not find the key file" in outcome.reason


def test_a_key_that_does_not_fit_the_protocol(engine, site):
    (outcome,) = IndexNow().publish(place_at(engine, site, secrets=("short",)), [parcel(site_url=site)])
    assert (outcome.result, outcome.status) == (Result.FAILED, 422)


@pytest.mark.parametrize(
    ("changes", "status", "retry_after"),
    [({"limited": True}, 429, timedelta(minutes=10)), ({"down": 503}, 503, None), ({"down": 204}, 204, None)],
)
def test_what_may_pass_is_tried_again(engine, site, changes, status, retry_after):
    for name, value in changes.items():
        setattr(engine, name, value)
    (outcome,) = IndexNow().publish(place_at(engine, site), [parcel(site_url=site)])
    assert (outcome.result, outcome.status, outcome.retry_after) == (Result.RETRY, status, retry_after)


def test_without_key_or_address_nothing_is_sent(engine, site):
    for changes, reason in (({"secrets": ()}, "no key"), ({"site_url": ""}, "REVIEW_BASE_URL")):
        place = place_at(engine, **{"site_url": site} | changes)
        (outcome,) = IndexNow().publish(place, [parcel(site_url=site)])
        assert outcome.result is Result.RETRY
        assert reason in outcome.reason
        assert IndexNow().check(place).result is Result.FAILED


# --- the test of the target, and the key file ---------------------------------------------------------------------------


def test_the_test_reads_the_key_file_and_submits_nothing(engine, site):
    outcome = IndexNow().check(place_at(engine, site))
    assert (outcome.result, outcome.reason) == (Result.DONE, "")
    assert not engine.submitted


def test_the_test_says_that_the_key_file_is_not_there(engine, site):
    outcome = IndexNow().check(place_at(engine, site, secrets=("another-key-of-32-characters-xyz",)))
    assert (outcome.result, outcome.status) == (Result.FAILED, 404)
    assert outcome.reason == f"the key file {site}/<key>.txt answers 404"


def test_the_test_says_that_nobody_answers(site):
    outcome = IndexNow().check(place_at(IndexNowStandIn(url="http://127.0.0.1:9/"), site))
    assert outcome.result is Result.RETRY
    assert "connection refused" in outcome.reason


def test_the_key_file_is_public_plain_and_nothing_else_is_there(client, session_of):
    with session_of() as session:
        make_target(
            session, "", "engines", kind="indexnow", sealed_secrets=sealed(KEY, "the-key-before-this-one")
        )
    for key in (KEY, "the-key-before-this-one"):
        answer = client.get(f"/{key}.txt")
        assert (answer.status_code, answer.text, answer.content_type) == (
            200,
            key,
            "text/plain; charset=utf-8",
        )
        assert "Set-Cookie" not in answer.headers
    for path in ("/another-key.txt", "/short.txt", f"/{KEY}", f"/{'x' * 129}.txt", f"/p/{KEY}.txt"):
        assert client.get(path).status_code == 404
    assert "Sitemap:" in client.get("/robots.txt").text


def test_a_webhooks_secret_is_no_key(client, session_of):
    with session_of() as session:
        make_target(session, "https://x.example", sealed_secrets=sealed("a-secret-of-a-webhook"))
    assert client.get("/a-secret-of-a-webhook.txt").status_code == 404
