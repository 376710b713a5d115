"""JSON: a list of articles, an object around one, or one article; a bad item is refused alone, a broken document whole."""

from __future__ import annotations

import codecs
import io
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest

from review_app.importing.limits import DEFAULT_LIMITS, MEBIBYTE
from review_app.importing.readers import UnreadableFile, json_document
from review_app.importing.readers.reader import Found
from review_app.importing.record import RawRecord, Refusal, Skipped

GOOD = b'{"title": "a", "payload": {"source_id": "x-1"}, "body": "<p>b</p>"}'


class Trickle(io.BytesIO):
    """Gives a few bytes at a time, as a socket may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 3, 3))


def read(data: bytes) -> list[Found]:
    """What is in a document that can be taken as a whole, however its bytes come."""
    json_document.check(io.BytesIO(data))
    found = list(json_document.read(io.BytesIO(data)))
    if len(data) < 10_000:
        assert list(json_document.read(Trickle(data))) == found
    return found


def one_refusal(item: bytes) -> Refusal:
    """The refusal of an item that stands between two good ones."""
    first, refusal, last = read(b"[\n" + GOOD + b",\n" + item + b",\n" + GOOD + b"\n]\n")
    assert isinstance(first, RawRecord)
    assert isinstance(refusal, Refusal)
    assert isinstance(last, RawRecord)
    assert (first.line, refusal.line, refusal.item, last.item) == (2, 3, 2, 3)
    return refusal


def why_unreadable(data: bytes) -> str:
    with pytest.raises(UnreadableFile) as raised:
        json_document.check(io.BytesIO(data))
    *_, last = [None, *json_document.read(io.BytesIO(data))]
    assert last is None or isinstance(last, Refusal)
    return raised.value.reason


def test_an_item_is_a_record_with_its_fields_as_they_nest_its_body_apart_and_its_place() -> None:
    data = b'[ {"title":\n"\xc3\xa4","score":{"quality":9},"body":"<p>c</p>"}\n, {"odd":[null]}]'
    assert read(data) == [
        RawRecord(
            1,
            1,
            {"title": "ä", "score": {"quality": 9}},
            "<p>c</p>",
            '{"title":\n"ä","score":{"quality":9},"body":"<p>c</p>"}',
        ),
        RawRecord(3, 2, {"odd": [None]}, "", '{"odd":[null]}'),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])
def test_a_document_is_read_in_every_encoding(encoding: str) -> None:
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    (found,) = read(mark + '[{"title": "\U0001f600"}]'.encode(encoding))
    assert isinstance(found, RawRecord)
    assert found.fields == {"title": "\U0001f600"}


def test_the_first_list_of_objects_in_an_object_holds_the_articles_and_others_are_counted_as_skipped() -> (
    None
):
    data = b'{"a": [], "b": [1], "c": {"d": [{}]}, "posts": [\n{"x": 1}, 7], "pages": [{"x": 2}], "e": "[{"}'
    found = read(data)
    assert [type(one) for one in found] == [RawRecord, Refusal, Skipped]
    assert [(one.line, one.item) for one in found] == [(2, 1), (2, 2), (2, 3)]
    assert isinstance(found[2], Skipped)
    assert found[2].reason == '"pages" was not read: the articles are in "posts".'


@pytest.mark.parametrize(
    "article",
    [
        {"title": "a", "entities": [{"name": "b"}], "image_sources": [{"url": "c"}]},
        {"source_id": "a", "related": [{"id": 1}]},
        {"body": "<p>a</p>", "related": [{"id": 1}], "notes": []},
        {"title": "a", "notes": []},
        {},
    ],
)
def test_one_article_alone_is_one_record(article: dict[str, object]) -> None:
    (found,) = read(b"\n " + json.dumps(article, indent=1).encode())
    assert isinstance(found, RawRecord)
    assert {**found.fields, **({"body": found.body_html} if "body" in article else {})} == article
    assert (found.line, found.item) == (2, 1)


@pytest.mark.parametrize(
    ("item", "field", "reason"),
    [
        (b"5", "", "The item is no object: each item must be one, in braces."),
        (b"null", "", "no object"),
        (b'"a"', "", "no object"),
        (b"[1, [2]]", "", "no object"),
        (b"NaN", "", "The item is NaN, which is no number"),
        (b'{"title": "caf\xe9"}', "", "byte 0xE9 at position 15 is not UTF-8"),
        (
            b'{"title": "\xed\xa0\x80"}',
            "",
            "contains half of a surrogate pair, which is no character (position 12)",
        ),
        (b'{"title": "a\0b"}', "", "a NUL character (position 13)"),
        (b'{"title": "\\x"}', "", "a backslash is followed by what may not follow it (position 12)"),
        (b'{"title": "a\tb"}', "", "a control character"),
        (b'{"title": "a", "title": "b"}', "title", 'The key "title" stands twice.'),
        (b'{"score": {"depth": NaN}}', "score.depth", "score.depth is NaN"),
        (b'{"score": {"depth": 1e999}}', "score.depth", "too large a number"),
        (b'{"view_count": ' + b"9" * 5000 + b"}", "view_count", "a number of more than 30 digits"),
        (b'{"body": 7}', "body", "body must be a text"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "", "nested more than 32 deep"),
        (b'{"a":' * 30_000 + b"1" + b"}" * 30_000, "", "nested more than 32 deep"),
        (b'{"a": "' + b"x" * 4 * MEBIBYTE + b'"}', "", "longer than 4 MiB; only its beginning is kept"),
    ],
    ids=lambda value: f"{value[:20]!r} {len(value)}" if isinstance(value, bytes) else None,
)
def test_an_item_with_a_bad_value_is_refused_alone(item: bytes, field: str, reason: str) -> None:
    refusal = one_refusal(item)
    assert refusal.field == field
    assert reason in refusal.reason
    assert len(refusal.raw) < 250_000


def test_a_refusal_keeps_its_item_and_names_its_article() -> None:
    refusal = one_refusal(b'{"source_id": "x-7", "title": "\xff\0"}')
    assert (refusal.raw, refusal.source_id) == ('{"source_id": "x-7", "title": "\ufffd\u2400"}', "x-7")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[" + GOOD, "it breaks off (line 1, position 69)"),
        (
            b"[\n" + GOOD + b",\n" + GOOD[:30],
            "breaks off within what begins in line 3, position 1 (line 3, position 31)",
        ),
        (b'[{"a": "b\\', "breaks off within what begins in line 1, position 2"),
        (b"[" + GOOD + b",", "a value is missing|it breaks off"),
        (b"[" + GOOD + b",\n]", "there is a comma too many (line 2, position 1)"),
        (b"[" + GOOD + b" " + GOOD + b"]", "a comma or a closing bracket is missing (line 1, position 70)"),
        (b"[" + GOOD + b",,{}]", "a value is missing"),
        (b"[" + GOOD + b"}", "a comma or a closing bracket is missing"),
        (b"[" + GOOD + b"] [", "there is more after the document has ended (line 1, position 71)"),
        (b'[{"a" 1}]', "a colon is missing (line 1, position 7)"),
        (b'[{},\n{"a":\n "\xc3\xa4" "b"}]', "a comma or a closing bracket is missing (line 3, position 6)"),
        (b"[{a: 1}]", "a key in double quotes is missing"),
        (b'[{"a": [1, 2}]', "a comma or a closing bracket is missing"),
        (b"[{}, nope]", "a value is missing (line 1, position 6)"),
        (b"[{}, 01]", "there is more after"),
        (b"[" * 100_000, "it breaks off"),
        (b'{"posts": [{}], "b"}', "a colon is missing"),
        (b'{"posts": [{}], b: 1}', "a key in double quotes is missing (line 1, position 17)"),
        (b'{"posts": [{}], "b": tru}', "a value is missing (line 1, position 22)"),
        (b'{"posts": [{}],}', "there is a comma too many"),
        (b'{"posts": [{}]', "it breaks off"),
        (b"7", "neither a list nor an object"),
        (b" ", "neither a list nor an object"),
        (b"[]", "The list is empty: there is no article in it."),
        (b'{"count": 0, "posts": [ ]}', 'The list "posts" is empty'),
        (
            b'{"related": [{}], "body": "b"}',
            'The object has "body", as an article has, and a list of objects',
        ),
        (
            b'{"posts": [{}],\n "count": 1, "posts": [{"a": 1}]}',
            'The key "posts" stands twice in the object around the articles, again in line 2, position 14',
        ),
        (b'{"count": 1, "posts": [{}], "count": 2}', 'The key "count" stands twice'),
        (b'{"posts": [], "posts": [{}]}', 'The key "posts" stands twice'),
    ],
    ids=lambda value: f"{value[:30]!r} {len(value)}" if isinstance(value, bytes) else None,
)
def test_a_broken_document_is_refused_whole_with_its_place(data: bytes, reason: str) -> None:
    said = why_unreadable(data)
    assert any(words in said for words in reason.split("|")), said


class Long(io.BytesIO):
    """A document of many blocks that is never in memory as a whole."""

    def __init__(self, begin: bytes, block: bytes, count: int, end: bytes) -> None:
        super().__init__()
        self.blocks = self.make(begin, block, count, end)

    def make(self, begin: bytes, block: bytes, count: int, end: bytes) -> Iterator[bytes]:
        yield begin
        for _ in range(count):
            yield block
        yield end

    def read(self, _size: int | None = -1) -> bytes:
        return next(self.blocks, b"")


def test_a_large_document_with_an_emoji_takes_the_memory_of_one_item() -> None:
    item = b'{"title": "\xf0\x9f\x98\x80", "body": "' + b"x" * MEBIBYTE + b'"},\n'
    tracemalloc.start()
    json_document.check(Long(b"[", item, 30, GOOD + b"]"), DEFAULT_LIMITS)
    count = sum(1 for _ in json_document.read(Long(b"[", item, 30, GOOD + b"]"), DEFAULT_LIMITS))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 31
    assert most < 20 * MEBIBYTE


def test_an_item_that_is_too_long_is_refused_in_the_memory_of_its_limit() -> None:
    tracemalloc.start()
    refusal, good = json_document.read(
        Long(b'[{"a": "', b"x" * MEBIBYTE, 40, b'"},' + GOOD + b"]"), DEFAULT_LIMITS
    )
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(refusal, Refusal)
    assert isinstance(good, RawRecord)
    assert most < 20 * MEBIBYTE


def test_a_document_over_the_limit_is_refused_and_one_of_just_the_limit_is_not() -> None:
    data = b"[" + GOOD + b"]"
    json_document.check(io.BytesIO(data), replace(DEFAULT_LIMITS, document_bytes=len(data)))
    with pytest.raises(
        UnreadableFile, match=r"larger than [0-9]+ bytes; as JSON Lines it may be of any size"
    ):
        json_document.check(io.BytesIO(data), replace(DEFAULT_LIMITS, document_bytes=len(data) - 1))
