"""What PHP's `serialize` wrote is read again, and whatever is not sound is refused and never guessed at."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.importing.readers.php_values import BrokenValue, looks_serialised, unserialise
from tests.support.growth import assert_grows_in_proportion
from tests.support.wxr_writer import serialised

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(string.ascii_letters, min_size=1), inner, min_size=1, max_size=4)
    ),
    max_leaves=12,
)


@given(values)
def test_a_value_is_read_back_as_it_was_written(value: Any) -> None:
    written = serialised(value)
    assert looks_serialised(written)
    assert unserialise(written) == value


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_fraction_is_read_back(value: float) -> None:
    assert unserialise(serialised(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a:0:{}", []),
        ('a:1:{s:0:"";N;}', {"": None}),
        ('a:2:{i:0;s:1:"a";i:1;s:1:"b";}', ["a", "b"]),
        ('a:2:{i:1;s:1:"a";i:0;s:1:"b";}', {"1": "a", "0": "b"}),
        ('a:1:{i:7;s:3:"ä;";}', {"7": "ä;"}),
        ('s:4:"a";b";', 'a";b'),
        (" a:1:{i:0;d:0.5;} ", [0.5]),
        ("b:0;", False),
        ("i:-5;", -5),
    ],
)
def test_arrays_and_the_rest_become_what_they_stand_for(text: str, value: Any) -> None:
    assert unserialise(text) == value


@given(st.lists(st.text("ab\r\n\"';:{}äé🚀", max_size=12), max_size=4))
def test_a_text_whose_line_ends_xml_has_folded_is_repaired_or_refused_but_never_another(
    parts: list[str],
) -> None:
    folded = serialised(parts).replace("\r\n", "\n").replace("\r", "\n")
    try:
        read = unserialise(folded)
    except BrokenValue:
        return
    assert read == [part.replace("\r\n", "\n").replace("\r", "\n") for part in parts]


def test_folded_line_ends_are_repaired_in_each_text_of_a_value() -> None:
    value = {"caption": "first\r\nsecond\r\n", "notes": ["größe\r\n🚀", "plain", "\r\n"]}
    folded = serialised(value).replace("\r\n", "\n")
    assert unserialise(folded) == {"caption": "first\nsecond\n", "notes": ["größe\n🚀", "plain", "\n"]}


def test_a_folded_text_that_could_end_in_two_places_is_not_guessed_at() -> None:
    with pytest.raises(BrokenValue, match="two places"):
        unserialise('a:1:{i:0;s:7:"\n\n\n\n";";";}')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('O:8:"stdClass":0:{}', "an object of PHP"),
        ('a:1:{i:0;O:8:"stdClass":0:{}}', "an object of PHP"),
        ('C:1:"a":0:{}', "an object of PHP"),
        ('E:5:"A:One";', "an enumeration of PHP"),
        ("a:2:{i:0;i:1;i:1;R:2;}", "a reference of PHP"),
        ("r:1;", "a reference of PHP"),
        ('a:2:{i:0;s:1:"a";}', "a key is missing"),
        ('a:1:{i:0;s:1:"a";i:1;i:2;}', "does not end where it should"),
        ('a:1:{i:0;s:9:"a";}', "does not end where its length says"),
        ('s:1:"ab";', "does not end where its length says"),
        ('s:9:"a\nb";', "does not end where its length says"),
        ('s:1:"ä";', "does not end where its length says"),
        ('s:1:"a";s:1:"b";', "more after its end"),
        ('a:2:{s:1:"a";i:1;s:1:"a";i:2;}', "a key stands twice"),
        ("a:1:{b:1;i:2;}", "a key is missing"),
        ("a:1:{i:0;", "no value begins there"),
        ("i:1e9;", "is missing"),
        ("i:999999999999999999999999;", "is missing"),
        ("d:1.2.3;", "no number"),
        ("d:1E999;", "too large a number"),
        ("b:2;", "is missing"),
        ("N", "no value begins there"),
        ("plain text", "no value begins there"),
        ("", "no value begins there"),
        ("a:1:{i:0;" * 33 + "N;" + "}" * 33, "nested more than 32 deep"),
        ("a:1:{i:0;" * 100_000, "nested more than 32 deep"),
        ("a:999999999:{}", "a key is missing"),
        ('s:999999999:"', "does not end where its length says"),
    ],
)
def test_a_broken_value_is_refused_with_the_place(text: str, reason: str) -> None:
    with pytest.raises(BrokenValue, match=reason) as error:
        unserialise(text)
    assert "(byte " in error.value.reason


@given(st.text('aisbdNOR:;{}"0123456789\n', max_size=60))
def test_whatever_the_text_is_there_is_a_value_or_a_reason(text: str) -> None:
    try:
        read = repr(unserialise(text))
    except BrokenValue as broken:
        read = broken.reason
    assert read


def test_many_places_where_a_text_could_end_take_no_long_time() -> None:
    def read(eighths: int) -> None:
        places = 75_000 * eighths
        with pytest.raises(BrokenValue, match="two places"):
            unserialise(f's:{3 * places + 1}:"' + '";\n' * places)

    assert_grows_in_proportion(read)


@pytest.mark.parametrize(
    "text",
    ["a plain text", "a: b", "i: like this;", "s:o", "N;o", "a:1", "O:h no", "d:", "", "b:yes;", "a:b:{}"],
)
def test_a_text_that_is_none_of_php_is_left_alone(text: str) -> None:
    assert not looks_serialised(text)
