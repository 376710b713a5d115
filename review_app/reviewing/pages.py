"""What the pages of one article show: its text, its history, the panel for deciding, and a conflict."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.accounts.rules import Role
from review_app.articles.directions import directed, direction_of
from review_app.articles.markup import frame_images
from review_app.articles.models import Article, Policy
from review_app.articles.rules import SCORES, in_words, next_version
from review_app.articles.text_changes import Text, TextChanges, compare
from review_app.base.web import relative, settings
from review_app.evidence.folding import fold_stock
from review_app.evidence.queries import Evidence, as_hex
from review_app.importing.merging import imported_values
from review_app.review_queue.models import Claim
from review_app.review_queue.pages import ClaimLine, claim_line
from review_app.review_queue.rules import HEARTBEAT_SECONDS
from review_app.reviewing.drafts.models import Draft
from review_app.reviewing.drafts.pages import SavedLine, line_of_draft
from review_app.reviewing.earlier import earlier_text
from review_app.reviewing.forms import DecisionForm, as_seen
from review_app.reviewing.models import Decision
from review_app.reviewing.notes.passages import Marked
from review_app.reviewing.onward import undo_window
from review_app.reviewing.queries import Rules, history, policy_versions, standing_decision
from review_app.reviewing.rules import Outcome, allowed_statuses

HISTORY_ROWS = 20


def body_html(article: Article, evidence: Evidence, marked: Marked, *, unfolded: bool = False) -> Markup:
    """The text as the desk shows it: stock paragraphs folded away, the passages of notes marked.

    It was sanitised when it was imported, so here, and only here, it is trusted.
    """
    html = fold_stock(article.body.html, evidence, address=_paragraph_url, unfolded=unfolded, marked=marked)
    html = directed(frame_images(html, settings().image_hosts), direction_of(article.body.html))
    return Markup(html)  # noqa: S704  # sanitised at import


def _paragraph_url(digest: int) -> str:
    return url_for("evidence.paragraph", digest=as_hex(digest))


def imported_scores(article: Article) -> dict[str, int | None]:
    """The scores that came with the last import; whatever is no number there is None."""
    imported = imported_values(article.meta)
    return {name: imported[name] for name in SCORES}


@dataclass(frozen=True, slots=True)
class History:
    """Some decisions, the newest first: which of them are undone, and where this person may undo one."""

    decisions: Sequence[Decision]
    undone: frozenset[int]
    rollback_urls: dict[int, str]
    next: str | None


def history_of(
    session: Session, article: Article, user: User, *, now: datetime, after: str | None = None
) -> History:
    """A page of an article's history as this person may see and undo it."""
    page = history(session, article, after, size=HISTORY_ROWS)
    standing = standing_decision(session, article) if page.rows else None
    undone = frozenset(decision.reverts_id for decision in page.rows if decision.reverts_id)
    urls = {}
    if standing is not None and may_roll_back(standing, user, now):
        urls[standing.id] = url_for("reviewing.roll_back_decision", decision_id=standing.id)
    return History(page.rows, undone, urls, page.next)


def may_roll_back(decision: Decision, user: User, now: datetime) -> bool:
    """Whether to offer it; `roll_back` itself is what decides."""
    own_and_fresh = decision.reviewer_id == user.id and now - decision.decided_at <= undo_window()
    return own_and_fresh or Role(user.role).includes(Role.LEAD)


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One score in the panel: what is typed, imported, last made of it by a person, its floor, and what stands."""

    name: str
    label: str
    typed: int | str
    imported: int | None
    last: int | None
    floor: int | None
    errors: Sequence[str]
    stored: int | None = None

    @property
    def is_under(self) -> bool:
        """Whether what is typed is under the floor."""
        return isinstance(self.typed, int) and self.typed < (self.floor or 0)


def score_rows(article: Article, form: DecisionForm, rules: Rules) -> list[ScoreRow]:
    """The four rows, in order."""
    imported = imported_scores(article)
    decided = article.decided_at is not None
    return [
        ScoreRow(
            name,
            form[name].label.text,
            form.typed(name),
            imported[name],
            article.scores[name] if decided else None,
            rules.floors.get(name),
            form[name].errors,
            article.scores[name],
        )
        for name in SCORES
    ]


@dataclass(frozen=True, slots=True)
class Choice:
    """One field on which two people differ. `chosen` is "mine" where I changed what I saw, else "theirs"."""

    name: str
    label: str
    theirs: Any
    mine: Any
    chosen: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What happened to the article while somebody worked on it.

    `text_changed` if it must be read again; `changes` is how it was changed, if the earlier text is still there. `made_on` and
    `made_on_text` name the version on which mine was typed.
    """

    who: str
    note: str
    choices: Sequence[Choice]
    text_changed: bool
    changes: TextChanges | None
    made_on: str
    made_on_text: str


def difference(
    session: Session, article: Article, form: DecisionForm, decisions: Sequence[Decision]
) -> Difference:
    """Their version and mine. `decisions` are the newest first."""
    made_on = int(form.made_on.data or form.row_version.data or 0)
    since = [decision for decision in decisions if decision.article_version >= made_on]
    seen = form.seen or _before(next((each for each in since if each.article_version == made_on), None))
    choices = [_choice(article, form, name, seen) for name in SCORES if form[name].raw_data]
    choices.append(_status_choice(article, form))
    text = form.made_on_text.data or form.text_digest.data or ""
    changed = bool(text) and text != article.text_digest
    return Difference(
        who=f"{since[0].reviewer.name}, {relative(since[0].decided_at)}"
        if since
        else _("Now, after an import"),
        note=since[0].note if since else "",
        choices=[choice for choice in choices if choice.theirs != choice.mine],
        text_changed=changed,
        changes=_changes(session, article, text) if changed else None,
        made_on=str(made_on),
        made_on_text=text,
    )


def _before(decision: Decision | None) -> Mapping[str, str]:
    """What a form of another program saw, which does not say so itself."""
    scores = decision.before["scores"] if decision else {}
    return {name: "" if score is None else str(score) for name, score in scores.items()}


def _changes(session: Session, article: Article, digest: str) -> TextChanges | None:
    old = earlier_text(session, article, digest)
    new = Text(article.title, article.excerpt, article.body.html)
    return compare(old, new) if old else None


def _choice(article: Article, form: DecisionForm, name: str, seen: Mapping[str, str]) -> Choice:
    typed = str(form.typed(name))
    chosen = form.chosen.get(name) or ("theirs" if seen.get(name) == typed else "mine")
    mine = typed if form[name].data is None and typed else form[name].data
    return Choice(name, form[name].label.text, article.scores[name], mine, chosen)


def _status_choice(article: Article, form: DecisionForm) -> Choice:
    theirs, mine = (in_words(status) for status in (article.revision_status, form.revision_status.data))
    untouched = form.seen.get("revision_status") == form.revision_status.data
    chosen = form.chosen.get("revision_status") or ("theirs" if untouched else "mine")
    return Choice("revision_status", _("Status"), theirs, mine, chosen)


@dataclass(frozen=True, slots=True)
class Panel:
    """The right side of the review page: who holds the article, and the form or the conflict.

    `tab` names this open page among all of its person's; `saved` is how its draft stands, `draft` what it was filled from, and
    `seen` what it showed before.
    """

    article: Article
    form: DecisionForm
    rules: Rules
    line: ClaimLine
    scores: Sequence[ScoreRow]
    may_override: bool
    tab: str
    saved: SavedLine
    seen: Mapping[str, str]
    draft: Draft | None = None
    conflict: Difference | None = None
    heartbeat_seconds: int = HEARTBEAT_SECONDS

    @property
    def overall(self) -> str:
        """The mean of the four scores that are typed, or a dash while one is missing."""
        typed = [row.typed for row in self.scores]
        numbers = [value for value in typed if isinstance(value, int)]
        return f"{sum(numbers) / len(typed):g}" if len(numbers) == len(typed) else "–"

    @property
    def under_floors(self) -> list[str]:
        """The scores that an approval would be refused for, by their labels."""
        return [row.label for row in self.scores if row.is_under]

    @property
    def status(self) -> str:
        """How the article stands, in a word."""
        return in_words(self.article.revision_status)

    @property
    def if_approved(self) -> str:
        """The version that an approval would make."""
        return next_version(self.article.revision_version, minor=True)

    @property
    def if_saved(self) -> str:
        """The version that any other decision would make."""
        return next_version(self.article.revision_version, minor=False)

    @property
    def open(self) -> bool:
        """Whether any decision is possible; out of `archived` leads only a rollback."""
        return bool(allowed_statuses(self.article.revision_status, Outcome.SAVE))


def panel_of(
    article: Article,
    form: DecisionForm,
    rules: Rules,
    *,
    user: User,
    claim: Claim | None,
    draft: Draft | None = None,
    conflict: Difference | None = None,
) -> Panel:
    """The panel for this person."""
    form.offer(user)
    return Panel(
        article,
        form,
        rules,
        claim_line(article, claim, user),
        score_rows(article, form, rules),
        may_override=bool(rules.floors) and Role(user.role).includes(Role.LEAD),
        tab=form.draft_tab.data or secrets.token_hex(8),
        saved=line_of_draft(draft),
        seen=form.seen or as_seen(article),
        draft=draft,
        conflict=conflict,
    )


def versions(session: Session) -> list[tuple[Policy, str]]:
    """The latest versions of the policy, the newest first, each with the name of who set it."""
    found = policy_versions(session)
    ids = {policy.changed_by_id for policy in found}
    names = dict(session.execute(select(User.id, User.name).where(User.id.in_(ids))).all())
    return [(policy, names.get(policy.changed_by_id or 0, _("the system"))) for policy in found]
