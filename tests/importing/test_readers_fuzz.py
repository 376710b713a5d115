"""Whatever the bytes are, no reader raises: it gives records, refusals and skipped ones, or refuses the file with a reason."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.importing.limits import DEFAULT_LIMITS
from review_app.importing.readers import READERS, Reader, UnreadableFile
from review_app.importing.record import RawRecord, Record, Refusal, Skipped
from review_app.importing.validation import validate
from tests.importing.records import record
from tests.support.writers import as_csv, as_json, as_json_lines, as_markdown

TODAY = date(2026, 11, 22)
TWO = [record("a-1"), record("a-2")]
VALID = {
    "json": as_json(TWO, within="posts"),
    "csv": as_csv(TWO),
    "jsonl": as_json_lines(TWO),
    "markdown": as_markdown(TWO[0], '# a\n\n- b\n  > c\n\n![d](e "f")\n'),
    "text": b"a title\n\na text.\n\nsite post meta\n\ntopica / b\nscore\n  \xe2\x80\xa2 quality: 9\n",
}
BITS = [
    *(
        b"[",
        b"]",
        b"{",
        b"}",
        b'"',
        b"'",
        b"\\",
        b",",
        b";",
        b":",
        b"|",
        b"\t",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
    ),
    *(
        b"---\n",
        b"+++\n",
        b"&a ",
        b"*a",
        b"!!x ",
        b"- ",
        b"> ",
        b"NaN",
        b"1e999",
        b'""',
        b"\xed\xa0\x80",
        b"\xff\xfe",
    ),
    "\N{BULLET} ".encode(),
]
"""What means something in one format or the other."""
changes = st.lists(
    st.tuples(st.integers(0, 3000), st.integers(0, 40), st.sampled_from(BITS) | st.binary(max_size=4)),
    max_size=6,
)


def take(reader: Reader, data: bytes) -> None:
    """Read a file as an import does, and judge what is in it."""
    with suppress(UnreadableFile):
        reader.check(io.BytesIO(data), DEFAULT_LIMITS)
    for item, found in enumerate(reader.read(io.BytesIO(data), DEFAULT_LIMITS), 1):
        assert isinstance(found, (RawRecord, Refusal, Skipped))
        assert found.item == item
        assert 0 <= found.line <= data.count(b"\n") + data.count(b"\r") + 2
        judged = validate(found, TODAY) if isinstance(found, RawRecord) else found
        if isinstance(judged, Refusal):
            assert judged.reason
            assert "\0" not in judged.field + judged.reason + judged.raw
            (judged.field + judged.reason + judged.raw).encode()
        else:
            assert isinstance(judged, (Record, Skipped))


@pytest.mark.parametrize("name", READERS)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(name: str, data: bytes) -> None:
    take(READERS[name], data)


@pytest.mark.parametrize("name", sorted(VALID))
@given(changes=changes)
def test_a_valid_file_with_a_few_changes_is_read_or_refused(
    name: str, changes: list[tuple[int, int, bytes]]
) -> None:
    data = VALID[name]
    for place, length, bit in changes:
        start = place % (len(data) + 1)
        data = data[:start] + bit + data[start + length :]
    take(READERS[name], data)


@pytest.mark.parametrize("name", sorted(VALID))
@given(st.data())
def test_a_valid_file_that_breaks_off_anywhere_is_read_or_refused(name: str, data: st.DataObject) -> None:
    take(READERS[name], VALID[name][: data.draw(st.integers(0, len(VALID[name])))])
