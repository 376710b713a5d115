"""What an import may weigh at most. Each is a setting, listed in `docs/configuration.md`."""

from __future__ import annotations

from dataclasses import dataclass

from review_app.articles.markup_bounds import MarkupLimits
from review_app.base.settings import Settings
from review_app.importing.rules import MEBIBYTE


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one import; sizes in bytes or characters, as their names say.

    A document is one JSON document, a page one page text; formats that stream (JSON Lines, CSV, WXR) have no bound but
    that of a record. `archive_ratio` is how many times larger than its packed bytes an unpacked file may be, once
    `archive_free_bytes` are passed.
    """

    document_bytes: int = 64 * MEBIBYTE
    page_bytes: int = 2 * MEBIBYTE
    page_lines: int = 100_000
    line_bytes: int = 4 * MEBIBYTE
    cell_characters: int = 2 * MEBIBYTE
    columns: int = 1_000
    json_depth: int = 32
    xml_depth: int = 100
    body_characters: int = 1_000_000
    html_depth: int = 256
    html_tags: int = 50_000
    html_attributes: int = 64
    list_items: int = 1_000
    fields: int = 5_000
    archive_ratio: int = 100
    archive_free_bytes: int = 8 * MEBIBYTE
    archive_members: int = 100_000

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that the settings name, and the usual ones for the rest."""
        return cls(**settings.import_limits)

    @property
    def markup(self) -> MarkupLimits:
        """The bounds of one article's HTML."""
        return MarkupLimits(self.html_depth, self.html_tags, self.html_attributes)


DEFAULT_LIMITS = Limits()


def size(count: int) -> str:
    """A number of bytes in words: in mebibytes if it is a whole number of them."""
    whole, rest = divmod(count, MEBIBYTE)
    return f"{count:,} bytes" if rest or not whole else f"{whole:,} MiB"
