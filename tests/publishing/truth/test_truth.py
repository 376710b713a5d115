"""The truth check finds pages that were changed behind our back, and mends them: at the desk behind a proxy that lies."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from werkzeug.wrappers import Response

from review_app.articles.models import Article
from review_app.base.clock import utc_now
from review_app.base.errors import Conflict
from review_app.base.secrets import seal
from review_app.outbox.actions import SYSTEM, announce
from review_app.outbox.models import OutboxEvent
from review_app.publishing.deliveries.jobs import run_delivery, run_relay
from review_app.publishing.kinds import KINDS
from review_app.publishing.kinds.face import Outcome, Remote, Result
from review_app.publishing.models import (
    Delivery,
    Publication,
    PublishRun,
    PublishRunItem,
    RemoteArticle,
    Target,
)
from review_app.publishing.truth import checking
from review_app.publishing.truth.actions import mend
from review_app.publishing.truth.jobs import check_pages, due_truth
from review_app.publishing.truth.models import PublicCheck, TruthMark
from review_app.publishing.truth.queries import difference_counts
from review_app.publishing.truth.sitemaps import Sitemaps
from review_app.publishing.truth.visiting import Visitor
from review_app.publishing.truth.words import sentences
from tests.factories import LONG_AGO
from tests.publishing.deliveries.conftest import make_target
from tests.publishing.outside.stand_ins import TOKEN, ZONE, CloudflareStandIn, serving
from tests.publishing.truth.conftest import stale, with_header, with_status, with_text
from tests.support.application import SECRET_KEY

HOUR = timedelta(hours=1)


def says(check: PublicCheck) -> list[str]:
    return [str(sentence) for sentence in sentences(check)]


# --- what is found ------------------------------------------------------------------------------------------------------


def test_a_page_that_says_what_the_desk_says_agrees(published, check_of, proxy):
    published("a-1")
    check = check_of("a-1")
    assert (check.state, check.status, check.in_sitemap, check.should_index) == ("agrees", 200, True, True)
    assert check.url == f"{proxy.url}/p/slug-of-a-1"
    assert check.due_at - check.checked_at > timedelta(hours=21)


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (with_header("X-Robots-Tag", "noindex"), "says noindex, should be index"),
        (with_text('content="index, follow"', 'content="noindex"'), "says noindex, should be index"),
        (with_status(404), "answers 404, should be index"),
        (with_status(302), "answers 302, should be index"),
        (
            with_text('rel="canonical" href="', 'rel="canonical" href="https://thief.example'),
            "names another address as the canonical one, should be index here",
        ),
        (with_text("slug-of-a-1", "another", "/sitemap-0"), "is not in the sitemap, should be index"),
        (
            with_header("Cache-Control", "public, max-age=14400"),
            "may be kept by caches (public, max-age=14400), should be asked for each time",
        ),
    ],
    ids=["header", "meta", "gone", "moved", "canonical", "sitemap", "cached"],
)
def test_a_page_that_was_changed_behind_our_back_is_found_and_found_well_again(
    published, check_of, proxy, look, lie, said
):
    published("a-1")
    proxy.lie, honest = lie, proxy.lie
    look(timedelta(days=1, hours=3))
    check = check_of("a-1")
    assert check.state == "differs"
    assert says(check) == [said]
    assert check.should_since < check.found_at
    proxy.lie = honest
    look(timedelta(days=1, hours=5))
    assert check_of("a-1").state == "agrees"
    assert check_of("a-1").found_at is None


def test_a_withdrawn_page_that_a_cache_goes_on_showing_is_found(
    published, check_of, proxy, look, withdraw, tell, client
):
    published("a-1")
    shown = client.get("/p/slug-of-a-1")
    proxy.lie = stale("/p/slug-of-a-1", Response(shown.data, 200, {"X-Robots-Tag": "index, follow"}))
    withdraw("a-1")
    tell("a-1", kind="article.withdrawn")
    look()
    assert says(check_of("a-1")) == ["says index, should be noindex"]


def test_a_withdrawn_page_that_is_gone_agrees(published, check_of, look, withdraw, tell):
    published("a-1")
    withdraw("a-1")
    tell("a-1", kind="article.withdrawn")
    look()
    check = check_of("a-1")
    assert (check.state, check.status, check.in_sitemap, check.should_index) == ("agrees", 410, False, False)


def test_a_withdrawn_page_that_stays_in_the_sitemap_is_found(
    published, check_of, proxy, look, withdraw, tell, client
):
    published("a-1", "a-2")
    kept = Response(client.get("/sitemap-0.xml").data, 200)
    withdraw("a-1")
    tell("a-1", kind="article.withdrawn")
    proxy.lie = stale("/sitemap-0.xml", kept)
    look()
    assert says(check_of("a-1")) == ["is in the sitemap, should be noindex"]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_that_is_broken_says_nothing_about_the_page(published, check_of, proxy, look, status):
    published("a-1")
    proxy.lie = with_status(status)
    look(timedelta(days=1, hours=3))
    check = check_of("a-1")
    assert (check.state, check.failures) == ("unreadable", 1)
    assert says(check) == [f"cannot be read: {proxy.url}/p/slug-of-a-1 answered {status}"]
    assert check.due_at - check.checked_at == timedelta(minutes=15)
    look(timedelta(days=1, hours=4))
    check = check_of("a-1")
    assert (check.failures, check.due_at - check.checked_at) == (2, timedelta(minutes=30))


# --- when it looks ------------------------------------------------------------------------------------------------------


def test_nothing_is_read_before_it_has_settled_nor_before_an_event_is_released(
    approve, publish, look, proxy, check_of, session_of, published
):
    approve("a-1")
    publish("a-1")
    look(timedelta(seconds=15))
    assert not proxy.requests
    look(timedelta(seconds=45))
    assert check_of("a-1").state == "agrees"
    with session_of() as session:
        now = utc_now() + timedelta(minutes=2)
        announce(
            session,
            "article.withdrawn",
            "article:a-1",
            cause="held back",
            payload={},
            now=now,
            release_at=now + HOUR,
        )
    proxy.requests.clear()
    for later in (timedelta(minutes=30), timedelta(minutes=45), HOUR):
        look(later)
        assert not proxy.requests
    look(HOUR + timedelta(minutes=3))
    assert proxy.requests


def test_what_a_bulk_action_held_back_is_read_soon_after_it_has_ended(published, look, proxy, session_of):
    published("a-1")
    now = utc_now()
    held = {"payload": {}, "now": now, "release_at": now + timedelta(days=1)}
    with session_of() as session:
        announce(session, "article.withdrawn", "article:a-1", cause="held back", **held)
    proxy.requests.clear()
    look()
    with session_of() as session:
        session.execute(update(OutboxEvent).where(OutboxEvent.cause == "held back").values(release_at=now))
    look(timedelta(minutes=12))
    assert proxy.asked_for("/p/slug-of-a-1") == 1


def test_what_a_delivery_is_about_to_change_is_put_off(
    published, look, proxy, session_of, check_of, target_at
):
    published("a-1")
    article_id = check_of("a-1").article_id
    with session_of() as session:
        target = make_target(session, "https://x.example", "cache", kind="cloudflare", sealed_secrets=[])
        event = announce(session, "article.published", "article:a-1", cause="c", payload={}, now=utc_now())
        session.flush()
        session.add(
            Delivery(
                target_id=target.id,
                outbox_id=event.id,
                message_id="m",
                subject="article:a-1",
                action="publish",
                article_id=article_id,
                created_at=utc_now() + timedelta(seconds=30),
                due_at=utc_now(),
            )
        )
    proxy.requests.clear()
    look()
    assert not proxy.requests
    look(timedelta(minutes=5))
    assert proxy.asked_for("/p/slug-of-a-1") == 1


def test_a_page_that_no_event_told_of_is_found_once_a_day(
    approve, publish, look, check_of, checks_of, session_of
):
    with session_of() as session:
        session.execute(update(TruthMark).values(swept_at=utc_now()))
    approve("a-1")
    publish("a-1")
    with session_of() as session:
        latest = session.scalar(select(func.max(OutboxEvent.id)))
        session.execute(update(TruthMark).values(last_event_id=latest))
    look(HOUR)
    assert checks_of("a-1") == []
    look(timedelta(hours=25))
    assert check_of("a-1").state == "agrees"


def test_a_young_event_holds_those_after_it_for_it_may_not_be_the_only_one(app, session_of, look):
    with session_of() as session:
        announce(session, "article.published", "article:x", cause="1", payload={}, now=utc_now() + HOUR)
        announce(session, "article.published", "article:y", cause="2", payload={}, now=utc_now() - HOUR)
    look()
    with session_of() as session:
        assert session.get_one(TruthMark, 1).last_event_id == 0
    look(2 * HOUR)
    with session_of() as session:
        assert session.get_one(TruthMark, 1).last_event_id == 2


def test_it_is_due_only_while_there_is_something_to_do(app, published, session_of):
    with app.app_context():
        assert list(due_truth(utc_now())) == [0]  # the first sweep
    published("a-1")
    with app.app_context():
        assert list(due_truth(utc_now() + timedelta(minutes=5))) == []
        assert list(due_truth(utc_now() + timedelta(days=2))) == [0]


def test_one_worker_looks_at_a_time(app, published, session_of):
    published("a-1")
    with session_of() as session:
        session.execute(update(PublicCheck).values(due_at=utc_now()))
        assert checking.lease(session, "another", utc_now())
    with app.app_context():
        assert check_pages(5) is None
        assert list(due_truth(utc_now())) == []
    with session_of() as session:
        assert session.get_one(TruthMark, 1).leased_by == "another"


def test_an_article_that_changes_while_it_is_read_is_read_again(app, published, session_of, proxy, check_of):
    published("a-1")

    def lie(request, answer):
        if request.path.startswith("/p/"):
            with app.app_context(), app.extensions["sqlalchemy"].engine.begin() as connection:
                connection.execute(update(Article).values(updated_at=utc_now()))
            return Response("", 404)
        return answer

    proxy.lie = lie
    with session_of() as session:
        session.execute(update(PublicCheck).values(due_at=utc_now()))
    with app.app_context():
        check_pages(5)
    check = check_of("a-1")
    assert check.state == "agrees"
    assert check.due_at < utc_now() + timedelta(minutes=1)


# --- how it asks --------------------------------------------------------------------------------------------------------


def test_the_sitemap_is_read_once_a_run_and_then_conditionally_for_an_hour(
    published, look, proxy, session_of
):
    published(*(f"a-{number}" for number in range(30)))
    assert proxy.asked_for("/sitemap-0.xml") == proxy.asked_for("/sitemap.xml") == 1
    assert proxy.asked_for("/p/slug-of-a-7") == 1
    proxy.requests.clear()
    with session_of() as session:
        session.execute(update(PublicCheck).values(due_at=utc_now()))
    look()
    assert [status for path, status in proxy.requests if path.startswith("/sitemap")] == [304, 304]
    proxy.requests.clear()
    look(timedelta(days=1, hours=3))
    assert [status for path, status in proxy.requests if path.startswith("/sitemap")] == [200, 200]


def test_a_page_published_after_the_sitemap_was_read_has_it_read_again(
    published, approve, publish, article_of, proxy
):
    published("a-1")
    with Visitor(allow_private=True) as visitor:
        sitemaps = Sitemaps(visitor, proxy.url)
        assert sitemaps.holds(f"{proxy.url}/p/slug-of-a-1", article_of("a-1").updated_at) is True
        approve("a-2")
        publish("a-2")
        assert sitemaps.holds(f"{proxy.url}/p/slug-of-a-2", article_of("a-2").updated_at) is True


def test_a_host_that_does_not_answer_is_asked_three_times_a_run(
    app, published, session_of, proxy, check_of, look
):
    published(*(f"a-{number}" for number in range(30)))
    with session_of() as session:
        session.execute(update(PublicCheck).values(due_at=utc_now()))
    asked = []

    def refuse(*arguments, **_):
        asked.append(arguments)
        raise checking.Unreachable("cannot be reached (connection refused)")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("review_app.publishing.truth.visiting.call", refuse)
        look()
    assert len(asked) == 3
    check = check_of("a-29")
    assert says(check) == [f"cannot be read: {check.url} cannot be reached (connection refused)"]


# --- places of others ---------------------------------------------------------------------------------------------------


class Blog:
    """A kind that puts articles on a blog of ours, which is whatever `pages` says."""

    name, at_once, senders = "wordpress", 10, 1
    hears = frozenset({"publication.requested", "article.withdrawn"})

    def __init__(self) -> None:
        self.pages: dict[str, Response] = {}
        self.url = ""

    def __call__(self, environ, start_response):
        """The blog as the public reads it."""
        return self.pages.get(environ["PATH_INFO"], Response("", 404))(environ, start_response)

    def publish(self, _place, parcels):
        for parcel in parcels:
            self.pages[f"/{parcel.content.source_id}"] = Response("<p>Text</p>", mimetype="text/html")
        return [Outcome(Result.DONE, remote=self._remote(parcel, "published")) for parcel in parcels]

    def withdraw(self, _place, parcels):
        for parcel in parcels:
            self.pages.pop(f"/{parcel.content.source_id}", None)
        return [Outcome(Result.DONE, remote=self._remote(parcel, "withdrawn")) for parcel in parcels]

    def tell(self, _place, parcels):
        return [Outcome(Result.DONE) for _ in parcels]

    def _remote(self, parcel, state):
        return Remote("1", "g", f"{self.url}/{parcel.content.source_id}", state, parcel.content.version)


@pytest.fixture
def blog(monkeypatch, session_of, approve):
    """A blog with the article `a-1` on it."""
    found = Blog()
    monkeypatch.setitem(KINDS, "wordpress", found)
    approve("a-1", revision_version="1.2.3")
    with serving(found) as url:
        found.url = url
        found.pages["/a-1"] = Response("<p>Text</p>", mimetype="text/html")
        with session_of() as session:
            target = make_target(session, url, "blog", kind="wordpress", sealed_secrets=[])
            article_id = session.scalars(select(Article.id)).one()
            session.add(
                RemoteArticle(
                    target_id=target.id,
                    article_id=article_id,
                    remote_id="1",
                    guid="g",
                    url=f"{url}/a-1",
                    state="published",
                    version="1.2.3",
                    updated_at=utc_now(),
                )
            )
            _sent_by_a_run(session, target.id, article_id)
        yield found


def _sent_by_a_run(session, target_id, article_id):
    then = {"created_at": LONG_AGO, "due_at": LONG_AGO, "finished_at": LONG_AGO}
    run = PublishRun(trigger="page", requested={}, accepted=1, refused=[], state="finished", **then)
    session.add(run)
    session.flush()
    publication = Publication(
        article_id=article_id,
        version="1.2.3",
        target_id=target_id,
        run_id=run.id,
        state="delivered",
        due_at=LONG_AGO,
        delivered_at=LONG_AGO,
    )
    session.add(publication)
    session.flush()
    sent = {"sent_at": LONG_AGO, "decided_at": LONG_AGO}
    session.add(PublishRunItem(run_id=run.id, publication_id=publication.id, **sent))


@pytest.fixture
def mended(app, session_of, proxy):
    """Somebody mends a check, and workers hand over and send."""

    def press(check_id: int) -> None:
        with session_of() as session:
            mend(session, check_id, actor=SYSTEM, now=utc_now(), site_url=proxy.url)
        with app.app_context():
            run_relay(0)
            for number in (1, 2, 3):
                run_delivery(number)

    return press


def test_a_post_that_somebody_deleted_there_is_found_and_published_again(blog, look, check_of, mended):
    look()
    assert check_of("a-1").state == "agrees"
    assert check_of("a-1").in_sitemap is None
    del blog.pages["/a-1"]
    look(timedelta(days=1, hours=3))
    check = check_of("a-1")
    assert says(check) == ["answers 404, should be index"]
    mended(check.id)
    assert "/a-1" in blog.pages
    look()
    assert check_of("a-1").state == "agrees"


def test_a_post_that_somebody_put_back_there_is_found_and_withdrawn_again(
    blog, look, check_of, mended, withdraw, session_of
):
    withdraw("a-1")
    with session_of() as session:
        session.execute(update(RemoteArticle).values(state="withdrawn"))
    look()
    check = check_of("a-1")
    assert says(check) == ["says index, should be noindex"]
    mended(check.id)
    assert not blog.pages
    with session_of() as session:
        (sent,) = session.scalars(
            select(Delivery).where(Delivery.action == "withdraw", Delivery.target_id != 1)
        )
        assert sent.urgent, "it goes before whatever is to be published there"
    look()
    assert check_of("a-1").state == "agrees"


def test_mending_goes_round_neither_the_undo_window_nor_the_run_that_is_to_send_it(
    blog, look, check_of, mended, approve_by, take_back, lead, session_of
):
    del blog.pages["/a-1"]
    look()
    check = check_of("a-1")
    approve_by(lead, "a-1", utc_now())
    with pytest.raises(Conflict, match="can still be undone"):
        mended(check.id)
    with session_of() as session:
        session.execute(update(OutboxEvent).values(release_at=utc_now()))
    with pytest.raises(Conflict, match="not sent there by a run"):
        mended(check.id)
    assert not blog.pages
    take_back(lead, "a-1", utc_now())
    mended(check.id)
    assert "/a-1" in blog.pages


def test_what_was_approved_anew_after_it_was_mended_is_not_sent_with_that(
    blog, look, check_of, approve_by, lead, session_of, app
):
    del blog.pages["/a-1"]
    look()
    check = check_of("a-1")
    with session_of() as session:
        mend(session, check.id, actor=SYSTEM, now=utc_now(), site_url="")
    approve_by(lead, "a-1", utc_now() - HOUR)
    with app.app_context():
        run_delivery(2)
    assert not blog.pages


def test_its_sitemap_counts_where_its_robots_txt_names_one(blog, look, check_of):
    blog.pages["/robots.txt"] = Response(f"User-agent: *\nSitemap: {blog.url}/all.xml\n")
    names = "http://www.sitemaps.org/schemas/sitemap/0.9"
    blog.pages["/all.xml"] = Response(
        f'<sitemapindex xmlns="{names}"><sitemap><loc>{blog.url}/one.xml</loc></sitemap></sitemapindex>'
    )
    blog.pages["/one.xml"] = Response(f'<urlset xmlns="{names}"><url><loc>{blog.url}/b</loc></url></urlset>')
    look()
    assert says(check_of("a-1")) == ["is not in the sitemap, should be index"]
    del blog.pages["/one.xml"]  # what cannot be read whole says nothing of what it lacks
    look(2 * HOUR)
    check = check_of("a-1")
    assert (check.state, check.in_sitemap) == ("agrees", None)


def test_a_target_that_is_off_is_not_mended(blog, look, check_of, mended, session_of):
    del blog.pages["/a-1"]
    look()
    with session_of() as session:
        session.execute(update(Target).where(Target.kind == "wordpress").values(enabled=False))
    with pytest.raises(Conflict, match="switched off"):
        mended(check_of("a-1").id)


# --- mending our own pages ----------------------------------------------------------------------------------------------


def test_a_stale_cache_is_purged_and_the_page_read_again(
    published, look, check_of, proxy, mended, session_of
):
    """The whole way: the cache lies, it is found, the button has it purged, and the next look agrees."""
    published("a-1")
    cloudflare = CloudflareStandIn(zone_name="127.0.0.1")

    def lie(request, answer):
        purged = any(proxy.url + request.path in files for files in cloudflare.purged)
        return answer if purged or not request.path.startswith("/p/") else Response("old", 404)

    proxy.lie = lie
    with serving(cloudflare) as url:
        with session_of() as session:
            make_target(
                session,
                f"{url}/client/v4",
                "cache",
                kind="cloudflare",
                sealed_secrets=[],
                sealed_password=seal(TOKEN, SECRET_KEY),
                options={"zone_id": ZONE},
            )
        look(timedelta(days=1, hours=3))
        check = check_of("a-1")
        assert says(check) == ["answers 404, should be index"]
        mended(check.id)
    assert cloudflare.purged[0][0] == check.url
    assert check_of("a-1").due_at < utc_now() + timedelta(seconds=11)
    look()
    assert check_of("a-1").state == "agrees"
    assert check_of("a-1").mended_at is None


def test_mending_twice_does_it_once(published, look, check_of, proxy, mended, session_of):
    published("a-1")
    proxy.lie = with_status(404)
    look(timedelta(days=1, hours=3))
    check = check_of("a-1")
    mended(check.id)
    with pytest.raises(Conflict, match="being mended"):
        mended(check.id)
    with session_of() as session:
        causes = session.scalars(select(OutboxEvent.cause).where(OutboxEvent.cause.like("mend:%"))).all()
        assert len(causes) == 1


def test_what_agrees_is_not_mended(published, check_of, mended):
    published("a-1")
    with pytest.raises(Conflict, match="Nothing is to be mended"):
        mended(check_of("a-1").id)


def test_differences_are_counted_for_the_metrics(published, look, proxy, session_of):
    published("a-1", "a-2", "a-3")
    proxy.lie = with_status(404, "/p/slug-of-a-2")
    look(timedelta(days=1, hours=3))
    with session_of() as session:
        counts = {(one.target, one.state): one.pages for one in difference_counts(session)}
        name = session.scalars(select(Target.name).where(Target.kind == "site")).one()
    assert counts == {(name, "differs"): 1, (name, "unreadable"): 0}
