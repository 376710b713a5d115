"""What a page says to search engines, doubted in whichever way would otherwise hide a difference."""

from __future__ import annotations

import httpx
import pytest

from review_app.base.outbound import Answer
from review_app.publishing.kinds.face import Seen
from review_app.publishing.kinds.page import look, seen_in

URL = "https://example.test/one/"


def seen(body: str, status: int = 200, **headers: str) -> Seen:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return seen_in(URL, Answer(status, httpx.Headers(fields), body.encode(), 0.1))


@pytest.mark.parametrize(
    ("said", "indexable"),
    [
        ("<title>One</title>", True),
        ("<meta name='robots' content='index, max-image-preview:large' />", True),
        ('<META NAME="Robots" CONTENT="NoIndex">', False),
        ("<meta name=robots content=none>", False),
        ("<meta name=googlebot content=none>", False),
        ("<meta name='robots ' content=noindex>", False),
        ("<meta name=robots content='max-image-preview:none'>", True),
        ("<noscript><meta name=robots content=noindex></noscript>", False),
        ("<meta name=robots content='unavailable_after: 2020-06-25T15:00:00'>", False),
        ('<meta name="robots" content="index"><meta content="noindex" name="googlebot">', False),
        ('<!-- <meta name="robots" content="noindex"> -->', True),
        (
            '<meta name="robots" content="index"><style>/*'
            + "x" * 100_000
            + '*/</style><meta name="robots" content="noindex">',
            False,
        ),
        ("", True),
    ],
)
def test_directives_in_the_page(said: str, indexable: bool) -> None:
    assert (
        seen(f"<!doctype html><html><head>{said}</head><body><p>One</p></body></html>").indexable is indexable
    )


def test_the_header_counts_as_much_as_the_page_and_only_a_page_that_is_there_is_indexable() -> None:
    page = '<head><meta name="robots" content="index"><link rel="canonical" href="https://example.test/one/"></head>'
    found = seen(page, X_Robots_Tag="noindex", Cache_Control="max-age=60")
    assert (found.indexable, found.robots_header, found.cache_control) == (False, "noindex", "max-age=60")
    assert found.canonical == URL
    assert seen(page, status=404).indexable is False
    assert seen(page, status=301).indexable is False
    assert seen("", status=200).robots_meta is None


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        ("<meta name=robots content=noindex>", True),
        ('\n <title>a < b</title><META CONTENT="follow , NoIndex" NAME=Robots />', True),
        ("<meta name=robots content=none>", True),
        ("<meta name=robots content=index><meta name=robots content=noindex>", True),
        ("<meta name=bingbot content=noindex><meta name=googlebot content=none>", True),
        ("<noscript><img src=x></noscript><meta name=robots content=noindex>", True),
        ("<script>document.write('<p>')</script><meta name=robots content=noindex>", True),
        ("<link rel=icon><base href=/><style>p{}</style><meta name=robots content=noindex>", True),
        ("", False),
        ("<meta name=robots content=index>", False),
        ("<meta name=bingbot content=noindex>", False),
        ("<meta name=bingbot content=noindex><meta name=googlebot content=index>", False),
        ("<meta name=otherbot content=noindex>", False),
        ("<meta name=robots content='noindexing'>", False),
        ("<meta name=robots content='max-image-preview:none'>", False),
        ("<meta name=robots content=index name=robots content=noindex>", False),
        ("<noscript><meta name=robots content=noindex></noscript>", False),
        ("<template><meta name=robots content=noindex></template>", False),
        ("<template/><meta name=robots content=noindex>", False),
        ("<script>'<meta name=robots content=noindex>'</script>", False),
        ("<title><meta name=robots content=noindex></title>", False),
        ("<!-- <meta name=robots content=noindex> -->", False),
        ("<img src=x><meta name=robots content=noindex>", False),
        ("words <meta name=robots content=noindex>", False),
        ("</head><body><p>One<meta name=robots content=noindex>", False),
        ("<textarea><meta name=robots content=noindex></textarea>", False),
        ("<style>" + "x" * 100_000 + "</style><meta name=robots content=noindex>", True),
        ("<meta name=robots content='unavailable_after: 2020-06-25'>", False),
        ("<![x[<meta name=robots content=noindex>", False),
    ],
)
def test_a_page_is_hidden_only_if_every_engine_is_told_so_where_it_must_be_told(
    said: str, hidden: bool
) -> None:
    page = f"\ufeff<!doctype html>\n<html>\n<head>\n{said}</head><body><p>One</p></body></html>"
    assert seen(page).may_be_indexed is not hidden


@pytest.mark.parametrize(
    ("headers", "hidden"),
    [
        (["noindex"], True),
        (["nofollow, NONE"], True),
        (["googlebot: index", "noindex"], True),
        (["bingbot: noindex", "googlebot: nofollow, noindex"], True),
        (["unavailable_after: Sun, 25 Jun 2034 15:00:00 GMT, noindex"], True),
        (["otherbot: noindex"], False),
        (["otherbot: nofollow, noindex"], False),
        (["otherbot: noindex", "index"], False),
        (["bingbot: noindex, googlebot: index"], False),
        (["bingbot: noindex", "bingbot: none"], False),
        (["unavailable_after: 25 Jun 2034 15:00:00 PST, otherbot: none"], False),
        (["max-image-preview:none"], False),
        ([], False),
    ],
)
def test_a_header_hides_a_page_only_from_those_it_names(headers: list[str], hidden: bool) -> None:
    sent = [(b"X-Robots-Tag", line.encode()) for line in headers]
    found = seen_in(URL, Answer(200, httpx.Headers(sent), b"<p>One</p>", 0.1))
    assert found.may_be_indexed is not hidden


def test_only_what_is_answered_as_being_there_may_be_indexed() -> None:
    assert [seen("", status=status).may_be_indexed for status in (200, 203, 301, 404, 410)] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("date", "is_over"),
    [
        ("25 Jun 2020 15:00:00 PST", True),
        ("Thu, 25 Jun 2020 15:00:00 GMT", True),
        ("Thursday, 25-Jun-20 15:00:00 GMT", True),
        ("2020-06-25T15:00:00+02:00", True),
        ("2020-06-25", True),
        ("25 Jun 2120 15:00:00 PST", False),
        ("2120-06-25", False),
        ("25 Jun 99999999999999999999 15:00:00 PST", False),
        ("when it is over", False),
    ],
)
def test_a_page_whose_time_is_over_is_indexed_no_more(date: str, is_over: bool) -> None:
    for said in (f"unavailable_after: {date}", f"googlebot: unavailable_after: {date}, nofollow"):
        found = seen("", X_Robots_Tag=said)
        assert found.indexable is not is_over
        assert found.may_be_indexed, "not every engine knows of such times"


def test_where_nobody_answers_nothing_is_known() -> None:
    found = look("http://127.0.0.1:9/", allow_private=True)
    assert (found.reachable, found.indexable) == (False, None)
    assert "cannot be reached" in found.reason
    assert not look("http://127.0.0.1:9/", allow_private=False).reachable
