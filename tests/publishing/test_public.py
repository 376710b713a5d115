"""What the public may see, and that nothing else may be indexed."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import pytest
from flask import g
from lxml import etree
from sqlalchemy import update

from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.base.clock import utc_now
from review_app.outbox.actions import SYSTEM
from review_app.publishing import queries
from review_app.publishing.targets.actions import add_target
from review_app.publishing.targets.rules import TargetKind
from review_app.publishing.targets.wanted import Wanted
from review_app.reviewing.actions import Judgement, decide, roll_back
from review_app.reviewing.rules import Outcome
from tests.factories import make_article
from tests.publishing.conftest import UNDO, approved_article

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def addresses(client):
    """Every address in every part of the sitemap."""
    index = etree.fromstring(client.get("/sitemap.xml").data)
    assert index.tag == f"{SITEMAP}sitemapindex"
    found = []
    for part in index.iter(f"{SITEMAP}loc"):
        answer = client.get(part.text)
        assert answer.status_code == 200
        tree = etree.fromstring(answer.data)
        assert tree.tag == f"{SITEMAP}urlset"
        found += [one.text for one in tree.iter(f"{SITEMAP}loc")]
    return found


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["drafted", "reviewed", "changes_requested", "rejected", "archived"])
def test_what_was_never_approved_is_404(client, session_of, status):
    with session_of() as session:
        make_article(session, "hidden", revision_status=status, awaiting_review=False)
    answer = client.get("/p/slug-of-hidden")
    assert (answer.status_code, answer.headers["X-Robots-Tag"]) == (404, "noindex")


def test_what_is_approved_and_not_published_is_404(client, approve, start):
    approve("good")
    start("good", publish_at=utc_now() + timedelta(days=1))
    answer = client.get("/p/slug-of-good")
    assert (answer.status_code, answer.headers["X-Robots-Tag"]) == (404, "noindex")
    assert "Title of good" not in answer.text


def test_what_is_published_may_be_indexed(client, approve, publish):
    approve(
        "good",
        excerpt='What a "lease" is & why.',
        title="Leases <and> locks",
        last_reviewed_on=utc_now().date(),
    )
    publish("good")
    answer = client.get("/p/slug-of-good")
    assert (answer.status_code, answer.headers["X-Robots-Tag"]) == (200, "index, follow")
    assert '<meta name="robots" content="index, follow">' in answer.text
    assert '<link rel="canonical" href="http://localhost/p/slug-of-good">' in answer.text
    assert '<meta name="description" content="What a &#34;lease&#34; is &amp; why.">' in answer.text
    assert "<title>Leases &lt;and&gt; locks</title>" in answer.text


def test_the_canonical_address_is_the_one_people_use(app, settings, approve, publish):
    app.extensions["settings"] = dataclasses.replace(settings, base_url="https://desk.example.org")
    approve("good")
    publish("good")
    client = app.test_client()
    assert 'href="https://desk.example.org/p/slug-of-good"' in client.get("/p/slug-of-good").text
    assert "<loc>https://desk.example.org/sitemap-0.xml</loc>" in client.get("/sitemap.xml").text
    assert "<loc>https://desk.example.org/p/slug-of-good</loc>" in client.get("/sitemap-0.xml").text
    assert "Sitemap: https://desk.example.org/sitemap.xml" in client.get("/robots.txt").text


def test_what_was_withdrawn_is_410(client, approve, publish, withdraw):
    approve("good")
    publish("good")
    withdraw("good")
    answer = client.get("/p/slug-of-good")
    assert (answer.status_code, answer.headers["X-Robots-Tag"]) == (410, "noindex")
    assert '<meta name="robots" content="noindex">' in answer.text
    assert "Title of good" not in answer.text


@pytest.mark.parametrize(
    "path", ["/p/nothing", "/p/", "/p/..%2f", "/p/%00", "/p/a%00b", "/p/" + "x" * 3000, "/p/ü"]
)
def test_an_address_that_names_nothing_is_404(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.headers["X-Robots-Tag"]) == (404, "noindex")


def test_pictures_come_late_and_tell_nobody_who_reads(client, session_of, publish):
    html = '<p><img src="https://pictures.example/a.png" alt="A"><img src="http://plain.example/b.png" alt="B"></p>'
    with session_of() as session:
        approved_article(session, "good", html=html)
    publish("good")
    answer = client.get("/p/slug-of-good")
    assert (
        'src="https://pictures.example/a.png" alt="A" loading="lazy" referrerpolicy="no-referrer"'
        in answer.text
    )
    assert "plain.example" not in answer.text
    assert "img-src 'self' https:;" in answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]


def test_only_published_pages_may_load_pictures_from_elsewhere(client):
    for path in ("/p/nothing", "/login", "/robots.txt"):
        assert "img-src 'self';" in client.get(path).headers["Content-Security-Policy"]


def test_a_page_is_the_same_whoever_asks_and_sets_no_cookie(
    client, browser_of, lead, approve, publish, session_of
):
    approve("good")
    publish("good")
    with session_of() as session:
        session.merge(lead).theme = "dark"
    browser = browser_of(lead)
    with browser.client:
        known = browser.get("/p/slug-of-good")
        assert g.database_queries == 1, "it asked who that is"
    stranger = client.get("/p/slug-of-good")
    assert known.data == stranger.data
    assert "Set-Cookie" not in known.headers
    assert "Set-Cookie" not in stranger.headers
    assert "csrf" not in stranger.text


def test_what_is_the_same_for_all_varies_by_nobody_and_touches_no_session(
    app, client, browser_of, lead, approve, publish, session_of
):
    """A shared cache keeps one copy for all: not one for each cookie, which would be none at all."""
    approve("good")
    publish("good")
    with session_of() as session:
        wanted = Wanted(TargetKind.INDEXNOW, "Search", secret="a-key-of-ours")
        add_target(session, wanted, app.extensions["settings"], owner_id=None, actor=SYSTEM, now=utc_now())
    paths = [
        "/p/slug-of-good",
        "/sitemap.xml",
        "/sitemap-0.xml",
        "/feed.atom",
        "/robots.txt",
        "/a-key-of-ours.txt",
    ]
    style = re.findall(r'href="([^"]+\.css)"', client.get("/p/slug-of-good").text)
    browser = browser_of(lead)
    for path in [*paths, *style]:
        for asking, head in ((client, {}), (browser, {}), (browser, {"HX-Request": "true"})):
            answer = asking.get(path, headers=head)
            assert answer.status_code == 200
            assert answer.vary.as_set() <= {"accept-encoding"}, path
            assert "Set-Cookie" not in answer.headers
        tag = {"If-None-Match": answer.headers["ETag"]} if "ETag" in answer.headers else {}
        assert browser.get(path, headers=tag).vary.as_set() <= {"accept-encoding"}
    assert {"cookie", "hx-request"} <= browser.get("/queue").vary.as_set(), (
        "the desk itself does depend on them"
    )
    assert "cookie" in browser.get("/no-such-key-file.txt").vary, "its page greets who is logged in"


def test_caches_may_keep_a_page_and_must_ask_whether_it_still_holds(
    client, approve, publish, session_of, withdraw
):
    approve("good")
    publish("good")
    first = client.get("/p/slug-of-good")
    assert first.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    same = client.get("/p/slug-of-good", headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    since = client.get("/p/slug-of-good", headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert since.status_code == 304
    with session_of() as session:
        session.execute(update(Article).values(title="Another title"))
    changed = client.get("/p/slug-of-good", headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, "Another title" in changed.text) == (200, True)
    withdraw("good")
    gone = client.get("/p/slug-of-good", headers={"If-None-Match": first.headers["ETag"]})
    assert gone.status_code == 410


def test_a_compressed_page_can_be_asked_for_again_too(client, session_of, publish):
    with session_of() as session:
        approved_article(session, "good", html="<p>" + "word " * 2000 + "</p>")
    publish("good")
    first = client.get("/p/slug-of-good", headers={"Accept-Encoding": "gzip"})
    assert first.headers["Content-Encoding"] == "gzip"
    again = {"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]}
    assert client.get("/p/slug-of-good", headers=again).status_code == 304


def test_the_head_of_a_page_says_the_same(client, approve, publish):
    approve("good")
    publish("good")
    answer = client.head("/p/slug-of-good")
    assert (answer.status_code, answer.headers["X-Robots-Tag"], answer.data) == (200, "index, follow", b"")


@pytest.mark.parametrize(
    "path",
    ["/", "/login", "/queue", "/healthz", "/api/v1/articles", "/sitemap.xml", "/robots.txt", "/nothing"],
)
def test_nothing_else_may_be_indexed(client, path):
    assert client.get(path).headers["X-Robots-Tag"] == "noindex"


def test_the_desk_says_so_to_those_who_are_logged_in_too(browser_of, lead):
    browser = browser_of(lead)
    for path in ("/publications", "/queue", "/publications/7"):
        assert browser.get(path).headers["X-Robots-Tag"] == "noindex"


# --- the sitemap ------------------------------------------------------------------------------------------------------


def test_the_sitemap_is_an_index_also_while_it_is_empty(client):
    answer = client.get("/sitemap.xml")
    assert (answer.status_code, answer.mimetype) == (200, "application/xml")
    assert addresses(client) == []


def test_the_sitemap_names_what_is_published_and_nothing_else(client, approve, publish, session_of, withdraw):
    approve("out", "gone", "waiting")
    with session_of() as session:
        make_article(session, "draft")
    publish("out", "gone")
    withdraw("gone")
    assert addresses(client) == ["http://localhost/p/slug-of-out"]


def test_a_part_says_when_a_page_last_changed(client, approve, publish, article_of):
    approve("good")
    publish("good")
    changed = article_of("good").updated_at.isoformat(timespec="seconds")
    for path in ("/sitemap.xml", "/sitemap-0.xml"):
        assert [one.text for one in etree.fromstring(client.get(path).data).iter(f"{SITEMAP}lastmod")] == [
            changed
        ]


def test_parts_hold_no_more_than_they_may_and_together_all(client, session_of, publish, monkeypatch):
    monkeypatch.setattr(queries, "SITEMAP_PART", 3)
    with session_of() as session:
        for number in range(10):
            approved_article(session, f"a-{number}")
    publish()
    parts = [one.text for one in etree.fromstring(client.get("/sitemap.xml").data).iter(f"{SITEMAP}loc")]
    counts = [client.get(part).text.count("<url>") for part in parts]
    assert max(counts) <= 3
    assert len(addresses(client)) == len(set(addresses(client))) == sum(counts) == 10


@pytest.mark.parametrize(
    "number", ["0", "00", "7", "184467440737094", "184467440737095", "99999999999999999999", "-1", "x"]
)
def test_a_part_that_there_is_not_is_404(client, number):
    assert client.get(f"/sitemap-{number}.xml").status_code == 404


def test_a_part_has_one_name(client, approve, publish):
    approve("good")
    publish("good")
    assert client.get("/sitemap-0.xml").status_code == 200
    for other in ("00", "000000000000000000", "0.0", "+0", "٠"):
        assert client.get(f"/sitemap-{other}.xml").status_code == 404


def test_robots_txt_opens_the_published_pages_and_shuts_the_rest(client):
    answer = client.get("/robots.txt")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    lines = answer.text.splitlines()
    assert "Allow: /p/" in lines
    assert "Allow: /*.txt$" in lines, "where a key file of IndexNow stands, without telling the key"
    assert "Disallow: /" in lines
    assert "Sitemap: http://localhost/sitemap.xml" in lines


def test_the_public_pages_need_one_query(app, approve, publish):
    approve("good")
    publish("good")
    for path in ("/p/slug-of-good", "/sitemap.xml", "/sitemap-0.xml"):
        with app.test_client() as watched:
            watched.get(path)
            assert g.database_queries == 1


# --- the whole way ----------------------------------------------------------------------------------------------------


def test_an_approval_that_is_rolled_back_takes_the_page_away_at_once_and_a_new_one_brings_it_back(
    client, session_of, publish, lead
):
    def decided(action):
        with session_of() as session:
            return action(session, lock_article(session, "good"), session.merge(lead))

    def approve(session, article, person):
        judgement = Judgement(Outcome.APPROVE, article.row_version)
        hour_ago = utc_now() - timedelta(hours=1)
        return decide(session, article, person, judgement, actor=SYSTEM, now=hour_ago, undo=UNDO)

    def take_back(session, article, person):
        decision = session.merge(approval)
        return roll_back(
            session, decision, article, person, note="No.", actor=SYSTEM, now=utc_now(), undo=UNDO
        )

    def seen():
        return client.get("/p/slug-of-good").status_code, addresses(client)

    address = ["http://localhost/p/slug-of-good"]
    with session_of() as session:
        make_article(session, "good")
    assert seen() == (404, [])
    approval = decided(approve)
    assert seen() == (404, [])
    publish("good")
    assert seen() == (200, address)
    decided(take_back)
    assert seen() == (410, [])
    publish("good")
    assert seen() == (410, [])
    approval = decided(approve)
    assert seen() == (410, [])
    publish("good")
    assert seen() == (200, address)


# --- whose address stands in it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/robots.txt", "/sitemap.xml", "/sitemap-0.xml", "/p/slug-of-good"])
def test_a_forged_host_stands_nowhere(client, approve, publish, path):
    approve("good")
    publish("good")
    answer = client.get(path, headers={"Host": "evil.example"})
    assert answer.status_code == 200
    assert "evil.example" not in answer.text
    assert "http://localhost/" in answer.text
