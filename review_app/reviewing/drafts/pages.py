"""How a draft comes back into the review page, and what the page says of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import request
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.accounts.permissions import person
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.base.clock import utc_now
from review_app.base.database import transaction
from review_app.base.errors import Invalid
from review_app.base.web import local, viewer_zone
from review_app.reviewing.drafts.actions import Saved, save_draft
from review_app.reviewing.drafts.forms import sent_again, typed_of
from review_app.reviewing.drafts.models import Draft
from review_app.reviewing.drafts.queries import draft_of
from review_app.reviewing.forms import DecisionForm, as_seen, form_for


@dataclass(frozen=True, slots=True)
class SavedLine:
    """What the bar under the form says of the draft, and the number that the next one must exceed.

    `elsewhere` is when another page of the same person saved what this one did not know of; `late` if that is the newer.
    """

    at: str = ""
    sequence: int = 0
    elsewhere: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """The form as the page opens with it. `draft` is what it was filled from; `changed` if the article is another since."""

    form: DecisionForm
    draft: Draft | None = None
    changed: bool = False


def opened(session: Session, article: Article, user: User) -> Opened:
    """The form filled from this person's draft, if there is one, else from the article."""
    draft = draft_of(session, article, user)
    if draft is None:
        return Opened(form_for(article))
    form = DecisionForm(sent_again(draft))
    form.revision_status.data = form.revision_status.data or form_for(article).revision_status.data
    changed = _changed(article, draft, form)
    if not changed:
        form.row_version.data, form.text_digest.data = article.row_version, article.text_digest
    return Opened(form, draft, changed)


def _changed(article: Article, draft: Draft, form: DecisionForm) -> bool:
    """Whether anything that the draft is about is another now: a new place in the queue, say, is no conflict."""
    if draft.row_version == article.row_version:
        return False
    return form.seen != as_seen(article) or draft.text_digest != article.text_digest


def keep_sent(source_id: str) -> Saved:
    """Keep what this request's form holds. Raises `Invalid` or `NotFound`."""
    typed = typed_of(request.form)
    with transaction() as session:
        article = lock_article(session, source_id)
        return save_draft(session, article, person(), typed, now=utc_now())


def keep_refused(source_id: str) -> Draft | None:
    """Keep what was typed into a decision that is refused, so that closing the page loses nothing. None if it cannot be."""
    try:
        return keep_sent(source_id).draft
    except Invalid:
        return None


def line_of(saved: Saved) -> SavedLine:
    """What is said after an autosave."""
    elsewhere = time_of(saved.elsewhere) if saved.elsewhere else ""
    late = not saved.taken and bool(elsewhere)
    return SavedLine(time_of(saved.draft.saved_at), saved.draft.sequence, elsewhere, late)


def line_of_draft(draft: Draft | None) -> SavedLine:
    """What is said when the page opens."""
    return SavedLine(time_of(draft.saved_at), draft.sequence) if draft and not draft.ended_at else SavedLine()


def time_of(moment: datetime) -> str:
    """When something was saved, in the viewer's zone: `14:02` today, with the date before that."""
    today = utc_now().astimezone(viewer_zone()).date()
    text = local(moment)
    return text.rpartition(" ")[2] if moment.astimezone(viewer_zone()).date() == today else text
