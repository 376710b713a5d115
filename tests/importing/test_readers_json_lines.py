"""JSON Lines: every line is a record or is refused alone, with a reason a person understands."""

from __future__ import annotations

import codecs
import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.importing.limits import DEFAULT_LIMITS
from review_app.importing.readers import json_lines
from review_app.importing.record import RawRecord, Refusal

GOOD = b'{"title": "a", "payload": {"source_id": "x-1"}, "body": "<p>b</p>"}'


def read(data: bytes) -> list[RawRecord | Refusal]:
    return list(json_lines.read(io.BytesIO(data)))


def one_refusal(line: bytes) -> Refusal:
    """The refusal of a line that stands between two good ones."""
    first, refusal, last = read(b"\n".join([GOOD, line, GOOD]))
    assert isinstance(first, RawRecord)
    assert isinstance(refusal, Refusal)
    assert isinstance(last, RawRecord)
    assert (refusal.line, refusal.item, last.line, last.item) == (2, 2, 3, 3)
    return refusal


def test_a_line_is_a_record_with_its_fields_as_they_nest_and_its_body_apart() -> None:
    line = '{"title":"ä","score":{"quality":9},"stack":["b"],"odd key":null,"view_count":9007199254740993,"body":"<p>c</p>"}'
    (found,) = read(line.encode())
    assert found == RawRecord(
        1,
        1,
        {
            "title": "ä",
            "score": {"quality": 9},
            "stack": ["b"],
            "odd key": None,
            "view_count": 9007199254740993,
        },
        "<p>c</p>",
        line,
    )


def test_blank_lines_count_as_lines_and_not_as_records() -> None:
    found = read(b"\n  \r\n" + GOOD + b"\r\n\n\t\n" + GOOD)
    assert [(record.line, record.item) for record in found] == [(3, 1), (6, 2)]
    assert found[0].raw == GOOD.decode()


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        (b'{"title": "a"', "", "a comma or a closing bracket is missing (position 14)"),
        (b'{"title": "a', "", "a text begins that never ends"),
        (b'{"title" "a"}', "", "a colon is missing"),
        (b"{title: 1}", "", "a key in double quotes is missing (position 2)"),
        (b'{"title": }', "", "a value is missing"),
        (b'{"title": "a"} {"title": "b"}', "", "there is more after the object has ended"),
        (b'{"title": "\\x"}', "", "a backslash is followed by what may not follow it"),
        (b'{"title": "a\tb"}', "", "a control character"),
        (b"garbage", "", "a value is missing (position 1)"),
        (b'["a"]', "", "no object"),
        (b'"a"', "", "no object"),
        (b"null", "", "no object"),
        (b'{"title": "caf\xe9"}', "", "byte 0xE9 at position 15 is not UTF-8"),
        (
            b'{"title": "\xed\xa0\x80"}',
            "",
            "contains half of a surrogate pair, which is no character (position 12)",
        ),
        (b'{"title": "a\0b"}', "", "a NUL character (position 13)"),
        (b'{"title": "a", "title": "b"}', "title", 'key "title" stands twice'),
        (b'{"score": {"depth": 1, "depth": 1}}', "depth", 'key "depth" stands twice'),
        (b'{"score": {"depth": NaN}}', "score.depth", "score.depth is NaN"),
        (b'{"list": [1, -Infinity]}', "list[1]", "list[1] is -Infinity"),
        (b'{"score": {"depth": 1e999}}', "score.depth", "score.depth is too large a number"),
        (
            b'{"view_count": ' + b"9" * 31 + b"}",
            "view_count",
            "view_count is a number of more than 30 digits",
        ),
        (b'{"view_count": -' + b"9" * 5000 + b"}", "view_count", "more than 30 digits"),
        (b'{"view_count": NaN, "broken"', "", "is NaN"),
        (b'{"body": 7}', "body", "body must be a text"),
        (b'{"body": ["<p>x</p>"]}', "body", "body must be a text"),
        (b'{"a":' * 100_000, "", "nested more than 32 deep"),
        (b'{"a":' + b"[" * 100_000, "", "nested more than 32 deep"),
    ],
)
def test_a_bad_line_is_refused_alone_and_says_what_is_wrong_with_it(
    line: bytes, field: str, reason: str
) -> None:
    refusal = one_refusal(line)
    assert refusal.field == field
    assert reason in refusal.reason


def test_a_refusal_keeps_its_line_with_bad_bytes_shown_and_names_its_article() -> None:
    refusal = one_refusal(b'{"source_id": "x-7", "title": "\xff\0"}')
    assert refusal.raw == '{"source_id": "x-7", "title": "\ufffd\u2400"}'
    assert refusal.source_id == "x-7"
    assert one_refusal(b"{}}").source_id is None


def test_thirty_digits_are_exact() -> None:
    (found,) = read(b'{"view_count": ' + b"9" * 30 + b"}")
    assert isinstance(found, RawRecord)
    assert found.fields["view_count"] == 10**30 - 1


@pytest.mark.parametrize("body", [b"null", b'""'])
def test_a_record_may_have_no_body(body: bytes) -> None:
    found = read(b'{"body": ' + body + b"}\n{}")
    assert [record.body_html for record in found if isinstance(record, RawRecord)] == ["", ""]


class Endless(io.BytesIO):
    """One line of so many bytes, then a good one; it is never in memory as a whole."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.blocks = self.make(size)

    def make(self, size: int) -> Iterator[bytes]:
        yield b'{"title": "'
        for _ in range(size // 65_536):
            yield b"x" * 65_536
        yield b'"}\n' + GOOD

    def read(self, _size: int | None = -1) -> bytes:
        return next(self.blocks, b"")


def test_a_line_that_is_too_long_is_refused_in_bounded_memory_and_the_next_one_gets_in() -> None:
    tracemalloc.start()
    refusal, good = json_lines.read(Endless(20 * DEFAULT_LIMITS.line_bytes))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(refusal, Refusal)
    assert "longer than 4 MiB" in refusal.reason
    assert len(refusal.raw) < 100_000
    assert (good.line, good.item) == (2, 2)
    assert most < 4 * DEFAULT_LIMITS.line_bytes


def test_a_line_of_just_the_limit_gets_in() -> None:
    frame = len(b'{"a": ""}')
    (fits,) = read(b'{"a": "' + b"x" * (DEFAULT_LIMITS.line_bytes - frame) + b'"}')
    (longer,) = read(b'{"a": "' + b"x" * (DEFAULT_LIMITS.line_bytes - frame + 1) + b'"}')
    assert isinstance(fits, RawRecord)
    assert isinstance(longer, Refusal)


class Trickle(io.BytesIO):
    """Gives a few bytes at a time, as a socket may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 3, 3))


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**29), 10**29)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
records = st.lists(st.dictionaries(texts.filter(lambda key: key != "body"), values, max_size=5), max_size=6)
ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}


@given(records, texts, st.sampled_from(sorted(ENCODINGS)), st.booleans())
def test_what_is_written_is_read_back_the_same_in_every_encoding(
    written: list[dict[str, Any]], body: str, encoding: str, ascii_only: bool
) -> None:
    lines = "\n".join(json.dumps({**fields, "body": body}, ensure_ascii=ascii_only) for fields in written)
    found = list(json_lines.read(Trickle(ENCODINGS[encoding] + lines.encode(encoding))))
    assert [record.fields for record in found if isinstance(record, RawRecord)] == written
    assert all(isinstance(record, RawRecord) and record.body_html == body for record in found)


@pytest.mark.parametrize("tail", [b"\x00\xd8", b"{"])
def test_utf16_that_breaks_off_or_has_half_a_pair_refuses_that_line_alone(tail: bytes) -> None:
    data = codecs.BOM_UTF16_LE + (GOOD.decode() + "\n").encode("utf-16-le") + tail
    good, refusal = read(data)
    assert isinstance(good, RawRecord)
    assert isinstance(refusal, Refusal)


broken = st.one_of(
    st.binary(max_size=30), st.sampled_from([GOOD, GOOD[:20], b"[1]", b"", b" ", b'{"a":1e999}', b"\xff\xfe"])
)


@given(st.lists(broken, max_size=8))
def test_whatever_the_lines_are_each_one_that_is_not_blank_is_a_record_or_refused(lines: list[bytes]) -> None:
    data = GOOD + b"\n" + b"\n".join(lines)
    expected = sum(bool(line.strip()) for line in data.split(b"\n"))
    found = read(data)
    assert len(found) == expected
    assert [record.item for record in found] == list(range(1, expected + 1))
    for record in found:
        if isinstance(record, Refusal):
            assert record.reason
            (record.field + record.reason + record.raw).encode()
            assert "\0" not in record.raw
