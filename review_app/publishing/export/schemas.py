"""What a program asks of an export."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from review_app.base.api import Download, Input, Text


class ExportQuery(Input, frozen=True, kw_only=True):
    """In which form, and from when on."""

    format: Annotated[
        Literal["jsonl", "markdown"], Meta(description="JSON Lines, or Markdown in a tar.gz.")
    ] = "jsonl"
    since: Annotated[
        Text, Meta(description="`X-Export-Cursor` of an earlier export: only what changed after it.")
    ] = ""


class ExportFile(Download, frozen=True):
    """Lines, or an archive of pages."""

    media: ClassVar[tuple[str, ...]] = ("application/jsonl", "application/gzip")
