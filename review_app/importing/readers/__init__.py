"""The import formats. To add one, write a module beside these as `reader.Reader` says, and name it here in one line."""

from __future__ import annotations

from review_app.importing.readers import csv_table, json_document, json_lines, markdown, page_text, wxr
from review_app.importing.readers.encoding import head_as_utf8, why_not_text
from review_app.importing.readers.reader import Reader, UnreadableFile

__all__ = ["READERS", "Reader", "UnreadableFile", "recognise"]

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


def recognise(head: bytes) -> str:
    """The name of the reader for a file that begins so (`rules.HEAD_BYTES` of it are enough).

    Goes by content alone. Raises `UnreadableFile` for what is empty, no text, or of no known format.
    """
    text = head_as_utf8(head)
    if not text.strip():
        raise UnreadableFile("The file is empty.")
    for name, reader in READERS.items():
        if reader.recognises(text):
            return name
    raise UnreadableFile(why_not_text(text) or _unknown(text))


def _unknown(text: bytes) -> str:
    looks = next(
        (words for begin, words in NOT_READ_YET.items() if text.lstrip().startswith(begin)), "something else"
    )
    return f"The format is not known: it looks like {looks}. These are read: {', '.join(READERS)}."
