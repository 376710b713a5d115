"""How the time of some work grows with its size: told from two sizes in one run, so that no machine is too slow for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

TIMES = 8
"""How many times as large the larger one is."""
ROUNDS = 3
"""Of so many measurements the least counts: whatever else the machine does only adds to them."""


def assert_grows_in_proportion(work: Mapping[str, Callable[[int], object]] | Callable[[int], object]) -> None:
    """Work that is eight times as large takes less than 32 times as long; with the square of its size it would take 64.

    `work` is called with how large it is to be: 1, or 8. By name, if there are several kinds of it.
    """
    for name, one in (work if isinstance(work, Mapping) else {"it": work}).items():
        growth = _growth(one)
        assert growth < TIMES**2 / 2, f"{name} takes {growth:.0f} times as long"


def _growth(work: Callable[[int], object]) -> float:
    small = max(min(_seconds(work, 1) for _ in range(ROUNDS)), 1e-4)
    large = _seconds(work, TIMES)
    for _ in range(ROUNDS - 1):
        if large < TIMES**2 / 2 * small:
            break
        large = min(large, _seconds(work, TIMES))
    return large / small


def _seconds(work: Callable[[int], object], size: int) -> float:
    begun = time.process_time()
    work(size)
    return time.process_time() - begun
