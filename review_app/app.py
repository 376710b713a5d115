"""The application: wires the capabilities together and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask, current_app, g, request, url_for
from flask_login import current_user

from review_app.accounts import views as accounts
from review_app.accounts.permissions import guard, permit
from review_app.accounts.rules import Permission
from review_app.articles import api as articles_api
from review_app.articles import jobs as articles_jobs
from review_app.articles import views as articles
from review_app.articles.rules import SCORE_LABELS, SCORE_WORDS, in_words
from review_app.base import logging
from review_app.base.answers import asks_for_part
from review_app.base.database import connect, db
from review_app.base.jobs import Jobs
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paths import STATIC, TEMPLATES
from review_app.base.problems import handle_errors, wants_json
from review_app.base.security import TrustedProxies, csrf, secure
from review_app.base.settings import Settings
from review_app.base.web import MethodOverride, plumb
from review_app.evidence import api as evidence_api
from review_app.evidence import jobs as evidence_jobs
from review_app.evidence import models as _evidence_models
from review_app.evidence import views as evidence
from review_app.importing import api as importing_api
from review_app.importing import jobs as importing_jobs
from review_app.importing import models as _importing_models
from review_app.importing import views as importing
from review_app.importing.sources import api as sources_api
from review_app.importing.sources import jobs as sources_jobs
from review_app.importing.sources import models as _sources_models
from review_app.importing.sources import views as sources
from review_app.insights import api as insights_api
from review_app.insights import views as insights
from review_app.notifications import api as notifications_api
from review_app.notifications import queries as notifications_queries
from review_app.notifications import views as notifications
from review_app.operations import api as operations_api
from review_app.operations import models as _operations_models
from review_app.operations import views as operations
from review_app.publishing import api as publishing_api
from review_app.publishing import hook_views as publish_hook
from review_app.publishing import jobs as publishing_jobs
from review_app.publishing import key_file, public
from review_app.publishing import models as _publishing_models
from review_app.publishing import views as publishing
from review_app.publishing.deliveries import jobs as deliveries_jobs
from review_app.publishing.export import api as export_api
from review_app.publishing.export import views as export
from review_app.publishing.targets import api as targets_api
from review_app.publishing.targets import delivery_api as deliveries_api
from review_app.publishing.targets import delivery_views as deliveries
from review_app.publishing.targets import views as targets
from review_app.publishing.truth import api as truth_api
from review_app.publishing.truth import jobs as truth_jobs
from review_app.publishing.truth import models as _truth_models
from review_app.publishing.truth import views as truth
from review_app.review_queue import api as review_queue_api
from review_app.review_queue import jobs as review_queue_jobs
from review_app.review_queue import models as _review_queue_models
from review_app.review_queue import place_api as places_api
from review_app.review_queue import place_views as places
from review_app.review_queue import queries as review_queue_queries
from review_app.review_queue import view_api as saved_views_api
from review_app.review_queue import view_pages as saved_views
from review_app.review_queue import views as review_queue
from review_app.review_queue import wayfinding
from review_app.reviewing import api as reviewing_api
from review_app.reviewing import models as _reviewing_models
from review_app.reviewing import views as reviewing
from review_app.reviewing.bulk import api as bulk_api
from review_app.reviewing.bulk import jobs as bulk_jobs
from review_app.reviewing.bulk import models as _bulk_models
from review_app.reviewing.bulk import views as bulk
from review_app.reviewing.drafts import api as drafts_api
from review_app.reviewing.drafts import jobs as drafts_jobs
from review_app.reviewing.drafts import models as _drafts_models
from review_app.reviewing.drafts import views as drafts
from review_app.reviewing.notes import api as notes_api
from review_app.reviewing.notes import queries as notes_queries
from review_app.reviewing.notes import views as notes
from review_app.reviewing.presence import models as _presence_models
from review_app.reviewing.presence import views as presence
from review_app.reviewing.reasons import api as reasons_api
from review_app.reviewing.reasons import views as reasons

BLUEPRINTS = (
    accounts.blueprint,
    articles.blueprint,
    articles_api.blueprint,
    evidence.blueprint,
    evidence_api.blueprint,
    importing.blueprint,
    importing_api.blueprint,
    sources.blueprint,
    sources_api.blueprint,
    insights.blueprint,
    insights_api.blueprint,
    notifications.blueprint,
    notifications_api.blueprint,
    operations.blueprint,
    operations_api.blueprint,
    public.blueprint,
    key_file.blueprint,
    publishing.blueprint,
    publish_hook.blueprint,
    publishing_api.blueprint,
    truth.blueprint,
    truth_api.blueprint,
    targets.blueprint,
    targets_api.blueprint,
    deliveries.blueprint,
    deliveries_api.blueprint,
    export.blueprint,
    export_api.blueprint,
    review_queue.blueprint,
    review_queue_api.blueprint,
    saved_views.blueprint,
    saved_views_api.blueprint,
    places.blueprint,
    places_api.blueprint,
    wayfinding.blueprint,
    reviewing.blueprint,
    reviewing_api.blueprint,
    bulk.blueprint,
    bulk_api.blueprint,
    drafts.blueprint,
    drafts_api.blueprint,
    presence.blueprint,
    notes.blueprint,
    notes_api.blueprint,
    reasons.blueprint,
    reasons_api.blueprint,
)
JOBS = (
    *articles_jobs.JOBS,
    *importing_jobs.jobs(worked_on=[review_queue_queries.claimed_among, notes_queries.noted_among]),
    *sources_jobs.JOBS,
    *evidence_jobs.JOBS,
    *review_queue_jobs.JOBS,
    *publishing_jobs.JOBS,
    *deliveries_jobs.JOBS,
    *truth_jobs.JOBS,
    *bulk_jobs.JOBS,
    *drafts_jobs.JOBS,
)

NAVIGATION = (
    (_l("Queue"), "review_queue.queue", Permission.REVIEW),
    (_l("Articles"), "articles.index", Permission.READ_ARTICLES),
    (_l("Statistics"), "insights.stats", Permission.SEE_STATISTICS),
    (_l("Imports"), "importing.index", Permission.IMPORT),
    (_l("Publishing"), "publishing.index", Permission.PUBLISH),
    (_l("Policy"), "reviewing.policy", Permission.SET_POLICY),
    (_l("Changes"), "operations.changes", Permission.SET_POLICY),
    (_l("Users"), "accounts.users", Permission.MANAGE_ACCOUNTS),
)

PART_OF = {
    "sources": "importing",
    "targets": "publishing",
    "deliveries": "publishing",
    "places": "review_queue",
    "saved_views": "review_queue",
    "wayfinding": "review_queue",
    "bulk": "review_queue",
    "drafts": "review_queue",
    "notes": "articles",
    "truth": "publishing",
    "publish_hook": "publishing",
    "export": "publishing",
}
"""Blueprints without an entry of their own in the header, and under whose they stand."""

MODELS = (
    _evidence_models,
    _importing_models,
    _sources_models,
    _publishing_models,
    _truth_models,
    _review_queue_models,
    _reviewing_models,
    _bulk_models,
    _drafts_models,
    _presence_models,
    _operations_models,
)
"""With what these import, every table there is."""

log = structlog.get_logger()


KEYS = {"review_queue.queue": "gq", "insights.stats": "gs"}
"""The keys, pressed one after the other, that lead to an entry of the header."""


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the header."""

    label: str
    url: str
    current: bool
    keys: str | None


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application for these settings (default: those of the environment)."""
    settings = settings or Settings.from_environment()
    logging.configure(production=settings.production)
    app = Flask("review_app", template_folder=str(TEMPLATES), static_folder=str(STATIC))
    app.extensions["settings"] = settings
    importing_jobs.check_settings(settings)
    connect(app, settings)
    secure(app, settings)
    plumb(app)
    guard(app)
    csrf.init_app(app)
    handle_errors(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    for endpoint in ("static", "vendor", "asset"):
        permit(Permission.PUBLIC)(app.view_functions[endpoint])
    app.context_processor(_context)
    app.jinja_env.globals.update(SCORE_LABELS=SCORE_LABELS, SCORE_WORDS=SCORE_WORDS)
    app.jinja_env.filters["in_words"] = in_words
    Jobs(app, settings, JOBS)
    app.wsgi_app = TrustedProxies(MethodOverride(app.wsgi_app), settings.trusted_proxies)  # type: ignore[method-assign]  # as Flask says
    return app


def _context() -> dict[str, Any]:
    """What every page may use."""
    user = current_user if current_user and current_user.is_authenticated else None
    if user is None:
        return {"layout": "layouts/plain.html", "theme": "", "nav_items": [], "home_url": "/"}
    return {
        "layout": "layouts/desk.html",
        "theme": user.theme,
        "nav_items": _navigation(user),
        "home_url": "/",
        "profile_url": "/profile",
        "logout_url": "/logout",
        "theme_url": "/profile/theme",
        "unread_notifications": _unread(user),
    }


def _unread(user: Any) -> int:
    """What the header counts, asked once a request; a part of a page has no header."""
    if asks_for_part() or wants_json():
        return 0
    if "unread_notifications" not in g:
        g.unread_notifications = notifications_queries.unread_count(db.session(), user.id)
    count: int = g.unread_notifications
    return count


def _navigation(user: Any) -> list[NavItem]:
    here = (PART_OF.get(request.blueprint or "", request.blueprint), request.endpoint)
    return [
        NavItem(
            label,
            url_for(endpoint),
            endpoint == here[1]
            or (label not in {"Policy", "Changes", "Users"} and endpoint.split(".")[0] == here[0]),
            KEYS.get(endpoint),
        )
        for label, endpoint, permission in NAVIGATION
        if user.may(permission) and endpoint in current_app.view_functions
    ]
