"""What a page says to search engines, read as strictly as they do."""

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


def test_where_nobody_answers_nothing_is_known() -> None:
    found = look("http://127.0.0.1:9/", allow_private=True)
    assert (found.reachable, found.indexable) == (False, None)
    assert "cannot be reached" in found.reason
    assert not look("http://127.0.0.1:9/", allow_private=False).reachable
