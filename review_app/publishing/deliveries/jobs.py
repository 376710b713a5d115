"""The jobs of sending: hand over what is released, send what is due, forget what is old."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import Job, wake, worker_name
from review_app.base.secrets import CannotOpen
from review_app.base.web import settings
from review_app.outbox.models import OutboxEvent
from review_app.publishing.actions import hasten_ended
from review_app.publishing.content import place_of
from review_app.publishing.deliveries.forgetting import forget_some, something_old
from review_app.publishing.deliveries.leases import Leased, lease_some, note_begun, put_off, renew
from review_app.publishing.deliveries.marks import Moot, mark_tried
from review_app.publishing.deliveries.parcels import packed, wanted_still
from review_app.publishing.deliveries.queries import due_targets
from review_app.publishing.deliveries.relay import is_released, relay_some
from review_app.publishing.deliveries.rules import LEASE, LEASED_AT_ONCE, RUN_SECONDS
from review_app.publishing.deliveries.sending import Tried, Wanted, send
from review_app.publishing.kinds import KINDS
from review_app.publishing.kinds.face import Action, Outcome, Parcel, Place, Result

THE_ONE = 0
"""The row of a job that looks at all there is."""
SENT_AT_ONCE = 2
"""Targets that one process sends to at the same time: the other threads of a worker are for other work, whatever hangs."""
RENEWED_AFTER = LEASE / 4


class _Sending:
    """The targets that this process is sending to."""

    def __init__(self) -> None:
        self.lock, self.targets = threading.Lock(), set[int]()
        self.turned_away = dict[int, None]()

    @contextmanager
    def to(self, target_id: int) -> Iterator[bool]:
        """Whether it may: one thread for one target, and not all threads for targets."""
        with self.lock:
            may = target_id not in self.targets and len(self.targets) < SENT_AT_ONCE
            if may:
                self.targets.add(target_id)
                self.turned_away.pop(target_id, None)
            elif target_id not in self.targets:
                self.turned_away[target_id] = None
        try:
            yield may
        finally:
            if may:
                self._leave(target_id)

    def _leave(self, target_id: int) -> None:
        """Make room, and call whoever was turned away first: it need not wait for the next sweep."""
        with self.lock:
            self.targets.discard(target_id)
            following = next(iter(self.turned_away), None)
            self.turned_away.pop(following, None) if following is not None else None
        if following is not None:
            wake("delivery", following)


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
    with _sending.to(target_id) as may:
        if may:
            send_all(target_id)


def send_all(target_id: int) -> int:
    """Lease, send, and write down how it went with the same transaction that takes the next. Returns how many batches."""
    last, batches = time.monotonic() + RUN_SECONDS, 0
    load = _turn(target_id)
    while load is not None:
        batches += 1
        if load.is_full:
            wake("delivery", target_id)  # there may be more, for another process
        tried = _tried(load)
        goes_on = any(one.outcome.result is Result.DONE for one in tried) or bool(load.moot)
        is_over = time.monotonic() > last
        load = _turn(target_id, load, tried, take_more=goes_on and not is_over)
        if goes_on and is_over:
            wake("delivery", target_id)
    return batches


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

    worker: str
    place: Place | None
    kind: str
    parcels: Sequence[Parcel]
    moot: Sequence[Moot]
    publications: frozenset[int]
    problem: str = ""

    @property
    def is_full(self) -> bool:
        """Whether it took as many as it may, so that there may be more."""
        return len(self.parcels) + len(self.moot) >= LEASED_AT_ONCE


def _turn(
    target_id: int, done: _Load | None = None, tried: Sequence[Tried] = (), *, take_more: bool = True
) -> _Load | None:
    """Write down the batch that is done and take the next, in one transaction: half as many to wait for."""
    with transaction() as session:
        held = None
        if done is not None:
            held = mark_tried(session, target_id, tried, done.moot, worker=done.worker, now=utc_now())
        worker = worker_name()
        leased = lease_some(session, target_id, worker, utc_now(), held=held) if take_more else ()
        load = _load(session, leased, worker) if leased else None
        session.flush()
        session.expunge_all()
    if done is not None and done.publications:
        _wake_runs(done.publications)
    return load


def _wake_runs(publications: frozenset[int]) -> None:
    """Runs may have waited for nothing but these."""
    with transaction() as session:
        runs = hasten_ended(session, publications, utc_now())
    for run_id in runs:
        wake("publish_run", run_id)


def _load(session: Session, leased: Sequence[Leased], worker: str) -> _Load:
    target, chosen = leased[0].target, settings()
    now = utc_now()
    found = packed(session, leased, (chosen.base_url or "").rstrip("/"), now)
    put_off(session, found.put_off)
    publishes = [parcel.delivery_id for parcel in found.parcels if parcel.action is Action.PUBLISH]
    note_begun(session, publishes, now)
    asked = frozenset(row.publication_id for row in leased if row.publication_id is not None)
    load = _Load(worker, None, target.kind, found.parcels, found.moot, asked)
    try:
        return replace(load, place=place_of(target, chosen, now))
    except CannotOpen as error:
        return replace(load, problem=f"its secret cannot be opened: {error}")


def _tried(load: _Load) -> list[Tried]:
    if load.place is None:
        failed = Outcome(Result.RETRY, load.problem)
        return [Tried(parcel, failed, utc_now(), 0) for parcel in load.parcels]
    if not load.parcels:
        return []
    held = [parcel.delivery_id for parcel in load.parcels] + [one.delivery_id for one in load.moot]
    alive = _holder(held, load.worker)
    return send(KINDS[load.kind], load.place, load.parcels, alive, wanted=_asker())


def _asker() -> Wanted:
    """What asks the desk again, from whatever thread, with a short read of its own."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # threads have no proxy

    def ask(parcels: Sequence[Parcel]) -> set[int]:
        with app.app_context():
            return wanted_still(db.session(), parcels, utc_now())

    return ask


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
