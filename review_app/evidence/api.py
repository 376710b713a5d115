"""Evidence for programs: on one article, and the paragraphs that stand in many."""

from __future__ import annotations

from flask import Blueprint

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.articles.queries import get_article
from review_app.base.api import Listing, PageQuery, operation
from review_app.base.clock import utc_today
from review_app.base.database import db
from review_app.base.security import csrf
from review_app.evidence.queries import articles_with, evidence_of, get_repeated, most_repeated
from review_app.evidence.schemas import EvidenceAnswer, NamedArticle, ParagraphAnswer

blueprint = Blueprint("evidence_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.get("/articles/<source_id:source_id>/evidence")
@permit(Permission.READ_ARTICLES)
@operation({200: EvidenceAnswer})
def show(source_id: str) -> EvidenceAnswer:
    """What helps to judge an article: facts, each with what it rests on."""
    article = get_article(db.session(), source_id)
    return EvidenceAnswer.of(article, evidence_of(db.session(), article, utc_today()))


@blueprint.get("/evidence/paragraphs")
@permit(Permission.READ_ARTICLES)
@operation({200: Listing[ParagraphAnswer]})
def paragraphs(query: PageQuery) -> Listing[ParagraphAnswer]:
    """The paragraphs that stand in more than one article, the most repeated first."""
    page = most_repeated(db.session(), query.after, query.limit)
    return Listing(list(map(ParagraphAnswer.of, page.rows)), page.next)


@blueprint.get("/evidence/paragraphs/<string:digest>/articles")
@permit(Permission.READ_ARTICLES)
@operation({200: Listing[NamedArticle]})
def articles(digest: str, query: PageQuery) -> Listing[NamedArticle]:
    """The articles in which a paragraph stands, in the order of their import."""
    found = get_repeated(db.session(), digest)
    page = articles_with(db.session(), found.digest, query.after, query.limit)
    return Listing([NamedArticle(article.source_id, article.title) for article in page.rows], page.next)
