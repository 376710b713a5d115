"""What an export is called and how far it reaches back. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Final


class Format(StrEnum):
    """How articles are written; the importer reads both."""

    JSONL = "jsonl"
    MARKDOWN = "markdown"


SUFFIX: Final = {Format.JSONL: ".jsonl", Format.MARKDOWN: ".md"}
BATCH: Final = 100
"""Articles in memory at once."""
OVERLAP: Final = timedelta(minutes=10)
"""An export since a cursor begins so much before it: a change is stamped when its transaction begins, and seen when it ends."""
SOURCE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")


def file_name(source_id: str, suffix: str) -> str:
    """The name of an article's file: never hidden, never a path, the same for ever. Raises `ValueError` for what is no id."""
    if not SOURCE_ID.fullmatch(source_id):
        raise ValueError(f"{source_id!r} is no source_id")
    return source_id.replace(":", "%3A") + suffix
