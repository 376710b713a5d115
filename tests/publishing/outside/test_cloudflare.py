"""Purging a cache at a stand-in for Cloudflare that keeps to its documentation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from review_app.base.secrets import seal
from review_app.publishing.kinds.cloudflare import Cloudflare
from review_app.publishing.kinds.face import Place, Result
from review_app.publishing.models import Delivery, DeliveryAttempt
from tests.publishing.outside.parcels import SITE, parcel
from tests.publishing.outside.stand_ins import TOKEN, ZONE, CloudflareStandIn, serving
from tests.support.application import SECRET_KEY


@pytest.fixture
def cloudflare() -> Iterator[CloudflareStandIn]:
    """The stand-in, while the test runs."""
    stand_in = CloudflareStandIn()
    with serving(stand_in) as url:
        stand_in.url = f"{url}/client/v4"
        yield stand_in


def place_at(stand_in: CloudflareStandIn, **changes: Any) -> Place:
    values = {
        "target_id": 1,
        "kind": "cloudflare",
        "name": "cache",
        "url": stand_in.url,
        "password": TOKEN,
        "options": {"zone_id": ZONE},
        "site_url": SITE,
        "allow_private": True,
    }
    return Place(**values | changes)


def results(outcomes: Any) -> list[str]:
    return [outcome.result.value for outcome in outcomes]


# --- what is purged -----------------------------------------------------------------------------------------------------


def test_what_changed_is_purged_and_nothing_else(cloudflare):
    assert results(Cloudflare().publish(place_at(cloudflare), [parcel(7)])) == ["done"]
    assert cloudflare.purged == [
        [f"{SITE}/p/slug-7", f"{SITE}/sitemap.xml", f"{SITE}/sitemap-0.xml", f"{SITE}/feed.atom"]
    ]


def test_a_page_in_a_place_of_others_is_purged_by_its_own_address(cloudflare):
    moved = parcel(7, kind="publication.withdrawn", url="https://www.desk.example/blog/a", target_id=3)
    assert results(Cloudflare().withdraw(place_at(cloudflare), [moved])) == ["done"]
    assert cloudflare.purged == [["https://www.desk.example/blog/a"]]


def test_many_are_purged_a_hundred_at_a_time_each_address_once(cloudflare):
    outcomes = Cloudflare().publish(place_at(cloudflare), [parcel(number) for number in range(1, 251)])
    assert set(results(outcomes)) == {"done"}
    assert [len(files) for files in cloudflare.purged] == [100, 100, 53]
    purged = [address for files in cloudflare.purged for address in files]
    assert len(purged) == len(set(purged))


def test_one_address_that_is_refused_holds_no_other(cloudflare):
    parcels = [parcel(number) for number in range(1, 20)]
    parcels[11] = parcel(99, url="https://elsewhere.example/a", target_id=3)
    outcomes = Cloudflare().publish(place_at(cloudflare), parcels)
    assert results(outcomes) == ["done"] * 11 + ["failed"] + ["done"] * 7
    assert "https://elsewhere.example/a is not of this zone (1012)" in outcomes[11].reason
    assert len({address for files in cloudflare.purged for address in files}) == 18 + 3


def test_looking_for_addresses_that_are_refused_ends(cloudflare):
    wrong = [parcel(number, url=f"https://elsewhere.example/{number}") for number in range(1, 101)]
    outcomes = Cloudflare().publish(place_at(cloudflare), wrong)
    assert len(cloudflare.requests) <= 1 + 14 + 2
    assert set(results(outcomes)) <= {"failed", "retry"}


# --- what goes wrong ----------------------------------------------------------------------------------------------------


def test_too_many_calls_are_tried_again_when_they_say(cloudflare):
    cloudflare.bucket = 1
    outcomes = Cloudflare().publish(place_at(cloudflare), [parcel(number) for number in range(1, 301)])
    # The first hundred addresses hold the lists, which went as well.
    assert results(outcomes).count("done") == 97
    limited = next(outcome for outcome in outcomes if outcome.result is Result.RETRY)
    assert limited.retry_after == timedelta(seconds=60)
    assert limited.reason == "it answered 429 Too Many Requests: Rate limit exceeded (10429)"
    assert results(outcomes).count("later") == 103
    assert len(cloudflare.requests) == 2


def test_an_answer_of_its_edge_is_tried_again(cloudflare):
    cloudflare.down = 502
    (outcome,) = Cloudflare().publish(place_at(cloudflare), [parcel()])
    assert (outcome.result, outcome.reason) == (Result.RETRY, "it answered 502 Bad Gateway")


def test_a_wrong_token_is_told_and_stands_nowhere_in_the_log(cloudflare):
    (outcome,) = Cloudflare().publish(place_at(cloudflare, password="a-wrong-one"), [parcel()])
    assert (outcome.result, outcome.reason) == (
        Result.RETRY,
        "it answered 403 Forbidden: Invalid access token (9109)",
    )
    assert "a-wrong-one" not in repr(outcome)


def test_a_token_that_was_copied_wrongly_is_not_taken_for_a_wrong_address(cloudflare):
    place = place_at(cloudflare, password="Bearer a-token-of-tests")
    outcomes = Cloudflare().publish(place, [parcel(), parcel(2)])
    assert results(outcomes) == ["retry", "retry"]
    assert outcomes[0].reason == "it answered 400 Bad Request: Invalid request headers (6003)"
    assert len(cloudflare.requests) == 1
    assert (
        Cloudflare().check(place).reason.startswith("Cloudflare does not take the API token: Invalid request")
    )


def test_a_wrong_zone_is_not_taken_for_a_wrong_address(cloudflare):
    outcomes = Cloudflare().publish(
        place_at(cloudflare, options={"zone_id": "unknown"}), [parcel(), parcel(2)]
    )
    assert results(outcomes) == ["retry", "retry"]
    assert "perhaps your object identifier is invalid? (7003)" in outcomes[0].reason
    assert len(cloudflare.requests) == 1


def test_nobody_there_is_told():
    place = place_at(CloudflareStandIn(url="http://127.0.0.1:9/client/v4"))
    (outcome,) = Cloudflare().publish(place, [parcel()])
    assert outcome.result is Result.RETRY
    assert "cannot be reached (connection refused)" in outcome.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"password": ""}, "this target has no API token"),
        ({"options": {}}, "this target has no zone ID"),
    ],
)
def test_what_is_missing_is_told(cloudflare, changes, reason):
    (outcome,) = Cloudflare().publish(place_at(cloudflare, **changes), [parcel()])
    assert (outcome.result, outcome.reason) == (Result.RETRY, reason)
    assert Cloudflare().check(place_at(cloudflare, **changes)).reason == reason
    assert not cloudflare.requests


def test_without_our_address_only_what_names_its_own_is_purged(cloudflare):
    place = place_at(cloudflare, site_url="")
    parcels = [parcel(site_url=""), parcel(2, site_url="", url="https://desk.example/blog/a")]
    outcomes = Cloudflare().publish(place, parcels)
    assert results(outcomes) == ["retry", "done"]
    assert "REVIEW_BASE_URL" in outcomes[0].reason


# --- the test of the target ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", ["user", "account"])
def test_a_good_token_and_zone_pass_and_nothing_is_purged(cloudflare, owner):
    cloudflare.token_owner = owner
    outcome = Cloudflare().check(place_at(cloudflare))
    assert (outcome.result, outcome.reason) == (Result.DONE, "")
    assert not cloudflare.purged


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"token_status": "expired"}, "the API token is expired, not active"),
        (
            {"may_read_zone": False},
            "the zone cannot be read: Unauthorized to access requested resource (9109)",
        ),
        ({"zone_status": "pending"}, "the zone desk.example is pending, not active"),
        (
            {"zone_name": "other.example"},
            "the zone is other.example, but the pages of the desk are at desk.example",
        ),
    ],
)
def test_the_test_says_what_is_wrong(cloudflare, changes, reason):
    for name, value in changes.items():
        setattr(cloudflare, name, value)
    outcome = Cloudflare().check(place_at(cloudflare))
    assert outcome.result is Result.FAILED
    assert outcome.reason.startswith(reason)


def test_the_test_of_a_token_that_is_not_theirs(cloudflare):
    outcome = Cloudflare().check(place_at(cloudflare, password="a-wrong-one"))
    assert outcome.result is Result.FAILED
    assert outcome.reason.startswith("Cloudflare does not take the API token: Invalid access token (9109)")


def test_a_zone_of_which_ours_is_a_part_is_right(cloudflare):
    place = place_at(cloudflare, site_url="https://articles.desk.example")
    assert Cloudflare().check(place).result is Result.DONE
    assert (
        Cloudflare().check(place_at(cloudflare, site_url="https://notdesk.example")).result is Result.FAILED
    )


# --- from a publication to the purge ------------------------------------------------------------------------------------


def test_a_withdrawal_reaches_the_cache_by_way_of_the_deliverer(
    cloudflare, target_at, tell, deliver, session_of, approve
):
    """Through outbox, relay and deliverer; the log of it names the page and not the token."""
    approve("gone", revision_status="rejected", indexable=False)
    cloudflare.zone_name = "desk.example"
    target_id = target_at(
        cloudflare,
        kind="cloudflare",
        sealed_password=seal(TOKEN, SECRET_KEY),
        options={"zone_id": ZONE},
        sealed_secrets=[],
    )
    tell("gone", kind="article.withdrawn")
    deliver(target_id)
    assert cloudflare.purged[0][0] == "https://desk.example/p/slug-of-gone"
    with session_of() as session:
        assert session.scalars(select(Delivery.state)).all() == ["delivered"]
        (attempt,) = session.scalars(select(DeliveryAttempt)).all()
        assert "slug-of-gone" in attempt.request["body"]
        assert TOKEN not in str(attempt.request) + attempt.response
