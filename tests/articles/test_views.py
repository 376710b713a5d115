"""The list of all articles, and the same as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from review_app.accounts.models import User
from review_app.articles import views
from review_app.base.csv import harmless
from tests.factories import make_article
from tests.reviewing.desk import Sessions
from tests.support.cast import Browser

Browsers = Callable[[User], Browser]
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
TITLE = re.compile(r'class="title"[^>]*>([^<]+)<')


def add(session_of: Sessions, *source_ids: str, **changes: Any) -> None:
    with session_of() as session:
        for source_id in source_ids:
            make_article(session, source_id, **changes)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_list_holds_what_waits_and_what_does_not(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "a")
    add(session_of, "b", awaiting_review=False, revision_status="approved", indexable=True)
    add(session_of, "c", awaiting_review=False, revision_status="rejected")
    page = browser_of(reviewer).get("/articles").text
    assert TITLE.findall(page) == ["Title of a", "Title of b", "Title of c"]
    for word in ("Waiting", "Approved", "Indexable", "Rejected"):
        assert word in page


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("q=zebra", ["zebra"]),
        ("status=approved", ["done"]),
        ("stack=nginx", ["nginx-one"]),
        ("flag=image_heavy&difficulty=hard", ["heavy"]),
        ("q=zebra&status=approved", []),
    ],
)
def test_the_page_and_the_csv_take_the_same_filters(
    session_of: Sessions, browser_of: Browsers, reviewer: User, filters: str, found: list[str]
) -> None:
    add(session_of, "zebra")
    add(session_of, "done", revision_status="approved", awaiting_review=False)
    add(session_of, "nginx-one", primary_stack="nginx")
    add(session_of, "heavy", flags={"image_heavy": True}, difficulty="hard")
    browser = browser_of(reviewer)
    page = re.sub(r"</?mark>", "", browser.get(f"/articles?{filters}").text)
    assert TITLE.findall(page) == [f"Title of {name}" for name in found]
    assert [row["source_id"] for row in rows_of(browser.get(f"/articles.csv?{filters}").text)] == found


def test_pages_follow_each_other_without_gap_or_repeat(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, *(f"n{number:02}" for number in range(55)))
    browser, url, seen = browser_of(reviewer), "/articles?stack=flask", []
    while url:
        text = browser.get(url).text
        seen += TITLE.findall(text)
        found = re.search(r'href="(/articles[^"]*)" rel="next"', text)
        url = found.group(1).replace("&amp;", "&") if found else ""
    assert seen == [f"Title of n{number:02}" for number in range(55)]


def test_nothing_imported_is_told_from_nothing_matches(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    browser = browser_of(reviewer)
    assert "Nothing has been imported yet" in browser.get("/articles").text
    add(session_of, "a")
    assert "Nothing matches" in browser.get("/articles?q=giraffe").text


def test_htmx_gets_the_results_alone_and_the_address_that_leads_back(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    add(session_of, "zebra", "giraffe")
    browser = browser_of(reviewer)
    part = browser.get("/articles?q=zebra&status=", headers=HTMX)
    assert part.text.lstrip().startswith('<section id="results"')
    assert part.headers["HX-Push-Url"] == "/articles?q=zebra"
    here = {"HX-Current-URL": "http://localhost/articles?q=zebra"}
    assert "HX-Push-Url" not in browser.get("/articles?q=zebra", headers=HTMX | here).headers


@pytest.mark.parametrize("path", ["/articles", "/articles.csv"])
def test_a_nonsense_address_is_refused(browser_of: Browsers, reviewer: User, path: str) -> None:
    browser = browser_of(reviewer)
    assert browser.get(f"{path}?status=burnt").status_code == 422
    assert browser.get(f"{path}?batch=x").status_code == 422


@pytest.mark.parametrize("path", ["/articles", "/articles.csv"])
def test_only_people_of_the_desk_may_read(client: Any, path: str) -> None:
    assert client.get(path).status_code == 303
    assert client.post(path).status_code in {303, 400, 405}


def test_the_csv_tells_each_article_on_a_line(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    title = 'مراجعة 🚀, "quoted"\nand broken'
    add(
        session_of, "a", title=title, quality=None, view_count=2**40, flags={"b": True, "a": True, "c": False}
    )
    answer = browser_of(reviewer).get("/articles.csv")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="articles.csv"'
    (row,) = rows_of(answer.data.decode("utf-8"))
    expected = {"title": title, "quality": "", "freshness": "71", "flags": "a b", "indexable": "false"}
    assert expected.items() <= row.items()
    assert row["synthetic_view_count"] == str(2**40)


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_that_a_spreadsheet_would_calculate_is_made_harmless(
    session_of: Sessions, browser_of: Browsers, reviewer: User, begin: str
) -> None:
    evil = begin + 'HYPERLINK("http://evil.example")'
    add(session_of, "a", title=evil, topic=evil, primary_stack=evil, flags={evil: True})
    (row,) = csv.DictReader(io.StringIO(browser_of(reviewer).get("/articles.csv").text, newline=""))
    assert row["title"] == f"'{evil}"
    assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for value in row.values())


def test_a_cell_keeps_what_is_harmless() -> None:
    assert [harmless(value) for value in (None, True, 0, 3, "a=b", "it's")] == [
        "",
        "true",
        0,
        3,
        "a=b",
        "it's",
    ]


def test_the_csv_is_read_in_batches_and_misses_nothing(
    app: Flask, session_of: Sessions, browser_of: Browsers, reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "EXPORT_BATCH", 7)
    add(session_of, *(f"n{number:02}" for number in range(29)))
    text = browser_of(reviewer).get("/articles.csv").text
    assert [row["source_id"] for row in rows_of(text)] == [f"n{number:02}" for number in range(29)]


def test_an_empty_desk_gives_the_header_alone(browser_of: Browsers, reviewer: User) -> None:
    text = browser_of(reviewer).get("/articles.csv").text
    assert text.startswith("source_id,title,")
    assert len(text.splitlines()) == 1
