"""Sources for programs."""

from __future__ import annotations

from flask import Blueprint, url_for
from msgspec import UNSET

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.base.api import Answer, Listing, PageQuery, operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.jobs import wake
from review_app.base.security import csrf
from review_app.base.web import settings
from review_app.importing.sources.actions import (
    add_source,
    ask_for_read,
    change_source,
    pause_source,
    remove_source,
    resume_source,
)
from review_app.importing.sources.queries import get_source, list_reads, list_sources
from review_app.importing.sources.schemas import NewSource, SourceAnswer, SourceChanges, SourceReadAnswer

blueprint = Blueprint("sources_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.get("/sources")
@permit(Permission.MANAGE_SOURCES)
@operation({200: Listing[SourceAnswer]})
def index(query: PageQuery) -> Listing[SourceAnswer]:
    """Sources, the newest first."""
    page = list_sources(db.session(), query.after, query.limit)
    return Listing([SourceAnswer.of(source) for source in page.rows], page.next)


@blueprint.post("/sources")
@permit(Permission.MANAGE_SOURCES)
@operation(
    {201: SourceAnswer},
    headers={"Location": "The source."},
    example={"kind": "feed", "name": "Nightly export", "address": "https://articles.example.com/all.jsonl"},
)
def add(body: NewSource) -> Answer:
    """Add a source. It is read at once."""
    with transaction() as session:
        source_id = add_source(
            session, body.as_wanted(), settings(), user_id=person().id, actor=actor(), now=utc_now()
        ).id
    wake("source", source_id)
    location = url_for("sources_api.show", import_source_id=source_id)
    return Answer(SourceAnswer.of(get_source(db.session(), source_id)), 201, {"Location": location})


@blueprint.get("/sources/<int:import_source_id>")
@permit(Permission.MANAGE_SOURCES)
@operation({200: SourceAnswer})
def show(import_source_id: int) -> SourceAnswer:
    """One source."""
    return SourceAnswer.of(get_source(db.session(), import_source_id))


@blueprint.patch("/sources/<int:import_source_id>")
@permit(Permission.MANAGE_SOURCES)
@operation({200: SourceAnswer}, example={"every_minutes": 30, "paused": False})
def change(import_source_id: int, body: SourceChanges) -> SourceAnswer:
    """Change a source, or pause it.

    With another address all that is there counts as new.
    """
    with transaction() as session:
        source = get_source(session, import_source_id, lock=True)
        if named := body.named():
            change_source(session, source, named, settings(), actor=actor(), now=utc_now())
        if body.paused is not UNSET:
            (pause_source if body.paused else resume_source)(session, source, actor=actor(), now=utc_now())
    return SourceAnswer.of(get_source(db.session(), import_source_id))


@blueprint.delete("/sources/<int:import_source_id>")
@permit(Permission.MANAGE_SOURCES)
@operation({204: None})
def remove(import_source_id: int) -> None:
    """Forget a source with its password and its reads. What it imported stays."""
    with transaction() as session:
        source = get_source(session, import_source_id, lock=True)
        remove_source(session, source, actor=actor(), now=utc_now())


@blueprint.get("/sources/<int:import_source_id>/reads")
@permit(Permission.MANAGE_SOURCES)
@operation({200: Listing[SourceReadAnswer]})
def reads(import_source_id: int, query: PageQuery) -> Listing[SourceReadAnswer]:
    """The reads of a source, the newest first."""
    session = db.session()
    page = list_reads(session, get_source(session, import_source_id).id, query.after, query.limit)
    return Listing([SourceReadAnswer.of(read) for read in page.rows], page.next)


@blueprint.post("/sources/<int:import_source_id>/reads")
@permit(Permission.MANAGE_SOURCES)
@operation({202: SourceReadAnswer})
def read_now(import_source_id: int) -> SourceReadAnswer:
    """Read a source as soon as a worker is free.

    If a read of it waits or is under way, this is the answer, and there is no other.
    """
    with transaction() as session:
        source = get_source(session, import_source_id, lock=True)
        answer = SourceReadAnswer.of(ask_for_read(session, source, actor=actor(), now=utc_now()))
    wake("source", import_source_id)
    return answer
