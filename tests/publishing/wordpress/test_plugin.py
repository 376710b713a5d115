"""The desk's own plugin, `contrib/wordpress/review-desk.php`, by itself in a real WordPress."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from review_app.base.outbound import Answer
from review_app.publishing.kinds.face import Content, Result
from review_app.publishing.kinds.page import seen_in
from tests.publishing.wordpress.site import KIND, place_of, publish, seeded, withdraw
from tests.support.wordpress import WordPress

pytestmark = pytest.mark.slow
PLUGIN = Path(__file__).parents[3] / "contrib/wordpress/review-desk.php"


@pytest.fixture
def ours(site: WordPress) -> Iterator[Callable[..., None]]:
    """The plugin in the place of the other one; call it with constants of wp-config.php."""
    plugins = site.folder / "htdocs/wp-content/mu-plugins"
    config = site.folder / "htdocs/wp-config.php"
    other, before = plugins / "alphanode-meta.php", config.read_text()
    away = other.rename(other.with_suffix(".off"))
    shutil.copy(PLUGIN, plugins)

    def configure(**constants: str) -> None:
        lines = "".join(f"define( 'REVIEW_DESK_{name}', '{value}' );\n" for name, value in constants.items())
        config.write_text(
            before.replace("if ( ! defined( 'ABSPATH' )", f"{lines}if ( ! defined( 'ABSPATH' )", 1)
        )

    try:
        yield configure
    finally:
        (plugins / PLUGIN.name).unlink()
        away.rename(other)
        config.write_text(before)


def get(url: str) -> httpx.Response:
    """As a visitor."""
    return httpx.get(url, trust_env=False, timeout=60)


def told(url: str) -> tuple[bool | None, str, str]:
    """Whether it may be indexed, and what page and header say of it."""
    answer = get(url)
    seen = seen_in(url, Answer(answer.status_code, answer.headers, answer.content, 0.0))
    return seen.indexable, seen.robots_meta or "", seen.robots_header or ""


def listed(site: WordPress) -> tuple[set[str], set[str]]:
    """The addresses in the sitemap and in the feed."""
    sitemap = re.findall(r"<loc>(.*?)</loc>", get(f"{site.url}/wp-sitemap-posts-post-1.xml").text)
    return set(sitemap), set(
        re.findall(r"<item>.*?<link>(.*?)</link>", get(f"{site.url}/feed/").text, re.DOTALL)
    )


def published(site: WordPress, content: Content) -> str:
    """Its address, published by a person there: the desk has said nothing of it."""
    return str(site.call("POST", f"/posts/{content.article_id}", json={"status": "publish"}).json()["link"])


def test_only_what_the_desk_has_published_is_indexable_listed_and_fed(
    site: WordPress, ours: Callable[..., None]
) -> None:
    approved, by_hand, gone = seeded(site, 3)
    assert KIND.check(place_of(site)).result is Result.DONE
    first, last = publish(place_of(site), approved, gone)
    assert first.remote is not None
    assert last.remote is not None
    unknown = published(site, by_hand)
    site.call("POST", f"/posts/{gone.article_id}", json={"meta": {"indexable": False}})

    index = "index, max-image-preview:large"
    assert told(first.remote.url) == (True, index, index)
    assert told(unknown) == (False, "noindex", "noindex")
    assert told(last.remote.url) == (False, "noindex", "noindex")
    assert told(f"{unknown}feed/")[2] == "noindex"
    assert told(f"{site.url}/") == (True, "max-image-preview:large", "")
    assert listed(site) == ({first.remote.url}, {first.remote.url})

    assert withdraw(place_of(site), approved).result is Result.DONE
    assert get(first.remote.url).status_code == 404


def test_a_site_that_search_engines_are_to_leave_alone_stays_so(
    site: WordPress, ours: Callable[..., None]
) -> None:
    (content,) = seeded(site, 1)
    (outcome,) = publish(place_of(site), content)
    assert outcome.remote is not None
    site.sql("UPDATE wp_options SET option_value = '0' WHERE option_name = 'blog_public'")
    try:
        assert told(outcome.remote.url)[0] is False
    finally:
        site.sql("UPDATE wp_options SET option_value = '1' WHERE option_name = 'blog_public'")


def test_another_key_and_posts_that_were_there_before(site: WordPress, ours: Callable[..., None]) -> None:
    ours(META_KEY="may_be_indexed", UNMARKED="leave", SHOWN_KEYS="alphanode_score, alphanode_topic")
    content, old, taken_back = seeded(site, 3)
    place = place_of(site, options={"meta_key": "may_be_indexed"})
    assert "“indexable”" in KIND.check(place_of(site)).reason
    assert KIND.check(place).result is Result.DONE
    (outcome,) = publish(place, content)
    assert outcome.remote is not None
    before, no_more = published(site, old), published(site, taken_back)
    site.call("POST", f"/posts/{taken_back.article_id}", json={"meta": {"may_be_indexed": False}})
    assert told(outcome.remote.url)[0] is True
    assert told(before)[0] is True
    assert told(no_more) == (False, "noindex", "noindex")
    assert listed(site) == ({outcome.remote.url, before}, {outcome.remote.url, before})

    route = f"{site.env['WP_API']}/posts/{content.article_id}"
    edited = site.call("GET", f"/posts/{content.article_id}?context=edit").json()["meta"]
    assert set(edited["alphanode_score"]) == {"quality", "freshness", "depth", "clarity"}
    assert edited["alphanode_topic"]
    assert get(route).json()["meta"]["alphanode_topic"] == ""
    refused = httpx.post(
        route,
        json={"meta": {"alphanode_topic": "mine"}},
        auth=(site.env["WP_EDITOR_USER"], site.env["WP_APP_PASSWORD"]),
        trust_env=False,
    )
    assert refused.status_code == 403
