"""Keyset paging: a page begins after a row, never at a number of rows."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from review_app.base.errors import Invalid
from review_app.base.messages import lazy_gettext as _l

Row = TypeVar("Row")
PAGE_ROWS = 25
LARGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursor after which the next page begins (None on the last one)."""

    rows: Sequence[Row]
    next: str | None


def encode_cursor(*key: int | str) -> str:
    """An opaque cursor for the sort key of a row."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> tuple[int | str, ...]:
    """The sort key in a cursor. Raises `Invalid` unless it holds values of just these kinds."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = msgspec.json.decode(base64.urlsafe_b64decode(padded.encode("ascii")), type=list[int | str])
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise Invalid(
            _l("The cursor is not one of ours."), {"after": ["is not a cursor of this list"]}
        ) from error
    if [type(part) for part in key] != list(kinds) or not all(map(_fits_a_column, key)):
        raise Invalid(_l("The cursor belongs to another list."), {"after": ["is not a cursor of this list"]})
    return tuple(key)


def _fits_a_column(part: int | str) -> bool:
    """64 bits, and no NUL: PostgreSQL would raise for more, or for one."""
    return abs(part) < 2**63 if isinstance(part, int) else "\0" not in part


def page_of(rows: Sequence[Row], size: int, cursor_of: Callable[[Row], str]) -> Page[Row]:
    """Cut `size + 1` fetched rows to a page of `size`."""
    if len(rows) <= size:
        return Page(rows, None)
    kept = rows[:size]
    return Page(kept, cursor_of(kept[-1]))


def page_size(limit: int | None, default: int = PAGE_ROWS) -> int:
    """A limit somebody asked for. Raises `Invalid` outside 1 to `LARGEST_PAGE`."""
    if limit is None:
        return default
    if not 1 <= limit <= LARGEST_PAGE:
        raise Invalid(_l("The limit is out of range."), {"limit": [f"must be between 1 and {LARGEST_PAGE}"]})
    return limit
