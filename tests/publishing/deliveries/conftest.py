"""What the tests of deliveries share: receivers, targets, events, and a worker that hands over and sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from review_app.base.clock import utc_now
from review_app.base.secrets import seal
from review_app.base.settings import Settings
from review_app.outbox.actions import announce
from review_app.outbox.models import OutboxEvent
from review_app.publishing.deliveries.jobs import run_delivery, run_relay
from review_app.publishing.kinds import KINDS
from review_app.publishing.kinds.face import Outcome, Parcel, Place, Remote, Result
from review_app.publishing.models import Delivery, DeliveryAttempt, Target
from tests.publishing.deliveries.receiver import SECRET, Receiver, receiving
from tests.support.application import SECRET_KEY, environment


@pytest.fixture
def settings(database_url: str, tmp_path) -> Settings:
    """Settings under which targets may be on this machine, as all are here."""
    usual = Settings.from_environment(environment(database_url, tmp_path))
    return replace(usual, allow_private_targets=True, base_url="https://desk.example")


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    """`receive()` starts a receiver that lives as long as the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(receiving(**options))


@pytest.fixture
def receiver(receive) -> Receiver:
    """A receiver that accepts everything."""
    return receive()


def sealed(*secrets: str, until: datetime | None = None) -> list[dict[str, Any]]:
    """Secrets as a target keeps them, the newest first; all but the first end at `until`."""
    return [
        {
            "id": str(place),
            "sealed": seal(secret, SECRET_KEY),
            "created_at": utc_now().isoformat(),
            "until": until.isoformat() if until and place else None,
        }
        for place, secret in enumerate(secrets)
    ]


def make_target(session: Session, url: str, name: str = "hook", **changes: Any) -> Target:
    """A webhook that hears everything."""
    values = {"kind": "webhook", "name": name, "url": url, "sealed_secrets": sealed(SECRET)}
    target = Target(**values | changes)
    session.add(target)
    session.flush()
    return target


class Notebook:
    """A place that articles are brought to: it writes down what is asked of it."""

    name = "notebook"
    at_once = 1
    senders = 1
    hears = frozenset({"publication.requested", "article.withdrawn"})

    def __init__(self) -> None:
        self.written: list[tuple[str, str, str]] = []
        self.result = Result.DONE
        self.place: Remote | None = Remote("7", "guid", "https://notebook.example/7", version="1.2.3")

    def check(self, place: Place) -> Outcome:  # noqa: ARG002  # the face of a kind
        """It is always there."""
        return Outcome(Result.DONE)

    def _write(self, word: str, parcels: Sequence[Parcel]) -> list[Outcome]:
        self.written += [(word, one.content.source_id, one.content.version) for one in parcels if one.content]
        state = "published" if word == "publish" else "withdrawn"
        remote = self.place and replace(self.place, state=state)
        return [Outcome(self.result, "because", remote=remote) for _ in parcels]

    def publish(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:  # noqa: ARG002  # the face of a kind
        """Write it down."""
        return self._write("publish", parcels)

    def withdraw(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:  # noqa: ARG002  # the face of a kind
        """Write it down."""
        return self._write("withdraw", parcels)

    def tell(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """Nothing is told."""
        raise NotImplementedError

    def verify(self, place: Place, content: object) -> None:
        """Nobody sees it."""


@pytest.fixture
def notebook(monkeypatch) -> Notebook:
    """The kind, registered."""
    kind = Notebook()
    monkeypatch.setitem(KINDS, "notebook", kind)
    return kind


@pytest.fixture
def target_at(session_of) -> Callable[..., int]:
    """Add a target for a receiver. Returns its number."""

    def add(receiver: Receiver, name: str = "hook", **changes: Any) -> int:
        with session_of() as session:
            return make_target(session, receiver.url, name, **changes).id

    return add


@pytest.fixture
def tell(session_of) -> Callable[..., list[int]]:
    """Write one event for each of the named articles into the outbox. Returns their numbers."""

    def write(
        *source_ids: str,
        kind: str = "article.approved",
        release_at: datetime | None = None,
        **payload: Any,
    ) -> list[int]:
        numbers = []
        with session_of() as session:
            for source_id in source_ids:
                event = announce(
                    session,
                    kind,
                    f"article:{source_id}",
                    cause=f"test:{utc_now().timestamp()}:{len(numbers)}",
                    payload={"source_id": source_id, **payload},
                    now=utc_now(),
                    release_at=release_at,
                )
                session.flush()
                numbers.append(event.id)
        return numbers

    return write


@pytest.fixture
def hand_over(app: Flask) -> Callable[[], None]:
    """A worker makes deliveries of what is released."""

    def relay() -> None:
        with app.app_context():
            run_relay(0)

    return relay


@pytest.fixture
def send_to(app: Flask) -> Callable[[int], None]:
    """A worker sends to a target what is due."""

    def send(target_id: int) -> None:
        with app.app_context():
            run_delivery(target_id)

    return send


@pytest.fixture
def deliver(hand_over, send_to) -> Callable[[int], None]:
    """A worker does both."""

    def both(target_id: int) -> None:
        hand_over()
        send_to(target_id)

    return both


@pytest.fixture
def deliveries_of(session_of) -> Callable[[int], list[Delivery]]:
    """The deliveries of a target, in their order."""

    def read(target_id: int) -> list[Delivery]:
        with session_of() as session:
            query = select(Delivery).where(Delivery.target_id == target_id).order_by(Delivery.id)
            return list(session.scalars(query))

    return read


@pytest.fixture
def tries_of(session_of) -> Callable[[int], list[DeliveryAttempt]]:
    """The tries of a target's deliveries, in their order."""

    def read(target_id: int) -> list[DeliveryAttempt]:
        query = select(DeliveryAttempt).join(Delivery, Delivery.id == DeliveryAttempt.delivery_id)
        with session_of() as session:
            return list(
                session.scalars(query.where(Delivery.target_id == target_id).order_by(DeliveryAttempt.id))
            )

    return read


@pytest.fixture
def target_of(session_of) -> Callable[[int], Target]:
    """A target as it stands now."""

    def read(target_id: int) -> Target:
        with session_of() as session:
            return session.get_one(Target, target_id)

    return read


@pytest.fixture
def event_of(session_of) -> Callable[[int], OutboxEvent]:
    """An event as it stands now."""

    def read(event_id: int) -> OutboxEvent:
        with session_of() as session:
            return session.get_one(OutboxEvent, event_id)

    return read


@pytest.fixture
def make_due(session_of) -> Callable[..., None]:
    """Let the time come for all that waits; of targets as well."""

    def come() -> None:
        long_ago = utc_now() - timedelta(minutes=1)
        with session_of() as session:
            session.execute(update(Delivery).where(Delivery.state == "waiting").values(due_at=long_ago))
            session.execute(update(Target).values(resting_until=None))

    return come
