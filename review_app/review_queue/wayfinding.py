"""Finding one's way by keyboard: going to anything by its name, and the page that names all keys."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, make_response, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.accounts.permissions import permit, person
from review_app.accounts.rules import Permission
from review_app.articles.models import Article
from review_app.articles.search import title_matches
from review_app.base.answers import asks_for_part
from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.review_queue.pages import queue_url
from review_app.review_queue.saved_views import filters_of, tastes_of

blueprint = Blueprint("wayfinding", __name__)

MOST_LOOKED_AT, MOST_SHOWN, LONGEST_SEARCH = 500, 8, 200


@blueprint.get("/find")
@permit(Permission.READ_ARTICLES)
def find() -> Response:
    """Articles by title or id, pages and saved views by name, as far as one may see them; to htmx the list alone."""
    sought = request.args.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    name = "wayfinding/_found.html" if asks_for_part() else "wayfinding/find.html"
    session = db.session()
    found = {"articles": find_articles(session, sought), "views": find_views(session, person(), sought)}
    return make_response(render_template(name, sought=sought, **found))


def find_views(session: Session, user: User, sought: str) -> list[tuple[str, str]]:
    """A few saved views of this person that are called so, each with its address."""
    named = [view for view in tastes_of(session, user).views if sought.lower() in view.name.lower()]
    return [(view.name, queue_url(filters_of(view, user, utc_now()))) for view in named[:MOST_SHOWN]]


def find_articles(session: Session, sought: str) -> Sequence[Article]:
    """A few articles whose title or id has these words, those that wait first."""
    condition = title_matches(session, sought, MOST_LOOKED_AT)
    if condition is None:
        return []
    order = Article.awaiting_review.desc(), Article.id
    return session.scalars(select(Article).where(condition).order_by(*order).limit(MOST_SHOWN)).all()


@blueprint.get("/help/keys")
@permit(Permission.OWN_PROFILE)
def keys() -> Response:
    """Every key there is, where it acts, and how to switch them off."""
    return make_response(render_template("wayfinding/keys.html"))
