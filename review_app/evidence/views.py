"""The most repeated paragraphs of all articles, and one of them with the articles in which it stands."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.base.database import db
from review_app.evidence.queries import articles_with, as_hex, get_repeated, most_repeated

blueprint = Blueprint("evidence", __name__, url_prefix="/evidence")


@blueprint.app_template_filter("hexadecimal")
def hexadecimal(digest: int) -> str:
    """A paragraph's digest as addresses have it."""
    return as_hex(digest)


@blueprint.get("/paragraphs")
@permit(Permission.READ_ARTICLES)
def paragraphs() -> str:
    """The paragraphs that stand in more than one article, the most repeated first."""
    after = request.args.get("after")
    page = most_repeated(db.session(), after)
    next_url = page.next and url_for("evidence.paragraphs", after=page.next)
    return render_template("evidence/paragraphs.html", rows=page.rows, after=after, next_url=next_url)


@blueprint.get("/paragraphs/<string:digest>")
@permit(Permission.READ_ARTICLES)
def paragraph(digest: str) -> str:
    """One paragraph, and the articles in which it stands."""
    after = request.args.get("after")
    found = get_repeated(db.session(), digest)
    page = articles_with(db.session(), found.digest, after)
    next_url = page.next and url_for("evidence.paragraph", digest=digest, after=page.next)
    return render_template(
        "evidence/paragraph.html", paragraph=found, rows=page.rows, after=after, next_url=next_url
    )
