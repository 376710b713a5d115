"""WordPress exports as files: what is not sound is refused whole, and neither size nor malice costs much."""

from __future__ import annotations

import codecs
import io
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.importing import rules
from review_app.importing.limits import DEFAULT_LIMITS, Limits
from review_app.importing.readers import UnreadableFile, recognise, wxr
from review_app.importing.readers.reader import Found
from review_app.importing.record import RawRecord, Refusal, Skipped
from tests.support.growth import assert_grows_in_proportion
from tests.support.wxr_writer import HEAD, SITE, TAIL, Post, cdata, export, item

SAMPLE = (Path(__file__).parent / "samples" / "wordpress.xml").read_bytes()


def read(data: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Found]:
    return list(wxr.read(io.BytesIO(data), limits))


def why_unreadable(data: bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    with pytest.raises(UnreadableFile) as error:
        wxr.check(io.BytesIO(data), limits)
    return error.value.reason


GOOD = export(Post(), Post(post_id="2"))
BOMB = (
    "<!DOCTYPE rss [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{level} '{f'&a{level - 1};' * 10}'>" for level in range(1, 10))
    + "]>\n<rss"
)


def changed(old: str, new: str) -> bytes:
    text = GOOD.decode()
    assert old in text
    return text.replace(old, new, 1).encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_export_is_known_and_read_in_every_encoding(encoding: str) -> None:
    data = (
        GOOD.decode().replace('"UTF-8"', '"utf-16"' if encoding == "utf-16" else '"UTF-8"').encode(encoding)
    )
    assert recognise(data[:1000]) == "wxr"
    wxr.check(io.BytesIO(data), DEFAULT_LIMITS)
    assert [one.line for one in read(data)] == [one.line for one in read(GOOD)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_holds_over_what_the_xml_says_of_its_encoding(encoding: str) -> None:
    data = changed('"UTF-8"', '"windows-1252"').decode().replace("Some text", "Größe").encode(encoding)
    wxr.check(io.BytesIO(data), DEFAULT_LIMITS)
    assert isinstance(read(data)[0], RawRecord)


@pytest.mark.parametrize(
    "head",
    [
        SAMPLE[: rules.HEAD_BYTES],
        SAMPLE[:2500],
        GOOD,
        b"\n\n" + GOOD.partition(b"\n")[2],
        changed("<rss", "<!-- a -->\n<!-- <b> -->\n<?a b?>\n<rss"),
        changed("<rss", '<!DOCTYPE rss [<!ENTITY a "b">]>\n<rss'),
        b'<rss version="2.0"><channel><wp:wxr_version>1.2</wp:wxr_version>',
    ],
)
def test_an_export_is_known_by_what_comes_after_the_comments(head: bytes) -> None:
    assert recognise(head) == "wxr"


@pytest.mark.parametrize(
    "head",
    [
        b'<rss version="2.0"><channel><title>a feed</title>',
        b"<html><rss xmlns:wp='http://wordpress.org/export/1.2/'>",
        b"a page about http://wordpress.org/export/ and <rss",
        b"<!-- a -->" * 5_000 + b"<html>",
        b"<!--" * 10_000,
        b"<!DOCTYPE [" + b"] " * 20_000,
    ],
)
def test_other_xml_is_no_export(head: bytes) -> None:
    assert not wxr.recognises(head)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (GOOD[:-20], "breaks off"),
        (GOOD[: len(GOOD) // 2], "breaks off"),
        (GOOD[: GOOD.index(b"]]>") - 1], "breaks off"),
        (GOOD[: GOOD.index(b"<wp:status>") + 4], "breaks off within a tag"),
        (changed("Some text.", "Some\x01text."), "in line 21, column 34: what stands there is not allowed"),
        (changed("Some text.", "]]> & more"), "what stands there is not allowed"),
        (GOOD.replace(b"Some text.", b"Caf\xe9", 1), "in line 21"),
        (changed("</wp:post_id>", "</wp:post>"), "in line 23.*a tag closes"),
        (GOOD + b"<rss></rss>", "more after the last tag"),
        (changed("test site", "a&nbsp;b"), "an entity that XML does not have"),
        (changed("test site", "&#0;"), "a character by a number"),
        (changed("<title>", "<other:title>"), "a prefix that was never declared"),
        (
            changed("<rss", '<!DOCTYPE rss SYSTEM "http://evil.example/a.dtd">\n<rss'),
            r"line 3: .*\(DOCTYPE\)",
        ),
        (changed("<rss", '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<rss'), "DOCTYPE"),
        (changed("<rss", BOMB).replace(b"Some text", b"]]>&a9;<![CDATA["), "DOCTYPE"),
        (changed('"UTF-8"', '"ISO-8859-1"'), "its encoding is ISO-8859-1; save it as UTF-8"),
        (changed('"UTF-8"', '"no-such"'), "its encoding is no-such"),
        (changed("test site", "<a>" * 99 + "</a>" * 99), "more than 100 deep"),
        (changed("test site", "<a>" * 100_000), "more than 100 deep"),
        (b"<feed/>", "begins with no <rss>"),
        (b"<rss><channel></channel></rss>", "no WordPress export"),
        (b"", "breaks off"),
        (codecs.BOM_UTF16_LE + GOOD.decode().encode("utf-16-le")[:-1], "breaks off|not allowed"),
        (changed("test site", f"<!-- {'x' * 3_000_000} -->"), "a tag or comment is longer than 1 MiB"),
        (changed("test site", f"<a b='{'x' * 3_000_000}'/>"), "a tag or comment is longer than 1 MiB"),
        (changed("test site", "".join(f"<a{n}/>" for n in range(10_001))), "10,000 different names"),
        (changed("test site", "".join(f"<a b{n}=''/>" for n in range(10_001))), "10,000 different names"),
    ],
)
def test_a_file_that_is_not_sound_is_refused_whole_with_a_reason(data: bytes, reason: str) -> None:
    said = why_unreadable(data)
    assert re.search(reason, said), said
    # Reading it all the same, as when it changed after the check, gives that reason and raises nothing.
    assert [one.reason for one in read(data) if isinstance(one, Refusal)][-1:] == [said]


def test_an_item_that_is_too_long_is_refused_alone_and_its_beginning_kept() -> None:
    limits = replace(DEFAULT_LIMITS, line_bytes=rules.MEBIBYTE)
    for content in ("x" * 2_000_000, "<a>" * 500_000, "]]><b/><![CDATA[" * 200_000):
        data = export(Post(), item(Post("Long")).replace("Some text.", content), Post(post_id="3"))
        first, long, last = read(data, limits)
        assert isinstance(first, RawRecord)
        assert isinstance(long, Refusal)
        assert isinstance(last, RawRecord)
        assert (long.item, long.reason) == (2, "The item is longer than 1 MiB; only its beginning is kept.")
        assert long.raw.startswith("<item>\n<title><![CDATA[Long")
        assert len(long.raw) == rules.KEPT_OF_TOO_LONG
        assert last.raw.startswith("<item>")
        assert last.raw.endswith("</item>")


def test_the_line_of_an_item_is_right_however_far_down_it_stands() -> None:
    parts = [item(Post(post_id=str(number))) + "\n" * 7_000 for number in range(15)]
    data = export(*parts)
    wanted = [data.count(b"\n", 0, place.start()) + 1 for place in re.finditer(b"<item>", data)]
    assert wanted[-1] > 65_535
    assert [one.line for one in read(data)] == wanted


class _Endless(io.RawIOBase):
    """An export of so many items, made while it is read."""

    def __init__(self, count: int, post: str) -> None:
        self.blocks = self._blocks(count, post.encode())

    def _blocks(self, count: int, post: bytes) -> Iterator[bytes]:
        yield HEAD.format(site=SITE).encode()
        for _ in range(count):
            yield post
        yield TAIL.encode()

    def read(self, _size: int = -1) -> bytes:
        return next(self.blocks, b"")


@pytest.mark.parametrize(
    "post",
    [
        item(Post(content="<p>text</p>" * 10_000)),
        f"<wp:author>{cdata('x' * 100_000)}</wp:author>",
        "<a/>" * 10_000,
        "<item><title>" + "x" * 100_000 + "</title>" + "<b>y</b>" * 10_000 + "</item>",
    ],
    ids=["items", "authors", "elements", "odd items"],
)
def test_memory_does_not_grow_with_the_file(post: str) -> None:
    tracemalloc.start()
    for _ in wxr.read(_Endless(20, post)):  # type: ignore[arg-type]
        pass
    few = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    for _ in wxr.read(_Endless(60, post)):  # type: ignore[arg-type]
        pass
    many = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert many < few + rules.MEBIBYTE


def test_an_item_that_never_ends_takes_no_memory() -> None:
    tracemalloc.start()
    read_endless_item(400)
    assert tracemalloc.get_traced_memory()[1] < 24 * rules.MEBIBYTE
    tracemalloc.stop()


def test_an_item_that_never_ends_takes_time_in_proportion_to_its_length() -> None:
    assert_grows_in_proportion(lambda size: read_endless_item(size * 50))


def read_endless_item(blocks: int) -> None:
    stream = _Endless(blocks, "<b>" + "y" * 100_000 + "</b>")
    stream.blocks = (block.replace(b"<channel>", b"<channel><item>") for block in stream.blocks)
    (found,) = wxr.read(stream)  # type: ignore[arg-type]
    assert isinstance(found, Refusal)
    assert "a tag closes" in found.reason


@given(st.binary(max_size=300) | st.text("<>!-[]CDATAitem/&; \n", max_size=200).map(str.encode))
def test_whatever_the_bytes_are_reading_raises_nothing(data: bytes) -> None:
    for one_found in read(HEAD.format(site=SITE).encode() + data):
        assert isinstance(one_found, RawRecord | Refusal | Skipped)
