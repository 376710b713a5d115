"""Two addresses of one WordPress site are one place: two targets there would write to a post at the same moment."""

from __future__ import annotations

import pytest

from review_app.publishing.kinds.wordpress import same_place
from review_app.publishing.kinds.wordpress_address import site_address

SITE = "https://example.test"


@pytest.mark.parametrize(
    "other",
    [
        "https://example.test/",
        "http://example.test",
        "HTTPS://Example.TEST.",
        "https://www.example.test",
        "https://example.test:443/",
        "http://example.test:80",
        "https://example.test/wp-json",
        "https://example.test/wp-json/wp/v2/",
        "https://example.test/wp-admin/index.php",
        "https://example.test/wp-login.php?redirect_to=x",
        "https://example.test/index.php",
        " example.test ",
    ],
)
def test_the_same_site(other: str) -> None:
    assert same_place(SITE, other)
    assert same_place(other, SITE)


@pytest.mark.parametrize(
    "other",
    [
        "https://example.test/blog",
        "https://blog.example.test",
        "https://example.test:8443",
        "https://example.test.evil.test",
        "https://example.test/wp-jsonish",
        "",
        "https://[",
    ],
)
def test_another_site(other: str) -> None:
    assert not same_place(SITE, other)


def test_names_beyond_ascii_have_two_spellings() -> None:
    assert same_place("https://bücher.example.test/laden/", "http://xn--bcher-kva.example.test/laden")


@pytest.mark.parametrize(
    "tail", ["", "/", "/wp-json/", "/wp-admin/edit.php", "/wp-login.php", "/index.php?x=1"]
)
def test_what_somebody_copied_leads_to_the_site(tail: str) -> None:
    assert site_address(f"https://example.test:8443/blog{tail}") == "https://example.test:8443/blog"
