"""Sources that are the address of a file: conditions, bounds, and addresses that the desk must not go to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from review_app.base import outbound
from review_app.base.errors import Invalid
from review_app.base.settings import Settings
from review_app.importing.sources.rules import Kind
from tests.importing.records import lines, record
from tests.importing.sources import Server, add, batches, read, served, state_of

ONE = lines(record("a-1"))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allow_private_targets=True, max_upload_mb=1)


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as ours:
        yield ours


def test_a_file_that_the_server_says_is_the_same_is_not_sent_again(app: Flask, server: Server) -> None:
    source = add(app, Kind.FEED, server.serve("/feed/all.jsonl", ONE, ETag="first"))
    assert read(app, source).state == "imported"
    assert batches(app) == [(["all.jsonl"], 1, 0)]
    assert read(app, source).state == "nothing_new"
    assert [request.headers.get("If-None-Match") for request in server.requests] == [None, '"first"']
    server.serve("/feed/all.jsonl", ONE + lines(record("a-2")), ETag="second")
    assert read(app, source).state == "imported"
    assert batches(app)[1:] == [(["all.jsonl"], 1, 0)]


def test_the_time_of_the_last_change_is_sent_back(app: Flask, server: Server) -> None:
    changed = {"Last-Modified": "Fri, 20 Nov 2026 10:00:00 GMT"}
    source = add(app, Kind.FEED, server.serve("/all", ONE, **changed))
    assert [read(app, source).state for _ in range(2)] == ["imported", "nothing_new"]
    assert server.requests[1].headers["If-Modified-Since"] == changed["Last-Modified"]


def test_the_same_bytes_from_a_server_without_conditions_are_no_import(app: Flask, server: Server) -> None:
    source = add(app, Kind.FEED, server.serve("/all", ONE))
    assert [read(app, source).state for _ in range(3)] == ["imported", "nothing_new", "nothing_new"]
    assert len(batches(app)) == 1


def test_a_failed_read_remembers_nothing_so_that_the_next_one_reads_all(app: Flask, server: Server) -> None:
    source = add(app, Kind.FEED, server.serve("/all", "<!doctype html><p>Sorry!", ETag="sorry"))
    assert "cannot be imported" in read(app, source).note
    server.serve("/all", ONE, ETag="sorry")
    assert read(app, source).state == "imported"


@pytest.mark.parametrize(
    ("status", "words"), [(404, "is not there (404)"), (401, "asks for a password"), (503, "with 503")]
)
def test_what_the_server_answers_is_told(app: Flask, server: Server, status: int, words: str) -> None:
    source = add(app, Kind.FEED, server.serve("/all", "no", status))
    assert words in read(app, source).note
    assert words in state_of(app, source).failure


def test_a_file_that_is_too_large_is_not_read_to_its_end(app: Flask, server: Server) -> None:
    source = add(app, Kind.FEED, server.serve("/all", b"x" * (2**20 + 1)))
    assert read(app, source).note == "The file is larger than 1 MiB."
    assert batches(app) == []


def test_a_server_that_is_not_there_is_told(app: Flask) -> None:
    assert (
        "cannot be reached (connection refused)"
        in read(app, add(app, Kind.FEED, "http://127.0.0.1:9/x")).note
    )


def test_a_server_that_is_silent_is_told(app: Flask, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "SILENT_SECONDS", 0.05)
    told = threading.Event()
    server.answers["/all"] = lambda _: Response(str(told.wait(10)))
    assert "was silent" in read(app, add(app, Kind.FEED, server.url + "/all")).note
    told.set()


@pytest.mark.parametrize(("hops", "state"), [(3, "imported"), (4, "failed")])
def test_at_most_three_redirects_are_followed(app: Flask, server: Server, hops: int, state: str) -> None:
    server.serve("/0", ONE)
    for hop in range(1, hops + 1):
        server.answers[f"/{hop}"] = lambda _, to=hop - 1: redirect(f"/{to}")
    ended = read(app, add(app, Kind.FEED, f"{server.url}/{hops}"))
    assert ended.state == state
    assert state == "imported" or "more than 3 times" in ended.note


@pytest.mark.parametrize(
    "private",
    [
        "http://127.0.0.1/x",
        "http://[::1]/x",
        "http://10.1.2.3/",
    ],
)
def test_private_addresses_are_refused_unless_a_setting_allows_them(app: Flask, private: str) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = replace(settings, allow_private_targets=False)
    with pytest.raises(Invalid, match="REVIEW_ALLOW_PRIVATE_TARGETS"):
        add(app, Kind.FEED, private)


@pytest.mark.parametrize(
    "never",
    [
        "http://169.254.169.254/latest/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:192.168.0.1]/",
        "http://0.0.0.0/",
        "file:///etc/passwd",
        "ftp://a/b",
        "x",
    ],
)
def test_what_no_setting_allows(app: Flask, never: str) -> None:
    with pytest.raises(Invalid):
        add(app, Kind.FEED, never)


def test_an_address_with_a_password_in_it_is_refused(app: Flask) -> None:
    with pytest.raises(Invalid, match="no user or password"):
        add(app, Kind.FEED, "https://me:secret@example.com/all.jsonl")


def test_a_name_that_stands_for_a_private_address_is_not_gone_to(app: Flask, server: Server) -> None:
    server.serve("/all", ONE)
    app.extensions["settings"] = replace(app.extensions["settings"], allow_private_targets=False)
    source = add(app, Kind.FEED, server.url.replace("127.0.0.1", "localhost") + "/all")
    assert "no public address" in read(app, source).note
    assert server.requests == []


@pytest.mark.parametrize("target", ["http://169.254.169.254/x", "http://10.0.0.1/x", "file:///etc/passwd"])
def test_a_redirect_to_where_the_desk_may_not_go_is_not_followed(
    app: Flask, server: Server, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.setattr(outbound, "PRIVATE", outbound.PRIVATE[:1])  # loopback, as if it were the outside
    server.answers["/all"] = lambda _: redirect(target)
    source = add(app, Kind.FEED, server.url + "/all")
    assert read(app, source).state == "failed"
    assert len(server.requests) == 1
    assert batches(app) == []
