"""Scripts and styles as they are sent: few, small, and kept by the browser until they change."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import pytest

from review_app.accounts.models import User
from review_app.base.assets import BUNDLES, content
from review_app.base.paths import STATIC
from tests.factories import make_article
from tests.reviewing.desk import Sessions
from tests.support.cast import Browser

Browsers = Callable[[User], Browser]
KILOBYTE = 1000
ASSET = re.compile(r'(?:src|href)="(/(?:static/bundle|vendor)/[^"]+)"')


def weight(*contents: bytes) -> int:
    """Bytes as they travel."""
    return sum(len(gzip.compress(each, 6)) for each in contents)


def fetched(browser: Browser, path: str) -> bytes:
    with browser.get(path) as response:
        return response.data


def test_every_file_of_ours_is_in_a_bundle_and_in_no_kind_twice() -> None:
    for kind in ("js", "css"):
        named = {part for name, parts in BUNDLES.items() if name.endswith(kind) for part in parts}
        assert named == {file.stem for file in (STATIC / kind).glob(f"*.{kind}")}
    for parts in BUNDLES.values():
        assert len(parts) == len(set(parts))


def test_a_page_of_the_desk_sends_less_than_10_kb_of_our_scripts_and_12_of_styles() -> None:
    assert weight(content("early.js"), content("desk.js"), content("import.js")) < 10 * KILOBYTE
    assert weight(content("desk.css")) < 12 * KILOBYTE


def test_the_review_page_with_all_it_loads_weighs_less_than_80_kb(
    browser_of: Browsers, session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        make_article(session, "a", html="<p>A paragraph of some length.</p>" * 100)
    browser = browser_of(reviewer)
    page = browser.get("/articles/a/review")
    loaded = ASSET.findall(page.text)
    assert len(loaded) == 4, "styles, early scripts, htmx, scripts"
    assert weight(page.data, *(fetched(browser, path) for path in loaded)) < 80 * KILOBYTE


def test_what_a_digest_names_is_kept_for_ever_and_that_of_another_release_is_not(
    browser_of: Browsers, reviewer: User
) -> None:
    browser = browser_of(reviewer)
    (styles, *_) = ASSET.findall(browser.get("/queue").text)
    kept = browser.get(styles)
    assert (kept.status_code, kept.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in kept.headers["Cache-Control"]
    old = browser.get("/static/bundle/desk.000000000000.css")
    assert (old.data, old.headers["Cache-Control"]) == (kept.data, "public, no-cache")


@pytest.mark.parametrize("name", ["nothing.css", "desk.js.map", "desk", "..css", "desk.000.txt"])
def test_what_is_no_bundle_is_not_found(browser_of: Browsers, reviewer: User, name: str) -> None:
    assert browser_of(reviewer).get(f"/static/bundle/{name}").status_code == 404
