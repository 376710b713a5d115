"""Publish runs: see what one would do, start it, watch it, pause, stop and roll it back; and the schedules that start them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.base.answers import asks_for_part, see_other
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import DomainError, Invalid
from review_app.base.jobs import wake
from review_app.base.languages import flash, told
from review_app.base.messages import Day
from review_app.base.messages import lazy_gettext as _l
from review_app.base.problems import status_of
from review_app.base.web import settings, viewer_zone
from review_app.publishing.actions import Order, pause_run, resume_run, retry_run, start_run
from review_app.publishing.cohort import roll_back_run
from review_app.publishing.drip import current_drip, expected_days
from review_app.publishing.forms import RollbackForm, RunForm, ScheduleForm, is_english, refusal_words
from review_app.publishing.models import PublishRun
from review_app.publishing.preview import preview_run
from review_app.publishing.queries import (
    get_run,
    last_rollback,
    list_left_out,
    list_publications,
    list_runs,
    list_schedules,
    lock_run,
    run_progress,
    sent_count,
)
from review_app.publishing.rules import AT_WORK, UNENDED, Trigger
from review_app.publishing.schedules import add_schedule, remove_schedule
from review_app.publishing.stopping import stop_run

blueprint = Blueprint("publishing", __name__)
SHOWN_REFUSALS = 100
blueprint.add_app_template_filter(refusal_words)
blueprint.add_app_template_test(is_english, "english")


def _undo() -> timedelta:
    return timedelta(seconds=settings().undo_seconds)


@blueprint.get("/publications")
@permit(Permission.PUBLISH)
def index() -> str:
    """The form that starts a run, and all runs."""
    return _index(RunForm())


def _index(form: RunForm) -> str:
    page = list_runs(db.session(), request.args.get("after"))
    return render_template("publishing/index.html", form=form, page=page, zone=viewer_zone().key)


def _order(form: RunForm) -> Order | None:
    return form.order(viewer_zone(), utc_now()) if form.validate() else None


@blueprint.post("/publications/preview")
@permit(Permission.PUBLISH)
def preview() -> str | tuple[str, int]:
    """What a run would do; nothing is done. `back` leads to the form again, with all that was typed."""
    form = RunForm(request.form)
    if "back" in request.form:
        return _index(form)
    order = _order(form)
    if order is None:
        return _index(form), 422
    return render_template(
        "publishing/preview.html",
        form=form,
        order=order,
        preview=preview_run(db.session(), order, utc_now()),
        shown_refusals=SHOWN_REFUSALS,
        zone=viewer_zone().key,
    )


@blueprint.post("/publications")
@permit(Permission.PUBLISH)
def start() -> AnyResponse | tuple[str, int]:
    """Start a run and go to its page."""
    form = RunForm(request.form)
    order = _order(form)
    if order is None:
        return _index(form), 422
    with transaction() as session:
        who = {"user_id": person().id, "actor": actor()}
        run_id = start_run(session, order, Trigger.PAGE, **who, now=utc_now(), undo=_undo()).run.id  # type: ignore[arg-type]  # both kinds
    wake("publish_run", run_id)
    return _to(run_id)


def _to(run_id: int) -> AnyResponse:
    return see_other(url_for("publishing.show", run_id=run_id))


@blueprint.get("/publications/<int:run_id>")
@permit(Permission.PUBLISH)
def show(run_id: int) -> str:
    """One run: how far it is, what it refused, its publications. To htmx, which asks again and again, what changes."""
    session, now = db.session(), utc_now()
    run, after = get_run(session, run_id), request.args.get("after")
    page = list_publications(session, run_id, after)
    drip = current_drip(session)
    ids = [publication.id for publication in page.rows]
    days, last = expected_days(session, run, drip, ids=ids, now=now) if drip else ({}, None)
    template = "publishing/_run.html" if asks_for_part() else "publishing/show.html"
    return render_template(
        template,
        run=run,
        after=after,
        page=page,
        progress=run_progress(session, run_id),
        rollback=last_rollback(session, run_id),
        drip=drip,
        days=days,
        last_day=last,
        **_times(run, now),
    )


def _times(run: PublishRun, now: datetime) -> dict[str, Any]:
    asked_for = run.requested.get("publish_at")
    held_until = datetime.fromisoformat(asked_for) if asked_for else None
    return {
        "held_until": held_until,
        "held": held_until is not None and held_until > now,
        "now": now,
        "zone": viewer_zone().key,
        "going": run.state in AT_WORK,
        "ended": run.state not in UNENDED,
        "shown_refusals": SHOWN_REFUSALS,
    }


@blueprint.put("/publications/<int:run_id>/pause")
@permit(Permission.PUBLISH)
def pause(run_id: int) -> AnyResponse:
    """Send nothing more until it is resumed."""
    with transaction() as session:
        pause_run(session, lock_run(session, run_id), actor=actor(), now=utc_now())
    return _to(run_id)


@blueprint.delete("/publications/<int:run_id>/pause")
@permit(Permission.PUBLISH)
def resume(run_id: int) -> AnyResponse:
    """Go on."""
    with transaction() as session:
        resume_run(session, lock_run(session, run_id), actor=actor(), now=utc_now())
    wake("publish_run", run_id)
    return _to(run_id)


@blueprint.post("/publications/<int:run_id>/stop")
@permit(Permission.PUBLISH)
def stop(run_id: int) -> AnyResponse:
    """End it where it is."""
    with transaction() as session:
        count = stop_run(session, lock_run(session, run_id), actor=actor(), now=utc_now())
    text = ngettext(
        "Stopped. %(num)s publication was cancelled.", "Stopped. %(num)s publications were cancelled.", count
    )
    flash(text, "success")
    return _to(run_id)


@blueprint.post("/publications/<int:run_id>/retry")
@permit(Permission.PUBLISH)
def retry(run_id: int) -> AnyResponse:
    """A new run of what failed or was cancelled in this one."""
    with transaction() as session:
        run, who = lock_run(session, run_id), {"user_id": person().id, "actor": actor()}
        fresh = retry_run(session, run, Trigger.PAGE, **who, now=utc_now(), undo=_undo()).run.id  # type: ignore[arg-type]  # both kinds
    wake("publish_run", fresh)
    return _to(fresh)


@blueprint.get("/publications/<int:run_id>/rollback")
@permit(Permission.PUBLISH)
def rollback(run_id: int) -> str:
    """What rolling it back would withdraw, or how far that is. To htmx what changes."""
    return _rollback(run_id, RollbackForm())


def _rollback(run_id: int, form: RollbackForm) -> str:
    session = db.session()
    run, last = get_run(session, run_id), last_rollback(session, run_id)
    going = last is not None and last.state in {"queued", "running"}
    template = "publishing/_rollback.html" if asks_for_part() else "publishing/rollback.html"
    return render_template(
        template,
        run=run,
        form=form,
        rollback=last,
        going=going,
        sent=sent_count(session, run_id),
        left=last and list_left_out(session, last.id, request.args.get("after")),
    )


@blueprint.post("/publications/<int:run_id>/rollback")
@permit(Permission.PUBLISH)
def roll_back(run_id: int) -> AnyResponse | tuple[str, int]:
    """Withdraw all that it published, for a reason."""
    form = RollbackForm(request.form)
    try:
        with transaction() as session:
            run, note = lock_run(session, run_id), form.note.data or ""
            asked = roll_back_run(session, run, person(), note, actor=actor(), now=utc_now()).id
    except Invalid as error:
        form.tell(error)
        return _rollback(run_id, form), 422
    wake("run_rollback", asked)
    return see_other(url_for("publishing.rollback", run_id=run_id))


@blueprint.get("/publications/schedules")
@permit(Permission.PUBLISH)
def schedules() -> str:
    """When runs start by themselves."""
    return _schedules(ScheduleForm(data={"zone": viewer_zone().key}))


def _schedules(form: ScheduleForm) -> str:
    return render_template("publishing/schedules.html", form=form, schedules=list_schedules(db.session()))


@blueprint.post("/publications/schedules")
@permit(Permission.PUBLISH)
def schedule() -> AnyResponse | tuple[str, int]:
    """Publish all that is approved every day at a time."""
    form = ScheduleForm(request.form)
    at, zone = form.at.data or "", form.zone.data or ""
    try:
        with transaction() as session:
            add_schedule(session, at, zone, user_id=person().id, actor=actor(), now=utc_now())
    except DomainError as error:
        form.tell(error)
        return _schedules(form), status_of(error)
    flash(_("Added."), "success")
    return see_other(url_for("publishing.schedules"))


@blueprint.delete("/publications/schedules/<int:schedule_id>")
@permit(Permission.PUBLISH)
def unschedule(schedule_id: int) -> AnyResponse:
    """Start no more runs by it."""
    with transaction() as session:
        remove_schedule(session, schedule_id, actor=actor(), now=utc_now())
    flash(_("Removed. The runs it started stay."), "success")
    return see_other(url_for("publishing.schedules"))


@blueprint.app_template_filter("clock")
def clock(moment: datetime) -> str:
    """A moment of today to the second, `14:02:10`, and with its date if it is of another day, in the viewer's zone."""
    there, here = moment.astimezone(viewer_zone()), utc_now().astimezone(viewer_zone())
    if there.date() == here.date():
        return f"{there:%H:%M:%S}"
    return str(told(_l("%(day)s, %(time)s", day=Day(there.date()), time=f"{there:%H:%M:%S}")))


@blueprint.app_template_filter("date_words")
def date_words(day: date) -> str:
    """A day as its reader writes it: `16 Nov 2026`."""
    return str(told(Day(day)))
