"""What differs between two texts: which paragraphs, which words, and in how long."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.articles.text_changes import MOST_SHOWN, Change, Text, blocks_of, compare
from tests.support.growth import assert_grows_in_proportion


def changes(old: str, new: str) -> list[Change]:
    return list(compare(Text("", "", old), Text("", "", new)).body)


def paragraphs(texts: list[str]) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def marked(change: Change) -> str:
    signs = {"": "{}", "del": "[-{}-]", "ins": "[+{}+]"}
    return " ".join(signs[segment.kind].format(segment.text) for segment in change.segments)


def told(old: str, new: str) -> list[str]:
    """Each change as a line: how many are the same, or the words with what went and what came."""
    return [f"={change.same}" if change.same else marked(change) for change in changes(old, new)]


def test_words_that_changed_are_marked_and_the_rest_is_folded() -> None:
    old = paragraphs(["One.", "Two.", "The quick brown fox jumps.", "Four."])
    new = paragraphs(["One.", "Two.", "The slow brown fox jumps.", "Four."])
    assert told(old, new) == ["=2", "The [-quick-] [+slow+] brown fox jumps.", "=1"]


def test_paragraphs_come_go_and_move() -> None:
    assert told("<p>One.</p>", "<p>One.</p><p>Two.</p>") == ["=1", "[+Two.+]"]
    assert told("<p>One.</p><p>Two.</p>", "<p>Two.</p>") == ["[-One.-]", "=1"]
    assert told("<p>A</p><p>B</p><p>C</p>", "<p>B</p><p>C</p><p>A</p>") == ["[-A-]", "=2", "[+A+]"]


def test_two_paragraphs_with_nothing_in_common_stand_one_after_the_other() -> None:
    assert told("<p>a cat sat there</p>", "<p>dogs of war bark at a moon</p>") == [
        "[-a cat sat there-] [+dogs of war bark at a moon+]"
    ]


def test_where_a_link_or_an_image_leads_is_part_of_the_text() -> None:
    link = '<p>Read <a href="https://{}.example/">this page</a> first.</p>'
    assert told(link.format("good"), link.format("bad")) == [
        "Read this page [-[https://good.example/]-] [+[https://bad.example/]+] first."
    ]
    image = '<p>A<img src="https://images.example/{}.png" alt="A queue"></p>'
    assert "[+https://images.example/b.png]+]" in told(image.format("a"), image.format("b"))[0]


def test_code_is_compared_line_by_line() -> None:
    old = "<pre><code>def f():\n    return 1\n</code></pre>"
    new = "<pre><code>def f():\n    return 2\n</code></pre>"
    assert told(old, new) == ["=1", "     return [-1-] [+2+]"]


def test_a_paragraph_that_became_a_heading_is_told() -> None:
    (change,) = changes("<p>Checks</p>", "<h2>Checks</h2>")
    assert change.kind == "paragraph that became a heading"
    assert marked(change) == "Checks"


def test_the_title_and_the_excerpt_are_compared_too() -> None:
    found = compare(Text("A title", "Same.", "<p>x</p>"), Text("Another title", "Same.", "<p>x</p>"))
    assert marked(Change(found.title)) == "[-A-] [+Another+] title"
    assert (list(found.excerpt), found.any) == ([], True)


def test_markup_alone_is_no_change_that_can_be_read() -> None:
    found = compare(Text("", "", "<p>One <em>two</em></p>"), Text("", "", "<p>One <strong>two</strong></p>"))
    assert not found.any


def test_of_very_many_changes_the_first_are_shown_and_the_rest_is_counted() -> None:
    old = paragraphs([f"Number {number} here." for number in range(MOST_SHOWN + 50)])
    found = compare(Text("", "", old), Text("", "", old.replace("here", "there")))
    assert (len(found.body), found.hidden) == (MOST_SHOWN, 50)


@pytest.mark.parametrize("too_much", ["<p>" + "a" * 1_000_000 + "</p>", "<p>a</p>" * 20_001])
def test_what_is_too_large_is_not_compared(too_much: str) -> None:
    found = compare(Text("", "", "<p>short</p>"), Text("", "", too_much))
    assert (found.too_large, found.before, found.after) == (True, 12, len(too_much))
    assert found.any


def test_no_text_at_all_can_be_compared() -> None:
    assert told("", "<p>One.</p>") == ["[+One.+]"]
    assert told("<p>One.</p>", " ") == ["[-One.-]"]
    assert blocks_of("loose <b>words</b><!-- and --> more") == [("", "loose words more")]


words = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=12).map(" ".join)
texts = st.lists(words, max_size=12)


@given(texts, texts)
def test_what_went_is_the_old_text_and_what_came_the_new(old: list[str], new: list[str]) -> None:
    """Whatever is compared: the old text is what is the same or gone, the new one what is the same or came."""
    at, here, before, after = 0, 0, [], []
    for change in changes(paragraphs(old), paragraphs(new)):
        if change.same:
            assert old[at : at + change.same] == new[here : here + change.same]
            gone, come = old[at : at + change.same], new[here : here + change.same]
        else:
            gone, come = ([said] if (said := _side(change, kind)) else [] for kind in ("del", "ins"))
        at, here = at + len(gone), here + len(come)
        before, after = before + gone, after + come
    assert (before, after) == (old, new)


def _side(change: Change, kind: str) -> str:
    return " ".join(segment.text for segment in change.segments if segment.kind in {"", kind})


def hard_cases(eighths: int) -> dict[str, tuple[str, str]]:
    """Texts of so many eighths of the bound: all paragraphs changed, moved, of few kinds; one paragraph that is the text."""
    chance = random.Random(3)
    vocabulary = [f"w{number}" for number in range(3000)]

    def sentence(length: int = 8) -> str:
        return " ".join(chance.choices(vocabulary, k=length))

    count = 2_250 * eighths
    many = [sentence() for _ in range(count)]
    few = [sentence() for _ in range(50)]
    two = ["".join(chance.choices("ab", k=1)) for _ in range(61_250 * eighths)]
    short = 2_500 * eighths
    depth = 31 * eighths
    return {
        "changed": (paragraphs(many), paragraphs([f"{text} x" for text in many])),
        "every other one": (
            paragraphs(many),
            paragraphs([f"{text}{' x' * (i % 2)}" for i, text in enumerate(many)]),
        ),
        "moved": (paragraphs(many), paragraphs(chance.sample(many, len(many)))),
        "of few kinds": (
            paragraphs(chance.choices(few, k=count)),
            paragraphs(chance.choices(few, k=count)),
        ),
        "of two words": (paragraphs(two[:short]), paragraphs(two[short : 2 * short])),
        "one paragraph": (f"<p>{' '.join(two)}</p>", f"<p>{' '.join(two[::-1])}</p>"),
        "deep": ("<div>" * depth + "a" + "</div>" * depth, "<div>" * depth + "b" + "</div>" * depth),
    }


def test_no_text_takes_longer_than_in_proportion_to_its_length() -> None:
    cases = {eighths: hard_cases(eighths) for eighths in (1, 8)}

    def comparing(name: str) -> Callable[[int], None]:
        def work(eighths: int) -> None:
            old, new = cases[eighths][name]
            found = compare(Text("", "", old), Text("", "", new))
            assert not found.too_large, name
            assert found.any, name

        return work

    assert_grows_in_proportion({name: comparing(name) for name in cases[1]})
