"""Articles for programs: many by filter, or one whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Blueprint, current_app
from flask.sansio.app import App
from msgspec import UNSET
from sqlalchemy.orm import Session

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.articles.models import Article
from review_app.articles.queries import get_article, list_articles
from review_app.articles.schemas import ArticleAnswer, ArticleQuery, ChecklistLine
from review_app.base.api import Answer, Listing, operation
from review_app.base.database import db
from review_app.base.security import csrf

blueprint = Blueprint("articles_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)

Checklist = Callable[[Session], Sequence[ChecklistLine]]


def offer_checklist(app: App, checklist: Checklist) -> None:
    """Say what stands on the checklist. An article is shown with it, though it knows nothing of reviewing."""
    app.extensions["checklist"] = checklist


def checklist_now() -> Sequence[ChecklistLine]:
    """The lines that a reviewer ticks."""
    read: Checklist = current_app.extensions["checklist"]
    return read(db.session())


def shown(article: Article) -> ArticleAnswer:
    """A whole article with the checklist that holds now."""
    return ArticleAnswer.of(article, checklist_now(), article.body)


@blueprint.get("/articles")
@permit(Permission.READ_ARTICLES)
@operation({200: Listing[ArticleAnswer]})
def index(query: ArticleQuery) -> Listing[ArticleAnswer]:
    """Articles in the order of their import."""
    page = list_articles(
        db.session(),
        query.filters,
        awaiting_review=None if query.awaiting_review is UNSET else query.awaiting_review,
        indexable=None if query.indexable is UNSET else query.indexable,
        after=query.after,
        size=query.limit,
    )
    checklist = checklist_now()
    return Listing([ArticleAnswer.of(article, checklist) for article in page.rows], page.next)


@blueprint.get("/articles/<source_id:source_id>")
@permit(Permission.READ_ARTICLES)
@operation(
    {200: ArticleAnswer, 304: None}, headers={"ETag": "Send it as If-None-Match to hear only of changes."}
)
def show(source_id: str) -> Answer:
    """One article."""
    article = get_article(db.session(), source_id)
    return Answer(shown(article), version=article.row_version)
