"""The statistics for programs."""

from __future__ import annotations

import msgspec
from flask import Blueprint
from msgspec import UNSET

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.base.api import operation
from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.base.security import csrf
from review_app.insights.forms import period_of, zone_of
from review_app.insights.queries import statistics
from review_app.insights.schemas import StatisticsAnswer, StatisticsQuery, as_json

blueprint = Blueprint("insights_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.get("/stats")
@permit(Permission.SEE_STATISTICS)
@operation({200: StatisticsAnswer})
def stats(query: StatisticsQuery) -> StatisticsAnswer:
    """What was decided, by whom, and on which day.

    Without `from` the 28 days up to `to`, or to today.
    """
    zone = zone_of(query.tz)
    asked = {"from": query.first, "to": query.last}
    days = {name: day.isoformat() for name, day in asked.items() if day is not UNSET}
    period = period_of(days, utc_now().astimezone(zone).date())
    return msgspec.convert(
        as_json(statistics(db.session(), period.first, period.last, zone)), StatisticsAnswer
    )
