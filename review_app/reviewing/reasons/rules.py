"""What a canned reason is for, and how it gets into a note. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

TITLE_LENGTH: Final = 80
TEXT_LENGTH: Final = 2_000
MOST_REASONS: Final = 50
"""Reasons of one kind that can be chosen at a time."""
MOST_USES: Final = 1_000
"""Uses that are counted; more are said to be more."""


class ReasonKind(StrEnum):
    """The outcome that a reason is for."""

    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"


def with_reason(note: str, reason: str) -> str:
    """A note with the text of a reason before it, unless it says that already."""
    return note if reason in note else f"{reason}\n\n{note}".strip()
