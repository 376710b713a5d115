"""What a page should say, and when it is read again."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from werkzeug.wrappers import Response

from review_app.publishing.kinds.face import Seen
from review_app.publishing.truth import visiting
from review_app.publishing.truth.rules import (
    MOST_A_SECOND,
    Finding,
    Should,
    State,
    findings,
    next_look,
    should_index,
)
from tests.publishing.outside.stand_ins import serving

URL = "https://desk.example/p/a"


@pytest.mark.parametrize(
    ("indexable", "published", "index"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_what_should_be_indexed(indexable, published, index):
    assert should_index(indexable=indexable, published=published) is index


def test_a_page_of_ours_that_names_no_address_is_not_our_page():
    seen = Seen(URL, reachable=True, status=200)
    assert findings(seen, Should(index=True, url=URL, ours=True)) == [Finding.CANONICAL]
    assert findings(seen, Should(index=True, url=URL, ours=False)) == []


def test_a_page_that_must_be_hidden_is_so_only_if_no_engine_is_left_out():
    hidden, shown = Should(index=False, url=URL, ours=False), Should(index=True, url=URL, ours=False)
    doubtful = Seen(URL, reachable=True, status=200, robots_header="bingbot: noindex")
    assert findings(doubtful, hidden) == [Finding.INDEX]
    assert findings(doubtful, shown) == [Finding.NOINDEX]
    assert findings(Seen(URL, reachable=True, status=200, robots_header="noindex", hidden=True), hidden) == []
    assert findings(Seen(URL, reachable=True, status=404), hidden) == []


@pytest.mark.parametrize(
    ("header", "kept_long"),
    [
        ("public, max-age=0, must-revalidate", False),
        ("max-age=300", False),
        ("max-age=301", True),
        ("max-age=0, s-maxage=3600", True),
        ("S-MaxAge=0, max-age=3600", False),
        ("no-cache, max-age=3600", False),
        ("no-store", False),
        ("public", False),
        ('stale-while-revalidate=9999, max-age="999"', True),
        ("", False),
    ],
)
def test_how_long_caches_keep_a_page_of_ours(header, kept_long):
    seen = Seen(URL, reachable=True, status=200, canonical=URL, in_sitemap=True, cache_control=header)
    assert findings(seen, Should(index=True, url=URL, ours=True)) == ([Finding.CACHED] if kept_long else [])
    assert findings(seen, Should(index=True, url=URL, ours=False)) == []


def test_a_canonical_address_may_be_relative_or_end_in_a_fragment():
    for canonical in ("/p/a", f"{URL}#top", URL):
        seen = Seen(URL, reachable=True, status=200, canonical=canonical)
        assert findings(seen, Should(index=True, url=URL, ours=False)) == []


def test_a_page_that_cannot_be_read_is_tried_less_and_less_often():
    waits = [next_look(State.UNREADABLE, failures, 0.5) for failures in range(1, 12)]
    assert waits[:3] == [timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(days=1)


def test_a_host_is_asked_no_more_often_than_is_stated(monkeypatch):
    pauses = []
    monkeypatch.setattr(visiting, "MOST_A_SECOND", MOST_A_SECOND)
    monkeypatch.setattr(visiting.time, "sleep", pauses.append)
    began = time.monotonic()
    with serving(Response("fine")) as url, visiting.Visitor(allow_private=True) as visitor:
        for _ in range(6):
            visitor.get(url + "/", most_bytes=10)
    # The pauses are not slept here, so each is longer than the one before: the sixth request waits for a whole second.
    assert pauses[-1] >= 5 / MOST_A_SECOND - (time.monotonic() - began)
    assert pauses == sorted(pauses)
