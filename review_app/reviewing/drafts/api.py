"""Drafts for programs: keep one, read it, discard it."""

from __future__ import annotations

from flask import Blueprint

from review_app.accounts.permissions import permit, person
from review_app.accounts.rules import Permission
from review_app.articles.queries import find_article, lock_article
from review_app.base.api import operation
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import NotFound
from review_app.base.security import csrf
from review_app.reviewing.drafts.actions import NewerDraft, end_draft, save_draft
from review_app.reviewing.drafts.queries import draft_of
from review_app.reviewing.drafts.schemas import DraftAnswer, NewDraft, NewerDraftProblem

blueprint = Blueprint("drafts_api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)


@blueprint.put("/articles/<source_id:source_id>/draft")
@permit(Permission.REVIEW)
@operation(
    {200: DraftAnswer},
    problems={409: NewerDraftProblem},
    example={"row_version": 3, "scores": {"quality": 88}, "note": "The second step is"},
)
def save(source_id: str, body: NewDraft) -> DraftAnswer:
    """Keep what the caller has typed so far, in place of what was kept.

    It claims nothing, renews no claim and changes nothing of the article; a decision ends it. 409 if a draft with the same
    or a higher `sequence` is kept.
    """
    with transaction() as session:
        article = lock_article(session, source_id)
        saved = save_draft(session, article, person(), body.typed(), now=utc_now())
        if not saved.taken:
            raise NewerDraft(saved.draft)
        return DraftAnswer.of(saved.draft, article)


@blueprint.get("/articles/<source_id:source_id>/draft")
@permit(Permission.REVIEW)
@operation({200: DraftAnswer})
def show(source_id: str) -> DraftAnswer:
    """What the caller has typed on an article and not decided; 404 if nothing."""
    session = db.session()
    article = find_article(session, source_id)
    draft = draft_of(session, article, person())
    if draft is None:
        raise NotFound("You have no draft on this article.")
    return DraftAnswer.of(draft, article)


@blueprint.delete("/articles/<source_id:source_id>/draft")
@permit(Permission.REVIEW)
@operation({204: None})
def discard(source_id: str) -> None:
    """Discard the caller's draft. Nothing happens if there is none."""
    with transaction() as session:
        end_draft(session, lock_article(session, source_id), person(), tab="", now=utc_now())
