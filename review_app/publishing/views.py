"""Publish runs: start one by page or by signed hook, and see how far it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import Blueprint, Response, g, jsonify, make_response, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.base.answers import asks_for_part, see_other
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import wake
from review_app.base.problems import problem
from review_app.base.security import HOOK_BODY_BYTES, csrf
from review_app.base.web import external, settings, viewer_zone
from review_app.outbox.actions import Actor
from review_app.publishing.actions import Order, start_run
from review_app.publishing.forms import RunForm
from review_app.publishing.hook import SIGNED_HEADERS, BadSignature, keep_answer, remember, verify
from review_app.publishing.models import PublishRun
from review_app.publishing.queries import get_run, list_publications, list_runs, run_progress
from review_app.publishing.rules import Trigger
from review_app.publishing.schemas import BadBody, answer_of, read_hook_body

blueprint = Blueprint("publishing", __name__)
log = structlog.get_logger()
SHOWN_REFUSALS = 100


@blueprint.get("/publications")
@permit(Permission.PUBLISH)
def index() -> str:
    """The form that starts a run, and all runs."""
    return _index(RunForm())


def _index(form: RunForm) -> str:
    page = list_runs(db.session(), request.args.get("after"))
    return render_template("publishing/index.html", form=form, page=page)


@blueprint.post("/publications")
@permit(Permission.PUBLISH)
def start() -> AnyResponse | tuple[str, int]:
    """Start a run and go to its page."""
    form = RunForm(request.form)
    if not form.validate():
        return _index(form), 422
    with transaction() as session:
        started = start_run(
            session,
            form.order(),
            Trigger.PAGE,
            user_id=person().id,
            actor=actor(),
            now=utc_now(),
            undo=timedelta(seconds=settings().undo_seconds),
        )
        run_id = started.run.id
    wake("publish_run", run_id)
    return see_other(url_for("publishing.show", run_id=run_id))


@blueprint.get("/publications/<int:run_id>")
@permit(Permission.PUBLISH)
def show(run_id: int) -> str:
    """One run: how far it is, what it refused, its publications. To htmx, which asks again and again, what changes."""
    session = db.session()
    run, after = get_run(session, run_id), request.args.get("after")
    page = list_publications(session, run_id, after)
    template = "publishing/_run.html" if asks_for_part() else "publishing/show.html"
    return render_template(
        template,
        run=run,
        after=after,
        page=page,
        progress=run_progress(session, run_id),
        held_until=_held_until(run),
        shown_refusals=SHOWN_REFUSALS,
    )


def _held_until(run: PublishRun) -> datetime | None:
    asked_for = run.requested.get("publish_at")
    return datetime.fromisoformat(asked_for) if asked_for else None


@blueprint.app_template_filter("clock")
def clock(moment: datetime) -> str:
    """A moment of today to the second, `14:02:10`, and with its date if it is of another day, in the viewer's zone."""
    there, here = moment.astimezone(viewer_zone()), utc_now().astimezone(viewer_zone())
    return f"{there:%H:%M:%S}" if there.date() == here.date() else f"{there:%-d %b %Y, %H:%M:%S}"


@blueprint.post("/hooks/publish")
@permit(Permission.SIGNED_HOOK)
def publish_hook() -> Response:
    """A signed request to publish: verified first, then parsed, and done once however often it is delivered."""
    request.max_content_length = HOOK_BODY_BYTES
    body = request.get_data()
    signed = {name: request.headers.get(name, "") for name in SIGNED_HEADERS}
    webhook_id = verify(body, signed, settings().publish_hook_secrets)
    order = read_hook_body(body)
    with transaction() as session:
        earlier = remember(session, webhook_id, body, utc_now())
        answer = _start_by_hook(session, order) if earlier is None else earlier.answer
        if earlier is None:
            keep_answer(session, webhook_id, answer)
    if earlier is None:
        wake("publish_run", answer["run_id"])
    return make_response(jsonify(answer), 202)


csrf.exempt(publish_hook)


def _start_by_hook(session: Session, order: Order) -> dict[str, Any]:
    started = start_run(
        session,
        order,
        Trigger.HOOK,
        user_id=None,
        actor=Actor(None, "publish hook", g.get("request_id")),
        now=utc_now(),
        undo=timedelta(seconds=settings().undo_seconds),
    )
    return answer_of(started, external(url_for("publishing_api.show", run_id=started.run.id)))


@blueprint.errorhandler(BadSignature)
def _bad_signature(_error: BadSignature) -> Response:
    if settings().publish_hook_secrets:
        log.warning("publish_hook_refused", webhook_id=request.headers.get("webhook-id", "")[:64])
    else:
        log.warning("publish_hook_without_secret", hint="set REVIEW_PUBLISH_HOOK_SECRET")
    return problem(401, "Not signed by us", "The signature is wrong, missing, or older than five minutes.")


@blueprint.errorhandler(BadBody)
def _bad_body(error: BadBody) -> Response:
    return problem(400, "The body cannot be read", str(error))
