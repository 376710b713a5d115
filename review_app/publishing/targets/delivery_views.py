"""Pages about what was sent to a target: the log of its deliveries, and one delivery with every try."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from review_app.accounts.permissions import actor, permit
from review_app.accounts.rules import Permission
from review_app.base.answers import asks_for_part
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Conflict, NotFound
from review_app.base.jobs import wake
from review_app.base.languages import flash
from review_app.base.messages import lazy_gettext as _l
from review_app.base.messages import lazy_ngettext as _ln
from review_app.publishing.deliveries.actions import replay, replay_dead
from review_app.publishing.deliveries.queries import get_delivery, list_attempts, list_deliveries
from review_app.publishing.deliveries.rules import State, shown_state
from review_app.publishing.targets.queries import dead_counts, get_target
from review_app.publishing.targets.rules import MOST_DEAD_COUNTED, SHOWN_CHARACTERS
from review_app.publishing.targets.words import EVENT_WORDS, RESULT_WORDS, STATE_WORDS

blueprint = Blueprint("deliveries", __name__, url_prefix="/admin")
TRIES_SHOWN = 10
NEAR = timedelta(seconds=10)


@blueprint.get("/targets/<int:target_id>/deliveries")
@permit(Permission.MANAGE_TARGETS)
def index(target_id: int) -> str:
    """What was sent to a target, the newest first; `state` in the address narrows it."""
    session, state = db.session(), _state(request.args.get("state"))
    return render_template(
        "publishing/targets/deliveries.html",
        target=get_target(session, target_id),
        state=state,
        states=STATE_WORDS,
        page=list_deliveries(session, target_id, state=state, after=request.args.get("after")),
        dead=dead_counts(session, [target_id])[target_id],
        most_dead=MOST_DEAD_COUNTED,
        event_words=EVENT_WORDS,
        shown_state=shown_state,
    )


def _state(name: str | None) -> State | None:
    if name and name not in set(State):
        raise NotFound(_l("There is no such state."))
    return State(name) if name else None


@blueprint.post("/targets/<int:target_id>/deliveries")
@permit(Permission.MANAGE_TARGETS)
def replay_all(target_id: int) -> Response:
    """Send all again that were given up."""
    with transaction() as session:
        get_target(session, target_id)
        count = replay_dead(session, target_id, actor=actor(), now=utc_now())
    wake("delivery", target_id)
    flash(
        _ln("%(num)s delivery is sent again.", "%(num)s deliveries are sent again.", count)
        if count
        else _l("No delivery was given up."),
        "success",
    )
    return redirect(url_for("deliveries.index", target_id=target_id), 303)


@blueprint.get("/deliveries/<int:delivery_id>")
@permit(Permission.MANAGE_TARGETS)
def show(delivery_id: int) -> str:
    """One delivery with its tries. To htmx, which asks again while it is under way, what changes."""
    session = db.session()
    delivery = get_delivery(session, delivery_id)
    state = shown_state(delivery.state, delivery.attempts)
    template = "publishing/targets/_delivery.html" if asks_for_part() else "publishing/targets/delivery.html"
    return render_template(
        template,
        delivery=delivery,
        state=state,
        state_word=STATE_WORDS[state],
        going=delivery.target.enabled and _is_near(state, delivery.due_at),
        page=list_attempts(session, delivery_id, request.args.get("after"), TRIES_SHOWN),
        event_words=EVENT_WORDS,
        result_words=RESULT_WORDS,
        shown=SHOWN_CHARACTERS,
    )


def _is_near(state: State, due_at: datetime) -> bool:
    """Whether something will happen to it within seconds, so that a page does well to look again."""
    open_states = {State.WAITING, State.DELIVERING, State.FAILED}
    return state in open_states and due_at <= utc_now() + NEAR


@blueprint.post("/deliveries/<int:delivery_id>/retry")
@permit(Permission.MANAGE_TARGETS)
def retry(delivery_id: int) -> Response:
    """Send it again from now on, under its old id."""
    try:
        with transaction() as session:
            target_id = replay(session, delivery_id, actor=actor(), now=utc_now()).target_id
    except Conflict as error:
        flash(error.detail, "error")
    else:
        wake("delivery", target_id)
        flash(_l("It is sent again, with the same webhook-id."), "success")
    return redirect(url_for("deliveries.show", delivery_id=delivery_id), 303)


@blueprint.app_template_filter("sent_text")
def sent_text(sent: Mapping[str, Any]) -> str:
    """What a kind kept of a request, to be read: its headers and body apart where it has them."""
    if not {"method", "url"} <= sent.keys():
        return json.dumps(sent, ensure_ascii=False, indent=2)
    headers = "".join(f"\n{name}: {value}" for name, value in (sent.get("headers") or {}).items())
    rest = {name: value for name, value in sent.items() if name not in {"method", "url", "headers", "body"}}
    body = sent.get("body") or (rest and json.dumps(rest, ensure_ascii=False, indent=2))
    whole = body if isinstance(body, str) or not body else json.dumps(body, ensure_ascii=False, indent=2)
    return f"{sent['method']} {sent['url']}{headers}" + (f"\n\n{whole}" if whole else "")
