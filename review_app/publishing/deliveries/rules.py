"""When a delivery is tried again, when a target is given up, and how long what was sent is kept. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a delivery stands.

    `FAILED` is shown of one that waits after a failed try, and never stored: see `shown_state`. `CANCELLED`: it became moot
    before it was sent.
    """

    WAITING = "waiting"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    FAILED = "failed"
    DEAD = "dead"
    CANCELLED = "cancelled"


RETRIES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long after each failed try the next one comes; after the last of them it is dead."""
JITTER: Final = 0.2
"""Each is shorter or longer by up to this part, so that what failed together does not come back together."""

LEASED_AT_ONCE: Final = 200
MOST_AT_ONCE: Final = 500
"""Deliveries of one lease: usually, and of a kind that takes very many with one call."""
LEASE: Final = timedelta(minutes=1)
BATCH_SECONDS: Final = 20.0
"""After so long a batch begins nothing new; what is not begun goes back."""
HOPELESS_SECONDS: Final = 5.0
"""After so long without any success likewise."""
LOOK_AGAIN: Final = timedelta(minutes=1)
"""What waits for an undo window to pass is looked at again after so long: a bulk action, when it ends, brings that forward."""
RUN_SECONDS: Final = 10.0
"""After so long a job lets others have its thread."""

LEAST_REST, MOST_REST = timedelta(seconds=5), timedelta(minutes=5)
GIVEN_UP_AFTER: Final = timedelta(days=5)
"""A target that fails for so long without a success is switched off."""

DELIVERED_KEPT, DEAD_KEPT = timedelta(days=30), timedelta(days=90)
RELAYED_AT_ONCE: Final = 500
DELETED_AT_ONCE: Final = 1_000


def shown_state(state: str, attempts: int) -> State:
    """The state as people and programs read it: `failed` while it waits to be tried again."""
    return State.FAILED if state == State.WAITING and attempts else State(state)


def retry_delay(attempts: int, retry_after: timedelta | None, chance: float) -> timedelta | None:
    """How long to wait after so many failed tries, or None when it is dead. `chance` is 0 to 1.

    What the place asked for with `Retry-After` holds if it is longer.
    """
    if attempts > len(RETRIES):
        return None
    usual = RETRIES[attempts - 1] * (1 - JITTER + 2 * JITTER * chance)
    return usual if retry_after is None else max(usual, retry_after)


def rest(failing_for: timedelta) -> timedelta:
    """How long a target is left alone that answered slowly and took nothing: a tenth of the time that it has been failing.

    So a place that hangs holds few threads, and no retry comes late by more than its own jitter.
    """
    return min(max(failing_for / 10, LEAST_REST), MOST_REST)
