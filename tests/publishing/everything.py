"""One of everything that the pages of publishing show, all that people and places of others said being in Greek letters."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.clock import utc_now
from review_app.base.messages import lazy_gettext
from review_app.notifications.actions import notify
from review_app.notifications.rules import Kind
from review_app.outbox.actions import SYSTEM
from review_app.outbox.models import OutboxEvent
from review_app.publishing.actions import NOT_APPROVED
from review_app.publishing.cohort import DECIDED_SINCE
from review_app.publishing.deliveries.parcels import SINCE_PUBLISHED
from review_app.publishing.deliveries.standing import GONE, SILENT
from review_app.publishing.models import (
    Delivery,
    DeliveryAttempt,
    HookLog,
    Publication,
    PublishRun,
    PublishRunItem,
    PublishSchedule,
    RunRollback,
    RunRollbackItem,
    Target,
)
from review_app.publishing.targets.words import EVENT_WORDS, RESULT_WORDS
from review_app.publishing.truth.models import PublicCheck
from review_app.publishing.truth.rules import Finding
from review_app.review_queue.models import SavedView, StandingAssignment

GREEK = "Λόγος"
STATES = ("waiting", "delivering", "delivered", "dead", "cancelled")


def put_everything(session: Session, owner: User, articles: list[Article]) -> None:
    """Targets 1 (our own pages) to 4, runs 1 to 3, each kind of delivery, checks, calls, a schedule, a view that is assigned."""
    now = utc_now()
    ours = session.scalars(select(Target)).one()
    ours.name = "Σελίδες"
    targets = _targets(session, owner, now)
    _runs(session, owner, articles, [ours, *targets], now)
    _deliveries(session, targets[0], now)
    _checks(session, articles, [ours, *targets], now)
    session.add(PublishSchedule(minute=450, zone="UTC", next_at=now, user_id=None, created_at=now))
    call: dict[str, Any] = {"called_at": now, "webhook_id": "call-1", "address": "192.0.2.1"}
    session.add_all(
        [
            HookLog(**call, status=202, reason="", run_id=1),
            HookLog(**call, status=401, reason=GREEK, run_id=None, times=3),
        ]
    )
    gone = ("Your target %(name)s is switched off. %(why)s", GONE % {"reason": GREEK})
    told = {"subject": ("target", "4"), "by": SYSTEM, "now": now}
    for reader in session.scalars(select(User.id)):
        notify(session, reader, Kind.TARGET_OFF, text=lazy_gettext(gone[0], name=GREEK, why=gone[1]), **told)
    view = SavedView(
        owner_id=owner.id, name="Όψη", query="view=all", columns=None, shared=True, position=1, created_at=now
    )
    session.add(view)
    session.flush()
    session.add(
        StandingAssignment(view_id=view.id, user_id=owner.id, assigned_by_id=owner.id, assigned_at=now)
    )


def _targets(session: Session, owner: User, now: datetime) -> list[Target]:
    keys = {"sealed": "", "created_at": now.isoformat()}
    tomorrow = (now + timedelta(days=1)).isoformat()
    secrets = [{"id": "2", "until": None, **keys}, {"id": "1", "until": tomorrow, **keys}]
    usual: dict[str, Any] = {"owner_id": owner.id, "created_at": now, "sealed_secrets": secrets}
    hook = {"kind": "webhook", "url": "https://hooks.example.com/", "failing_since": now}
    purged = {"kind": "cloudflare", "options": {"zone_id": "0123456789"}, "last_success_at": now}
    why = SILENT % {"days": 5, "reason": GREEK}
    off = {"kind": "wordpress", "url": "https://blog.example.com", "enabled": False, "off_reason": why}
    made = [
        Target(**usual, **hook, name="Άγκιστρο", events=["article.approved"]),
        Target(**usual, **purged, name="Μνήμη"),
        Target(**usual, **off, name="Ιστολόγιο"),
    ]
    for target in made:
        session.add(target)
        session.flush()
    return made


def _runs(
    session: Session, owner: User, articles: list[Article], targets: list[Target], now: datetime
) -> None:
    later = now + timedelta(minutes=1)
    refused = [{"source_id": "art-9", "reason": NOT_APPROVED + "changes requested"}]
    for number, (trigger, state, due_at) in enumerate(
        [("page", "finished", now), ("hook", "running", later), ("schedule", "paused", later)], 1
    ):
        requested = {"scope": "approved", **({"publish_at": later.isoformat()} if number == 3 else {})}
        run = PublishRun(
            trigger=trigger,
            user_id=owner.id if number == 1 else None,
            requested=requested,
            accepted=1,
            refused=refused,
            published=1 if number == 1 else 0,
            failed=0,
            state=state,
            created_at=now,
            due_at=due_at,
            finished_at=now if number == 1 else None,
            leased_by=None,
            lease_until=None,
        )
        session.add(run)
        session.flush()
        states = ("delivered", "dead", "cancelled") if number == 1 else ("waiting", "delivering")
        for place, of_it in enumerate(states):
            publication = Publication(
                article_id=articles[number % len(articles)].id,
                version=str(number),
                target_id=targets[place].id,
                run_id=run.id,
                state=of_it,
                reason=SINCE_PUBLISHED if of_it == "cancelled" else "",
                due_at=due_at,
                delivered_at=now if of_it == "delivered" else None,
            )
            session.add(publication)
            session.flush()
            session.add(PublishRunItem(run_id=run.id, publication_id=publication.id, sent_at=None))
    rollback = RunRollback(run_id=1, user_id=owner.id, note=GREEK, total=2, created_at=now, state="running")
    session.add(rollback)
    session.flush()
    session.add(
        RunRollbackItem(
            rollback_id=rollback.id,
            article_id=articles[0].id,
            version="1",
            result="stayed",
            reason=DECIDED_SINCE,
        )
    )


def _deliveries(session: Session, target: Target, now: datetime) -> None:
    for number, kind in enumerate(EVENT_WORDS):
        subject = f"article:art-{number}"
        event = OutboxEvent(
            cause=f"test:{number}", kind=kind, subject=subject, payload={}, created_at=now, release_at=now
        )
        event.state = "delivered"
        session.add(event)
        session.flush()
        state = STATES[number % len(STATES)]
        delivery = Delivery(
            target_id=target.id,
            outbox_id=event.id,
            message_id=f"msg_{number}",
            subject=subject,
            action="tell",
            state=state,
            reason=SINCE_PUBLISHED if state == "cancelled" else "",
            attempts=number % 2,
            created_at=now,
            due_at=now,
            finished_at=now if state in STATES[2:] else None,
        )
        session.add(delivery)
        session.flush()
        session.add_all(
            DeliveryAttempt(
                delivery_id=delivery.id,
                started_at=now,
                milliseconds=1_200,
                result=result,
                status=500,
                reason=GREEK,
                request={"method": "POST", "url": "https://hooks.example.com/", "body": "{}"},
                response="Internal Server Error",
            )
            for result in RESULT_WORDS
        )


def _checks(session: Session, articles: list[Article], targets: list[Target], now: datetime) -> None:
    said = {"status": 404, "robots_meta": "noindex", "cache_control": "max-age=9", "found_at": now}
    said["robots_header"] = "noindex, nofollow, noarchive, nosnippet, noimageindex"
    for place, target in enumerate(targets):
        session.add(
            PublicCheck(
                article_id=articles[0].id,
                target_id=target.id,
                url="https://blog.example.com/a",
                should_index=place % 2 == 0,
                should_since=now,
                state="unreadable" if place == 3 else "differs",
                findings=[] if place == 3 else list(map(str, Finding)),
                reason=GREEK,
                checked_at=now,
                mended_at=now if place == 1 else None,
                due_at=now,
                **said,
            )
        )
