"""Bytes of a file as UTF-8: with or without a byte order mark, or UTF-16 with one. Nothing is guessed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from review_app.importing.readers.reader import UnreadableFile

BLOCK_BYTES = 256 * 1024
NOTHING = "\udcff"
"""Stands for bytes that are nothing in a file's encoding; as it is no valid UTF-8, just the record around it is refused."""
NOT_UTF8 = NOTHING.encode(errors="surrogatepass")
HALF_OF_A_PAIR = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")

# Looked for before UTF-16, whose mark is how that of UTF-32 begins.
UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
# Archives are taken apart before a reader sees what is in them.
NOT_TWICE = "what is packed is unpacked once, not what is packed within it; unpack it first."
BINARY_BEGINNINGS = {
    b"\x1f\x8b": f"The file is compressed (gzip) within an archive: {NOT_TWICE}",
    b"PK\x03\x04": f"The file is a zip archive (or an office document) within an archive: {NOT_TWICE}",
    b"PK\x05\x06": f"The file is a zip archive within an archive: {NOT_TWICE}",
    b"BZh": "The file is compressed (bzip2); unpack it first.",
    b"\xfd7zXZ": "The file is compressed (xz); unpack it first.",
    b"\x28\xb5\x2f\xfd": "The file is compressed (zstd); unpack it first.",
    b"7z\xbc\xaf\x27\x1c": "The file is a 7z archive; unpack it first.",
    b"%PDF-": "The file is a PDF, no text.",
    b"\x89PNG": "The file is an image (PNG), no text.",
    b"\xff\xd8\xff": "The file is an image (JPEG), no text.",
    b"GIF8": "The file is an image (GIF), no text.",
    b"SQLite format 3\0": "The file is a database (SQLite), no text.",
}
WINDOWS_1252_ONLY = re.compile(rb"[a-zA-Z ,.][\x91-\x94\x96\x97\x85\x80][a-zA-Z ,.\r\n]")
"""Its typographic quotes and dashes, its ellipsis and its euro, which are control characters in Latin-1."""
TAR_MARK = slice(257, 262)
UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def utf8_blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The file as UTF-8 without byte order mark, in blocks; what is not valid stays so, for the reader to refuse."""
    first = _at_least(stream, len(codecs.BOM_UTF8))
    encoding = UTF16.get(first[:2])
    if encoding:
        yield from _from_utf16(stream, first[2:], encoding)
        return
    yield first.removeprefix(codecs.BOM_UTF8)
    while block := stream.read(BLOCK_BYTES):
        yield block


def head_as_utf8(head: bytes) -> bytes:
    """The beginning of a file as UTF-8; raises `UnreadableFile` for what is no text by its first bytes."""
    refuse_binary(head)
    if head.startswith(UTF32):
        raise UnreadableFile("The text is UTF-32; save it as UTF-8, or name it with --encoding utf-32.")
    encoding = UTF16.get(head[:2])
    if encoding:
        text = codecs.getincrementaldecoder(encoding)("surrogatepass").decode(head[2:])
        return text.encode(errors="surrogatepass")
    return head.removeprefix(codecs.BOM_UTF8)


def refuse_binary(head: bytes) -> None:
    """Raises `UnreadableFile` for what is no text in any encoding, by its first bytes."""
    for begin, reason in BINARY_BEGINNINGS.items():
        if head.startswith(begin):
            raise UnreadableFile(reason)
    if head[TAR_MARK] == b"ustar":
        raise UnreadableFile(f"The file is a tar archive within an archive: {NOT_TWICE}")


def why_not_text(head: bytes) -> str:
    """Why these bytes are no UTF-8 text, empty if they are; a character cut off at the end is fine."""
    if b"\0" in head:
        return (
            "The file contains NUL bytes: it is no text, or UTF-16 without a byte order mark"
            " (then name it with --encoding utf-16-le or utf-16-be)."
        )
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as error:
        return f"The file {describe(error)}."
    return ""


def describe(error: UnicodeDecodeError) -> str:
    """What is wrong with a text that cannot be read, and where, as the rest of a sentence about it."""
    place = f"position {len(error.object[: error.start].decode()) + 1}"
    if error.object.startswith(NOT_UTF8, error.start):
        return f"contains bytes that are no character in the file's encoding ({place})"
    if HALF_OF_A_PAIR.match(error.object, error.start):
        return f"contains half of a surrogate pair, which is no character ({place})"
    perhaps = "Windows-1252" if WINDOWS_1252_ONLY.search(error.object) else "Latin-1 or Windows-1252"
    byte, at = error.object[error.start], error.start + 1
    return (
        f"is no UTF-8 text: byte 0x{byte:02X} at position {at} is not UTF-8"
        f" (perhaps it is {perhaps}: name it with --encoding)"
    )


def _at_least(stream: BinaryIO, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := stream.read(BLOCK_BYTES)):
        data += more
    return data


def _from_utf16(stream: BinaryIO, first: bytes, encoding: str) -> Iterator[bytes]:
    # Lone surrogates pass here and come out as invalid UTF-8, which refuses the record they stand in.
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    yield decoder.decode(first).encode(errors="surrogatepass")
    while block := stream.read(BLOCK_BYTES):
        yield decoder.decode(block).encode(errors="surrogatepass")
    if decoder.getstate()[0]:
        yield NOT_UTF8
