"""CSV: every row is a record or is refused alone, naming the column; a header that cannot be understood refuses the file."""

from __future__ import annotations

import io
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.importing.limits import DEFAULT_LIMITS, MEBIBYTE
from review_app.importing.readers import UnreadableFile, csv_table
from review_app.importing.readers.csv_rows import rows
from review_app.importing.readers.reader import Found
from review_app.importing.record import RawRecord, Refusal
from tests.importing.test_readers_json_document import Long, Trickle

HEADER = b"title,payload.source_id,score.quality,stack,body\n"
GOOD = b"a,x-1,94,b,<p>c</p>"


def read(data: bytes) -> list[Found]:
    """What is in a table, however its bytes come."""
    found = list(csv_table.read(io.BytesIO(data)))
    if len(data) < 10_000:
        assert list(csv_table.read(Trickle(data))) == found
    return found


def fields(header: str, row: str) -> dict[str, Any]:
    """The fields of one row."""
    (found,) = read(f"{header}\n{row}\n".encode())
    assert isinstance(found, RawRecord), found
    return found.fields


def one_refusal(row: bytes) -> Refusal:
    """The refusal of a row that stands between two good ones."""
    first, refusal, last = read(HEADER + GOOD + b"\n" + row + b"\n" + GOOD)
    assert isinstance(first, RawRecord)
    assert isinstance(refusal, Refusal)
    assert isinstance(last, RawRecord)
    assert (refusal.line, refusal.item, last.line, last.item) == (3, 2, 4 + row.count(b"\n"), 3)
    return refusal


def test_a_row_is_a_record_with_its_fields_nested_and_its_body_apart() -> None:
    row = 'a,x-1,94,"[""b"", ""c""]","<p>\r\n""d""</p>"'
    assert read(HEADER + row.encode() + b"\r\n") == [
        RawRecord(
            2,
            1,
            {"title": "a", "payload": {"source_id": "x-1"}, "score": {"quality": 94}, "stack": ["b", "c"]},
            '<p>\r\n"d"</p>',
            f"{HEADER.decode().rstrip()}\n{row}",
        )
    ]


def test_line_numbers_are_those_of_the_file_and_rows_that_say_nothing_are_passed_over() -> None:
    found = read(b"\n" + HEADER + b'a,x-1,1,b,"c\nd"\n\n,,,,\r\n' + GOOD)
    assert [(one.line, one.item) for one in found] == [(3, 1), (7, 2)]


@pytest.mark.parametrize(
    ("header", "path"),
    [
        ("score.quality", ["score", "quality"]),
        ("Score Quality", ["score", "quality"]),
        ("SCORE_quality", ["score", "quality"]),
        (" Score . Quality ", ["score", "quality"]),
        ("Flags.Needs human review", ["flags", "needs_human_review"]),
        ("payload_source_id", ["payload", "source_id"]),
        ("revision last reviewed", ["revision", "last_reviewed"]),
        ("View Count", ["view_count"]),
        ("revision.By Whom", ["revision", "By Whom"]),
        ("seo.Title", ["seo", "Title"]),
        ("Odd Key", ["Odd Key"]),
        ("score_total", ["score_total"]),
        ("a..b", ["a..b"]),
        ("body.raw", ["body.raw"]),
    ],
)
def test_a_column_is_known_by_its_path_however_it_is_spelled_and_kept_if_it_is_not(
    header: str, path: list[str]
) -> None:
    value: Any = fields(f"title,{header}", "a,x")
    for name in path:
        value = value[name]
    assert value == "x"


@pytest.mark.parametrize(
    ("header", "cell", "value"),
    [
        ("reading_time", "6", 6),
        ("reading_time", " 6 ", 6),
        ("reading_time", "06", "06"),
        ("reading_time", "6.0", "6.0"),
        ("summary", "6", "6"),
        ("mood", "6", "6"),
        ("stack", "b | c|| d", ["b", "c", "d"]),
        ("notes", "one; and, another", ["one; and, another"]),
        ("stack", "[]", []),
        ("score", '{"quality": 4}', {"quality": 4}),
        ("score", "4", "4"),
        ("entities", '[{"name": "b"}]', [{"name": "b"}]),
        ("entities", "b|c", "b|c"),
        ("mood", "[1]", "[1]"),
        ("mood", "'=1+1", "'=1+1"),
        ("mood", "'", "'"),
        ("mood", 'five " and six', 'five " and six'),
    ],
)
def test_a_cell_says_a_number_or_a_list_only_where_one_is_wanted(
    header: str, cell: str, value: object
) -> None:
    quoted = cell if '" and' in cell else '"' + cell.replace('"', '""') + '"'
    assert fields(f"title,{header}", f"a,{quoted}")[header] == value


def test_an_empty_cell_says_nothing() -> None:
    assert fields("title,summary,score.depth,stack", 'a,,"",') == {"title": "a"}


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (b"a,x-1,94,b", "body", "The row has 4 cells, but the header has 5 columns."),
        (b"a,x-1,94,b,c,d", "", "The row has 6 cells, but the header has 5 columns."),
        (b"a,x-1,94,[1,c", "stack", "The cell of stack is no valid JSON"),
        (b'a,x-1,94,"[NaN]",c', "stack[0]", "NaN, which is no number|[0] is NaN"),
        (b'a,x-1,94,"b"c,d', "stack", 'stack goes on after its closing quotation mark, with "c"'),
        (b"a,x-1,94,caf\xe9,d", "stack", "stack is no UTF-8 text: byte 0xE9"),
        (b'"a\n\xff",x-1,94,b,c', "title", "title is no UTF-8 text: byte 0xFF"),
        (b"a,x\0,94,b,c", "payload.source_id", "payload.source_id contains a NUL character"),
        (b"a,x-1,94,b," + b"c" * 2 * MEBIBYTE + b"d", "body", "body has 2,097,153 characters"),
        (b"a,x-1,94,b," + b"c" * 5 * MEBIBYTE, "", "longer than 4 MiB; only its beginning is kept"),
        (b'a,x-1,94,b,"' + b'c""\n' * 2 * MEBIBYTE + b'"', "", "longer than 4 MiB"),
    ],
    ids=lambda value: f"{value[:20]!r} {len(value)}" if isinstance(value, bytes) else None,
)
def test_a_bad_row_is_refused_alone_and_names_its_column(row: bytes, field: str, reason: str) -> None:
    refusal = one_refusal(row)
    assert refusal.field == field
    assert any(words in refusal.reason for words in reason.split("|")), refusal.reason


def test_a_value_in_a_column_without_a_name_refuses_its_row() -> None:
    first, second = read(b"title,body,\na,b,\nc,d,e\n")
    assert isinstance(first, RawRecord)
    assert isinstance(second, Refusal)
    assert second.reason == 'A cell says "e", but its column has no name.'


def test_a_quotation_mark_that_is_never_closed_refuses_its_row_and_says_that_it_hid_the_rest() -> None:
    found = read(HEADER + GOOD + b'\na,x-2,94,b,"c\n' + b"d,x-3,1,b,c\n" * 1000)
    assert isinstance(found[0], RawRecord)
    assert isinstance(found[1], Refusal)
    assert len(found) == 2
    assert (found[1].line, found[1].field) == (3, "body")
    assert "never closed; no row after it can be told" in found[1].reason


def test_a_quotation_mark_that_is_never_closed_does_not_swallow_memory() -> None:
    tracemalloc.start()
    (refusal,) = csv_table.read(Long(HEADER + b'a,x-1,1,b,"', b"c" * 65_536, 600, b""), DEFAULT_LIMITS)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(refusal, Refusal)
    assert len(refusal.raw) < 100_000
    assert most < 20 * MEBIBYTE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"title\na", "names no columns: at least two"),
        (b"title,Title\na,b", 'Two columns are for "title": "title" and "Title".'),
        (b"score.depth,score_depth\n1,2", "Two columns are for"),
        (b"score,score.depth\n1,2", 'The column "score" is one value, and "score.depth" is within it.'),
        (b"x,y;z\n1,2;3", "cannot be told: comma or semicolon"),
        (b"x,y;z", "cannot be told"),
        (HEADER, "a header and no rows"),
        (b'"title"x,body\na,b', "goes on after its closing quotation mark"),
        (b'title,"body\na,b', "never closed|names no columns"),
        (b"title,body\ra,b", "carriage return"),
        (b"title,b\0\na,b", "NUL"),
        (b"title,b\xff\na,b", "The header is no UTF-8 text"),
        (b"title," + b"x" * 201 + b"\na,b", "longer than 200 characters"),
        (b"title," + b".".join([b"x"] * 33) + b"\na,b", "nested more than 32 deep"),
        (b",".join(b"c%d" % number for number in range(1001)) + b"\na", "1,001 columns; at most 1,000"),
        (b"", "names no columns"),
    ],
    ids=lambda value: f"{value[:20]!r} {len(value)}" if isinstance(value, bytes) else None,
)
def test_a_header_that_cannot_be_understood_refuses_the_file(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile) as raised:
        csv_table.check(io.BytesIO(data))
    assert any(words in raised.value.reason for words in reason.split("|")), raised.value.reason
    assert not any(isinstance(one, RawRecord) for one in csv_table.read(io.BytesIO(data)))


@pytest.mark.parametrize(
    ("data", "cells"),
    [
        ("title;body,x\n1;2,3\n", {"title": "1", "body,x": "2,3"}),
        ("x,y;z\n1,2\n", {"x": "1", "y;z": "2"}),
        ("Title\tmood, or not\n1\t2\n", {"title": "1", "mood, or not": "2"}),
    ],
)
def test_the_delimiter_is_the_one_that_gives_known_columns_or_else_even_rows(
    data: str, cells: dict[str, str]
) -> None:
    (found,) = read(data.encode())
    assert isinstance(found, RawRecord)
    assert found.fields == cells


@given(st.text('",\nab', max_size=30).map(str.encode), st.integers(1, 5))
def test_where_rows_end_does_not_hang_on_how_their_bytes_come(data: bytes, size: int) -> None:
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    assert list(rows(pieces, ",", 1000)) == list(rows([data], ",", 1000))


def test_a_cell_of_just_the_limit_gets_in() -> None:
    limits = replace(DEFAULT_LIMITS, cell_characters=3)
    fits, longer = csv_table.read(io.BytesIO(b"title,body\na,\xc3\xa4\xc3\xa4\xc3\xa4\na,bbbb"), limits)
    assert isinstance(fits, RawRecord)
    assert isinstance(longer, Refusal)
    assert longer.field == "body"
