"""Markup that would take a parser long, or grow in it, is refused before; what is harmless is never too much."""

from __future__ import annotations

import contextlib
import re
from types import SimpleNamespace

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.articles import markup
from review_app.articles.markup import TooMuchMarkup, sanitise
from review_app.articles.markup_bounds import NEVER_OPEN, bounded, names
from tests.support.growth import assert_grows_in_proportion


def numbered(motif: str, times: int) -> str:
    return "".join(motif.replace("#", str(number)) for number in range(times))


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<div>" * 257, "within each other"),
        ("<b><i>" * 200 + "</b></i>" * 200, "within each other"),
        ("<br>" * 50_001, "tags"),
        ("</p>" * 50_001, "tags"),
        ("&" * 200_001, "more than 200,000 ampersands"),
        ("<p>x</p>" * 50_001, "tags"),
        (f"<p {numbered(' a#', 65)}>", "attributes"),
        (f"<p title='>' {numbered('/a#', 65)}>", "attributes"),
        ("<em>" * 200 + "<br><i></i>" * 20_000, "open elements"),
        # What a parser makes of these grows by the square of their length.
        (numbered("<p><b title=#>x</p>", 2_000), "within each other"),
        (numbered("<div><object></div></object>", 2_000), "within each other"),
        (numbered("<object></form></object></form><form>", 2_000), "within each other"),
        (numbered("<dt><li></td><td>", 2_000), "within each other"),
        # What looks closed is not, if the end tag stands where it is none.
        ('<div title="</div>">' * 300, "within each other"),
        ('<div><a x=a="></div>">' * 300, "within each other"),
        ("<div><!-- </div> -->" * 300, "within each other"),
        ("<div><textarea></div></textarea>" * 300, "within each other"),
        ("<script><!--</script>" + "<div>" * 300, "within each other"),
        ("<svg><![CDATA[></svg>]]>" + "<div>" * 300, "within each other"),
    ],
)
def test_too_much_markup_is_refused_before_a_parser_sees_it(
    html: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    monkeypatch.setattr(markup, "CLEANER", SimpleNamespace(clean=parsed.append))
    with pytest.raises(TooMuchMarkup, match=reason):
        sanitise(html)
    assert parsed == []


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 256 + "</div>" * 256,
        "<p>never closed" * 5_000,
        "<ul>" + "<li>never closed" * 5_000 + "</ul>",
        "<table>" + "<tr><td>a<td>b" * 2_000 + "</table>",
        "<dl>" + "<dt>a<dd>b" * 2_000 + "</dl>",
        "<p>a<br><img src='https://x.example/'>" * 2_000,
        "<!-- wp:paragraph --><p>x</p><!-- /wp:paragraph -->" * 2_000,
        "<p>x</p>" * 50_000,
        "<script>if (a<b && b<c) {}</script>" * 1_000,
        "1 < 2 " * 5_000,
        f"<p {numbered(' a#=b', 64)}>x</p>",
        f'<p title="{"word " * 500}">x</p>',
        "&lt;b&gt;" * 50_000,
    ],
)
def test_ordinary_markup_is_never_too_much(html: str) -> None:
    sanitise(html)


def test_parts_that_are_no_html_are_left_out_and_what_follows_is_kept() -> None:
    html = (
        "<p>a</p><script>'</p><b>'</script><!-- <i> --><p>b</p><style>c</style><!doctype d><title>e<p>f</p>"
    )
    assert bounded(html) == "<p>a</p><p>b</p>&lt;title>e<p>f</p>"


def test_no_part_left_out_can_make_a_tag_of_what_stood_around_it() -> None:
    assert "script" not in re.findall(r"<(\w+)", bounded("<scr<!-- -->ipt><scr<script></script>ipt>x"))
    assert "<script" not in sanitise("<scr<script>x</script>ipt>steal()</scr<!-- -->ipt>").html


@pytest.mark.parametrize(
    "motif", ["<script>", "<!--", "<![CDATA[", "<a href='", "</", "<p =", "<title></title", "<a b=\"'"]
)
def test_bounding_takes_time_in_proportion_to_the_length(motif: str) -> None:
    def bound(eighths: int) -> None:
        with contextlib.suppress(TooMuchMarkup):
            bounded(motif * (eighths * 125_000 // len(motif)))

    assert_grows_in_proportion(bound)


NAMES = names("p b i a div li ul dd dt td tr table tbody span foo object option h2 form ruby section font")
PERMISSIVE = nh3.Cleaner(
    tags=set(NAMES), clean_content_tags=set(), attributes={"*": {"title"}}, link_rel=None
)
tags = st.sampled_from(
    [*(f"<{name} title=#>" for name in sorted(NAMES)), *(f"</{name}>" for name in sorted(NAMES)), "x"]
)


def deepest(html: str) -> int:
    depth = most = 0
    for closing, name in re.findall(r"<(/?)(\w+)[^>]*>", html):
        depth += -1 if closing else name not in NEVER_OPEN
        most = max(most, depth)
    return most


@given(st.lists(tags, min_size=1, max_size=7).map("".join))
def test_what_passes_is_never_deep_or_large_for_a_real_parser(motif: str) -> None:
    html = numbered(motif, 300)
    try:
        parsed = PERMISSIVE.clean(bounded(html))
    except TooMuchMarkup:
        return
    assert deepest(parsed) <= 2 * 256
    assert len(parsed) < 100 * len(html)
