"""What anybody may see: published pages, sitemap, feed, robots.txt. Everything else of the desk says `noindex`.

A request whose `If-None-Match` or `If-Modified-Since` still holds is answered from what was read, and nothing is rendered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, make_response, request, url_for
from werkzeug.http import is_resource_modified, quote_etag

from review_app.accounts.permissions import permit
from review_app.accounts.rules import Permission
from review_app.articles.directions import directed, direction_of
from review_app.articles.markup import public_images
from review_app.articles.queries import Wording
from review_app.base.database import db
from review_app.base.errors import NotFound
from review_app.base.paths import TEMPLATES
from review_app.base.security import policy_text
from review_app.base.settings import Settings
from review_app.base.web import external, settings
from review_app.publishing.about import About, language_runs
from review_app.publishing.feed import newest_entries
from review_app.publishing.queries import PublicPage, public_page, sitemap_entries, sitemap_parts
from review_app.publishing.rules import LAST_SITEMAP_PART

blueprint = Blueprint("public", __name__)
FRESH = "public, max-age=0, must-revalidate"
"""Any cache may keep it, and must ask each time whether it still holds: a withdrawal counts at once."""
INDEX = "index, follow"
LAYOUT = ("layouts/public.html", "layouts/head.html")
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without any entry last changed: it must say something."""


@blueprint.after_app_request
def _keep_out_of_the_index(response: Response) -> Response:
    response.headers.setdefault("X-Robots-Tag", "noindex")
    return response


# --- a page -----------------------------------------------------------------------------------------------------------


@blueprint.get("/p/<slug:slug>")
@permit(Permission.PUBLIC)
def page(slug: str) -> Response:
    """A published article; 404 if it never was published, 410 once it is withdrawn."""
    try:
        found = public_page(db.session(), slug)
    except NotFound:
        return _missing(404)
    return _missing(410) if found.text is None else _published(found, found.text)


def _missing(status: int) -> Response:
    response = make_response(_render("public/missing.html", withdrawn=status == 410), status)
    response.headers["Cache-Control"] = FRESH
    return response


def _published(found: PublicPage, text: Wording) -> Response:
    about = _about(found, text)
    response = _unless_known(
        ("public/article.html", about, text.html, text.reading_minutes, found.article.last_reviewed_on),
        lambda: _render(
            "public/article.html",
            article=found.article,
            wording=text,
            text=directed(public_images(text.html), direction_of(text.html)),
            about=about,
        ),
        changed_at=found.changed_at,
    )
    response.headers["X-Robots-Tag"] = INDEX
    response.headers["Content-Security-Policy"] = policy_text({"img-src": "'self' https:"})
    return response


def _about(found: PublicPage, text: Wording) -> About:
    return About.of(
        text,
        address=external(url_for("public.page", slug=found.article.slug)),
        published_at=found.published_at,
        changed_at=found.changed_at,
        site=_site_name(settings()),
        site_address=external("/"),
        language=settings().site_language,
    )


def _site_name(chosen: Settings) -> str:
    return chosen.site_name or "Review Desk"


# --- what leads to the pages ------------------------------------------------------------------------------------------


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
    """One part: published pages and nothing else. It has one name: `/sitemap-00.xml` is none."""
    if request.path != f"/sitemap-{number}.xml":
        raise NotFound("There is no such part of the sitemap.")
    return _xml(
        "public/sitemap_part.xml", before=_before_slugs(), entries=sitemap_entries(db.session(), number)
    )


@blueprint.get("/feed.atom")
@permit(Permission.PUBLIC)
def feed() -> Response:
    """What came out last (Atom, RFC 4287), as it stands now; what is withdrawn is gone from it at once."""
    entries = newest_entries(db.session())
    return _xml(
        "public/feed.xml",
        "application/atom+xml",
        entries=entries,
        before=_before_slugs(),
        address=external(url_for("public.feed")),
        site_address=external("/"),
        updated_at=max((entry.changed_at for entry in entries), default=NEVER),
    )


@blueprint.get("/robots.txt")
@permit(Permission.PUBLIC)
def robots() -> Response:
    """Crawlers may read the published pages, and what these need to be shown."""
    address = external(url_for("public.sitemap"))
    return _unless_known(
        ("public/robots.txt", address),
        lambda: _render("public/robots.txt", sitemap=address),
        mimetype="text/plain",
    )


def _before_slugs() -> str:
    """The address of a page without its slug: thousands are written at once."""
    return external(url_for("public.page", slug="x")).removesuffix("x")


def _xml(template: str, mimetype: str = "application/xml", **values: Any) -> Response:
    """No `Last-Modified`: a page that is withdrawn leaves no later time behind, and its leaving would not be seen."""
    return _unless_known((template, values), lambda: _render(template, **values), mimetype=mimetype)


# --- answering --------------------------------------------------------------------------------------------------------


def _unless_known(
    shown: tuple[Any, ...],
    render: Callable[[], str],
    *,
    changed_at: datetime | None = None,
    mimetype: str = "text/html",
) -> Response:
    """What `render` gives; or 304, without calling it, for who has it already.

    `shown` is all that the answer is made of, its template first; `changed_at` is when that last changed, if it is known.
    """
    tag = _digest(shown)
    if is_resource_modified(request.environ, quote_etag(tag, weak=True), last_modified=changed_at):
        response = make_response(render())
        response.mimetype = mimetype
    else:
        response = Response(status=304)
        del response.headers["Content-Type"]
    # Weak, since compression changes the bytes.
    response.set_etag(tag, weak=True)
    if changed_at is not None:
        response.last_modified = changed_at
    response.headers["Cache-Control"] = FRESH
    return response


def _digest(shown: tuple[Any, ...]) -> str:
    look = (_look(shown[0]), settings().site_name, settings().site_language, external("/"))
    return blake2b(repr((shown, look)).encode(), digest_size=16).hexdigest()


def _look(template: str) -> str:
    """How pages look in this release: what they are rendered from, so that a new release is no 304."""
    known: dict[str, str] = current_app.extensions.setdefault("public_look", {})
    if template not in known:
        parts = [Path(TEMPLATES, part).read_bytes() for part in (template, *LAYOUT)]
        known[template] = blake2b(b"\0".join([*parts, _stylesheet().encode()]), digest_size=16).hexdigest()
    return known[template]


def _stylesheet() -> str:
    """Its address, which names its content."""
    asset: Callable[[str], str] = current_app.jinja_env.globals["asset"]  # type: ignore[assignment]  # as Flask is told
    return asset("public.css")


def _render(template: str, **values: Any) -> str:
    """Without Flask's context processors: what the public gets must not depend on who is logged in here."""
    chosen = settings()
    site = {
        "site_name": _site_name(chosen),
        "site_named": bool(chosen.site_name),
        "site_language": chosen.site_language,
        "site_runs": language_runs(chosen.site_language),
        "feed_address": external(url_for("public.feed")),
    }
    return current_app.jinja_env.get_template(template).render(site | values)
