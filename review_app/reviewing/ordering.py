"""Lines that leads put into an order: lines of the checklist, reasons that can be chosen. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Line(Protocol):
    """Anything that stands at a place among others."""

    position: int


L = TypeVar("L", bound=Line)


def move(lines: Sequence[L], line: L, to: int) -> None:
    """Put a line at a place, counted from 0, and number all of them anew; a place beyond the end is the last one."""
    rest = [other for other in lines if other is not line]
    rest.insert(max(0, to), line)
    for place, one in enumerate(rest, 1):
        one.position = place
