"""A file is known by what is in it, or refused by what it is."""

from __future__ import annotations

import codecs
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.importing.limits import DEFAULT_LIMITS
from review_app.importing.readers import READERS, UnreadableFile, recognise
from review_app.importing.record import Refusal
from review_app.importing.rules import HEAD_BYTES

SAMPLES = Path(__file__).parent / "samples"
PAGE = "a title\n\na paragraph.\n\nsite post meta\n\ntopicx"
OBJECT = '{"title": "a", "body": "b"}'


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", PAGE)
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return file.getvalue()


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.txt")), ids=lambda path: path.name)
def test_a_page_is_page_text(path: Path) -> None:
    assert recognise(path.read_bytes()[:HEAD_BYTES]) == "text"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (PAGE, "text"),
        ("|\n\n" + PAGE, "text"),
        ("[draft] a title\n\n{ braces } in a page\n", "text"),
        ("<b>bold</b> title\n", "text"),
        ("-- a title --\n", "text"),
        (OBJECT, "jsonl"),
        (f"\n  {OBJECT}\n{OBJECT}\n", "jsonl"),
        (OBJECT[:20], "jsonl"),
        ("{}", "jsonl"),
        (f"garbage\n{OBJECT}", "jsonl"),
        (f"[1, 2]\n{OBJECT}\n{OBJECT}", "jsonl"),
        (f"{OBJECT}\ngarbage\n\nmore garbage\nand more", "jsonl"),
        (f"{OBJECT[:-1]},\n{OBJECT}\n{OBJECT}", "jsonl"),
        (f"{OBJECT},\n{OBJECT},\n", "jsonl"),
        ('{"related": [{"id": 1}], "body": "b"}', "jsonl"),
        ('{"entities": [{"name": "a"}]}', "jsonl"),
        ('{"title":"a","body":"b","topic":"c"}', "jsonl"),
        ('{"title":"a","body":"b","payload":{"source_id":"a"}}\n' * 2, "jsonl"),
        ('{"posts":[{"title":"a","body":"b"},{"title":"b","body":"c"}]}', "json"),
        ('[{"title":"a","body":"b"},{"title":"b","body":"c"}]', "json"),
        ('{"related": [{"id": 1}]}\n{"related": [{"id": 2}]}', "jsonl"),
        ('{\n  "title": "a"\n}', "json"),
        ('{"title": "a",\n "body": "b"}', "json"),
        ("[]", "json"),
        (f"[{OBJECT}]", "json"),
        (f"[\n{OBJECT},\n{OBJECT}\n]", "json"),
        (f"[{OBJECT[:9]}", "json"),
        (f'[7, "x\\"", null, {OBJECT}]', "json"),
        ("[[[[", "json"),
        (f'{{"posts": [{OBJECT}, {OBJECT}]}}', "json"),
        (f'{{"posts": [{OBJECT},\n{OBJECT}\n]}}', "json"),
        (f'{{"posts": [\n{OBJECT},\n{OBJECT}\n]}}', "json"),
        (f'{{"title": "an export", "count": 2, "posts": [{OBJECT[:12]}', "json"),
        ('{"posts": []}', "json"),
        ("title,body\na,b", "csv"),
        ("Title;Score Quality;mood\n\na;1;b", "csv"),
        ("title\tpayload.source_id\tbody\none cell", "csv"),
        ('"title"|"body"\n"a\n{"|"b"\n', "csv"),
        ("post_title,post_id,content\na,1,b\n", "csv"),
        ("title, and what follows\n\na paragraph, with a comma.\n", "text"),
        ("summary, notes and a checklist\n\na paragraph.\n", "text"),
        ("stack, tools\n\na paragraph of a page.\n", "text"),
        ("one, two, three and four\n\nfive, six and seven\n", "text"),
        ("---\ntitle: a\n---\n", "markdown"),
        ("---\n# a comment\n\ntitle: a", "markdown"),
        ("--- \r\ntitle:\r\n", "markdown"),
        ("---\n---\n", "markdown"),
        ("+++\ntitle = 'a'\n+++\n", "markdown"),
        ("---\nnull\n---\na text", "markdown"),
        ("---\n# nothing\n~\n---\n", "markdown"),
        ("---\n- title\n- body\n---\na text", "markdown"),
        ('---\r\n["title", "body"]\r\n---\r\na text', "markdown"),
        ("---\n42\n---\n", "markdown"),
        ("---\n- a list that a page begins with\n- and no fence\n", "text"),
        ("---\n\na title\n\na paragraph: this.\n", "text"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_told_by_how_it_begins_in_every_encoding(head: str, name: str, encoding: str) -> None:
    assert recognise(head.encode(encoding)) == name


def test_json_lines_are_known_even_if_the_first_line_is_broken() -> None:
    assert recognise(b'{"title": "caf\xe9\0"}\n' + OBJECT.encode()) == "jsonl"


def test_a_head_may_be_cut_within_a_character() -> None:
    assert recognise("a title — and more".encode()[:9]) == "text"
    assert recognise(PAGE.encode("utf-16")[:13]) == "text"


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"", "empty"),
        (b" \n\t\r\n", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (codecs.BOM_UTF16_LE, "empty"),
        (gzip.compress(PAGE.encode(), mtime=0), "gzip"),
        (zipped(), "zip archive"),
        (tarred(), "tar archive"),
        (b"BZh91AY", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (PAGE.encode("utf-32"), "UTF-32"),
        (PAGE.encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (b"a\0b", "NUL"),
        ("caf\xe9 au lait".encode("latin-1"), "byte 0xE9 at position 4 is not UTF-8"),
        (b'{"title": "a"}'[:1] + b"\n[", "JSON that is broken at its beginning"),
        (b'<?xml version="1.0"?><rss>', "XML or HTML"),
        (b"<!DOCTYPE html>", "XML or HTML"),
    ],
)
def test_what_cannot_be_read_is_refused_by_what_it_is(head: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        recognise(head)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_whatever_the_bytes_are_they_get_a_format_or_a_reason(head: bytes) -> None:
    try:
        told = recognise(head)
    except UnreadableFile as error:
        told = error.reason
    assert told in READERS or told.endswith(".")
    told.encode()


READ_IN_UTF16: dict[str, str] = {
    "jsonl": '{"title": "a HERE b", "payload": {"source_id": "x-1"}}\n',
    "json": '[\n{"title": "a HERE b", "payload": {"source_id": "x-1"}}\n]',
    "csv": "title,body,payload.source_id\na HERE b,c,x-1\n",
    "markdown": "---\npayload: {source_id: x-1}\n---\na HERE b\n",
    "text": PAGE.replace("a paragraph", "a HERE b", 1) + "\nHERE\n",
}


@pytest.mark.parametrize("name", READ_IN_UTF16)
def test_half_of_a_surrogate_pair_in_utf16_is_told_as_what_it_is(name: str) -> None:
    written = codecs.BOM_UTF16_LE + READ_IN_UTF16[name].encode("utf-16-le")
    broken = written.replace("HERE".encode("utf-16-le"), b"\x00\xd8")
    (refused,) = (
        one for one in READERS[name].read(io.BytesIO(broken), DEFAULT_LIMITS) if isinstance(one, Refusal)
    )
    assert "contains half of a surrogate pair, which is no character" in refused.reason
    assert "UTF-8" not in refused.reason
