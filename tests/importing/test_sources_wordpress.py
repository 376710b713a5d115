"""Sources that are WordPress sites, against a small site of ours that misbehaves as real ones do.

What a real WordPress answers is tested in `test_real_wordpress.py`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from review_app.articles.models import Article, ArticleMeta
from review_app.base.clock import utc_now
from review_app.base.errors import Invalid
from review_app.base.secrets import CannotOpen, seal, unseal
from review_app.base.settings import Settings
from review_app.importing.sources.actions import change_source
from review_app.importing.sources.queries import get_source
from review_app.importing.sources.rules import Kind
from review_app.outbox.actions import SYSTEM
from tests.importing.sources import PASSWORD, Server, add, batches, read, served, state_of

SessionOf = Callable[[], AbstractContextManager[Session]]
EDITOR = {"edit_posts": True, "edit_others_posts": True, "edit_others_pages": True}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allow_private_targets=True)


def post(number: int, **changes: Any) -> dict[str, Any]:
    """A post as REST gives it."""
    return {
        "id": number,
        "guid": {"raw": f"https://blog.example.com/?p={number}"},
        "link": f"https://blog.example.com/?p={number}",
        "slug": "",
        "status": "pending",
        "type": "post",
        "author": 7,
        "date": "2026-01-01T01:00:00",
        "date_gmt": "2026-01-01T00:00:00",
        "modified": "2026-01-01T01:00:00",
        "modified_gmt": "2026-01-01T00:00:00",
        "title": {"raw": f"Post {number}"},
        "content": {"raw": "<!-- wp:paragraph --><p>Text.</p><!-- /wp:paragraph -->"},
        "excerpt": {"raw": ""},
        "meta": {"alphanode_topic": "retries", "alphanode_score": []},
        "categories": [3],
        "tags": [],
        **changes,
    }


class Blog:
    """A WordPress of a few routes."""

    def __init__(self, server: Server) -> None:
        self.server, self.posts, self.rights = server, [post(1), post(2)], dict(EDITOR)
        self.root: Any = {"home": "https://blog.example.com", "namespaces": ["wp/v2"]}
        server.answers |= {
            "/wp-json/": lambda _: self._json(self.root),
            "/wp-json/wp/v2/users/me": self._me,
            "/wp-json/wp/v2/posts": lambda request: self._list(request, self.posts),
            "/wp-json/wp/v2/pages": lambda request: self._list(request, []),
            "/wp-json/wp/v2/users": lambda _: self._json({"code": "rest_forbidden"}, 403),
            "/wp-json/wp/v2/categories": lambda _: self._json([{"id": 3, "name": "Q &amp; A"}]),
        }

    def _json(self, content: Any, status: int = 200, **headers: str) -> Response:
        return Response(json.dumps(content), status, headers, "application/json")

    def _me(self, request: Request) -> Response:
        sent = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        if sent != f"editor:{PASSWORD}":
            return self._json({"code": "rest_not_logged_in"}, 401)
        return self._json({"id": 7, "username": "editor", "capabilities": self.rights})

    def _list(self, request: Request, posts: list[dict[str, Any]]) -> Response:
        chosen = set(map(int, filter(None, request.args.get("include", "").split(","))))
        posts = [one for one in posts if not chosen or one["id"] in chosen]
        if after := request.args.get("modified_after"):
            posts = [one for one in posts if one["modified_gmt"] > after]
        posts.sort(key=lambda one: one["id"], reverse=request.args["order"] == "desc")
        size, page = int(request.args["per_page"]), int(request.args["page"]) if "page" in request.args else 1
        pages = -(-len(posts) // size)
        some = posts[(page - 1) * size : page * size]
        return self._json(some, **{"X-WP-Total": str(len(posts)), "X-WP-TotalPages": str(pages)})

    def whole(self) -> list[str]:
        """Which posts were fetched whole, by each such request."""
        asked = [
            request.args["include"]
            for request in self.server.requests
            if "title.raw" in request.args.get("_fields", "")
        ]
        self.server.requests.clear()
        return asked


@pytest.fixture
def blog() -> Iterator[Blog]:
    with served() as server:
        yield Blog(server)


def add_blog(app: Flask, blog: Blog, password: str = PASSWORD) -> int:
    return add(app, Kind.WORDPRESS, blog.server.url + "/", username="editor", password=password)


def test_posts_become_articles_that_know_where_they_came_from(
    app: Flask, blog: Blog, session_of: SessionOf
) -> None:
    blog.posts[1]["meta"]["alphanode_payload"] = {"source_id": "alphanode-000002"}
    assert read(app, add_blog(app, blog)).items == 2
    with session_of() as session:
        rows = dict(session.execute(select(Article.source_id, ArticleMeta.imported).join(ArticleMeta)).all())
    assert sorted(rows) == ["alphanode-000002", "blog.example.com:1"]
    assert rows["blog.example.com:1"]["wordpress"] == {
        "site": "https://blog.example.com",
        "post_id": 1,
        "guid": "https://blog.example.com/?p=1",
        "link": "https://blog.example.com/?p=1",
        "status": "pending",
        "type": "post",
        "author": "editor",
        "date": "2026-01-01 01:00:00",
        "modified": "2026-01-01 01:00:00",
        "categories": ["Q & A"],
    }


def test_an_array_with_names_becomes_a_list_where_the_desk_knows_one(
    app: Flask, blog: Blog, session_of: SessionOf
) -> None:
    blog.posts = [post(1, meta={"ai_outline": {"recommended_action": "measure first"}, "tools": ["git"]})]
    assert read(app, add_blog(app, blog)).batch is not None
    with session_of() as session:
        imported = session.scalar(select(ArticleMeta.imported)) or {}
    assert imported["ai_outline"] == ["recommended action: measure first"]
    assert imported["tools"] == ["git"]


def test_only_what_changed_is_fetched_whole(app: Flask, blog: Blog) -> None:
    source = add_blog(app, blog)
    read(app, source)
    assert blog.whole() == ["1,2"]
    assert read(app, source).state == "nothing_new"
    assert blog.whole() == []
    blog.posts[0] = post(1, title={"raw": "Another"}, modified_gmt="2026-01-02T00:00:00")
    assert read(app, source).items == 1
    assert blog.whole() == ["1"]
    assert batches(app)[1:] == [(["posts.jsonl"], 0, 1)]


def test_a_post_that_is_new_and_has_an_old_time_is_found(app: Flask, blog: Blog) -> None:
    source = add_blog(app, blog)
    read(app, source)
    blog.posts.append(post(9, modified_gmt="2020-01-01T00:00:00"))
    assert read(app, source).items == 1


def test_a_post_that_changed_just_now_is_looked_at_again(app: Flask, blog: Blog) -> None:
    just_now = utc_now().strftime("%Y-%m-%dT%H:%M:%S")
    blog.posts = [post(1, modified_gmt=just_now)]
    source = add_blog(app, blog)
    read(app, source)
    blog.posts = [post(1, modified_gmt=just_now, title={"raw": "Changed within the same second"})]
    assert read(app, source).items == 1
    assert read(app, source).state == "nothing_new"


def test_many_posts_come_in_pages(app: Flask, blog: Blog) -> None:
    blog.posts = [post(number) for number in range(1, 251)]
    assert read(app, add_blog(app, blog)).items == 250
    assert [len(asked.split(",")) for asked in blog.whole()] == [50] * 5
    assert batches(app)[0][1] == 250


def test_a_list_that_gets_shorter_while_it_is_read_is_read_again(app: Flask, blog: Blog) -> None:
    blog.posts = [post(number) for number in range(1, 151)]
    honest, asked = blog.server.answers["/wp-json/wp/v2/posts"], []

    def shrinking(request: Request) -> Response:
        asked.append(request)
        answer = honest(request)
        if len(asked) == 1:
            del blog.posts[0]
        return answer

    blog.server.answers["/wp-json/wp/v2/posts"] = shrinking
    assert read(app, add_blog(app, blog)).items == 149


BROKEN: dict[str, tuple[Callable[[Blog], object], str]] = {
    "other JSON": (lambda blog: setattr(blog, "root", ["a", "list"]), "no WordPress there"),
    "a page": (lambda blog: blog.server.serve("/wp-json/", "<p>Hello"), "no WordPress there"),
    "nothing": (lambda blog: blog.server.answers.clear(), "no such address (404)"),
    "an error": (lambda blog: blog.server.serve("/wp-json/", "oops", 500), "made a mistake (500)"),
    "closed": (lambda blog: blog.server.serve("/wp-json/", "", 503), "closed for the moment (503)"),
    "a contributor": (lambda blog: blog.rights.pop("edit_others_posts"), "takes an editor"),
    "no plugin": (lambda blog: [one.update(meta=[]) for one in blog.posts], "without metadata"),
    "no plugin, newer": (
        lambda blog: [one.update(meta={"footnotes": ""}) for one in blog.posts],
        "without metadata",
    ),
}


@pytest.mark.parametrize(("break_it", "words"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_with_a_site_is_told_in_plain_words(
    app: Flask, blog: Blog, break_it: Callable[[Blog], object], words: str
) -> None:
    source = add_blog(app, blog)
    break_it(blog)
    assert words in read(app, source).note
    assert words in state_of(app, source).failure
    assert batches(app) == []


def test_a_wrong_password_is_told_and_not_shown(app: Flask, blog: Blog) -> None:
    note = read(app, add_blog(app, blog, "wrong WORD")).note
    assert note == "The site does not accept the user name and the application password."


def test_a_site_that_leads_on_to_another_does_not_get_it_the_password(app: Flask, blog: Blog) -> None:
    other = blog.server.url.replace("127.0.0.1", "localhost")
    blog.server.answers["/wp-json/"] = lambda _: redirect(other + "/elsewhere")
    blog.server.serve("/elsewhere", json.dumps(blog.root))
    assert "leads on to" in read(app, add_blog(app, blog)).note
    assert "Authorization" not in blog.server.requests[-1].headers


def test_what_is_left_out_or_hidden_is_noted(app: Flask, blog: Blog) -> None:
    del blog.rights["edit_others_pages"]
    blog.posts[0]["meta"]["alphanode_flags"] = None
    note = read(app, add_blog(app, blog)).note
    assert "Pages are left out" in note
    assert "hides them: 1." in note


# --- the password -----------------------------------------------------------------------------------------------------


def test_no_table_holds_the_password(app: Flask, blog: Blog, session_of: SessionOf) -> None:
    source = add_blog(app, blog)
    read(app, source)
    with session_of() as session:
        tables = ("import_source", "event", "import_source_read", "import_batch", "outbox", "article_meta")
        kept = [str(row) for table in tables for row in session.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608
    assert len(kept) > 5
    assert not any(PASSWORD in row or "ijkl" in row for row in kept)


def test_under_another_key_the_password_is_asked_for_again(app: Flask, blog: Blog) -> None:
    source = add_blog(app, blog)
    app.extensions["settings"] = replace(app.extensions["settings"], secret_key="another key" * 5)
    assert "REVIEW_SECRET_KEY" in read(app, source).note
    assert blog.server.requests == []


def test_another_site_does_not_get_the_password_of_this_one(
    app: Flask, blog: Blog, session_of: SessionOf
) -> None:
    source = add_blog(app, blog)
    elsewhere = {"address": "https://thief.example.com"}
    settings = app.extensions["settings"]
    with session_of() as session:
        row = get_source(session, source)
        with pytest.raises(Invalid, match="needed again"):
            change_source(session, row, elsewhere, settings, actor=SYSTEM, now=utc_now())
        change_source(session, row, {"name": "Same site"}, settings, actor=SYSTEM, now=utc_now())
    assert read(app, source).state == "imported"


def test_a_sealed_secret_opens_only_under_its_own_key() -> None:
    sealed = seal(PASSWORD, "a key")
    assert unseal(sealed, "a key") == PASSWORD
    assert PASSWORD not in sealed
    assert seal(PASSWORD, "a key") != sealed
    for damaged, key in ((sealed, "b key"), (sealed[:-4], "a key"), ("", "a key")):
        with pytest.raises(CannotOpen):
            unseal(damaged, key)
