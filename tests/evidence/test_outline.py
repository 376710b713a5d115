"""What stands in an article, and which parts of it fold."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from review_app.articles.markup import TooMuchMarkup, sanitise
from review_app.evidence.folding import fold_stock
from review_app.evidence.measuring import paragraphs_of
from review_app.evidence.outline import outline_of
from review_app.evidence.queries import Evidence
from review_app.reviewing.notes.passages import Marked

FOLD = re.compile(
    r'<details class="fold"><summary class="muted">[^<]*</summary>|'
    r'(?:<p class="where"><a href="/x">Where it stands</a></p>)?</details>'
)
TAGS = [
    "p",
    "li",
    "ul",
    "ol",
    "h2",
    "pre",
    "code",
    "figure",
    "figcaption",
    "blockquote",
    "div",
    "section",
    "table",
    "tr",
    "td",
    "a",
    "em",
    "dl",
    "dd",
]
PIECES = st.one_of(
    st.sampled_from([f"<{name}>" for name in TAGS] + [f"</{name}>" for name in TAGS]),
    st.sampled_from(
        ["<img src='https://a.example/b.png'>", "<br>", "<hr>", "a paragraph of some length", " & < "]
    ),
)


def folded(html: str) -> str:
    """With every paragraph taken for stock."""
    outline = outline_of(html)
    paragraphs = list(paragraphs_of(outline))
    stock = {one.digest: 431 for one in paragraphs}
    return fold_stock(
        html, Evidence(None, [], stock, outline, paragraphs), address=lambda _: "/x", marked=Marked(html)
    )


def texts(html: str) -> list[str]:
    return [place.text.strip() for place in outline_of(sanitise(html).html).paragraphs]


def test_a_paragraph_is_a_block_that_holds_no_other() -> None:
    html = "<p>One <em>two</em></p><ul><li>Three<ul><li>four</li></ul></li></ul><blockquote><p>Five</p></blockquote>"
    assert texts(html) == ["One two", "Three", "four", "Five"]


def test_text_outside_of_any_block_counts_too() -> None:
    assert texts("First line\n\nSecond <b>line</b><p>Third</p>Last") == [
        "First line",
        "Second line",
        "Third",
        "Last",
    ]


def test_captions_headings_cells_and_code_are_no_paragraphs() -> None:
    html = "<h2>A</h2><figure><figcaption>B</figcaption></figure><pre><code>C</code></pre><table><tr><td>D</td></tr></table>"
    assert texts(html) == []


def test_what_is_counted() -> None:
    html = (
        "<h2>A</h2><h3>B</h3><ul><li>x</li></ul><pre><code>y</code></pre><p>Call <code>f</code></p><table></table>"
        '<figure><img src="https://picsum.photos/1"><figcaption>One</figcaption></figure><img src="https://a.example/2">'
        '<p><a href="https://a.example">b</a> <a>nowhere</a></p>'
    )
    found = outline_of(sanitise(html).html)
    assert (found.headings, found.lists, found.code_blocks, found.code_words, found.tables) == (2, 1, 1, 1, 1)
    assert [image.captioned for image in found.images] == [True, False]
    assert found.links == ["https://a.example", ""]


def test_paragraphs_and_whole_lists_fold_where_they_stand_in_nothing_else() -> None:
    html = folded(
        "<p>A paragraph that is stock.</p><ul><li>One point of a list</li><li>And another point</li></ul>"
    )
    assert html.count("<details") == 2
    assert "Stock paragraph, stands in 431 articles" in html
    assert "Stock list, each of its points stands in 431 articles or more" in html


def test_a_fold_hides_no_heading_code_or_figure() -> None:
    kept = [
        "<h2>A heading of some length</h2>",
        "<p>A paragraph with <code>code</code> in it</p>",
        '<p>A paragraph with <img src="https://a.example/1"> an image</p>',
        "<figure><p>A paragraph in a figure</p></figure>",
        "<ul><li>One point with <code>code</code></li><li>Another plain point</li></ul>",
        "<ul><li>One point of a list<ul><li>and a point within it</li></ul></li></ul>",
        "<blockquote><p>A paragraph in a quotation</p></blockquote>",
        '<a href="https://a.example"><p>A paragraph in a link</p></a>',
    ]
    for html in kept:
        assert folded(html) == html


def test_a_list_folds_only_if_all_of_it_is_stock() -> None:
    html = "<ul><li>One point of a list</li><li>New</li></ul>"
    assert folded(html) == html


@given(st.lists(PIECES, max_size=25).map("".join))
def test_folding_adds_folds_and_changes_nothing_else(html: str) -> None:
    try:
        clean = sanitise(html).html
    except TooMuchMarkup:
        return
    result = folded(clean)
    assert FOLD.sub("", result) == clean
    for inside in re.findall(r"</summary>(.*?)(?:<p><a href=\"/x\">|</details>)", result, re.DOTALL):
        assert re.fullmatch(r"<(p|ul|ol)\b.*</\1>", inside, re.DOTALL)
        assert not re.search(r"<(?:h[2-6]|pre|code|img|figure|details)", inside)
    assert sanitise(clean).html == clean
