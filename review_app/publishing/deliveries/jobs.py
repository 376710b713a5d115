"""The jobs of sending: hand over what is released, send what is due, forget what is old."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import Job, wake, worker_name
from review_app.base.secrets import CannotOpen
from review_app.base.web import settings
from review_app.outbox.models import OutboxEvent
from review_app.publishing.content import place_of
from review_app.publishing.deliveries.forgetting import forget_some, something_old
from review_app.publishing.deliveries.leases import lease_some, note_begun, renew
from review_app.publishing.deliveries.marks import Moot, mark_tried
from review_app.publishing.deliveries.parcels import packed
from review_app.publishing.deliveries.queries import due_targets
from review_app.publishing.deliveries.relay import is_released, relay_some
from review_app.publishing.deliveries.rules import LEASE, LEASED_AT_ONCE, RUN_SECONDS
from review_app.publishing.deliveries.sending import Tried, send
from review_app.publishing.kinds import KINDS
from review_app.publishing.kinds.face import Action, Outcome, Parcel, Place, Result
from review_app.publishing.models import Delivery

THE_ONE = 0
"""The row of a job that looks at all there is."""
SENT_AT_ONCE = 2
"""Targets that one process sends to at the same time: the other threads of a worker are for other work, whatever hangs."""
RENEWED_AFTER = LEASE / 4


class _Sending:
    """The targets that this process is sending to."""

    def __init__(self) -> None:
        self.lock, self.targets = threading.Lock(), set[int]()

    @contextmanager
    def to(self, target_id: int) -> Iterator[bool]:
        """Whether it may: one thread for one target, and not all threads for targets."""
        with self.lock:
            may = target_id not in self.targets and len(self.targets) < SENT_AT_ONCE
            if may:
                self.targets.add(target_id)
        try:
            yield may
        finally:
            if may:
                with self.lock:
                    self.targets.discard(target_id)


_sending = _Sending()


def run_relay(_: int) -> None:
    """Hand over all that is released, and wake who sends it."""
    count = 1
    while count:
        with transaction() as session:
            count, targets = relay_some(session, utc_now())
        for target_id in sorted(targets):
            wake("delivery", target_id)


def due_relay(now: datetime) -> Iterable[int]:
    """Whether anything is to be handed over."""
    found = db.session.scalar(select(OutboxEvent.id).where(*is_released(now)).limit(1))
    return [] if found is None else [THE_ONE]


def run_delivery(target_id: int) -> None:
    """Send to a target what is due, in batches, for a while; the next sweep goes on with what is left."""
    last = time.monotonic() + RUN_SECONDS
    with _sending.to(target_id) as may:
        while may and _send_some(target_id):
            if time.monotonic() > last:
                wake("delivery", target_id)
                return


def due_deliveries(now: datetime) -> Iterable[int]:
    """The targets to which something is to be sent."""
    return due_targets(db.session(), now)


def run_forgetting(_: int) -> None:
    """Delete what was sent long ago, a little at a time."""
    count = 1
    while count:
        with transaction() as session:
            count = forget_some(session, utc_now())


def due_forgetting(now: datetime) -> Iterable[int]:
    """Whether anything is old enough to be deleted."""
    return [THE_ONE] if something_old(db.session(), now) else []


@dataclass(frozen=True, slots=True)
class _Load:
    """One lease: what it holds, the place it goes to (None with `problem` if that cannot be opened), and what is moot."""

    place: Place | None
    kind: str
    parcels: Sequence[Parcel]
    moot: Sequence[Moot]
    problem: str = ""


def _send_some(target_id: int) -> bool:
    """Lease some, send them and write down how it went. Returns whether there may be more."""
    worker = worker_name()
    with transaction() as session:
        leased = lease_some(session, target_id, worker, utc_now())
        load = _load(leased) if leased else None
        session.expunge_all()
    if load is None:
        return False
    if len(leased) >= LEASED_AT_ONCE:
        wake("delivery", target_id)  # there may be more, for another process
    tried = _tried(load, _holder([delivery.id for delivery in leased], worker))
    with transaction() as session:
        mark_tried(session, target_id, tried, load.moot, worker=worker, now=utc_now())
    return any(one.outcome.result is Result.DONE for one in tried) or bool(load.moot)


def _load(leased: Sequence[Delivery]) -> _Load:
    target, chosen = leased[0].target, settings()
    parcels, moot = packed(db.session(), leased, (chosen.base_url or "").rstrip("/"))
    publishes = [parcel.delivery_id for parcel in parcels if parcel.action is Action.PUBLISH]
    note_begun(db.session(), publishes, utc_now())
    try:
        return _Load(place_of(target, chosen, utc_now()), target.kind, parcels, moot)
    except CannotOpen as error:
        return _Load(None, target.kind, parcels, moot, f"its secret cannot be opened: {error}")


def _tried(load: _Load, alive: Callable[[], None]) -> list[Tried]:
    if load.place is None:
        failed = Outcome(Result.RETRY, load.problem)
        return [Tried(parcel, failed, utc_now(), 0) for parcel in load.parcels]
    if not load.parcels:
        return []
    return send(KINDS[load.kind], load.place, load.parcels, alive)


def _holder(delivery_ids: Sequence[int], worker: str) -> Callable[[], None]:
    """What renews the lease when it is time."""
    renewed_at = utc_now()

    def alive() -> None:
        nonlocal renewed_at
        now = utc_now()
        if now - renewed_at > RENEWED_AFTER:
            with transaction() as session:
                renew(session, delivery_ids, worker, now)
            renewed_at = now

    return alive


JOBS = [
    Job("relay", run_relay, due_relay),
    Job("delivery", run_delivery, due_deliveries),
    Job("forget_deliveries", run_forgetting, due_forgetting),
]
