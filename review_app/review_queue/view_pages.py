"""The pages of saved views: keep one, change it, share it, remove it and take that back; and the columns of rows."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.forms import storable
from review_app.accounts.permissions import permit, person
from review_app.accounts.rules import Permission, Role
from review_app.articles.filters import whole_number
from review_app.base.answers import see_other
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Invalid
from review_app.base.languages import flash, told
from review_app.base.messages import lazy_gettext as _l
from review_app.review_queue import pages
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.rules import LAST_PLACE, NAME_LENGTH, Column, columns_of
from review_app.review_queue.saved_views import (
    add_view,
    change_view,
    columns_in,
    counts_of,
    filters_of,
    get_view,
    may_change,
    prefer_columns,
    prefer_view,
    remove_view,
    restore_view,
    tastes_of,
)

blueprint = Blueprint("saved_views", __name__)


@blueprint.get("/queue/views")
@permit(Permission.REVIEW)
def index() -> str:
    """All the views that this person sees, with what can be done to each."""
    return _page({})


def _page(wrong: dict[str, list[str]], *, asked: str = "", at: str = "new") -> str:
    """`at` is the view whose form was refused, or `new`."""
    session, user, now = db.session(), person(), utc_now()
    tastes = tastes_of(session, user)
    return render_template(
        "review_queue/views.html",
        tastes=tastes,
        counts=counts_of(session, tastes.views, user, now),
        urls={view.id: pages.queue_url(filters_of(view, user, now)) for view in tastes.views},
        chips={view.id: _words(filters_of(view, user, now)) for view in tastes.views},
        changeable={view.id for view in tastes.views if may_change(user, view)},
        behind=pages.filters_behind(),
        shares=Role(user.role).includes(Role.LEAD),
        wrong=wrong,
        wrong_at=at,
        asked=asked,
        longest=NAME_LENGTH,
    )


def _words(filters: QueueFilters) -> str:
    words = [told(filters.words(name, value)) for name, value in filters.active().items()]
    return " · ".join(words) or _("All that waits")


@blueprint.post("/queue/views")
@permit(Permission.REVIEW)
def create() -> AnyResponse | tuple[str, int]:
    """Keep the filters of the form under a name."""
    try:
        with transaction() as session:
            view = add_view(
                session,
                person(),
                storable(request.form.get("name")),
                pages.filters_behind(),
                now=utc_now(),
                shared="shared" in request.form,
            )
    except Invalid as error:
        return _page(error.fields, asked=storable(request.form.get("name"))), 422
    flash(_("Saved as “%(name)s”.", name=view.name), "success")
    return see_other(pages.queue_url(filters_of(view, person(), utc_now())))


@blueprint.put("/queue/views/<int:view_id>")
@permit(Permission.REVIEW)
def change(view_id: int) -> AnyResponse | tuple[str, int]:
    """Rename, share, move a view, or give it the filters of the form, whichever the form names."""
    try:
        with transaction() as session:
            view = get_view(session, person(), view_id)
            change_view(session, person(), view, _changes())
    except Invalid as error:
        return _page(error.fields, asked=storable(request.form.get("name")), at=str(view_id)), 422
    flash(_("Changed “%(name)s”.", name=view.name), "success")
    if "filters" in request.form:
        return see_other(pages.queue_url(filters_of(view, person(), utc_now())))
    return see_other(url_for("saved_views.index"))


def _changes() -> dict[str, object]:
    found: dict[str, object] = {}
    if "name" in request.form:
        found |= {"name": storable(request.form["name"]), "shared": "shared" in request.form}
    if "position" in request.form:
        position = request.form["position"].strip()
        if fault := whole_number(0, LAST_PLACE)(position):
            raise Invalid(
                _l("“%(value)s” is no place: it %(fault)s.", value=position[:60], fault=fault),
                {"position": [fault]},
            )
        found["position"] = int(position)
    if "filters" in request.form:
        found["filters"] = QueueFilters.of(dict(parse_qsl(request.form["filters"].lstrip("?"))))
    return found


@blueprint.delete("/queue/views/<int:view_id>")
@permit(Permission.REVIEW)
def remove(view_id: int) -> AnyResponse:
    """Remove a view; the message offers it back."""
    with transaction() as session:
        view = get_view(session, person(), view_id)
        remove_view(session, person(), view, utc_now())
    back = url_for("saved_views.restore", view_id=view_id)
    text = _("Removed “%(name)s”.", name=view.name)
    flash({"text": text, "action": back, "label": _("Take it back")}, "undo")
    return see_other(url_for("saved_views.index"))


@blueprint.post("/queue/views/<int:view_id>/restoration")
@permit(Permission.REVIEW)
def restore(view_id: int) -> AnyResponse:
    """Take back that a view was removed."""
    with transaction() as session:
        view = restore_view(session, person(), view_id)
    flash(_("“%(name)s” is there again.", name=view.name), "success")
    return see_other(url_for("saved_views.index"))


@blueprint.put("/queue/views/<int:view_id>/default")
@permit(Permission.REVIEW)
def prefer(view_id: int) -> AnyResponse:
    """Let the queue open with this view."""
    with transaction() as session:
        view = get_view(session, person(), view_id)
        prefer_view(session, person(), view)
    flash(_("Your queue opens with “%(name)s”.", name=view.name), "success")
    return see_other(url_for("saved_views.index"))


@blueprint.delete("/queue/views/default")
@permit(Permission.REVIEW)
def prefer_none() -> AnyResponse:
    """Let the queue open with all that waits."""
    with transaction() as session:
        prefer_view(session, person(), None)
    flash(_("Your queue opens with all that waits."), "success")
    return see_other(url_for("saved_views.index"))


@blueprint.put("/queue/columns")
@permit(Permission.REVIEW)
def columns() -> AnyResponse:
    """Show these columns: with the view that is open, if the form says so, else wherever a view names none."""
    filters = pages.filters_behind()
    chosen: tuple[Column, ...] = () if "usual" in request.form else columns_of(request.form.getlist("column"))
    with transaction() as session:
        tastes = tastes_of(session, person())
        view = tastes.view(filters.view)
        if view is not None and "with_view" in request.form:
            change_view(session, person(), view, {"columns": chosen})
        else:
            prefer_columns(session, person(), chosen)
        kept = columns_in(view, tastes_of(session, person()))
    if chosen and kept != chosen:
        flash(_("This view has columns of its own, so the list looks as before."), "info")
    return see_other(pages.queue_url(filters))
