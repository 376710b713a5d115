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
from review_app.base.errors import NotFound
from review_app.base.jobs import wake
from review_app.base.messages import lazy_gettext as _l
from review_app.base.security import csrf
from review_app.base.web import external, settings
from review_app.publishing.actions import Started, pause_run, resume_run, retry_run, start_run
from review_app.publishing.cohort import roll_back_run
from review_app.publishing.models import RunRollback
from review_app.publishing.preview import preview_run
from review_app.publishing.queries import (
    accepted_source_ids,
    get_run,
    last_rollback,
    list_left_out,
    list_publications,
    list_runs,
    list_schedules,
    lock_run,
    run_progress,
)
from review_app.publishing.rules import Trigger
from review_app.publishing.schedules import add_schedule, remove_schedule
from review_app.publishing.schemas import (
    LeftOutAnswer,
    NewRollback,
    NewRun,
    NewSchedule,
    PreviewAnswer,
    PublicationAnswer,
    PublicationQuery,
    RollbackAnswer,
    RunAnswer,
    ScheduleAnswer,
    StartedAnswer,
    answer_of,
)
from review_app.publishing.stopping import stop_run

blueprint = Blueprint("publishing_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.post("/publish-runs")
@permit(Permission.PUBLISH)
@operation(
    {202: StartedAnswer, 200: PreviewAnswer},
    headers={"Location": "Where its progress can be read; none for a dry run."},
    example={"source_ids": ["alphanode-018460"], "publish_at": "2026-11-16T14:00:00Z"},
)
def start(body: NewRun) -> Answer:
    """Start a publish run.

    What is approved is taken on; the rest is refused, each with its reason. A dry run is answered with 200 and what it
    would do.
    """
    if body.dry_run:
        return Answer(PreviewAnswer.of(preview_run(db.session(), body.as_order(), utc_now())), 200)
    with transaction() as session:
        started = start_run(
            session,
            body.as_order(),
            Trigger.API,
            user_id=person().id,
            actor=actor(),
            now=utc_now(),
            undo=_undo(),
        )
    return _started(started)


def _undo() -> timedelta:
    return timedelta(seconds=settings().undo_seconds)


def _started(started: Started) -> Answer:
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
    return _run(run_id)


def _run(run_id: int) -> RunAnswer:
    session = db.session()
    run = get_run(session, run_id)
    return RunAnswer.of(run, accepted_source_ids(session, run_id), run_progress(session, run_id))


@blueprint.put("/publish-runs/<int:run_id>/pause")
@permit(Permission.PUBLISH)
@operation({200: RunAnswer}, problems=(409,))
def pause(run_id: int) -> RunAnswer:
    """Send nothing more of a run until it is resumed. 409 when it has ended or is paused."""
    with transaction() as session:
        pause_run(session, lock_run(session, run_id), actor=actor(), now=utc_now())
    return _run(run_id)


@blueprint.delete("/publish-runs/<int:run_id>/pause")
@permit(Permission.PUBLISH)
@operation({200: RunAnswer}, problems=(409,))
def resume(run_id: int) -> RunAnswer:
    """Let a paused run go on. 409 when it is not paused."""
    with transaction() as session:
        resume_run(session, lock_run(session, run_id), actor=actor(), now=utc_now())
    wake("publish_run", run_id)
    return _run(run_id)


@blueprint.post("/publish-runs/<int:run_id>/stop")
@permit(Permission.PUBLISH)
@operation({200: RunAnswer}, problems=(409,))
def stop(run_id: int) -> RunAnswer:
    """End a run where it is: what is out stays out, what is not sent is cancelled. 409 when it has ended."""
    with transaction() as session:
        stop_run(session, lock_run(session, run_id), actor=actor(), now=utc_now())
    return _run(run_id)


@blueprint.post("/publish-runs/<int:run_id>/retry")
@permit(Permission.PUBLISH)
@operation({202: StartedAnswer}, problems=(409,), headers={"Location": "Where its progress can be read."})
def retry(run_id: int) -> Answer:
    """Start a run of what failed or was cancelled in this one. 409 when nothing did."""
    with transaction() as session:
        run, by = lock_run(session, run_id), {"user_id": person().id, "actor": actor()}
        started = retry_run(session, run, Trigger.API, **by, now=utc_now(), undo=_undo())  # type: ignore[arg-type]  # both kinds
    return _started(started)


@blueprint.post("/publish-runs/<int:run_id>/rollback")
@permit(Permission.PUBLISH)
@operation({202: RollbackAnswer}, problems=(409,), example={"note": "The template was broken."})
def roll_back(run_id: int, body: NewRollback) -> Answer:
    """Withdraw all that a run published, by undoing the approvals; a worker does it.

    A run that has not ended is stopped first. What was decided on since stays as it is, and can be asked for. 409 when it
    published nothing or is being rolled back already.
    """
    with transaction() as session:
        run = lock_run(session, run_id)
        asked = roll_back_run(session, run, person(), body.note, actor=actor(), now=utc_now()).id
    wake("run_rollback", asked)
    return Answer(_rollback(run_id), 202)


@blueprint.get("/publish-runs/<int:run_id>/rollback")
@permit(Permission.PUBLISH)
@operation({200: RollbackAnswer})
def rollback(run_id: int) -> RollbackAnswer:
    """How far the latest rolling back of a run is."""
    return _rollback(run_id)


def _rollback(run_id: int) -> RollbackAnswer:
    return RollbackAnswer.of(_last_rollback(run_id))


def _last_rollback(run_id: int) -> RunRollback:
    found = last_rollback(db.session(), run_id)
    if found is None:
        raise NotFound(_l("Run %(number)s was never rolled back.", number=run_id))
    return found


@blueprint.get("/publish-runs/<int:run_id>/rollback/left-out")
@permit(Permission.PUBLISH)
@operation({200: Listing[LeftOutAnswer]})
def left_out(run_id: int, query: PageQuery) -> Listing[LeftOutAnswer]:
    """The articles that the latest rolling back of a run left as they are, each with the reason."""
    page = list_left_out(db.session(), _last_rollback(run_id).id, query.after, query.limit)
    return Listing([LeftOutAnswer(item.article.source_id, item.reason) for item in page.rows], page.next)


@blueprint.get("/publish-schedules")
@permit(Permission.PUBLISH)
@operation({200: Listing[ScheduleAnswer]})
def schedules() -> Listing[ScheduleAnswer]:
    """When runs start by themselves, all of them, by their time of the day."""
    return Listing([ScheduleAnswer.of(one) for one in list_schedules(db.session())], None)


@blueprint.post("/publish-schedules")
@permit(Permission.PUBLISH)
@operation({201: ScheduleAnswer}, problems=(409,), example={"at": "07:30", "zone": "Europe/Berlin"})
def schedule(body: NewSchedule) -> Answer:
    """Publish all that is approved every day at a time of a zone."""
    with transaction() as session:
        added = add_schedule(
            session, body.at, body.zone, user_id=person().id, actor=actor(), now=utc_now()
        ).id
    told = next(one for one in list_schedules(db.session()) if one.id == added)
    return Answer(ScheduleAnswer.of(told), 201)


@blueprint.delete("/publish-schedules/<int:schedule_id>")
@permit(Permission.PUBLISH)
@operation({204: None})
def unschedule(schedule_id: int) -> None:
    """Start no more runs by a schedule; those it started stay."""
    with transaction() as session:
        remove_schedule(session, schedule_id, actor=actor(), now=utc_now())


@blueprint.get("/publications")
@permit(Permission.PUBLISH)
@operation({200: Listing[PublicationAnswer]})
def publications(query: PublicationQuery) -> Listing[PublicationAnswer]:
    """What was published where, or is about to be, the newest first."""
    run_id = None if query.run is UNSET else query.run
    page = list_publications(db.session(), run_id, query.after, query.limit)
    return Listing([PublicationAnswer.of(publication) for publication in page.rows], page.next)
