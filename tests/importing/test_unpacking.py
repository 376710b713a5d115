"""Archives: what is in them comes out member by member, and what is damaged or made to do harm has a reason."""

from __future__ import annotations

import codecs
import gzip
import io
import random
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.importing.limits import DEFAULT_LIMITS, Limits
from review_app.importing.mapping import Mapping
from review_app.importing.readers import READERS
from review_app.importing.readers.reader import UnreadableFile
from review_app.importing.reading import How, read_file, why_unreadable
from review_app.importing.record import Record, Refusal
from review_app.importing.rules import HEAD_BYTES
from review_app.importing.unpacking import Member, MemberStream, UnreadableMember, is_packed, members

Files = dict[str, bytes]
A_LIMIT_OF_64_KIB = replace(DEFAULT_LIMITS, archive_free_bytes=64 * 1024)


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def tarred(files: Files, kind: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def stored(files: Files) -> bytes:
    return zipped(files, zipfile.ZIP_STORED)


def tarred_by_gnu(files: Files) -> bytes:
    return tarred(files, tarfile.GNU_FORMAT)


def only_gzipped(files: Files) -> bytes:
    return gzip.compress(files["a"])


def tarred_and_gzipped(files: Files) -> bytes:
    return gzip.compress(tarred(files))


def found_in(data: bytes, limits: Limits = DEFAULT_LIMITS) -> dict[str, bytes | str]:
    """The content of each member, or the reason why there is none; each is read twice, as an import does."""
    found: dict[str, bytes | str] = {}
    for member in members(lambda: io.BytesIO(data), "pages", limits):
        assert member.name not in found
        found[member.name] = member.reason if isinstance(member, UnreadableMember) else content(member)
    return found


def content(member: Member) -> bytes | str:
    try:
        member.open().read(1000)
        with member.open() as stream:
            return stream.read()
    except UnreadableFile as error:
        return error.reason


def read_all(member: Member, into: list[bytes]) -> None:
    """Piece after piece, until it ends or is refused."""
    stream = member.open()
    while piece := stream.read(1000):
        into.append(piece)


class Counted(io.BytesIO):
    """A file that notes how many bytes were read of it, over all readings."""

    def __init__(self, data: bytes, into: list[int]) -> None:
        super().__init__(data)
        self.into = into

    def read(self, count: int | None = -1) -> bytes:
        data = super().read(count)
        self.into.append(len(data))
        return data


def count_all(member: Member, into: list[int]) -> None:
    """The same, but nothing is kept."""
    stream = member.open()
    while piece := stream.read(64 * 1024):
        into.append(len(piece))


@pytest.mark.parametrize("data", [b"", b"a", b"a title\n\nsome text" * 9_000])
def test_a_plain_file_is_its_only_member(data: bytes) -> None:
    assert found_in(data) == {"pages": data}
    assert not is_packed(data)


@pytest.mark.parametrize(
    "data",
    [gzip.compress(b"a" * 9), gzip.compress(b"a" * 4) + gzip.compress(b"a" * 5) + b"\0" * 99],
    ids=["one", "two, and padding"],
)
def test_a_gzipped_file_is_one_member_under_its_own_name(data: bytes) -> None:
    assert found_in(data) == {"pages": b"a" * 9}
    assert is_packed(data)


noise = random.Random(7).randbytes(300_000)
FILES = {
    "b.txt": b"second in the alphabet",
    "a/ü.txt": noise,
    "empty": b"",
    "a/" + "long" * 40: b"x" * 2_000_000,
}


@pytest.mark.parametrize("pack", [zipped, tarred, tarred_and_gzipped])
def test_an_archive_gives_its_members_in_its_order(pack: Callable[[Files], bytes]) -> None:
    data = pack(FILES)
    assert is_packed(data)
    found = found_in(data)
    assert list(found.values()) == list(FILES.values())
    assert list(found)[:3] == ["pages/b.txt", "pages/a/ü.txt", "pages/empty"]
    assert found == found_in(data)


@pytest.mark.parametrize("pack", [stored, tarred_by_gnu])
def test_other_ways_of_packing_are_read_too(pack: Callable[[Files], bytes]) -> None:
    assert list(found_in(pack(FILES)).values()) == list(FILES.values())


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_what_systems_add_is_passed_over(pack: Callable[[Files], bytes]) -> None:
    added = ["__MACOSX/._a", ".DS_Store", ".git/config", "a/.hidden/b", "folder/"]
    assert list(found_in(pack({**dict.fromkeys(added, b"x"), "a": b"y"}))) == ["pages/a"]


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize(
    ("inner", "shown"),
    [
        ("../../etc/passwd", "pages/../../etc/passwd"),
        ("/etc/passwd", "pages//etc/passwd"),
        ("C:\\windows\\a.txt", "pages/C:\\windows\\a.txt"),
        ("\u202etxt.exe\n", "pages/\ufffdtxt.exe\ufffd"),
        ("x" * 400, f"pages/{'x' * 199}…"),
    ],
)
def test_a_path_is_only_a_name(pack: Callable[[Files], bytes], inner: str, shown: str) -> None:
    assert list(found_in(pack({inner: b"x"}))) == [shown]


def test_what_is_no_file_in_a_tar_is_told() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            info = tarfile.TarInfo(f"kind {kind.decode()}")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    assert found_in(out.getvalue()) == {
        "pages/kind 2": "It is a symbolic link, no file.",
        "pages/kind 1": "It is a hard link, no file.",
        "pages/kind 3": "It is a device, no file.",
        "pages/kind 6": "It is a pipe, no file.",
    }


def patched(data: bytes, mark: bytes, offset: int, layout: str, *values: int) -> bytes:
    """With other values at a place after the first mark."""
    changed = bytearray(data)
    struct.pack_into(layout, changed, data.index(mark) + offset, *values)
    return bytes(changed)


ONE = zipped({"a": b"x" * 500, "b": b"y"})
DIRECTORY, END = b"PK\1\2", b"PK\5\6"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (patched(ONE, DIRECTORY, 8, "<H", 1), "encrypted"),
        (patched(ONE, DIRECTORY, 10, "<H", 14), "LZMA"),
        (patched(ONE, DIRECTORY, 10, "<H", 77), "method 77"),
        (patched(ONE, DIRECTORY, 16, "<L", 1), "checksum"),
        (patched(ONE, DIRECTORY, 20, "<L", 5), "breaks off"),
        (patched(ONE, DIRECTORY, 20, "<L", 10**9), "beyond the end"),
        (patched(ONE, DIRECTORY, 24, "<L", 501), "breaks off"),
        (patched(ONE, DIRECTORY, 24, "<L", 400), "damaged"),
        (patched(ONE, DIRECTORY, 20, "<2L", 0xFFFFFFFF, 0xFFFFFFFF), "beyond the end"),
        (patched(ONE, DIRECTORY, 38, "<L", 0o120777 << 16), "symbolic link"),
        (patched(ONE, b"PK\3\4", 30 + 1, "<B", 0xFF), "damaged where it is packed"),
    ],
)
def test_a_damaged_member_of_a_zip_is_refused_alone(data: bytes, reason: str) -> None:
    found = found_in(data)
    assert reason in str(found["pages/a"])
    assert found["pages/b"] == b"y"


def test_a_member_that_is_not_where_the_directory_says_is_refused_alone() -> None:
    found = found_in(ONE[:4] + ONE[4:].replace(b"PK\3\4", b"PK\3\5"))
    assert found["pages/a"] == b"x" * 500
    assert "does not begin where" in str(found["pages/b"])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (ONE[:-30], "directory is missing"),
        (ONE[:40], "directory is missing"),
        (ONE[:20] + ONE[30:], "does not stand where"),
        (patched(ONE, END, 10, "<H", 3), "fewer entries"),
        (patched(ONE, END, 10, "<H", 1), "more in it"),
        (patched(ONE, END, 10, "<H", 0xFFFF), "fewer entries"),
        (patched(ONE, END, 16, "<L", 0xFFFFFFFF), "does not stand where"),
        (patched(ONE, END, 12, "<L", 7), "does not stand where"),
        (zipped({}), "empty"),
        (zipped({"[Content_Types].xml": b"<Types/>", "a": b""}), "office program"),
    ],
)
def test_a_damaged_zip_has_a_reason(data: bytes, reason: str) -> None:
    assert reason in str(found_in(data)["pages"])


def test_a_zip_of_more_than_4_gib_keeps_its_sizes_elsewhere_and_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("a", "w", force_zip64=True) as member:
        member.write(b"small after all")
    data = out.getvalue()
    start, end = data.index(DIRECTORY), data.index(END)
    extra = struct.pack("<2H3Q", 1, 24, 15, 15, 0)
    entry = bytearray(data[start:end])
    struct.pack_into("<2L", entry, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", entry, 30, len(extra))
    struct.pack_into("<L", entry, 42, 0xFFFFFFFF)
    entry += extra
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(entry), start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, start + len(entry), 1)
    last = struct.pack("<4s4H2LH", END, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert found_in(data[:start] + bytes(entry) + end_64 + locator + last) == {"pages/a": b"small after all"}


def test_members_of_a_zip_that_share_bytes_are_refused_but_for_the_first() -> None:
    once = zipped({"a": b"x" * 500})
    start, end = once.index(DIRECTORY), once.index(END)
    entry = once[start:end]
    renamed = entry.replace(b"a", b"b", 1)
    last = struct.pack("<4s4H2LH", END, 0, 0, 2, 2, 2 * len(entry), start, 0)
    found = found_in(once[:start] + entry + renamed + last)
    assert found["pages/a"] == b"x" * 500
    assert "shares its bytes" in str(found["pages/b"])


@pytest.mark.parametrize("kept", [0.1, 0.4, 0.9])
@pytest.mark.parametrize("pack", [tarred, tarred_and_gzipped, only_gzipped])
def test_what_is_cut_off_is_told(pack: Callable[[Files], bytes], kept: float) -> None:
    data = pack({"a": noise[:50_000], "b": noise})
    found = found_in(data[: int(kept * len(data))])
    assert "breaks off" in str(list(found.values())[-1])


def test_a_damaged_tar_has_a_reason_and_what_came_before_is_read() -> None:
    data = bytearray(tarred({"a": b"x", "b": b"y"}))
    data[1024 + 148] ^= 1
    found = found_in(bytes(data))
    assert found["pages/a"] == b"x"
    assert "damaged at byte 1,024" in str(found["pages"])


def test_a_damaged_gzip_gives_what_comes_before_the_damage() -> None:
    data = bytearray(gzip.compress(noise))
    data[150_000:150_010] = bytes(10)
    walk = members(lambda: io.BytesIO(data), "pages", DEFAULT_LIMITS)
    member = next(walk)
    assert isinstance(member, Member)
    begun: list[bytes] = []
    with pytest.raises(UnreadableFile, match="damaged"):
        read_all(member, begun)
    assert noise.startswith(b"".join(begun)[:140_000])
    assert len(b"".join(begun)) > 140_000


@pytest.mark.parametrize("pack", [zipped, tarred, tarred_and_gzipped])
def test_more_members_than_the_limit_are_not_read(pack: Callable[[Files], bytes]) -> None:
    data = pack({f"f{number}": b"x" for number in range(6)})
    found = found_in(data, replace(DEFAULT_LIMITS, archive_members=5))
    assert "more than 5 members" in str(found["pages"])


# --- bombs ------------------------------------------------------------------------------------------------------------


@cache
def bomb(size: int, byte: bytes = b"\0") -> bytes:
    """That many zeros, gzipped a thousand times smaller."""
    packer, piece = zlib.compressobj(9, zlib.DEFLATED, 31), byte * 2**20
    return b"".join(packer.compress(piece) for _ in range(size // len(piece))) + packer.flush()


@pytest.mark.parametrize(
    "data",
    [bomb(2**27), gzip.compress(tarred({"a": bytes(2**24)})), zipped({"a": bytes(2**24)})],
    ids=["gzip", "tar.gz", "zip"],
)
def test_a_bomb_is_stopped_after_few_bytes_and_in_little_memory(data: bytes) -> None:
    tracemalloc.start()
    walk = members(lambda: io.BytesIO(data), "pages", DEFAULT_LIMITS)
    first = next(walk)
    assert isinstance(first, Member)
    counts: list[int] = []
    with pytest.raises(UnreadableFile, match="100 times its packed size"):
        count_all(first, counts)
    read = sum(counts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 8 * 1024 * 1024 - 64 * 1024 <= read <= 8 * 1024 * 1024
    assert peak < 2 * 1024 * 1024


@pytest.mark.parametrize("pack", [zipped, tarred_and_gzipped])
def test_many_small_bombs_are_one(pack: Callable[[Files], bytes]) -> None:
    found = found_in(pack({f"f{number}": bytes(60_000) for number in range(9)}), A_LIMIT_OF_64_KIB)
    assert found["pages/f0"] == bytes(60_000)
    assert len(found) <= 3
    assert "unpacks to" in str(found["pages"])


@pytest.mark.parametrize("format_name", [None, *READERS])
def test_a_bomb_of_blank_lines_is_told_as_a_bomb(format_name: str | None) -> None:
    packed = bomb(100 * 2**20, b"\n")
    how = How(format_name, date(2026, 11, 22), Mapping.default())
    asked: list[int] = []
    (found,) = read_file(lambda: Counted(packed, asked), "lines", how)
    assert isinstance(found.found, Refusal)
    assert "100 times its packed size" in found.found.reason
    assert sum(asked) < 2 * len(packed), "it goes on after it was found out"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_many_blank_lines_are_no_end_of_a_file(encoding: str) -> None:
    blank = ("\n \r\n" * HEAD_BYTES).encode(encoding)
    how = How(None, date(2026, 11, 22), Mapping.default())
    said = '{"title": "a", "payload": {"source_id": "x-1"}}\n'.encode(encoding).removeprefix(codecs.BOM_UTF16)
    (found,) = read_file(lambda: io.BytesIO(blank + said), "lines", how)
    assert (found.format, isinstance(found.found, Record)) == ("jsonl", True)
    assert why_unreadable(io.BytesIO(blank + said), None, None) == ""
    (nothing,) = read_file(lambda: io.BytesIO(blank), "lines", how)
    assert isinstance(nothing.found, Refusal)
    assert (
        nothing.found.reason
        == why_unreadable(io.BytesIO(blank), None, None)
        == "The file is empty, or blank."
    )


def test_what_is_large_but_packed_like_text_is_no_bomb() -> None:
    text = b"".join(b"line %d of a page that says little\n" % number for number in range(20_000))
    assert found_in(gzip.compress(text), A_LIMIT_OF_64_KIB) == {"pages": text}


@given(data=st.data())
def test_whatever_is_changed_in_an_archive_nothing_but_a_reason_comes_of_it(data: st.DataObject) -> None:
    pack = data.draw(st.sampled_from([zipped, tarred, tarred_and_gzipped]))
    changed = bytearray(pack({"a": b"x" * 500, "b/c": b"y" * 90}))
    for _ in range(data.draw(st.integers(1, 5))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    limits = replace(DEFAULT_LIMITS, archive_members=9)
    for member in members(lambda: io.BytesIO(changed), "pages", limits):
        assert isinstance(member, Member) or member.reason.endswith(".")
        if isinstance(member, Member):
            content(member)


def test_progress_goes_from_the_beginning_of_the_file_to_its_end_and_never_back() -> None:
    data = tarred_and_gzipped({f"f{number}": noise for number in range(3)})
    places = [0]
    for member in members(lambda: io.BytesIO(data), "pages", DEFAULT_LIMITS):
        assert isinstance(member, Member)
        for stream in (member.open(), member.open()):
            while stream.read(50_000):
                places.append(member.packed_position())
    assert places == sorted(places)
    assert len(data) - 20_000 < places[-1] <= len(data)


@pytest.mark.parametrize("pack", [zipped, tarred, tarred_and_gzipped])
def test_the_members_of_an_archive_may_be_gzipped_each(pack: Callable[[Files], bytes]) -> None:
    files = {"a.txt.gz": gzip.compress(b"the first" * 9_000), "b.txt": b"the second"}
    assert found_in(pack(files)) == {
        "pages/a.txt.gz": b"the first" * 9_000,
        "pages/b.txt": b"the second",
    }


def drain(stream: MemberStream) -> None:
    while stream.read(2**16):
        pass


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_bomb_within_an_archive_counts_by_the_bytes_of_the_archive(pack: Callable[[Files], bytes]) -> None:
    data = pack({"bomb.gz": bomb(2**28)})
    walk = members(lambda: io.BytesIO(data), "pages", DEFAULT_LIMITS)
    stream = next(walk).open()
    with pytest.raises(UnreadableFile, match="unpacks to more than"):
        drain(stream)
    walk.close()
    assert stream.tell() <= max(DEFAULT_LIMITS.archive_free_bytes, 100 * len(data)) + 2**20
