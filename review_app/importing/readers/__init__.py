"""The import formats. To add one, write a module beside these as `reader.Reader` says, and name it here in one line."""

from __future__ import annotations

from typing import BinaryIO

from review_app.importing.readers import csv_table, json_document, json_lines, markdown, page_text, wxr
from review_app.importing.readers.encoding import head_as_utf8, utf8_blocks, why_not_text
from review_app.importing.readers.reader import Reader, UnreadableFile
from review_app.importing.rules import HEAD_BYTES

__all__ = ["READERS", "Reader", "UnreadableFile", "below_blanks", "is_blank", "recognise"]

# In the order in which they are asked; page text recognises nearly any text, so it comes last.
READERS: dict[str, Reader] = {
    wxr.name: wxr,
    json_document.name: json_document,
    csv_table.name: csv_table,
    json_lines.name: json_lines,
    markdown.name: markdown,
    page_text.name: page_text,
}

NOT_READ_YET = {
    b"{": "JSON that is broken at its beginning",
    b"[": "a JSON list that is broken at its beginning",
    b"<": "XML or HTML",
}


def is_blank(head: bytes) -> bool:
    """Whether a file that begins so says nothing yet. Raises `UnreadableFile` for what is no text by its first bytes."""
    return not head_as_utf8(head).strip()


def below_blanks(stream: BinaryIO) -> bytes:
    """What `recognise` needs to see of a file that begins with many blank lines; nothing if there is nothing else in it."""
    for block in utf8_blocks(stream):
        if block.strip():
            return block.lstrip()[:HEAD_BYTES]
    return b""


def recognise(head: bytes) -> str:
    """The name of the reader for a file that begins so (`rules.HEAD_BYTES` of it are enough).

    Goes by content alone. Raises `UnreadableFile` for what is empty, no text, or of no known format.
    """
    text = head_as_utf8(head)
    if not text.strip():
        raise UnreadableFile("The file is empty, or blank.")
    for name, reader in READERS.items():
        if reader.recognises(text):
            return name
    raise UnreadableFile(why_not_text(text) or _unknown(text))


def _unknown(text: bytes) -> str:
    looks = next(
        (words for begin, words in NOT_READ_YET.items() if text.lstrip().startswith(begin)), "something else"
    )
    return f"The format is not known: it looks like {looks}. These are read: {', '.join(READERS)}."
