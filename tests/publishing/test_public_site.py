"""What machines are told of the public pages: linked data, Open Graph, the feed, what has not changed; and who looks at them."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from lxml import etree, html
from sqlalchemy import update
from werkzeug.serving import make_server

from review_app.articles.models import Article
from review_app.base.clock import utc_now
from review_app.publishing import feed as feed_module
from review_app.publishing import public
from review_app.publishing.content import content_of
from review_app.publishing.kinds import KINDS
from review_app.publishing.kinds.face import Place, Result
from review_app.publishing.models import Publication
from review_app.publishing.rules import SITEMAP_PART
from tests.publishing.conftest import approved_article

ATOM = "{http://www.w3.org/2005/Atom}"
BREAKOUT = '</script><script>alert("x")</script><!-- & \u2028 \' "'


def page_of(client, slug="slug-of-good"):
    answer = client.get(f"/p/{slug}")
    assert answer.status_code == 200
    return html.fromstring(answer.data)


def linked(page):
    (script,) = page.xpath("//script")
    assert script.get("type") == "application/ld+json"
    return json.loads(script.text)


def meta(page, name):
    return [tag.get("content") for tag in page.xpath("//meta[@property=$name]", name=name)]


@pytest.fixture
def site(app, settings):
    """A desk with a name and an address, whose articles are Brazilian."""
    app.extensions["settings"] = dataclasses.replace(
        settings, base_url="https://desk.example.org", site_name="The <Bench>", site_language="pt-BR"
    )
    return app.test_client()


def test_linked_data_tells_of_the_article(site, session_of, publish):
    with session_of() as session:
        approved_article(
            session, "good", html='<p>A</p><p><img src="https://i.example/a.png?a=1&amp;b=2" alt=""></p>'
        )
    publish("good")
    told = linked(page_of(site))
    address = "https://desk.example.org/p/slug-of-good"
    organisation = {"@type": "Organization", "name": "The <Bench>", "url": "https://desk.example.org/"}
    assert (told["@context"], told["@type"]) == ("https://schema.org", "Article")
    assert (told["headline"], told["description"]) == ("Title of good", "A first sentence.")
    assert (told["url"], told["mainEntityOfPage"]["@id"]) == (address, address)
    assert (told["author"], told["publisher"]) == (organisation, organisation)
    assert told["image"] == ["https://i.example/a.png?a=1&b=2"]
    assert (told["inLanguage"], told["timeRequired"]) == ("pt-BR", "PT4M")
    published, modified = (datetime.fromisoformat(told[name]) for name in ("datePublished", "dateModified"))
    assert published.tzinfo is not None
    assert utc_now() - timedelta(minutes=5) < published <= modified


@pytest.mark.parametrize("field", ["title", "excerpt", "topic"])
def test_nothing_breaks_out_of_linked_data(site, approve, publish, field):
    approve("good", **{field: BREAKOUT})
    publish("good")
    answer = site.get("/p/slug-of-good")
    page = html.fromstring(answer.data)
    assert answer.text.count("<script") == len(page.xpath("//script")) == 1
    assert BREAKOUT in linked(page).values()
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]


def test_open_graph_tells_of_it_with_and_without_a_picture(site, approve, publish):
    approve("good", title='A "good" one')
    publish("good")
    page = page_of(site)
    assert meta(page, "og:type") == ["article"]
    assert meta(page, "og:title") == ['A "good" one']
    assert meta(page, "og:url") == ["https://desk.example.org/p/slug-of-good"]
    assert (meta(page, "og:site_name"), meta(page, "og:locale")) == (["The <Bench>"], ["pt_BR"])
    assert meta(page, "og:image") == []
    assert "image" not in linked(page)


@pytest.mark.parametrize(
    ("language", "runs"), [("en", "ltr"), ("ar-EG", "rtl"), ("he", "rtl"), ("de", "ltr")]
)
def test_a_page_says_its_language_and_which_way_it_runs(app, settings, approve, publish, language, runs):
    app.extensions["settings"] = dataclasses.replace(settings, site_language=language)
    approve("good")
    publish("good")
    page = page_of(app.test_client())
    assert (page.get("lang"), page.get("dir")) == (language, runs)
    footer = page.xpath("//footer/p")[0]
    assert (footer.get("lang"), footer.get("dir")) == ("en", "ltr")


# --- nothing is rendered twice ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/p/slug-of-good", "/sitemap.xml", "/sitemap-0.xml", "/feed.atom", "/robots.txt"]
)
def test_who_has_it_already_is_answered_without_rendering(client, approve, publish, monkeypatch, path):
    approve("good")
    publish("good")
    first = client.get(path)
    headers = {name: first.headers[name] for name in ("Cache-Control", "X-Robots-Tag", "ETag")}
    monkeypatch.setattr(public, "_render", lambda *_, **__: pytest.fail("it was rendered"))
    same = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    assert {name: same.headers[name] for name in headers} == headers


def test_another_look_or_name_of_the_site_is_another_page(app, settings, client, approve, publish):
    approve("good")
    publish("good")
    tag = client.get("/p/slug-of-good").headers["ETag"]
    app.extensions["public_look"]["public/article.html"] = "a new release"
    assert client.get("/p/slug-of-good", headers={"If-None-Match": tag}).status_code == 200
    tag = client.get("/p/slug-of-good").headers["ETag"]
    app.extensions["settings"] = dataclasses.replace(settings, site_name="Another")
    assert client.get("/p/slug-of-good", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("path", ["/sitemap-0.xml", "/feed.atom"])
def test_what_leads_to_a_page_changes_when_the_page_goes(client, approve, publish, withdraw, path):
    approve("good", "other")
    publish("good", "other")
    first = client.get(path)
    assert "Last-Modified" not in first.headers, "a withdrawal would not be seen"
    withdraw("good")
    answer = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert answer.status_code == 200
    assert "slug-of-good" not in answer.text
    assert "slug-of-other" in answer.text


def test_a_whole_part_of_the_sitemap_is_no_larger_than_it_may_be(site, approve, publish):
    approve("good", slug="s" * 200)
    publish("good")
    content = site.get("/sitemap-0.xml").text
    entry = content[content.index("<url>") : content.index("</urlset>")]
    assert len(entry.encode()) * SITEMAP_PART < 50 * 1024 * 1024


# --- the feed ---------------------------------------------------------------------------------------------------------


def feed_of(client):
    """The feed, if it is one by RFC 4287: what it and each entry must have just once, and whole addresses."""
    answer = client.get("/feed.atom")
    assert (answer.status_code, answer.mimetype) == (200, "application/atom+xml")
    tree = etree.fromstring(answer.data)
    assert tree.tag == f"{ATOM}feed"
    assert len(tree.findall(f"{ATOM}author/{ATOM}name")) == 1
    for holder in (tree, *tree.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            (found,) = holder.findall(f"{ATOM}{name}")
            assert found.text
        assert datetime.fromisoformat(holder.find(f"{ATOM}updated").text).tzinfo is not None
        links = {link.get("rel"): link.get("href") for link in holder.findall(f"{ATOM}link")}
        assert "alternate" in links
        assert all(href.startswith(("http://", "https://")) for href in links.values())
    identities = [entry.find(f"{ATOM}id").text for entry in tree.findall(f"{ATOM}entry")]
    assert len(set(identities)) == len(identities)
    return tree


def slugs_in(tree):
    return [
        link.get("href").rpartition("/")[2]
        for link in tree.iterfind(f"{ATOM}entry/{ATOM}link[@rel='alternate']")
    ]


def test_an_empty_feed_is_a_feed(client):
    assert slugs_in(feed_of(client)) == []


def test_the_feed_tells_of_what_came_out_last(site, approve, publish, session_of, withdraw, monkeypatch):
    monkeypatch.setattr(feed_module, "MOST_ENTRIES", 3)
    approve("one", "two", "three", "four", "gone", "waiting", title="Tea & <biscuits>")
    for source_id in ("two", "one", "gone", "four", "three"):
        publish(source_id)
    withdraw("gone")
    tree = feed_of(site)
    assert slugs_in(tree) == ["slug-of-three", "slug-of-four", "slug-of-one"]
    entry = tree.find(f"{ATOM}entry")
    assert entry.find(f"{ATOM}title").text == "Tea & <biscuits>"
    assert entry.find(f"{ATOM}summary").text == "A first sentence."
    assert entry.find(f"{ATOM}link").get("href") == "https://desk.example.org/p/slug-of-three"
    assert tree.find(f"{ATOM}link[@rel='self']").get("href") == "https://desk.example.org/feed.atom"
    newest = max(found.text for found in tree.iterfind(f"{ATOM}entry/{ATOM}updated"))
    assert tree.find(f"{ATOM}updated").text == newest


def test_the_feed_goes_by_when_it_came_out_and_not_by_when_it_was_asked_for(
    client, approve, publish, session_of
):
    approve("first", "second")
    publish("first")
    publish("second")
    with session_of() as session:
        later = utc_now() + timedelta(hours=1)
        session.execute(update(Publication).where(Publication.id == 1).values(delivered_at=later))
    assert slugs_in(feed_of(client)) == ["slug-of-first", "slug-of-second"]


def test_an_entry_keeps_its_name_wherever_the_desk_moves(app, settings, approve, publish):
    approve("good")
    publish("good")
    here = feed_of(app.test_client()).find(f"{ATOM}entry/{ATOM}id").text
    app.extensions["settings"] = dataclasses.replace(settings, base_url="https://elsewhere.example")
    assert feed_of(app.test_client()).find(f"{ATOM}entry/{ATOM}id").text == here


def test_pages_lead_to_the_feed_and_robots_txt_opens_it(site, approve, publish):
    approve("good")
    publish("good")
    (href,) = page_of(site).xpath("//link[@type='application/atom+xml']/@href")
    assert href == "https://desk.example.org/feed.atom"
    assert "Allow: /feed.atom" in site.get("/robots.txt").text.splitlines()


# --- who looks at them ------------------------------------------------------------------------------------------------


@pytest.fixture
def served(app, settings) -> Iterator[Place]:
    """The desk on a real port, and the target that is it."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    app.extensions["settings"] = dataclasses.replace(settings, base_url=address)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Place(1, "site", "Our pages", "", site_url=address, allow_private=True)
    server.shutdown()
    server.server_close()


def test_the_button_tells_whether_the_public_reaches_us(served, app, settings):
    check = KINDS["site"].check
    assert check(served).result is Result.DONE
    nowhere = check(dataclasses.replace(served, site_url=""))
    assert (nowhere.result, "REVIEW_BASE_URL" in nowhere.reason) == (Result.FAILED, True)
    silent = check(dataclasses.replace(served, site_url="http://127.0.0.1:9"))
    assert (silent.result, silent.status) == (Result.RETRY, None)
    guarded = check(dataclasses.replace(served, allow_private=False))
    assert guarded.result is Result.RETRY
    app.extensions["settings"] = dataclasses.replace(settings, base_url="https://another.example")
    another = check(served)
    assert (another.result, "not this desk" in another.reason) == (Result.FAILED, True)


def test_it_sees_what_a_visitor_sees(served, app, approve, publish, withdraw, session_of):
    approve("good")
    publish("good")

    def seen():
        with session_of() as session:
            content = content_of(session, 1, 1, served.site_url)
        return KINDS["site"].verify(served, content)

    shown = seen()
    assert (shown.status, shown.indexable, shown.robots_header) == (200, True, "index, follow")
    assert shown.canonical == shown.url == f"{served.site_url}/p/slug-of-good"
    assert shown.cache_control == "public, max-age=0, must-revalidate"
    withdraw("good")
    gone = seen()
    assert (gone.status, gone.indexable, gone.robots_header) == (410, False, "noindex")


def test_nothing_is_ever_delivered_to_our_own_pages():
    assert KINDS["site"].hears == frozenset()


def test_what_the_public_reads_stays_in_linked_data_when_an_import_says_otherwise(
    client, approve, publish, session_of
):
    approve("good")
    publish("good")
    first = linked(page_of(client))
    with session_of() as session:
        session.execute(update(Article).values(view_count=7))
    assert linked(page_of(client)) == first
