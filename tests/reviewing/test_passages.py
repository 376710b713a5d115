"""Where a passage stands in a text, and marking it without harm to the HTML."""

from __future__ import annotations

import re

import nh3
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from review_app.articles.markup import ATTRIBUTES, TAGS, sanitise
from review_app.reviewing.notes.passages import find, mark, read
from review_app.reviewing.notes.rules import Place, Selector, places_of, squeeze

OURS = re.compile(
    r'<a id="passage-\d+" class="to-note" href="#note-\d+" aria-label="Note on this passage"></a>'
    r'|<span id="passage-\d+" tabindex="-1"></span>'
)
SENTENCES = (
    "A lease ends by itself when nobody renews it. A lease ends by itself after a crash. "
    "Whoever holds the claim writes a heartbeat, and the queue gives the article to nobody else."
)


def place_in(text: str, quote: str, prefix: str = "", suffix: str = "") -> Place | None:
    return places_of(squeeze(text), [Selector(quote, prefix, suffix)])[0]


def marked(html: str, *selectors: Selector) -> str:
    reading = read(html)
    return mark(reading, find(reading, dict(enumerate(selectors, 7)))).cut(0, len(html))


def words_at(text: str, place: Place | None) -> str | None:
    return place and squeeze(text)[place.start : place.end]


# --- where it stands --------------------------------------------------------------------------------------------------


def test_a_quote_that_stands_once_is_found_however_its_blanks_are() -> None:
    found = place_in(SENTENCES, "Whoever  holds\n\nthe claim")
    assert words_at(SENTENCES, found) == "Whoeverholdstheclaim"


@pytest.mark.parametrize(
    ("prefix", "suffix", "which"),
    [("", " when nobody", 0), ("", " after a crash", 1), ("renews it. ", "", 1), ("", "", 0)],
)
def test_what_stands_around_it_decides_between_several(prefix: str, suffix: str, which: int) -> None:
    found = place_in(SENTENCES, "A lease ends by itself", prefix, suffix)
    text = squeeze(SENTENCES)
    starts = [match.start() for match in re.finditer("Aleaseendsbyitself", text)]
    assert found == Place(starts[which], starts[which] + len("Aleaseendsbyitself"))


def test_a_short_quote_is_gone_when_nothing_of_its_surroundings_stands_there() -> None:
    assert place_in(SENTENCES, "lease", "Never hold a ", " for long") is None
    assert place_in(SENTENCES, "lease", "A ", " ends by itself") is not None


def test_a_passage_stays_when_some_of_its_words_change() -> None:
    found = place_in(
        SENTENCES, "Whoever holds the lock writes a heartbeat, and the queue gives it to nobody else."
    )
    assert found is not None
    assert found.changed
    assert words_at(SENTENCES, found).startswith("Whoeverholds")
    assert words_at(SENTENCES, found).endswith("tonobodyelse.")


@pytest.mark.parametrize(
    "quote",
    ["Nothing of this sentence stands in that text at all.", "lease ended", "", "A lease " * 30],
)
def test_a_passage_is_gone_when_too_little_of_it_is_left(quote: str) -> None:
    assert place_in(SENTENCES, quote) is None


def test_of_two_places_alike_the_changed_passage_takes_the_one_in_its_surroundings() -> None:
    twice = "Begin here. The worker takes the row and holds it. Then. The worker takes the row and holds it. End there."
    found = place_in(twice, "The worker takes a row and holds it.", "Then. ", " End there")
    assert found is not None
    assert found.start > len(squeeze(twice)) // 2 - 5


def test_looking_for_passages_in_a_long_text_takes_no_long_time() -> None:
    text = "abcdefgh" * 40_000
    lost = [Selector("abcdefgi" * 100 + str(number)) for number in range(50)]
    assert len(places_of(text, lost)) == 50


# --- marking it -------------------------------------------------------------------------------------------------------


def test_a_passage_is_marked_across_inline_tags_and_begins_with_a_link_to_its_note() -> None:
    html = "<p>One <b>two</b> three</p><p>four</p>"
    link = '<a id="passage-7" class="to-note" href="#note-7" aria-label="Note on this passage"></a>'
    open_ = '<mark class="passage">'
    assert marked(html, Selector("two three four")) == (
        f"<p>One <b>{link}{open_}two</mark></b> {open_}three</mark></p><p>{open_}four</mark></p>"
    )


def test_within_a_link_there_is_no_other() -> None:
    html = '<p><a href="https://example.com/">some words</a></p>'
    assert marked(html, Selector("words")) == (
        '<p><a href="https://example.com/">some <span id="passage-7" tabindex="-1"></span>'
        '<mark class="passage">words</mark></a></p>'
    )


def test_entities_are_one_character_and_never_cut() -> None:
    html = "<p>if a &lt; b &amp;&amp; c&nbsp;&gt; d</p>"
    assert '<mark class="passage">&lt; b &amp;&amp; c&nbsp;&gt;</mark> d' in marked(
        html, Selector("< b && c >")
    )


def test_an_entity_of_two_characters_is_not_cut_either() -> None:
    reading = read("<p>a&NotEqualTilde;b</p>")
    assert len(reading.text) == 4
    shown = mark(reading, {1: Place(2, 4)}).cut(0, len(reading.html))
    assert OURS.sub("", shown) == '<p>a<mark class="passage">&NotEqualTilde;b</mark></p>'


def test_nothing_is_put_between_the_rows_of_a_table() -> None:
    html = "<table><tbody><tr><td>one</td> <td>two</td></tr>\n<tr><td>three</td></tr></tbody></table>"
    parts = re.split(r"<td>.*?</td>", marked(html, Selector("one two three")))
    assert parts == re.split(r"<td>.*?</td>", html)


def test_passages_may_overlap() -> None:
    text = OURS.sub("@", marked("<p>one two three</p>", Selector("one two"), Selector("two three")))
    stretches = re.sub(r'<mark class="passage">(.*?)</mark>', r"[\1]", text)
    assert stretches == "<p>@[one ]@[two][ three]</p>"


HOSTILE = st.lists(
    st.sampled_from(
        [
            "<p>", "</p>", "<b>", "</b>", "<a href='https://x.example/'>", "</a>", "<table><tr><td>", "</table>", "<tr>",
            "<ul><li>", "</ul>", "<pre>", "\n", "</pre>", "<code>", "</code>", "&lt;script&gt;", "&amp;lt;", "&nbsp;", "<svg>",
            "<script>alert(1)</script>", "<mark>", "</mark>", "<img src=https://x.example/a alt='\"><b>'>", "<!-- x -->",
            "word", " two words ", "a<b", "\"'>", "é\u0301", "طابور", "\u200b", "<blockquote>", "<h2>", "<dl><dt>", "<br>",
        ]
    ),
    max_size=40,
).map("".join)  # fmt: skip


def cleaned(html: str) -> str:
    """As a browser's parser reads it, with what we put in allowed."""
    extra = {"a": {"id", "class", "href", "aria-label"}, "mark": {"class"}, "span": {"id", "tabindex"}}
    attributes = {tag: set(names) for tag, names in ATTRIBUTES.items()}
    for tag, names in extra.items():
        attributes[tag] = attributes.get(tag, set()) | names
    return nh3.clean(
        html, tags=set(TAGS) | {"span"}, attributes=attributes, link_rel=None, url_schemes={"https", "mailto"}
    )


def without_ours(html: str) -> str:
    """What stood there before: our marks hold text alone, so each ends with the first end of a mark after it."""
    html = re.sub(r'<mark class="passage">([^<]*)</mark>', r"\1", html)
    return OURS.sub("", html)


@given(HOSTILE, st.data())
def test_marking_leaves_the_html_as_it_is(dirty: str, data: st.DataObject) -> None:
    html = sanitise(dirty).html
    reading = read(html)
    size = len(reading.text)
    assume(size)
    places = {}
    for number in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, size - 1))
        places[number] = Place(start, data.draw(st.integers(start + 1, size)))
    shown = mark(reading, places).cut(0, len(html))
    assert without_ours(shown) == html
    shown_again = cleaned(shown)
    if cleaned(html) == html:  # else the parser moves the article's own elements whatever we do
        assert shown_again == shown


@given(HOSTILE, st.data())
def test_a_passage_can_be_found_again_by_what_is_kept_of_it(dirty: str, data: st.DataObject) -> None:
    reading = read(sanitise(dirty).html)
    assume(reading.text)
    start = data.draw(st.integers(0, len(reading.text) - 1))
    place = Place(start, data.draw(st.integers(start + 1, len(reading.text))))
    kept = reading.selector(place)
    assert squeeze(kept.quote) == reading.text[place.start : place.end]
    found = find(reading, {1: kept})[1]
    assert reading.text[found.start : found.end] == squeeze(kept.quote)
