"""What the tests of targets share: a stand-in for each kind, a receiver of ours, and a way to add a target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from review_app.base.clock import utc_now
from review_app.base.settings import Settings
from review_app.outbox.actions import SYSTEM, announce
from review_app.publishing.kinds import KINDS
from review_app.publishing.kinds.face import Content, Outcome, Parcel, Place, Result, Seen
from review_app.publishing.models import Delivery, DeliveryAttempt
from review_app.publishing.targets.actions import Added, add_target
from review_app.publishing.targets.rules import TargetKind
from review_app.publishing.targets.wanted import Wanted
from tests.importing.sources import Server, served

SessionOf = Callable[[], AbstractContextManager[Session]]
Add = Callable[..., Added]
DeliveryOf = Callable[..., int]
PASSWORD = "abcd EFGH 1234 ijkl"
USUAL: dict[TargetKind, dict[str, str]] = {
    TargetKind.WEBHOOK: {"url": "https://hooks.example.com/desk"},
    TargetKind.WORDPRESS: {"url": "https://blog.example.com", "username": "editor", "password": PASSWORD},
    TargetKind.CLOUDFLARE: {"zone_id": "023e105f4ecef8ad9ca31a8372d0c353", "password": PASSWORD},
    TargetKind.INDEXNOW: {},
    TargetKind.EXPORT: {"folder": "/srv/export"},
}


@dataclass
class StandIn:
    """A kind that calls nobody: it says what it is told to say, and remembers where it was sent."""

    name: str
    says: Outcome = field(default_factory=lambda: Outcome(Result.DONE))
    asked: list[Place] = field(default_factory=list)
    at_once = 1
    senders = 1
    hears: frozenset[str] | None = frozenset()

    def check(self, place: Place) -> Outcome:
        self.asked.append(place)
        return self.says

    def publish(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        self.asked.append(place)
        return [self.says for _ in parcels]

    withdraw = tell = publish

    def verify(self, place: Place, content: Content) -> Seen | None:  # noqa: ARG002  # as the face has it
        return None


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> dict[str, StandIn]:
    """A stand-in for each kind but the webhook, which is called for real and finds nobody but a receiver of ours."""
    made = {kind.value: StandIn(kind.value) for kind in TargetKind if kind is not TargetKind.WEBHOOK}
    for name, one in made.items():
        monkeypatch.setitem(KINDS, name, one)  # type: ignore[arg-type]  # the registry is a dictionary
    return made


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allow_private_targets=True, export_dir=Path("/srv"))


@pytest.fixture
def receiver() -> Iterator[Server]:
    """A web server of ours that webhooks can be sent to."""
    with served() as server:
        yield server


@pytest.fixture
def add(app: Flask, session_of: SessionOf) -> Add:
    """`add("webhook", url=…)`: a target of that kind, with what it needs."""

    def make(kind: str, name: str | None = None, owner_id: int | None = None, **more: Any) -> Added:
        wanted = Wanted(TargetKind(kind), name or f"My {kind}", **USUAL[TargetKind(kind)] | more)
        with session_of() as session:
            settings = app.extensions["settings"]
            return add_target(session, wanted, settings, owner_id=owner_id, actor=SYSTEM, now=utc_now())

    return make


@pytest.fixture
def delivery_of(session_of: SessionOf) -> DeliveryOf:
    """`delivery_of(target_id, "dead", …)`: a delivery in that state, with one try."""

    def make(target_id: int, state: str, *, kind: str = "article.published", **attempt: Any) -> int:
        now = utc_now()
        with session_of() as session:
            number = session.query(Delivery).count()
            subject = f"article:a-{number}"
            event = announce(session, kind, subject, cause=f"test:{number}", payload={}, now=now)
            event.state = "delivered"
            session.flush()
            delivery = Delivery(
                target_id=target_id,
                outbox_id=event.id,
                message_id=f"msg_{number}",
                subject=subject,
                action="tell",
                state=state,
                reason="it answered 500" if state == "dead" else "",
                attempts=1,
                created_at=now,
                due_at=now,
                finished_at=now,
            )
            session.add(delivery)
            session.flush()
            values = {
                "result": "retry",
                "status": 500,
                "reason": "it answered 500",
                "request": {},
                "response": "",
            }
            tried = DeliveryAttempt(delivery_id=delivery.id, started_at=now, milliseconds=17)
            for name, value in (values | attempt).items():
                setattr(tried, name, value)
            session.add(tried)
            return delivery.id

    return make
