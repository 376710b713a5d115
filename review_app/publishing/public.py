"""What anybody may see: published pages, the sitemap, robots.txt. Everything else of the desk says `noindex`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, make_response, request, url_for

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.articles.directions import directed, direction_of
from review_app.articles.markup import public_images
from review_app.articles.queries import Wording
from review_app.base.database import db
from review_app.base.errors import NotFound
from review_app.base.security import policy_text
from review_app.base.web import external
from review_app.publishing.queries import PublicPage, public_page, sitemap_entries, sitemap_parts
from review_app.publishing.rules import LAST_SITEMAP_PART

blueprint = Blueprint("public", __name__)
FRESH = "public, max-age=0, must-revalidate"
"""Any cache may keep it, and must ask each time whether it still holds: a withdrawal counts at once."""


@blueprint.after_app_request
def _keep_out_of_the_index(response: Response) -> Response:
    response.headers.setdefault("X-Robots-Tag", "noindex")
    return response


@blueprint.get("/p/<slug:slug>")
@permit(Permission.PUBLIC)
def page(slug: str) -> Response:
    """A published article; 404 if it never was published, 410 once it is withdrawn."""
    try:
        found = public_page(db.session(), slug)
    except NotFound:
        return _fresh(make_response(_render("public/missing.html", withdrawn=False), 404))
    if found.text is None:
        return _fresh(make_response(_render("public/missing.html", withdrawn=True), 410))
    return _published(found, found.text)


def _published(found: PublicPage, text: Wording) -> Response:
    article = found.article
    response = make_response(
        _render(
            "public/article.html",
            article=article,
            wording=text,
            text=directed(public_images(text.html), direction_of(text.html)),
            address=external(url_for("public.page", slug=article.slug)),
        )
    )
    response.headers["X-Robots-Tag"] = "index, follow"
    response.headers["Content-Security-Policy"] = policy_text({"img-src": "'self' https:"})
    response.last_modified = found.changed_at
    return _fresh(response)


def _render(template: str, **values: Any) -> str:
    """Without Flask's context processors: what the public gets must not depend on who is logged in here."""
    return current_app.jinja_env.get_template(template).render(values)


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = FRESH
    if response.status_code == 200:
        # Weak, since compression changes the bytes.
        response.add_etag(weak=True)
        response.make_conditional(request)
    return response


@blueprint.get("/sitemap.xml")
@permit(Permission.PUBLIC)
def sitemap() -> Response:
    """The index of the sitemap's parts, also while there is none."""
    parts = [
        (external(url_for("public.sitemap_part", number=part.number)), part.changed_at)
        for part in sitemap_parts(db.session())
    ]
    return _xml("public/sitemap_index.xml", parts=parts)


@blueprint.get(f"/sitemap-<int(max={LAST_SITEMAP_PART}):number>.xml")
@permit(Permission.PUBLIC)
def sitemap_part(number: int) -> Response:
    """One part: published pages and nothing else."""
    before = external(url_for("public.page", slug="x")).removesuffix("x")
    return _xml("public/sitemap_part.xml", before=before, entries=sitemap_entries(db.session(), number))


def _xml(template: str, **values: Any) -> Response:
    response = make_response(_render(template, **values))
    response.mimetype = "application/xml"
    return _fresh(response)


@blueprint.get("/robots.txt")
@permit(Permission.PUBLIC)
def robots() -> Response:
    """Crawlers may read the published pages, and what these need to be shown."""
    response = make_response(_render("public/robots.txt", sitemap=external(url_for("public.sitemap"))))
    response.mimetype = "text/plain"
    return _fresh(response)
