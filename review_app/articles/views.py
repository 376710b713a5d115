"""All articles, searched and filtered: as a page, and as CSV.

The page of one article is `reviewing.views.show`, under the endpoint `articles.show`: it tells who decided what, and
articles know no decisions.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, make_response, render_template, request, stream_with_context, url_for

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.articles import export
from review_app.articles.directions import direction_of
from review_app.articles.filters import Filters
from review_app.articles.highlights import Highlighter
from review_app.articles.models import Article
from review_app.articles.queries import anything, list_articles
from review_app.articles.rules import RevisionStatus, in_words
from review_app.base.answers import asks_for_part
from review_app.base.database import db
from review_app.base.paging import Page

blueprint = Blueprint("articles", __name__)
blueprint.add_app_template_filter(direction_of, "direction")
blueprint.add_app_template_filter(in_words, "in_words")
EXPORT_BATCH = 500
"""Articles read at once for the export: so many are in memory, however many there are."""


@blueprint.get("/articles")
@permit(Permission.READ_ARTICLES)
def index() -> Response:
    """All articles in the order of their import; to htmx the results alone, with the address that leads back to them."""
    filters, after, session = Filters.of(request.args), request.args.get("after"), db.session()
    page = list_articles(session, filters, after=after)
    here = url_for("articles.index")
    context = {
        "filters": filters,
        "after": after,
        "rows": page.rows,
        "highlight": Highlighter(filters.q).pieces,
        "chips": filters.chips(here),
        "next_url": page.next and here + filters.query(after=page.next),
        "any": bool(page.rows) or anything(session),
    }
    if not asks_for_part():
        statuses = list(RevisionStatus)
        return make_response(render_template("articles/index.html", **context, statuses=statuses))
    response = make_response(render_template("articles/_results.html", **context))
    if not request.headers.get("HX-Current-URL", "").endswith(here + filters.query()):
        response.headers["HX-Push-Url"] = here + filters.query()
    return response


@blueprint.get("/articles.csv")
@permit(Permission.READ_ARTICLES)
def export_csv() -> Response:
    """The same articles as CSV, sent as they are read."""
    filters = Filters.of(request.args)
    first = _read(filters, None)
    response = Response(stream_with_context(_export(filters, first)), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="articles.csv"'
    return response


def _export(filters: Filters, page: Page[Article]) -> Iterator[str]:
    yield export.header()
    while True:
        yield export.lines(page.rows)
        if page.next is None:
            return
        page = _read(filters, page.next)


def _read(filters: Filters, after: str | None) -> Page[Article]:
    """The next batch. What was read before is let go, and so is its transaction: a long download must hold up nobody."""
    session = db.session()
    session.rollback()
    session.expunge_all()
    return list_articles(session, filters, after=after, size=EXPORT_BATCH)
