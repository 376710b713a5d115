"""Foreign HTML loses what acts and keeps what reads; images are framed or shown, and nothing comes back."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.articles.markup import (
    ATTRIBUTES,
    TAGS,
    first_paragraph,
    frame_images,
    public_images,
    sanitise,
)
from review_app.articles.markup_bounds import names

NOBODY = frozenset[str]()
PHOTO = '<img src="https://photos.example.com/7?a=1&amp;b=2" alt="a &quot;lamp&quot;">'


@pytest.mark.parametrize(
    "html",
    [
        "<script>steal()</script>",
        "<style>p { display: none }</style>",
        "<svg><script>steal()</script><a href='https://x.example'>x</a></svg>",
        "<math><mi>x</mi></math>",
        "<iframe src='https://x.example'>inner</iframe>",
        "<object data='https://x.example'>inner</object>",
        "<template><p>inner</p></template>",
        "<noscript><p>inner</p></noscript>",
        "<select><option>inner</option></select>",
        "<textarea>inner</textarea>",
        "<button>inner</button>",
        "<title>inner</title>",
        "<video src='https://x.example'>inner</video>",
        "<!-- inner -->",
        "<!-- never closed",
        "<?php echo 1 ?>",
        "<link rel=stylesheet href='https://x.example'>",
        "<meta http-equiv=refresh content='0; url=https://x.example'>",
        "<base href='https://x.example'>",
        "<input name=role value=admin>",
        "<embed src='https://x.example'>",
    ],
)
def test_what_acts_loads_or_asks_is_gone_with_all_that_is_in_it(html: str) -> None:
    assert sanitise(f"<p>before</p>{html}").html == "<p>before</p>"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            '<p lang="de" title="z" id="a" class="b" style="c" onclick="d" data-e="f" hx-get="/g" data-hx-get="/h">x</p>',
            "<p>x</p>",
        ),
        ('<form action="/login"><p>x</p></form>', "<p>x</p>"),
        ("<h1>x</h1>", "<h2>x</h2>"),
        ("<h1 class=a>x</h1>", "<h2>x</h2>"),
        ("<font color=red>x</font>", "x"),
        ("<p>a < b & c</p>", "<p>a &lt; b &amp; c</p>"),
        ("<p>left open", "<p>left open</p>"),
        ("a\x01b\ufffec", "a\ufffdb\ufffdc"),
    ],
)
def test_attributes_and_wrappers_go_and_the_text_stays(html: str, expected: str) -> None:
    assert sanitise(html).html == expected


@pytest.mark.parametrize(
    "html",
    [
        "<h2>a</h2><h3>b</h3><p><em>c</em> <strong>d</strong> <code>e</code><br>f</p>",
        '<ul><li>a</li><li>b<ol start="3"><li>c</li></ol></li></ul>',
        '<table><thead><tr><th scope="col">a</th></tr></thead><tbody><tr><td colspan="2">b</td></tr></tbody></table>',
        "<blockquote><p>a</p></blockquote><pre><code>if a &lt; b:\n    c()</code></pre><hr>",
        f"<figure>{PHOTO}<figcaption>a lamp</figcaption></figure>",
    ],
)
def test_harmless_markup_stays_as_it_is(html: str) -> None:
    assert sanitise(html).html == html


@pytest.mark.parametrize("href", ["https://x.example/a?b=c#d", "http://x.example", "mailto:ada@x.example"])
def test_links_to_the_web_and_to_mail_stay_and_pass_nothing_on(href: str) -> None:
    html = sanitise(f'<a href="{href}" target="_self" rel="opener">x</a>').html
    assert html == f'<a href="{href}" rel="nofollow noopener noreferrer">x</a>'


@pytest.mark.parametrize(
    "address",
    [
        "javascript:steal()",
        " JAVA\tscript:steal()",
        "java&#10;script:steal()",
        "&#x6A;avascript:steal()",
        "vbscript:x",
        "data:text/html,<script>steal()</script>",
        "data:image/svg+xml,<svg onload=steal()>",
        "file:///etc/passwd",
        "blob:https://x.example/1",
        "//x.example/a",
        "/logout",
        "\\\\x.example",
        "/\\x.example",
        "logout",
        "#top",
        "https:x.example",
        "https:///x.example",
        "https:\\\\x.example",
        "",
    ],
)
def test_an_address_that_is_no_full_web_address_goes_from_links_and_images(address: str) -> None:
    html = sanitise(f"<a href='{address}'>x</a><img src='{address}' alt='y'>").html
    assert html == '<a rel="nofollow noopener noreferrer">x</a><img alt="y">'


def test_an_image_cannot_be_a_mail_address() -> None:
    assert sanitise('<img src="mailto:a@x.example">').html == "<img>"


def test_blanks_that_a_browser_would_skip_are_taken_out_of_an_address() -> None:
    assert 'href="https://x.example/ab"' in sanitise('<a href=" ht\ntps://x.exa\tmple/a b ">x</a>').html


def test_plain_text_has_blocks_apart_and_code_as_typed() -> None:
    html = (
        "<h2>one</h2>\n<p>two\n  three<br>four &amp; <em>f</em>ive</p><ul><li>six</li> <li>seven</li></ul>"
        "<pre><code>if a:\n    b()</code></pre><table><tr><td>x</td><td>y</td></tr></table>"
    )
    assert sanitise(html).plain_text == (
        "one\n\ntwo three\nfour & five\n\nsix\nseven\n\nif a:\n    b()\n\nx y"
    )


def test_words_and_images_are_counted() -> None:
    found = sanitise(
        f'<p>one two</p><p>three</p>{PHOTO}<img alt="no address"><img src="https://a.example/b">'
    )
    assert (found.word_count, found.image_count) == (3, 2)


def test_the_first_paragraph_is_found_behind_a_heading_and_a_figure() -> None:
    html = sanitise(
        f"<h2>a</h2><figure>{PHOTO}<figcaption>b</figcaption></figure><p>c <b>d</b> &lt;</p><p>e</p>"
    ).html
    assert first_paragraph(html) == "c d <"
    assert not first_paragraph("<h2>a</h2>")


# --- images -----------------------------------------------------------------------------------------------------------


def test_on_the_desk_an_image_from_elsewhere_is_a_frame_with_its_text_host_and_link() -> None:
    html = frame_images(f"<figure>{PHOTO}<figcaption>a lamp</figcaption></figure>", NOBODY)
    assert "<img" not in html
    assert html == (
        '<figure><span class="remote-image"><span class="remote-image-text">a &quot;lamp&quot;</span>'
        '<a href="https://photos.example.com/7?a=1&amp;b=2" rel="noopener noreferrer nofollow" target="_blank">'
        "Open image at photos.example.com</a></span><figcaption>a lamp</figcaption></figure>"
    )


def test_on_the_desk_an_image_of_an_allowed_host_is_shown_and_tells_nobody() -> None:
    html = frame_images(PHOTO, frozenset({"photos.example.com"}))
    assert html == f'{PHOTO[:-1]} loading="lazy" referrerpolicy="no-referrer">'


@pytest.mark.parametrize(
    "src",
    [
        "https://evil.example/photos.example.com",
        "https://photos.example.com.evil.example/",
        "https://evil.example\\@photos.example.com/",
        "https://photos.example.com@evil.example/",
        "https://photos.example.com:8443/",
        "https://photos.example.com%2eevil.example/",
        "https://evil.example#photos.example.com",
    ],
)
def test_no_address_can_pass_for_an_allowed_host(src: str) -> None:
    assert "<img" not in frame_images(
        sanitise(f'<img src="{src}" alt="x">').html, frozenset({"photos.example.com"})
    )


def test_an_image_in_a_link_is_framed_without_a_second_link_in_it() -> None:
    html = frame_images(f'<a href="https://x.example">{PHOTO}</a>{PHOTO}', NOBODY)
    assert html.count("Open image at") == 1
    assert "Image at photos.example.com</span></a>" in html


def test_an_image_whose_address_was_taken_says_so() -> None:
    assert frame_images('<img alt="x">', NOBODY) == (
        '<span class="remote-image"><span class="remote-image-text">x</span>Image without a usable address</span>'
    )


def test_public_pages_show_https_images_alone() -> None:
    figure = '<figure><img src="http://x.example/a" alt="x"><figcaption>y</figcaption></figure>'
    assert public_images(figure) == "<figure><figcaption>y</figcaption></figure>"
    assert public_images('<img src="http://x.example/a" alt="x">') == '<span class="missing-image">x</span>'
    assert public_images('<figure><img alt="x"></figure><figcaption>z</figcaption>') == (
        '<figure><span class="missing-image">x</span></figure><figcaption>z</figcaption>'
    )
    assert public_images(PHOTO) == f'{PHOTO[:-1]} loading="lazy" referrerpolicy="no-referrer">'


# --- whatever comes ---------------------------------------------------------------------------------------------------

OPENED = "p b i a div li table td tr svg math style script title textarea mi mtext annotation-xml"
CLOSED = "p b i a div table svg math style script title textarea noscript select"
PIECES = [
    *(f"<{name}>" for name in sorted(names(OPENED))),
    *(f"</{name}>" for name in sorted(names(CLOSED))),
    "<img src=x onerror=steal()>",
    '<img src="https://a.example/" alt="',
    "<img src='https://a.example/' alt='\"><script>steal()</script>'>",
    "<a href='javascript:steal()'>",
    '<a href="https://x.example/" title="</a><img src=y onerror=steal()>">',
    "<svg/onload=steal()>",
    "<math><mtext><table><mglyph><style><img src=x onerror=steal()>",
    "<noscript><p title='</noscript><img src=x onerror=steal()>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=steal()>",
    "<!--",
    "-->",
    "--!>",
    "<![CDATA[",
    "]]>",
    "<template>",
    "&lt;script&gt;steal()&lt;/script&gt;",
    "&#60;img src=x onerror=steal()&#62;",
    "\x00",
    "\x0b",
    "\u2028",
    "`\"'>",
    "<x y=z ",
    "text",
]
soup = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=25).map("".join)
OURS = {"span": {"class"}, "a": {"href", "rel", "target"}, "img": {"src", "alt", "loading", "referrerpolicy"}}


class Seen(HTMLParser):
    """Every element and its attributes, as yet another parser reads them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def by_lxml(html: str) -> list[tuple[str, dict[str, str | None]]]:
    root = lxml.html.fragment_fromstring(html.replace("\x00", ""), create_parent="div")
    return [(str(element.tag), dict(element.attrib.items())) for element in root.iterdescendants()]


def assert_harmless(html: str) -> None:
    for tag, attributes in Seen(html).found + by_lxml(html):
        allowed = ATTRIBUTES.get(tag, set()) | OURS.get(tag, set())
        assert tag in TAGS | {"span"}, (tag, html)
        assert set(attributes) <= allowed, (tag, attributes, html)
        for name in ("href", "src"):
            assert re.match(r"(?i)https?://[^/]|mailto:", attributes.get(name) or "https://x"), (
                attributes,
                html,
            )


@given(soup)
def test_whatever_comes_in_only_harmless_markup_goes_out_and_stays_so_when_parsed_again(html: str) -> None:
    once = sanitise(html).html
    assert_harmless(once)
    assert_harmless(frame_images(once, NOBODY))
    assert_harmless(frame_images(once, frozenset({"a.example"})))
    assert_harmless(public_images(once))
    again = sanitise(once).html
    assert sanitise(again).html == again


@given(soup)
def test_framing_changes_nothing_but_images(html: str) -> None:
    once = sanitise(html).html
    rest = re.split(r"<img[^>]*>", once)
    framed, shown, position = frame_images(once, NOBODY), public_images(once), 0
    for piece in rest:
        position = framed.index(piece, position) + len(piece)
        assert piece in shown
    assert "<img" not in framed
