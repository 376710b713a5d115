"""Targets and their deliveries for programs."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, url_for
from msgspec import UNSET

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.base.api import Answer, Listing, PageQuery, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import wake
from review_app.base.security import csrf
from review_app.base.web import settings
from review_app.publishing.deliveries.queries import get_delivery
from review_app.publishing.targets.actions import (
    add_target,
    change_target,
    disable_target,
    enable_target,
    end_secret,
    note_check,
    remove_target,
    rotate_secret,
    send_test,
)
from review_app.publishing.targets.queries import get_target, list_targets
from review_app.publishing.targets.schemas import (
    CheckAnswer,
    DeliveryAnswer,
    NewSecret,
    NewTarget,
    Removal,
    TargetAnswer,
    TargetChanges,
)
from review_app.publishing.targets.testing import try_target

blueprint = Blueprint("targets_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.get("/targets")
@permit(Permission.MANAGE_TARGETS)
@operation({200: Listing[TargetAnswer]})
def index(query: PageQuery) -> Listing[TargetAnswer]:
    """Targets, the oldest first."""
    page, now = list_targets(db.session(), query.after, query.limit), utc_now()
    return Listing([TargetAnswer.of(target, now) for target in page.rows], page.next)


@blueprint.post("/targets")
@permit(Permission.MANAGE_TARGETS)
@operation(
    {201: TargetAnswer},
    headers={"Location": "The target."},
    example={
        "kind": "webhook",
        "name": "Newsletter",
        "url": "https://hooks.example.com/desk",
        "events": ["article.published", "article.withdrawn"],
    },
)
def add(body: NewTarget) -> Answer:
    """Add a target.

    The answer holds its secret, if it has one; it cannot be read again.
    """
    now = utc_now()
    with transaction() as session:
        added = add_target(
            session, body.as_wanted(), settings(), owner_id=person().id, actor=actor(), now=now
        )
        target_id = added.target.id
    location = url_for("targets_api.show", target_id=target_id)
    told = TargetAnswer.of(get_target(db.session(), target_id), now, added.secret)
    return Answer(told, 201, {"Location": location})


@blueprint.get("/targets/<int:target_id>")
@permit(Permission.MANAGE_TARGETS)
@operation({200: TargetAnswer})
def show(target_id: int) -> TargetAnswer:
    """One target."""
    return TargetAnswer.of(get_target(db.session(), target_id), utc_now())


@blueprint.patch("/targets/<int:target_id>")
@permit(Permission.MANAGE_TARGETS)
@operation({200: TargetAnswer}, problems=(409,), example={"enabled": False})
def change(target_id: int, body: TargetChanges) -> TargetAnswer:
    """Change a target, or switch it off or on.

    Another site or folder is refused while articles stand at the old one, for the desk could not take them down any more.
    """
    with transaction() as session:
        target = get_target(session, target_id, lock=True)
        if named := body.named():
            change_target(
                session,
                target,
                named,
                settings(),
                actor=actor(),
                now=utc_now(),
                leave_articles=body.leave_articles,
            )
        if body.enabled is not UNSET:
            (enable_target if body.enabled else disable_target)(session, target, actor=actor(), now=utc_now())
    return TargetAnswer.of(get_target(db.session(), target_id), utc_now())


@blueprint.delete("/targets/<int:target_id>")
@permit(Permission.MANAGE_TARGETS)
@operation({204: None}, problems=(409,))
def remove(target_id: int, query: Removal) -> None:
    """Forget a target with its secrets and deliveries.

    While articles stand there this is refused, for the desk could not take them down any more.
    """
    with transaction() as session:
        target = get_target(session, target_id, lock=True)
        remove_target(session, target, actor=actor(), now=utc_now(), leave_articles=query.leave_articles)


@blueprint.post("/targets/<int:target_id>/check")
@permit(Permission.MANAGE_TARGETS)
@operation({200: CheckAnswer})
def check(target_id: int) -> CheckAnswer:
    """Test a target, changing nothing there: whether it can be reached and takes what it is given."""
    trial = try_target(db.session(), target_id, settings())
    with transaction() as session:
        target = get_target(session, target_id)
        note_check(session, target, fine=trial.fine, reason=trial.reason, actor=actor(), now=utc_now())
    return CheckAnswer(trial.fine, trial.reason, trial.status)


@blueprint.post("/targets/<int:target_id>/test-event")
@permit(Permission.MANAGE_TARGETS)
@operation({202: DeliveryAnswer}, problems=(409,))
def send_test_event(target_id: int) -> DeliveryAnswer:
    """Send a webhook an event that tells of nothing, by the same way as all others."""
    with transaction() as session:
        target = get_target(session, target_id, lock=True)
        delivery_id = send_test(session, target, actor=actor(), now=utc_now()).id
    wake("delivery", target_id)
    return DeliveryAnswer.of(get_delivery(db.session(), delivery_id))


@blueprint.post("/targets/<int:target_id>/secrets")
@permit(Permission.MANAGE_TARGETS)
@operation({201: TargetAnswer}, problems=(409,), example={"overlap_hours": 24})
def rotate(target_id: int, body: NewSecret) -> TargetAnswer:
    """Give a target a new secret; the old one stays good beside it for a while.

    The answer holds the new one; it cannot be read again.
    """
    now = utc_now()
    with transaction() as session:
        target = get_target(session, target_id, lock=True)
        overlap = timedelta(hours=body.overlap_hours)
        secret = rotate_secret(
            session, target, overlap, settings(), actor=actor(), now=now, secret=body.secret.strip()
        )
    return TargetAnswer.of(get_target(db.session(), target_id), now, secret)


@blueprint.delete("/targets/<int:target_id>/secrets/<string:secret_id>")
@permit(Permission.MANAGE_TARGETS)
@operation({204: None}, problems=(409,))
def end_old_secret(target_id: int, secret_id: str) -> None:
    """End an old secret before its time."""
    with transaction() as session:
        target = get_target(session, target_id, lock=True)
        end_secret(session, target, secret_id, actor=actor(), now=utc_now())
