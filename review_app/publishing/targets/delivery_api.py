"""What was sent to targets, for programs: the log, every try, and sending again."""

from __future__ import annotations

from flask import Blueprint
from msgspec import UNSET

from review_app.accounts.permissions import actor, permit
from review_app.accounts.rules import Permission
from review_app.base.api import Listing, PageQuery, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import wake
from review_app.base.security import csrf
from review_app.publishing.deliveries.actions import replay, replay_dead
from review_app.publishing.deliveries.queries import get_delivery, list_attempts, list_deliveries
from review_app.publishing.targets.queries import get_target
from review_app.publishing.targets.schemas import AttemptAnswer, DeliveryAnswer, DeliveryQuery, Replayed

blueprint = Blueprint("deliveries_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.get("/targets/<int:target_id>/deliveries")
@permit(Permission.MANAGE_TARGETS)
@operation({200: Listing[DeliveryAnswer]})
def index(target_id: int, query: DeliveryQuery) -> Listing[DeliveryAnswer]:
    """Deliveries of a target, the newest first."""
    session = db.session()
    get_target(session, target_id)
    state = None if query.state is UNSET else query.state
    page = list_deliveries(session, target_id, state=state, after=query.after, size=query.limit)
    return Listing([DeliveryAnswer.of(delivery) for delivery in page.rows], page.next)


@blueprint.post("/targets/<int:target_id>/deliveries/retry")
@permit(Permission.MANAGE_TARGETS)
@operation({202: Replayed})
def replay_all(target_id: int) -> Replayed:
    """Send all deliveries of a target again that were given up."""
    with transaction() as session:
        get_target(session, target_id)
        count = replay_dead(session, target_id, actor=actor(), now=utc_now())
    wake("delivery", target_id)
    return Replayed(count)


@blueprint.get("/deliveries/<int:delivery_id>")
@permit(Permission.MANAGE_TARGETS)
@operation({200: DeliveryAnswer})
def show(delivery_id: int) -> DeliveryAnswer:
    """One delivery."""
    return DeliveryAnswer.of(get_delivery(db.session(), delivery_id))


@blueprint.get("/deliveries/<int:delivery_id>/attempts")
@permit(Permission.MANAGE_TARGETS)
@operation({200: Listing[AttemptAnswer]})
def attempts(delivery_id: int, query: PageQuery) -> Listing[AttemptAnswer]:
    """Every try of a delivery, the newest first: what was sent, what was answered, and how long it took."""
    session = db.session()
    page = list_attempts(session, get_delivery(session, delivery_id).id, query.after, query.limit)
    return Listing([AttemptAnswer.of(attempt) for attempt in page.rows], page.next)


@blueprint.post("/deliveries/<int:delivery_id>/retry")
@permit(Permission.MANAGE_TARGETS)
@operation({202: DeliveryAnswer}, problems=(409,))
def retry(delivery_id: int) -> DeliveryAnswer:
    """Send a delivery again from now on, with the same `webhook-id`, whatever became of it before."""
    with transaction() as session:
        target_id = replay(session, delivery_id, actor=actor(), now=utc_now()).target_id
    wake("delivery", target_id)
    return DeliveryAnswer.of(get_delivery(db.session(), delivery_id))
