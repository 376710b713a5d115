"""What the pages show of an import that differs from what people decided: the merge field by field, and the text's changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.articles.queries import wording
from review_app.articles.rules import SCORE_LABELS, SCORE_WORDS
from review_app.articles.text_changes import Text, TextChanges, compare
from review_app.base.languages import told
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import Page
from review_app.importing.merging import STATUS, open_proposal, own_values, remaining
from review_app.importing.models import MergeProposal
from review_app.reviewing.forms import MergeForm
from review_app.reviewing.models import Decision
from review_app.reviewing.queries import list_merges
from review_app.reviewing.rules import Outcome

FIELD_WORDS = {**SCORE_WORDS, STATUS: _l("status")}
FIELD_LABELS = {**SCORE_LABELS, STATUS: _l("Status")}


@dataclass(frozen=True, slots=True)
class MergeRow:
    """One field of a proposal. `seen` is what stood there when the page was opened, if it is another by now."""

    name: str
    before: Any
    now: Any
    ours: Any
    take: bool
    seen: str | None

    @property
    def label(self) -> str:
        """The field as it stands alone."""
        return FIELD_LABELS[self.name]


@dataclass(frozen=True, slots=True)
class Merge:
    """A proposal as a page shows it: only what still differs from what the article has."""

    proposal: MergeProposal
    rows: Sequence[MergeRow]

    @property
    def names(self) -> str:
        """The fields in words."""
        *most, last = [told(FIELD_WORDS[row.name]) for row in self.rows] or [_("nothing any more")]
        if not most:
            return str(last)
        return str(_("%(most)s and %(last)s", most=", ".join(most), last=last))


def waiting_merge(session: Session, article: Article) -> Merge | None:
    """The open proposal of an article."""
    proposal = open_proposal(session, article)
    return None if proposal is None else merge_of(article, proposal)


def merge_of(article: Article, proposal: MergeProposal, form: MergeForm | None = None) -> Merge:
    """A proposal and the choices that were made; none yet means ours."""
    own = own_values(article)
    rows = [
        MergeRow(
            name,
            values["before"],
            values["now"],
            own[name],
            take=form is not None and name in form.take,
            seen=_seen_otherwise(form, name, own[name]),
        )
        for name, values in remaining(article, proposal).items()
    ]
    return Merge(proposal, rows)


def _seen_otherwise(form: MergeForm | None, name: str, value: Any) -> str | None:
    seen = form.seen.get(name) if form is not None else None
    return None if seen is None or seen == ("" if value is None else str(value)) else seen


def waiting_merges(session: Session, after: str | None) -> tuple[Sequence[Merge], str | None]:
    """A page of the open proposals, the oldest first, and the address of the next one."""
    page: Page[MergeProposal] = list_merges(session, after)
    rows = [merge_of(proposal.article, proposal) for proposal in page.rows]
    return rows, page.next and url_for("reviewing.merges", after=page.next)


@dataclass(frozen=True, slots=True)
class Since:
    """How the text has changed since the decision that stands; `public` if the public goes on reading the earlier one."""

    decided_at: datetime | None
    changes: TextChanges
    public: bool


def since_decision(session: Session, article: Article, decisions: Sequence[Decision]) -> Since | None:
    """The changes of the text since somebody decided on it; None if it is the same, or the earlier one was not kept.

    `decisions` are the newest first; one that only merged figures was made on no text, and is passed over.
    """
    if article.decided_digest in {None, article.text_digest}:
        return None
    old = wording(session, article, article.decided_digest)
    if old is None:
        return None
    new = Text(article.title, article.excerpt, article.body.html)
    read = (each for each in decisions if each.before["text_digest"] == article.decided_digest)
    last = next((each.decided_at for each in read if each.outcome != Outcome.ROLLBACK), article.decided_at)
    return Since(last, compare(Text(old.title, old.excerpt, old.html), new), public=article.indexable)
