"""Which way a text runs: as a whole, and block by block."""

from __future__ import annotations

import time

import pytest

from review_app.articles.directions import directed, direction_of

ARABIC = "طابور العمل ومن يراجعه"


@pytest.mark.parametrize(
    ("html", "direction"),
    [
        ("<p>Some text.</p>", "ltr"),
        (f"<p>{ARABIC}</p>", "rtl"),
        (f"<p>{ARABIC}</p><pre>{'a long piece of code ' * 50}</pre>", "rtl"),
        (f"<p>{ARABIC} <code>{'pip install ' * 20}</code></p>", "rtl"),
        (f"<p>Mostly English words stand here, with one of another language: {ARABIC}</p>", "ltr"),
        ("<p>שלום לכולם</p>", "rtl"),
        ("<p>123 &amp; 456</p>", "ltr"),
        ("", "ltr"),
    ],
)
def test_the_whole_runs_as_most_of_its_prose_does(html: str, direction: str) -> None:
    assert direction_of(html) == direction


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>One</p>", "<p>One</p>"),
        (f"<h2>1. {ARABIC}</h2>", f'<h2 dir="rtl">1. {ARABIC}</h2>'),
        (f"<p><code>pip</code> {ARABIC}</p>", f'<p dir="rtl"><code>pip</code> {ARABIC}</p>'),
        (f'<ol start="3"><li>{ARABIC}</li></ol>', f'<ol start="3" dir="rtl"><li>{ARABIC}</li></ol>'),
        (f"<p>&lt;{ARABIC}</p>", f'<p dir="rtl">&lt;{ARABIC}</p>'),
        ("<p>12</p>", "<p>12</p>"),
        ("<pre>x</pre>", '<pre tabindex="0" role="group" aria-label="Code">x</pre>'),
    ],
)
def test_each_block_runs_as_its_first_letter_does_and_code_stays_as_it_is(html: str, shown: str) -> None:
    assert directed(html, "ltr") == shown


def test_a_block_that_runs_otherwise_than_the_whole_says_so_and_no_other() -> None:
    html = f"<p>{ARABIC}</p><p>One</p>"
    assert directed(html, "rtl") == f'<p>{ARABIC}</p><p dir="ltr">One</p>'


def test_many_empty_blocks_take_no_long_time() -> None:
    began = time.process_time()
    directed("<p></p>" * 20_000, "ltr")
    assert time.process_time() - began < 5
