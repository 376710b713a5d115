"""Calling a target for many deliveries, in several threads, outside of any transaction. Knows no session."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

import structlog

from review_app.base.clock import utc_now
from review_app.publishing.deliveries.redaction import without_secrets
from review_app.publishing.deliveries.rules import BATCH_SECONDS, HOPELESS_SECONDS
from review_app.publishing.kinds.face import Action, Kind, Outcome, Parcel, Place, Result

OUR_MISTAKE = "the desk made a mistake while it sent this; the server's log says which"
GROW_SECONDS, LOOK_SECONDS = 0.05, 5.0
"""After how long another thread helps, and how often it is looked whether leases are to be renewed."""

ORDER = (Action.WITHDRAW, Action.PUBLISH, Action.TELL)
"""What a batch begins with: its time may be over before it comes to the rest."""

Wanted = Callable[[Sequence[Parcel]], Collection[int]]
"""Asks the desk which of these are still to be published; answers with the numbers of their deliveries."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tried:
    """A parcel and how its try ended; `milliseconds` is its part of the call in which it went."""

    parcel: Parcel
    outcome: Outcome
    started_at: datetime
    milliseconds: int


def check_place(kind: Kind, place: Place) -> tuple[Outcome, int]:
    """Try a target as its button does. Returns how it ended and the milliseconds that it took."""
    began = time.monotonic()
    outcome = _guarded(lambda: [kind.check(place)], 1)[0]
    return without_secrets(outcome, place), _milliseconds(began)


def every(parcels: Sequence[Parcel]) -> Collection[int]:
    """All of them."""
    return {parcel.delivery_id for parcel in parcels}


def send(
    kind: Kind,
    place: Place,
    parcels: Sequence[Parcel],
    alive: Callable[[], None],
    *,
    wanted: Wanted = every,
) -> list[Tried]:
    """Send these, all of different subjects, and tell `alive` from time to time that it goes on.

    What was not begun when the time was over, or when nothing had arrived for a while, comes back as `Result.LATER`; so does
    what was to be published and is not `wanted` any more when its turn comes. That is asked in the threads that send.
    """
    batch = _Batch(kind, place, deque(_portions(kind, parcels)), wanted)
    with ThreadPoolExecutor(max_workers=kind.senders) as threads:
        running = {threads.submit(batch.send_all)}
        tried: list[Tried] = []
        while running:
            # One thread does for a place that is quick, and costs less than several; a slow one gets another at a time.
            more = len(running) < kind.senders and bool(batch.portions)
            ended, running = wait(
                running, timeout=GROW_SECONDS if more else LOOK_SECONDS, return_when=FIRST_COMPLETED
            )
            tried += [one for future in ended for one in future.result()]
            if more and not ended:
                running.add(threads.submit(batch.send_all))
            alive()
    return tried


def _portions(kind: Kind, parcels: Sequence[Parcel]) -> list[list[Parcel]]:
    """Parcels of one action each, as many as one call takes and no more than a sender's share."""
    portions: list[list[Parcel]] = []
    for _, group in groupby(sorted(parcels, key=_by_action), key=_by_action):
        same = list(group)
        size = max(1, min(kind.at_once, math.ceil(len(same) / kind.senders)))
        portions += [same[start : start + size] for start in range(0, len(same), size)]
    return portions


def _by_action(parcel: Parcel) -> int:
    return ORDER.index(parcel.action)


class _Batch:
    """What the threads of one batch share: when it began, and whether anything has arrived."""

    def __init__(self, kind: Kind, place: Place, portions: deque[list[Parcel]], wanted: Wanted) -> None:
        self.kind, self.place, self.portions, self.wanted = kind, place, portions, wanted
        self.began, self.arrived, self.failed = time.monotonic(), False, False
        self.verbs = {Action.PUBLISH: kind.publish, Action.WITHDRAW: kind.withdraw, Action.TELL: kind.tell}

    def send_all(self) -> list[Tried]:
        """Take portions until there are no more."""
        tried: list[Tried] = []
        while True:
            try:
                portion = self.portions.popleft()
            except IndexError:
                return tried
            tried += self.send(portion)

    def send(self, parcels: list[Parcel]) -> list[Tried]:
        """One call of the kind, unless it has become pointless."""
        started_at, began = utc_now(), time.monotonic()
        going = [] if self._is_over() else self._going(parcels)
        begun = every(going)
        left = [
            Tried(one, Outcome(Result.LATER), started_at, 0)
            for one in parcels
            if one.delivery_id not in begun
        ]
        if not going:
            return left
        verb = self.verbs[parcels[0].action]
        outcomes = _guarded(lambda: verb(self.place, going), len(going))
        outcomes = [without_secrets(outcome, self.place) for outcome in outcomes]
        self.arrived = self.arrived or any(outcome.result is Result.DONE for outcome in outcomes)
        self.failed = self.failed or not self.arrived
        each = _milliseconds(began) // max(1, sum(outcome.result is not Result.LATER for outcome in outcomes))
        return [*_tried(going, outcomes, started_at, each), *left]

    def _going(self, parcels: list[Parcel]) -> list[Parcel]:
        """Those of a portion that may go now. The desk may have changed its mind while those before them were sent."""
        if parcels[0].action is not Action.PUBLISH:
            return parcels
        wanted = self.wanted(parcels)
        return [self._asking(parcel) for parcel in parcels if parcel.delivery_id in wanted]

    def _asking(self, parcel: Parcel) -> Parcel:
        return replace(parcel, is_wanted=lambda: parcel.delivery_id in self.wanted([parcel]))

    def _is_over(self) -> bool:
        seconds = time.monotonic() - self.began
        return seconds > BATCH_SECONDS or (seconds > HOPELESS_SECONDS and self.failed and not self.arrived)


def _tried(
    parcels: Sequence[Parcel], outcomes: Sequence[Outcome], started_at: datetime, milliseconds: int
) -> Iterator[Tried]:
    for parcel, outcome in zip(parcels, outcomes, strict=True):
        yield Tried(parcel, outcome, started_at, milliseconds)


def _guarded(work: Callable[[], Sequence[Outcome]], count: int) -> Sequence[Outcome]:
    """What a kind answers; its mistakes are failed tries, and must not keep others from being sent."""
    try:
        outcomes = work()
    except Exception:
        log.exception("target_kind_failed")
        return [Outcome(Result.RETRY, OUR_MISTAKE)] * count
    if len(outcomes) != count:
        log.error("target_kind_miscounted", parcels=count, outcomes=len(outcomes))
        return [Outcome(Result.RETRY, OUR_MISTAKE)] * count
    return outcomes


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
