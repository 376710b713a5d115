"""Where an article stands within a filter, and going to anything by its name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.review_queue import place
from review_app.review_queue.models import Claim
from review_app.review_queue.place import Place, place_of
from review_app.review_queue.wayfinding import find_articles
from tests.factories import make_article
from tests.support.cast import Browser

Sessions = Callable[[], AbstractContextManager[Session]]
Browsers = Callable[[User], Browser]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def five_articles(session_of: Sessions) -> None:
    """Of flask a, c, e; of django b, d; d does not wait."""
    with session_of() as session:
        for number, source_id in enumerate("abcde"):
            stack = "django" if number % 2 else "flask"
            make_article(session, source_id, primary_stack=stack, awaiting_review=source_id != "d")


def the_place(session_of: Sessions, source_id: str, filters: Filters) -> Place | None:
    with session_of() as session:
        article = session.scalars(select(Article).filter_by(source_id=source_id)).one()
        return place_of(session, article, filters)


@pytest.mark.parametrize(
    ("source_id", "filters", "expected"),
    [
        ("a", Filters(), Place(0, 3, None, "b")),
        ("c", Filters(), Place(2, 1, "b", "e")),
        ("e", Filters(), Place(3, 0, "c", None)),
        ("c", Filters(stack="flask"), Place(1, 1, "a", "e")),
        ("c", Filters(stack="flask", q="title"), Place(1, 1, "a", "e")),
        ("c", Filters(flag="needs_human_review"), Place(2, 1, "b", "e")),
        ("c", Filters(stack="django"), None),
        ("d", Filters(), None),
    ],
)
def test_an_article_has_its_number_and_its_neighbours_within_the_filter(
    session_of: Sessions, source_id: str, filters: Filters, expected: Place | None
) -> None:
    assert the_place(session_of, source_id, filters) == expected


def test_counting_ends_at_a_bound(session_of: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "MOST_PLACED", 2)
    first, last = the_place(session_of, "a", Filters()), the_place(session_of, "e", Filters())
    assert first
    assert last
    assert (first.number, first.length, last.number) == ("1", "2+", "2+")


def test_walking_along_claims_nothing(session_of: Sessions, browser_of: Browsers, reviewer: User) -> None:
    browser = browser_of(reviewer)
    page = browser.get("/articles/c/review?stack=flask").text
    assert "2 of 3" in page
    assert '<a rel="prev" href="/articles/a/review?stack=flask">' in page
    assert '<a rel="next" href="/articles/e/review?stack=flask">' in page
    browser.get("/articles/e/review?stack=flask")
    with session_of() as session:
        assert session.scalars(select(Claim)).all() == []


@pytest.mark.parametrize(
    ("sought", "found"),
    [("title of", "abced"), ("Title of c", "c"), ("b", "b"), ("d", "d"), ("text", ""), ("", ""), ('"*', "")],
)
def test_articles_are_found_by_title_and_id_alone_those_that_wait_first(
    session_of: Sessions, sought: str, found: str
) -> None:
    with session_of() as session:
        names = [article.source_id for article in find_articles(session, sought)]
    assert "".join(names) == found


def test_the_pages_that_are_found_are_those_that_one_may_see(
    browser_of: Browsers, reviewer: User, lead: User
) -> None:
    assert 'data-href="/admin/policy"' not in browser_of(reviewer).get("/find?q=pol", headers=HTMX).text
    assert 'data-href="/admin/policy"' in browser_of(lead).get("/find?q=pol", headers=HTMX).text
    page = browser_of(reviewer).get("/find?q=Title+of+a").text
    assert '<a href="/articles/a/review"' in page
    assert "<h1>Go to</h1>" in page
