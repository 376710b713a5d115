"""Each filter and order of the queue, and that they go along from the list to the article and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import ArticleBody
from review_app.base.clock import utc_now
from review_app.importing.models import MergeProposal
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.models import Claim
from review_app.review_queue.queries import list_queue
from review_app.review_queue.rules import Sort
from tests.evidence.texts import html, measured, paragraph
from tests.factories import make_article
from tests.support.cast import Browser

Sessions = Callable[[], AbstractContextManager[Session]]
Browsers = Callable[[User], Browser]
NOW = utc_now()
PLACEHOLDER = '<figure><img src="https://picsum.photos/9" alt=""></figure>'


@pytest.fixture
def desk(session_of: Sessions, reviewer: User, colleague: User) -> None:
    """Some articles, each named for what it is the only one to be."""
    with session_of() as session:

        def add(name: str, *texts: str, **changes: Any) -> Any:
            given = {
                "title": f"{name} of{name} {name}like {name}er",
                "waiting_since": NOW - timedelta(days=1),
            }
            return measured(session, name, "".join(texts) or html(name * 20), **given | changes)

        add("old", waiting_since=NOW - timedelta(days=9))
        add("low", quality=1, freshness=1, depth=1, clarity=2)
        add("unscored", quality=None)
        add("twin-1", html(paragraph(1)), title="How to keep the cache warm")
        add("twin-2", html(paragraph(1), paragraph(2)), title="How to keep a cache warm")
        add("pictures", PLACEHOLDER)
        for name, day, whose in (("late", -1, colleague), ("due", 0, reviewer)):
            one = add(name)
            one.due_by_hand, one.due_on = True, (NOW + timedelta(days=day)).date()
            one.assigned_to_id = whose.id
        changed = add("changed", decided_at=NOW - timedelta(days=20))
        changed.decided_digest = "what stood before"
        merging = add("merging")
        session.add(
            MergeProposal(article_id=merging.id, state="open", fields={}, created_at=NOW, updated_at=NOW)
        )
        for name, holder in (("mine", reviewer), ("theirs", colleague)):
            claim = {"claimed_at": NOW, "expires_at": NOW + timedelta(minutes=10)}
            session.add(Claim(article_id=add(name).id, user_id=holder.id, **claim))


def found(session: Session, user: User, **values: str) -> set[str]:
    filters = QueueFilters.of(values).asked_by(user, NOW)
    return {row.article.source_id for row in list_queue(session, filters, now=NOW).rows}


def test_each_filter_finds_its_own(desk: None, session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        everything = found(session, reviewer)
        wanted: list[tuple[dict[str, str], set[str]]] = [
            ({"age": "5"}, {"old"}),
            ({"overall_max": "10"}, {"low"}),
            ({"overall_min": "10"}, everything - {"low", "unscored"}),
            ({"quality_max": "69"}, {"low"}),
            ({"clarity_min": "2", "clarity_max": "2"}, {"low"}),
            ({"scored": "no"}, {"unscored"}),
            ({"scored": "yes"}, everything - {"unscored"}),
            ({"due": "overdue"}, {"late"}),
            ({"due": "today"}, {"late", "due"}),
            ({"due": "none"}, everything - {"late", "due"}),
            ({"assigned": "me"}, {"due"}),
            ({"assigned": "colleague@example.com"}, {"late"}),
            ({"assigned": "nobody"}, everything - {"late", "due"}),
            ({"repeats": "1"}, {"twin-1", "twin-2"}),
            ({"repeats": "51"}, {"twin-1"}),
            ({"title": "repeated"}, {"twin-1", "twin-2"}),
            ({"images": "placeholder"}, {"pictures"}),
            ({"text": "changed"}, {"changed"}),
            ({"merge": "waiting"}, {"merging"}),
            ({"claimed": "me"}, {"mine"}),
            ({"claimed": "yes"}, {"mine", "theirs"}),
            ({"claimed": "no"}, everything - {"mine", "theirs"}),
        ]
        for values, names in wanted:
            assert found(session, reviewer, **values) == names, values


def test_each_order_is_complete_and_paged_without_gap_or_repeat(
    desk: None, session_of: Sessions, reviewer: User
) -> None:
    firsts = {
        Sort.DESK: "old",
        Sort.OLDEST: "old",
        Sort.LOWEST: "unscored",
        Sort.REPETITION: "twin-1",
        Sort.DUE: "late",
    }
    with session_of() as session:
        for _ in range(3):
            make_article(session, waiting_since=NOW)
        expected = found(session, reviewer)
        for sort in Sort:
            seen, after = [], None
            while after is not None or not seen:
                page = list_queue(session, QueueFilters(), now=NOW, sort=sort, after=after, size=2)
                seen += [row.article.source_id for row in page.rows]
                after = page.next
                if after is None:
                    break
            assert sorted(seen) == sorted(expected), sort
            assert seen[0] == firsts.get(sort, seen[0])
        newest = [
            row.article.waiting_since
            for row in list_queue(session, QueueFilters(), now=NOW, sort=Sort.NEWEST).rows
        ]
        assert newest == sorted(newest, reverse=True)


def test_filters_and_order_go_along_to_the_article_and_back(
    desk: None, browser_of: Browsers, reviewer: User
) -> None:
    browser = browser_of(reviewer)
    query = "overall_min=10&age=1&sort=newest"
    page = browser.get(f"/queue?{query}").text
    quoted = query.replace("&", "&amp;")
    assert f'href="/articles/twin-1/review?{quoted}"' in page
    assert f'action="/queue/next?{quoted}"' in page
    article = browser.get(f"/articles/twin-1/review?{query}").text
    assert f'href="/queue?{quoted}"' in article
    assert f'name="filters" value="?{quoted}"' in article
    skipped = browser.post("/articles/twin-1/skip", {"filters": f"?{query}", "reason": "later"})
    assert skipped.location.endswith(f"/review?{query}")


def test_the_place_in_the_list_goes_to_the_article_and_back_but_not_to_the_next_one(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    with session_of() as session:
        for number in range(30):
            make_article(session, f"n{number:02}")
    browser = browser_of(reviewer)
    following = re.search(r'href="(/queue\?after=[^"]+)" rel="next"', browser.get("/queue").text)
    assert following
    place = following[1].partition("?")[2]
    page = browser.get(following[1]).text
    assert f'href="/articles/n27/review?{place}"' in page
    assert f'href="/queue?{place}"' in browser.get(f"/articles/n27/review?{place}").text
    assert browser.post(f"/queue/next?{place}").location == "/articles/n00/review"


def test_the_form_folds_what_is_used_less_until_it_is_used(
    desk: None, browser_of: Browsers, reviewer: User
) -> None:
    browser = browser_of(reviewer)
    assert '<details id="more-filters" >' in browser.get("/queue?stack=flask").text
    page = browser.get("/queue?age=1").text
    assert '<details id="more-filters" open>' in page
    assert "Waiting for a day or more" in page


def test_hostile_texts_are_marked_and_never_markup(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    with session_of() as session:
        article = make_article(session, "a", title="<b>needle</b>")
        session.get_one(ArticleBody, article.id).plain_text = "say needle <script>alert(1)</script>"
    page = browser_of(reviewer).get("/queue?q=needle").text
    assert "&lt;b&gt;<mark>needle</mark>&lt;/b&gt;" in page
    assert "say <mark>needle</mark> &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
