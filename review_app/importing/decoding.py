"""A file in an encoding that somebody named, as UTF-8. Without a name nothing is decoded here, and nothing is guessed."""

from __future__ import annotations

import codecs
from typing import BinaryIO

from review_app.base.errors import Invalid
from review_app.base.messages import lazy_gettext as _l
from review_app.importing.readers.encoding import NOTHING, refuse_binary
from review_app.importing.readers.reader import UnreadableFile
from review_app.importing.unpacking.streams import MemberStream

HEAD_BYTES = 512
MARK_BAD = "review_desk.mark_bad"
NO_FILES_ENCODING = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "utf-7"}
)
NEED_A_MARK = {"utf-16": "utf-16-le or utf-16-be", "utf-32": "utf-32-le or utf-32-be"}
# In this order: the mark of UTF-32 begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF8: ("UTF-8", ("utf-8", "utf-8-sig")),
    codecs.BOM_UTF32_LE: ("UTF-32", ("utf-32", "utf-32-le")),
    codecs.BOM_UTF32_BE: ("UTF-32", ("utf-32", "utf-32-be")),
    codecs.BOM_UTF16_LE: ("UTF-16", ("utf-16", "utf-16-le")),
    codecs.BOM_UTF16_BE: ("UTF-16", ("utf-16", "utf-16-be")),
}


def _marked(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return NOTHING, error.end


codecs.register_error(MARK_BAD, _marked)


def check_encoding(name: str | None) -> str | None:
    """The encoding that somebody named, in its usual spelling, or None. Raises `Invalid` for one that there is not."""
    if not name or not name.strip():
        return None
    try:
        found = codecs.lookup(name.strip()).name.replace("_", "-")
        "".encode(found)  # raises for what makes no bytes of text, such as rot13
    except (LookupError, ValueError):
        found = ""
    if not found or found in NO_FILES_ENCODING:
        raise Invalid(
            _l("That encoding is not known."),
            {"encoding": [_l("must be one such as latin-1, cp1252 or shift-jis")]},
        )
    return found


def decoded(stream: BinaryIO, encoding: str | None) -> MemberStream:
    """The stream as UTF-8. Raises `Invalid` for an unknown name, and `UnreadableFile` if the file is in another one.

    Bytes that are nothing in the encoding become bytes that are nothing in UTF-8, for the reader to refuse their record.
    """
    name = check_encoding(encoding)
    if name is None:
        return stream if isinstance(stream, MemberStream) else MemberStream(stream.read)
    head = _head(stream)
    _check_mark(head, name)
    if name in {"utf-8", "utf-8-sig"}:
        return MemberStream(_Begun(head, stream).read)
    refuse_binary(head)
    return MemberStream(_Decoding(_Begun(head, stream), name).read)


def _head(stream: BinaryIO) -> bytes:
    head = b""
    while len(head) < HEAD_BYTES and (more := stream.read(HEAD_BYTES - len(head))):
        head += more
    return head


def _check_mark(head: bytes, name: str) -> None:
    marked = next((value for mark, value in MARKS.items() if head.startswith(mark)), None)
    if marked and name not in marked[1]:
        raise UnreadableFile(f"The file says by its first bytes that it is {marked[0]}, and not {name}.")
    if not marked and name in NEED_A_MARK and head:
        raise UnreadableFile(f"The file has no byte order mark: name {NEED_A_MARK[name]} instead of {name}.")


class _Begun:
    """A stream whose first bytes have been read already."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self.head, self.stream = head, stream

    def read(self, count: int) -> bytes:
        """At most so many bytes."""
        if self.head:
            data, self.head = self.head[:count], self.head[count:]
            return data
        return self.stream.read(count)


class _Decoding:
    """What is read of it is UTF-8, with its mark: that holds over what an XML file says of its encoding."""

    def __init__(self, stream: _Begun, encoding: str) -> None:
        self.stream = stream
        self.decoder = codecs.getincrementaldecoder(encoding)(MARK_BAD)
        self.ended = False
        self.mark = codecs.BOM_UTF8

    def read(self, count: int) -> bytes:
        """Some bytes, none only at the end; never many more than so many."""
        while not self.ended:
            piece = self.stream.read(count)
            self.ended = not piece
            if data := self.decoder.decode(piece, self.ended).encode(errors="surrogatepass"):
                mark, self.mark = self.mark, b""
                return mark + data
        return b""
