"""A real WordPress: its posts by the REST API as a source, and its own export."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.articles.models import Article, ArticleMeta
from review_app.base.clock import utc_now
from review_app.base.settings import Settings
from review_app.importing.sources.rules import Kind
from review_app.worker import run_pending
from tests.importing.sources import add, batches, read, reads_of, state_of
from tests.support.wordpress import WordPress

pytestmark = pytest.mark.slow
SessionOf = Callable[[], AbstractContextManager[Session]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allow_private_targets=True)


def add_site(app: Flask, wordpress: WordPress, user: str = "EDITOR", password: str = "") -> int:
    """The site as a source, read by somebody who has an application password there."""
    env = wordpress.env
    secret = env["WP_APP_PASSWORD" if user == "EDITOR" else f"WP_{user}_APP_PASSWORD"]
    return add(
        app, Kind.WORDPRESS, wordpress.url, username=env[f"WP_{user}_USER"], password=password or secret
    )


def whole(requests: list[str]) -> list[str]:
    """Those requests that fetched whole posts."""
    return [line for line in requests if "content.raw" in line]


def test_a_site_is_read_once_and_then_only_what_changed(
    app: Flask, wordpress: WordPress, session_of: SessionOf
) -> None:
    source = add_site(app, wordpress)
    everything = read(app, source)
    assert (everything.state, everything.note) == ("imported", "")
    assert [counts[1:] for counts in batches(app)] == [(everything.items, 0)]
    assert everything.items >= 30

    before = len(wordpress.requests())
    assert whole(wordpress.requests())
    assert read(app, source).state == "nothing_new"
    assert whole(wordpress.requests()[before:]) == []
    assert len(batches(app)) == 1

    post = wordpress.call("GET", "/posts?status=pending&per_page=1&context=edit&orderby=id&order=asc").json()[
        0
    ]
    title = f"{post['title']['raw']} & more"
    wordpress.call("POST", f"/posts/{post['id']}", json={"title": title})
    before = len(wordpress.requests())
    assert read(app, source).items == 1
    (fetched,) = whole(wordpress.requests()[before:])
    assert f"include={post['id']}&" in fetched
    assert [counts[1:] for counts in batches(app)[1:]] == [(0, 1)]

    wordpress.run("seed", "1")  # its time of change is in the past, as of a post that a tool brought in
    assert read(app, source).items >= 1
    assert batches(app)[2][1] == 1
    with session_of() as session:
        found = dict(session.execute(select(Article.title, ArticleMeta.imported).join(ArticleMeta)).all())
    about = found[title]["wordpress"]
    assert (about["post_id"], about["status"], about["author"]) == (post["id"], "pending", "editor")
    assert about["categories"]
    assert about["tags"]


@pytest.mark.parametrize(
    ("user", "password", "words"),
    [
        (
            "EDITOR",
            "abcd abcd abcd abcd abcd abcd",
            "does not accept the user name and the application password",
        ),
        ("CONTRIBUTOR", "", "takes an editor"),
    ],
)
def test_a_wrong_password_and_too_few_rights_are_told(
    app: Flask, wordpress: WordPress, user: str, password: str, words: str
) -> None:
    source = add_site(app, wordpress, user, password)
    assert words in read(app, source).note
    assert batches(app) == []
    if password:
        assert password not in str(vars(state_of(app, source)))


def test_a_site_that_is_down_is_told_and_read_again_when_it_is_back(app: Flask, wordpress: WordPress) -> None:
    source = add_site(app, wordpress)
    with wordpress.stopped():
        run_pending(app)
        assert "cannot be reached" in state_of(app, source).failure
    with time_machine.travel(utc_now() + timedelta(minutes=1, seconds=1)):
        run_pending(app)
    assert [one.state for one in reads_of(app, source)] == ["imported", "failed"]
    assert state_of(app, source).failures == 0


def test_what_an_export_brought_is_unchanged_when_the_api_tells_it_again(
    app: Flask, wordpress: WordPress, session_of: SessionOf, tmp_path: Path
) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    wordpress.run("export", str(drop / "site.xml"))
    app.extensions["settings"] = replace(app.extensions["settings"], import_folders=(drop,))
    with time_machine.travel(utc_now() + timedelta(minutes=1)):
        assert read(app, add(app, Kind.FOLDER, str(drop))).items == 1
    by_export = _source_ids(session_of)
    assert len(by_export) >= 30
    read(app, add_site(app, wordpress))
    assert _source_ids(session_of) == by_export
    _, created, updated = batches(app)[1]
    assert created == 0
    assert (
        updated <= 1
    )  # a draft that was edited: REST does not tell its time in GMT apart from one worked out


def _source_ids(session_of: SessionOf) -> set[str]:
    with session_of() as session:
        return set(session.scalars(select(Article.source_id)))
