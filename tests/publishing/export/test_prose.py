"""HTML to Markdown and back through our own reader: the words always, the marks wherever Markdown has them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from review_app.articles.markup import sanitise
from review_app.importing.readers.markdown import rendered
from review_app.publishing.export.prose import to_markdown

ACTING = "*_`~[]()<>&|#!\\-+=:.1 2\"'$^ \u00a0éaB\n"
TEXT = st.text(ACTING, min_size=1, max_size=12).map(
    lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
)


def wrapped(inner: st.SearchStrategy[str], *tags: str) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(tags), inner).map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>")


LINK = TEXT.map(lambda text: f'<a href="https://e.example/(a)_b?x=1&amp;copy=2">{text}</a>')
INLINE = st.recursive(
    TEXT | st.just("<br>") | LINK | wrapped(TEXT, "code", "kbd"),
    lambda inner: wrapped(
        st.lists(inner, min_size=1, max_size=3).map("".join), "strong", "em", "del", "u", "sub"
    ),
    max_leaves=4,
)
LINE = st.lists(INLINE, min_size=1, max_size=4).map("".join)
TABLE = st.lists(st.lists(wrapped(LINE, "td", "th"), min_size=1, max_size=3), min_size=1, max_size=3).map(
    lambda rows: (
        f"<table><tbody>{''.join('<tr>' + ''.join(cells) + '</tr>' for cells in rows)}</tbody></table>"
    )
)
BLOCK = st.recursive(
    wrapped(LINE, "p", "h2", "h3", "pre", "div") | LINE | TABLE | st.just("<hr>"),
    lambda inner: (
        wrapped(st.lists(inner, min_size=1, max_size=3).map("".join), "blockquote", "section", "figure")
        | st.tuples(
            st.sampled_from(["ul", "ol"]), st.lists(wrapped(inner, "li"), min_size=1, max_size=3)
        ).map(lambda pair: f"<{pair[0]}>{''.join(pair[1])}</{pair[0]}>")
    ),
    max_leaves=4,
)


def words(html: str) -> str:
    return "".join(sanitise(html).plain_text.split())


@given(st.lists(BLOCK, min_size=1, max_size=4).map("".join))
@example(f"<ul><li>1</li><li>{'<table><tbody><tr><td>1</td></tr></tbody></table>' * 2}</li></ul>")
def test_every_word_comes_back(html: str) -> None:
    harmless = sanitise(html).html
    assert words(rendered(to_markdown(harmless))) == words(harmless)


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2>A # b #</h2>", "## A \\# b \\#"),
        ("<p>1. no list</p><p>- nor</p>", "1\\. no list\n\n\\- nor"),
        ("<p>One<br>- two</p>", "One\\\n\\- two"),
        ("<p>So <strong>Note:</strong> <em>x</em>.</p>", "So **Note:** *x*."),
        ("<p>it<em>al</em>ic <strong>\u201cq\u201d</strong>x</p>", "italic \u201cq\u201dx"),
        ("<ul><li>a<ul><li>b</li></ul></li></ul><ul><li>c</li></ul>", "- a\n  - b\n\n* c"),
        ('<ol start="3"><li><p>a</p><p>b</p></li></ol>', "3. a\n\n   b"),
        ("<pre><code>a\n\n```b\n</code></pre>", "````\na\n\n```b\n````"),
        ("<p><code>a ` b</code></p>", "``a ` b``"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        (
            "<table><tr><th>a|b</th></tr><tr><td><code>c|d</code></td></tr></table>",
            "| a\\|b |\n| --- |\n| `c\\|d` |",
        ),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "|  |  |\n| --- | --- |\n| a | b |"),
        (
            '<figure><img src="https://i.example/a.png" alt="[A]"><figcaption>So "it" is</figcaption></figure>',
            '![\\[A\\]](<https://i.example/a.png> "So \\"it\\" is")',
        ),
        ("<dl><dt>T</dt><dd>D</dd></dl>", "T\n\nD"),
        ("", ""),
    ],
)
def test_what_is_written(html: str, markdown: str) -> None:
    assert to_markdown(sanitise(html).html).rstrip("\n") == markdown


@pytest.mark.parametrize(
    "html",
    [
        "<p>A <strong>strong</strong> and <em>weak</em> word, <code>code</code>.</p>",
        '<figure><img src="https://i.example/a.png?a=1&amp;b=2" alt="A"><figcaption>B</figcaption></figure>',
        '<p><a href="https://e.example/?a=1&amp;copy=2" rel="nofollow noopener noreferrer">x</a></p>',
        "<h2>Checks</h2><ul><li>count</li><li>tries</li></ul><hr>",
        "<blockquote><p>q</p></blockquote>",
    ],
)
def test_what_markdown_can_say_comes_back_as_it_was(html: str) -> None:
    harmless = sanitise(html).html
    back = sanitise(rendered(to_markdown(harmless))).html
    assert back.replace("\n", "") == harmless
