"""The import formats. To add one, write a module beside these as `reader.Reader` says, and name it here in one line."""

from __future__ import annotations

from review_app.importing.readers import json_lines, page_text, wxr
from review_app.importing.readers.encoding import head_as_utf8, why_not_text
from review_app.importing.readers.reader import Reader, UnreadableFile

__all__ = ["READERS", "Reader", "UnreadableFile", "recognise"]

# In the order in which they are asked; page text recognises nearly any text, so it comes last.
READERS: dict[str, Reader] = {
    wxr.name: wxr,
    json_lines.name: json_lines,
    page_text.name: page_text,
}

NOT_READ_YET = {
    b"{": "a JSON document over several lines",
    b"[": "a JSON list",
    b"<": "XML or HTML",
    b"---": "Markdown with front matter",
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
    return f"The format is not known: it looks like {looks}. Page text is read, and JSON Lines (one object a line)."
