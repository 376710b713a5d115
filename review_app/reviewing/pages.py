"""What the pages of one article show: its text, its history, the panel for deciding, and a conflict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.accounts.rules import Role
from review_app.articles.directions import directed, direction_of
from review_app.articles.markup import frame_images
from review_app.articles.models import Article, Policy
from review_app.articles.rules import SCORES
from review_app.base.web import relative, settings
from review_app.evidence.folding import fold_stock
from review_app.evidence.queries import Evidence, as_hex
from review_app.importing.merging import imported_values
from review_app.review_queue.models import Claim
from review_app.review_queue.pages import ClaimLine, claim_line
from review_app.review_queue.rules import HEARTBEAT_SECONDS
from review_app.reviewing.forms import DecisionForm
from review_app.reviewing.models import Decision
from review_app.reviewing.notes.passages import Marked
from review_app.reviewing.queries import Rules, history, policy_versions, standing_decision
from review_app.reviewing.rules import Outcome, allowed_statuses

HISTORY_ROWS = 20


def undo_window() -> timedelta:
    """How long a reviewer may take a decision back; what it says goes out when that has passed."""
    return timedelta(seconds=settings().undo_seconds)


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
    """One score in the panel: what is typed, what was imported, what a person last made of it, and its floor."""

    name: str
    label: str
    typed: int | str
    imported: int | None
    last: int | None
    floor: int | None
    errors: Sequence[str]


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
    """What happened to the article while somebody worked on it. `text_changed` if it must be read again."""

    who: str
    note: str
    choices: Sequence[Choice]
    text_changed: bool


def difference(article: Article, form: DecisionForm, decisions: Sequence[Decision]) -> Difference:
    """Their version and mine. `decisions` are the newest first."""
    since = [decision for decision in decisions if decision.article_version >= (form.row_version.data or 0)]
    seen = (
        since[-1].before["scores"] if since and since[-1].article_version == form.row_version.data else None
    )
    choices = [_choice(article, form, name, seen) for name in SCORES if form[name].raw_data]
    choices.append(_status_choice(article, form))
    return Difference(
        who=f"{since[0].reviewer.name}, {relative(since[0].decided_at)}" if since else "Now, after an import",
        note=since[0].note if since else "",
        choices=[choice for choice in choices if choice.theirs != choice.mine],
        text_changed=bool(form.text_digest.data) and form.text_digest.data != article.text_digest,
    )


def _choice(article: Article, form: DecisionForm, name: str, seen: Mapping[str, int | None] | None) -> Choice:
    mine = form[name].data
    untouched = seen is not None and seen[name] == mine
    yields = untouched or name in form.yielded
    return Choice(name, form[name].label.text, article.scores[name], mine, "theirs" if yields else "mine")


def _status_choice(article: Article, form: DecisionForm) -> Choice:
    theirs, mine = (
        status.replace("_", " ") for status in (article.revision_status, form.revision_status.data)
    )
    return Choice("revision_status", "Status", theirs, mine, "mine")


@dataclass(frozen=True, slots=True)
class Panel:
    """The right side of the review page: who holds the article, and the form or the conflict."""

    article: Article
    form: DecisionForm
    rules: Rules
    line: ClaimLine
    scores: Sequence[ScoreRow]
    may_override: bool
    conflict: Difference | None = None
    heartbeat_seconds: int = HEARTBEAT_SECONDS

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
        conflict=conflict,
    )


def versions(session: Session) -> list[tuple[Policy, str]]:
    """The latest versions of the policy, the newest first, each with the name of who set it."""
    found = policy_versions(session)
    ids = {policy.changed_by_id for policy in found}
    names = dict(session.execute(select(User.id, User.name).where(User.id.in_(ids))).all())
    return [(policy, names.get(policy.changed_by_id or 0, "the system")) for policy in found]
