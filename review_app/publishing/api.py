"""Publishing for programs: start a run, watch it, see what was published where."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from flask import Blueprint, url_for
from msgspec import UNSET

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.base.api import Answer, Listing, PageQuery, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import wake
from review_app.base.security import csrf
from review_app.base.web import external, settings
from review_app.publishing.actions import start_run
from review_app.publishing.queries import (
    accepted_source_ids,
    get_run,
    list_publications,
    list_runs,
    run_progress,
)
from review_app.publishing.rules import Trigger
from review_app.publishing.schemas import (
    NewRun,
    PublicationAnswer,
    PublicationQuery,
    RunAnswer,
    StartedAnswer,
    answer_of,
)

blueprint = Blueprint("publishing_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.post("/publish-runs")
@permit(Permission.PUBLISH)
@operation(
    {202: StartedAnswer},
    headers={"Location": "Where its progress can be read."},
    example={"source_ids": ["alphanode-018460"], "publish_at": "2026-11-16T14:00:00Z"},
)
def start(body: NewRun) -> Answer:
    """Start a publish run.

    What is approved is taken on; the rest is refused, each with its reason.
    """
    with transaction() as session:
        started = start_run(
            session,
            body.as_order(),
            Trigger.API,
            user_id=person().id,
            actor=actor(),
            now=utc_now(),
            undo=timedelta(seconds=settings().undo_seconds),
        )
        run_id = started.run.id
    wake("publish_run", run_id)
    location = url_for("publishing_api.show", run_id=run_id)
    told = msgspec.convert(answer_of(started, external(location)), StartedAnswer)
    return Answer(told, 202, {"Location": location})


@blueprint.get("/publish-runs")
@permit(Permission.PUBLISH)
@operation({200: Listing[RunAnswer]})
def index(query: PageQuery) -> Listing[RunAnswer]:
    """Publish runs, the newest first."""
    page = list_runs(db.session(), query.after, query.limit)
    return Listing([RunAnswer.of(run) for run in page.rows], page.next)


@blueprint.get("/publish-runs/<int:run_id>")
@permit(Permission.PUBLISH)
@operation({200: RunAnswer})
def show(run_id: int) -> RunAnswer:
    """One publish run: how far it is."""
    session = db.session()
    run = get_run(session, run_id)
    return RunAnswer.of(run, accepted_source_ids(session, run_id), run_progress(session, run_id))


@blueprint.get("/publications")
@permit(Permission.PUBLISH)
@operation({200: Listing[PublicationAnswer]})
def publications(query: PublicationQuery) -> Listing[PublicationAnswer]:
    """What was published where, or is about to be, the newest first."""
    run_id = None if query.run is UNSET else query.run
    page = list_publications(db.session(), run_id, query.after, query.limit)
    return Listing([PublicationAnswer.of(publication) for publication in page.rows], page.next)
