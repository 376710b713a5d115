"""When two texts are the same or nearly: normal form, digest, bands, titles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.evidence.likeness import (
    bands_of,
    digest_of,
    likeness,
    names_of,
    nearly_same_title,
    normalised,
    title_parts,
    without_names,
)
from review_app.evidence.rules import NEARLY
from tests.evidence.texts import VOCABULARY, changed, paragraph

WORDS = st.lists(st.sampled_from(VOCABULARY), min_size=4, max_size=12, unique=True)


def share_a_band(one: str, other: str) -> bool:
    return any(a == b and a is not None for a, b in zip(bands_of(one), bands_of(other), strict=True))


def test_case_punctuation_entities_and_line_ends_make_no_other_text() -> None:
    assert normalised("Ask &amp; tell:\n  the C++ team, at 9!") == normalised("ask tell the c++ team at 9")
    assert normalised("C and C#") != normalised("C and C")


@given(st.text())
def test_a_normal_form_is_its_own_normal_form(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@given(st.text())
def test_a_digest_fits_a_column(text: str) -> None:
    assert -(2**63) <= digest_of(normalised(text)) < 2**63
    assert all(band is None or -(2**63) <= band < 2**63 for band in bands_of(normalised(text)))


@pytest.mark.parametrize("words", [20, 40, 120])
def test_a_paragraph_with_one_word_in_twenty_changed_is_found(words: int) -> None:
    pairs = [(text, changed(text, 0.05, seed)) for seed in range(300) for text in [paragraph(seed, words)]]
    assert all(likeness(*pair) >= NEARLY for pair in pairs)
    assert sum(share_a_band(*pair) for pair in pairs) >= 288


def test_a_sentence_put_to_a_paragraph_leaves_it_nearly_the_same() -> None:
    pairs = [
        (paragraph(seed, 36), f"{paragraph(seed, 36)} {paragraph(-1 - seed, 12)}") for seed in range(300)
    ]
    assert all(likeness(*pair) >= NEARLY for pair in pairs)
    assert sum(share_a_band(*pair) for pair in pairs) >= 270


def test_unrelated_paragraphs_are_not_nearly_the_same() -> None:
    texts = [paragraph(seed) for seed in range(60)]
    pairs = [(one, other) for one in texts for other in texts if one is not other]
    assert not any(share_a_band(*pair) or likeness(*pair) > 0.1 for pair in pairs)


def test_texts_that_differ_in_the_declared_names_alone_are_alike() -> None:
    text = "in this guide we look at {p} with practical defaults for a {s} project and name each step of it"
    names = [names_of("warming caches / redis", "redis"), names_of("reading error logs / node.js", "node.js")]
    one = without_names(text.format(p="warming caches", s="redis"), names[0])
    other = without_names(text.format(p="reading error logs", s="node js"), names[1])
    assert one == other


def test_a_short_text_has_no_bands() -> None:
    assert set(bands_of(normalised("Capture the current behaviour"))) == {None}


@given(WORDS, st.integers(0, 11), st.sampled_from(["otherword", ""]))
def test_titles_that_differ_in_one_word_share_a_key(words: list[str], place: int, instead: str) -> None:
    other = list(words)
    other[place % len(words)] = instead
    one, two = " ".join(words), " ".join(filter(None, reversed(other)))
    if len(two.split()) < 4:
        return
    assert nearly_same_title(one, two)
    keys = zip(title_parts(one), title_parts(two), strict=True)
    empty = any(part is None for part in [*title_parts(one), *title_parts(two)])
    assert empty or any(a == b for a, b in keys)


@pytest.mark.parametrize(
    ("one", "other", "nearly"),
    [
        ("retrying jobs once in flask", "retrying jobs once in celery", True),
        ("retrying jobs once in flask", "in flask retrying jobs once", True),
        ("retrying jobs once in flask", "retrying jobs once in flask again", True),
        ("retrying jobs once in flask", "retrying imports twice in flask", False),
        ("the queue", "the cache", False),
    ],
)
def test_nearly_the_same_title(one: str, other: str, nearly: bool) -> None:
    assert nearly_same_title(one, other) is nearly
