"""What comes after a decision: the word on it with its undo, the next article in place, the end of the filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from flask import url_for
from flask_babel import gettext as _

from review_app.accounts.permissions import person
from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.articles.rules import SCORES, in_words
from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.base.languages import flash, told
from review_app.base.web import number, settings, viewer_zone
from review_app.review_queue.filters import ALL, QueueFilters
from review_app.review_queue.models import SavedView
from review_app.review_queue.pages import queue_url, short
from review_app.review_queue.queries import queue_length
from review_app.review_queue.saved_views import counts_of, filters_of, tastes_of
from review_app.reviewing.forms import DecisionForm
from review_app.reviewing.models import Decision
from review_app.reviewing.queries import decided_since
from review_app.reviewing.rules import Outcome

DONE: Final[Mapping[Outcome, Callable[[str], str]]] = {
    Outcome.SAVE: lambda title: _("Saved “%(title)s”.", title=title),
    Outcome.APPROVE: lambda title: _("Approved “%(title)s”.", title=title),
    Outcome.REQUEST_CHANGES: lambda title: _("Requested changes to “%(title)s”.", title=title),
    Outcome.REJECT: lambda title: _("Rejected “%(title)s”.", title=title),
    Outcome.ARCHIVE: lambda title: _("Archived “%(title)s”.", title=title),
}
LONGEST_FILTERS, MOST_OFFERED = 1_000, 3
"""Messages travel in a cookie of 4 kB, so that a longer filter is left behind by an undo without JavaScript."""


def undo_window() -> timedelta:
    """How long this person may take a decision back; what it says goes out when that has passed."""
    own = person().undo_seconds
    return timedelta(seconds=settings().undo_seconds if own is None else own)


def tell(
    decision: Decision, article: Article, *, opened: str | None = None, filters: Filters | None = None
) -> None:
    """Say what was decided, with its undo. With `filters`, undoing leads back to the review page, and gives `opened` back."""
    text = DONE[Outcome(decision.outcome)](short(article.title))
    window = undo_window()
    if not window:
        flash(text, "success")
        return
    message = {
        "text": text,
        "action": url_for("reviewing.roll_back_decision", decision_id=decision.id),
        "label": _("Undo"),
        "seconds": int(window.total_seconds()),
        "history": url_for("articles.show", source_id=article.source_id) + "#history",
    }
    if filters is not None:
        query = filters.query()
        kept = query if len(query) <= LONGEST_FILTERS else ""
        message["fields"] = {"again": "1", "filters": kept, "opened": opened or ""}
    flash(message, "undo")


def tell_the_end(filters: QueueFilters) -> None:
    """Nothing more is free within the filters: say whether all is done there, how much was decided today, where to go on."""
    session, now = db.session(), utc_now()
    midnight = now.astimezone(viewer_zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    today = number(decided_since(session, person(), midnight))
    within = ", ".join(told(in_words(value)) for value in filters.active().values())
    left = queue_length(session, filters).waiting
    if left:
        text = _("Colleagues are at all that still wait here · %(count)s decided today", count=today)
    elif within:
        text = _(
            "That was the last of %(filters)s · %(count)s decided today", filters=short(within), count=today
        )
    else:
        text = _("That was the last one that waited · %(count)s decided today", count=today)
    links = [(_("Show all that wait"), queue_url(QueueFilters(view=ALL)))] if within else []
    links += [(f"{view.name}, {count}", address) for view, count, address in _views_with_something(filters)]
    flash({"text": text, "links": links}, "info" if left else "success")


def _views_with_something(filters: QueueFilters) -> list[tuple[SavedView, str, str]]:
    """The first saved views in which something waits, but for the one that is done."""
    session, user, now = db.session(), person(), utc_now()
    views = [view for view in tastes_of(session, user).views if str(view.id) != filters.view]
    counts = counts_of(session, views, user, now)
    waiting = [view for view in views if counts.get(view.id, "0") != "0"]
    return [
        (view, counts[view.id], queue_url(filters_of(view, user, now))) for view in waiting[:MOST_OFFERED]
    ]


def refill(form: DecisionForm, undone: Decision) -> None:
    """Give back what was typed for a decision that was undone: nothing of it is lost."""
    for name in SCORES:
        form[name].process_data(undone.after["scores"][name])
    form.note.data, form.override_reason.data = undone.note, undone.override_reason
    form.checklist.data = frozenset(undone.checklist)
