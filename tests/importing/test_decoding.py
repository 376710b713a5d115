"""Encodings: UTF-8, UTF-16 with its mark, and any other only if somebody names it."""

from __future__ import annotations

import codecs
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.base.errors import Invalid
from review_app.importing.decoding import check_encoding, decoded
from review_app.importing.readers import UnreadableFile, json_lines, recognise
from review_app.importing.record import RawRecord
from tests.importing.records import lines, record

TEXT = '{"title": "café – naïve", "payload": {"source_id": "a-1"}}\n'


def read(data: bytes, encoding: str | None) -> str:
    return decoded(io.BytesIO(data), encoding).read().decode().removeprefix("\ufeff")


@pytest.mark.parametrize(
    "encoding",
    [
        "cp1252",
        "Windows-1252",
        "utf-16-le",
        "utf_16_be",
        "utf-32",
        "UTF-16",
        "mac-roman",
        "utf-8",
        "gb18030",
        "koi8-u",
    ],
)
def test_a_named_encoding_is_read(encoding: str) -> None:
    text = "Привіт" if encoding == "koi8-u" else TEXT
    assert read(
        text.encode(encoding) * 9_000 if "6" not in encoding else text.encode(encoding), encoding
    ).startswith(text)


def test_without_a_name_nothing_is_changed() -> None:
    assert decoded(io.BytesIO(b"caf\xe9"), None).read() == b"caf\xe9"
    assert decoded(io.BytesIO(b"caf\xe9"), " ").read() == b"caf\xe9"


@pytest.mark.parametrize(
    "name",
    ["latin-17", "rot13", "base64", "zlib", "idna", "unicode_escape", "undefined", "a\0b", "é", "x" * 999],
)
def test_what_is_no_encoding_of_text_is_refused_by_name(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_encoding(name)
    assert "encoding" in refused.value.fields


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (codecs.BOM_UTF8 + b"a", "latin-1", "it is UTF-8, and not iso8859-1"),
        ("a".encode("utf-16"), "cp1252", "it is UTF-16, and not cp1252"),
        (codecs.BOM_UTF16_LE + b"a\0", "utf-16-be", "it is UTF-16, and not utf-16-be"),
        ("a".encode("utf-32"), "utf-16", "it is UTF-32, and not utf-16"),
        (b"a\0b\0", "utf-16", "no byte order mark"),
        (gzip.compress(b"a", mtime=0), "latin-1", "gzip"),
        (b"\x89PNG\r\n", "cp1252", "PNG"),
    ],
)
def test_a_name_that_the_file_contradicts_is_refused(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        decoded(io.BytesIO(data), name)


@pytest.mark.parametrize(
    ("encoding", "bad"),
    [("cp1252", b"\x81"), ("shift-jis", b"\x81\xff"), ("utf-16-le", b"\x00\xd8"), ("euc-kr", b"\xff")],
)
def test_bytes_that_are_nothing_in_the_encoding_refuse_their_record_alone(encoding: str, bad: bytes) -> None:
    good, mark = lines(record("a-1")).decode(), "here"
    broken = lines(record("a-2", title=mark)).decode().encode(encoding).replace(mark.encode(encoding), bad)
    stream = decoded(io.BytesIO(good.encode(encoding) + broken + good.encode(encoding)), encoding)
    first, refused, last = json_lines.read(stream)
    assert isinstance(first, RawRecord)
    assert isinstance(last, RawRecord)
    assert not isinstance(refused, RawRecord)
    assert (refused.line, refused.source_id) == (2, "a-2")
    assert "bytes that are no character in the file's encoding" in refused.reason


def test_a_file_that_ends_within_a_character_is_told() -> None:
    with pytest.raises(UnicodeDecodeError):
        read("ab".encode("utf-16-le")[:-1], "utf-16-le")


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"caf\xe9 au lait", "perhaps it is Latin-1 or Windows-1252: name it with --encoding"),
        (b"it \x96 says \xe9", "perhaps it is Windows-1252: name it with --encoding"),
        ("a page".encode("utf-16-le"), "name it with --encoding utf-16-le"),
        ("a page".encode("utf-32"), "name it with --encoding utf-32"),
    ],
)
def test_a_refusal_says_what_the_encoding_could_be(data: bytes, hint: str) -> None:
    with pytest.raises(UnreadableFile, match=hint):
        recognise(data)


@given(
    data=st.binary(max_size=600),
    encoding=st.sampled_from(["latin-1", "shift-jis", "utf-16-le", "hz", "iso2022-jp", "cp037", "big5"]),
)
def test_whatever_the_bytes_are_decoding_ends(data: bytes, encoding: str) -> None:
    try:
        stream = decoded(io.BytesIO(data), encoding)
    except UnreadableFile:
        return
    assert len(stream.read()) <= 4 * len(data) + 4
