"""The lead's page: what waits, what was decided, by whom; and each reviewer's own."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.models import User
from review_app.accounts.permissions import permit, person
from review_app.accounts.queries import user_by_id
from review_app.accounts.rules import Permission
from review_app.articles.filters import Filters
from review_app.articles.rules import SCORE_LABELS
from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.base.errors import Invalid, NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.web import span, viewer_zone
from review_app.insights.charts import decisions_chart
from review_app.insights.forms import period_of
from review_app.insights.queries import recent, statistics
from review_app.insights.rules import DEFAULT_DAYS, Period
from review_app.insights.schemas import as_rows
from review_app.insights.words import day_words, duration_words, percent, signed
from review_app.review_queue.queries import queue_length

blueprint = Blueprint("insights", __name__)
blueprint.add_app_template_filter(duration_words, "duration")
blueprint.add_app_template_filter(day_words, "day_words")
blueprint.add_app_template_filter(percent, "percent")
blueprint.add_app_template_filter(signed, "signed")
PERIOD_WORDS = {"from": _l("From"), "to": _l("To")}
"""The first and the last day of a period."""


@blueprint.get("/stats")
@permit(Permission.SEE_STATISTICS)
def stats() -> AnyResponse:
    """The whole desk's figures."""
    waiting = queue_length(db.session(), Filters())
    longest = span((utc_now() - waiting.oldest).total_seconds()) if waiting.oldest else ""
    return _page("insights/stats.html", waiting=waiting, longest=longest)


@blueprint.get("/stats/reviewers/<int:user_id>")
@permit(Permission.OWN_STATISTICS)
def reviewer(user_id: int) -> AnyResponse:
    """One reviewer's figures: a lead sees anybody's, everybody else their own."""
    return _page("insights/reviewer.html", subject=_visible(user_id))


def _visible(user_id: int) -> User:
    if user_id != person().id and not person().may(Permission.SEE_STATISTICS):
        raise NotFound(_l("There is no such account."))
    return user_by_id(db.session(), user_id)


def _page(template: str, **values: Any) -> AnyResponse:
    """The figures of the period in the address; a period that is none is told in place, and the usual one shown."""
    wrong: list[tuple[str, str]] = []
    try:
        period = _period()
    except Invalid as error:
        wrong = [
            (name, _l("%(field)s: %(problem)s", field=label, problem=text))
            for name, label in PERIOD_WORDS.items()
            for text in error.fields.get(name, [])
        ]
        period = period_of({}, _today())
    session, zone, subject = db.session(), viewer_zone(), values.get("subject")
    only = subject.id if subject else None
    found = statistics(session, period.first, period.last, zone, reviewer_id=only)
    html = render_template(
        template,
        statistics=found,
        recent=recent(session, _today(), zone, reviewer_id=only),
        chart=decisions_chart(found),
        typed={"from": period.first.isoformat(), "to": period.last.isoformat()}
        | (request.args.to_dict() if wrong else {}),
        wrong=wrong,
        usual_days=DEFAULT_DAYS,
        period_words=PERIOD_WORDS,
        score_labels=SCORE_LABELS,
        **values,
    )
    return make_response(html, 422 if wrong else 200)


def _today() -> date:
    return utc_now().astimezone(viewer_zone()).date()


def _period() -> Period:
    return period_of(request.args, _today())


@blueprint.get("/stats.csv")
@permit(Permission.SEE_STATISTICS)
def stats_csv() -> Response:
    """The same figures for a spreadsheet."""
    period = _period()
    text = io.StringIO()
    csv.writer(text).writerows(as_rows(statistics(db.session(), period.first, period.last, viewer_zone())))
    response = Response(text.getvalue(), mimetype="text/csv")
    name = f"statistics-{period.first}-{period.last}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
