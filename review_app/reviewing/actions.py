"""Deciding, and rolling a decision back. The gate to the index is passed here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.accounts.rules import Role
from review_app.articles.actions import State, began_to_wait, forget_kept, set_state
from review_app.articles.models import Article
from review_app.articles.rules import SCORES, RevisionStatus, in_words, next_version
from review_app.base.errors import Conflict, Forbidden, Invalid
from review_app.base.messages import lazy_gettext as _l
from review_app.importing.merging import close_if_done, reopen
from review_app.notifications.actions import notify
from review_app.notifications.rules import Kind
from review_app.outbox.actions import Actor, log_event
from review_app.review_queue.actions import check_not_held_by_another, settle
from review_app.review_queue.assignments import forget_ended
from review_app.reviewing.announcements import tell_outside
from review_app.reviewing.drafts.actions import end_draft
from review_app.reviewing.models import ApprovalToPublish, Decision
from review_app.reviewing.queries import Rules, current_rules, known_items, standing_decision
from review_app.reviewing.reasons.models import CannedReason
from review_app.reviewing.reasons.rules import with_reason
from review_app.reviewing.rules import (
    COUNTED,
    LEAST_ROLE,
    NEEDS_NOTE,
    NOTE_LENGTH,
    TOO_LITTLE_ROLE,
    Outcome,
    allowed_statuses,
    says_something,
    stays_in_queue,
)
from review_app.reviewing.slots import add_to_slot, take_from_slot

TITLE_IN_NOTIFICATION = 100
TOO_LATE = _l("Your undo window has passed. A team lead can roll it back.")
SOMEBODY_ELSES = _l("This is somebody else's decision. A team lead can roll it back.")


class StaleArticle(Conflict):
    """The article has changed since the reviewer opened it; `current` is how it stands now."""

    title = "This article has changed since you opened it"

    def __init__(self, article: Article) -> None:
        super().__init__(
            _l(
                "Somebody else, or an import, changed this article since you opened it. "
                "Nothing of yours was saved over it."
            ),
            row_version=article.row_version,
            current={
                "scores": article.scores,
                "revision": {
                    "status": article.revision_status,
                    "version": article.revision_version,
                    "last_reviewed": article.last_reviewed_on and article.last_reviewed_on.isoformat(),
                },
            },
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reviewer says of an article. Scores left out stay as they are; `row_version` is the version that was read.

    `of_the_text` is False for one who merged figures and did not read: then a text that came since the last decision still
    counts as unread, and an article that waits for it goes on waiting. Such a judgement cannot approve that text.
    `made_in` names the open page it was made in, if it was one: its draft ends, and what it autosaves late is not kept.
    `reason_id` is a reason that was chosen; its text is added to the note unless `reason_in_note`.
    """

    outcome: Outcome
    row_version: int
    scores: Mapping[str, int | None] = field(default_factory=dict)
    status: RevisionStatus | None = None
    note: str = ""
    checklist: frozenset[int] = frozenset()
    override_reason: str = ""
    of_the_text: bool = True
    made_in: str = ""
    reason_id: int | None = None
    reason_in_note: bool = False


def decide(
    session: Session,
    article: Article,
    user: User,
    judgement: Judgement,
    *,
    actor: Actor,
    now: datetime,
    undo: timedelta,
) -> Decision:
    """Record a judgement on an article whose row the caller holds (`lock_article`).

    `undo` is how long events wait before they go out. Raises `ClaimHeld`, `StaleArticle` or `Conflict` when the state of
    the desk stands against it, `Forbidden` for the wrong role, `Invalid` naming the fields that are missing or wrong.
    """
    claim = check_not_held_by_another(session, article, user, now)
    if judgement.row_version != article.row_version:
        raise StaleArticle(article)
    if judgement.outcome is Outcome.APPROVE and not judgement.of_the_text:
        _check_text_was_decided(article)
    status = _next_status(article, user, judgement)
    rules = current_rules(session)
    _check_known(session, judgement, rules)
    judgement = _with_reason(session, judgement)
    scores = {**article.scores, **judgement.scores}
    _check(judgement, scores, rules, user)
    before = State.of(article)
    decision = Decision(
        article_id=article.id,
        reviewer_id=user.id,
        outcome=judgement.outcome.value,
        before=before.as_json(),
        note=judgement.note.strip(),
        override_reason=judgement.override_reason.strip(),
        checklist=sorted(judgement.checklist & {item.id for item in rules.checklist}),
        article_version=article.row_version,
        policy_version=rules.version,
        decided_at=now,
        handling_seconds=(now - claim.claimed_at).total_seconds() if claim else None,
        wait_seconds=max(0.0, (now - article.imported_at).total_seconds()),
        reverts_id=None,
        reason_id=judgement.reason_id,
    )
    set_state(article, _after(before, scores, judgement, status=status, now=now), now)
    if judgement.outcome is Outcome.APPROVE and judgement.of_the_text:
        forget_kept(session, article)
    if judgement.of_the_text:
        end_draft(session, article, user, tab=judgement.made_in, now=now)
    _record(session, decision, article, before, actor=actor, now=now, undo=undo)
    return _noted(session, decision, rules)


def _noted(session: Session, decision: Decision, rules: Rules) -> Decision:
    """Approvals that are to be published by themselves are noted with the decision, so that none is left out."""
    if decision.outcome == Outcome.APPROVE and rules.publish_on_approval:
        session.add(ApprovalToPublish(decision_id=decision.id))
    return decision


def roll_back(
    session: Session,
    decision: Decision,
    article: Article,
    user: User,
    *,
    note: str,
    actor: Actor,
    now: datetime,
    undo: timedelta,
    tell: bool = True,
) -> Decision:
    """Undo a decision by a new one that points at it. The caller holds the article's row.

    Scores, status, version, date and place in the queue become what they were before. Only the last decision that stands can
    be undone, and never to an approval of a text that has changed since.
    Who decided is told, unless `tell` is False, for one who is told otherwise. Raises `Forbidden`, `Conflict` or `Invalid`.
    """
    own_and_fresh = decision.reviewer_id == user.id and now - decision.decided_at <= undo
    if not own_and_fresh and not Role(user.role).includes(Role.LEAD):
        raise Forbidden(TOO_LATE if decision.reviewer_id == user.id else SOMEBODY_ELSES)
    if not own_and_fresh and not says_something(note):
        raise Invalid(_l("Please say why."), {"note": [_l("is needed to roll back a decision")]})
    _check_note(note)
    standing = standing_decision(session, article)
    if standing is None or standing.id != decision.id:
        raise Conflict(_l("Only the last decision that stands can be rolled back, and each one once."))
    before = State.of(article)
    undoing = Decision(
        article_id=article.id,
        reviewer_id=user.id,
        outcome=Outcome.ROLLBACK.value,
        before=before.as_json(),
        note=note.strip(),
        override_reason="",
        checklist=[],
        article_version=article.row_version,
        policy_version=decision.policy_version,
        decided_at=now,
        handling_seconds=None,
        wait_seconds=None,
        reverts_id=decision.id,
    )
    set_state(article, restored(State.from_json(decision.before), before, now), now)
    forget_ended(session, article)
    return _record(
        session, undoing, article, before, actor=actor, now=now, undo=undo, reverted=decision, tell=tell
    )


def restored(earlier: State, current: State, now: datetime) -> State:
    """The state a rollback leads to: the earlier one, unless it was an approval of another text than there is now.

    The gate: an approval holds only for the text that was read. Then the article is a draft again, and waits.
    """
    if earlier.status != RevisionStatus.APPROVED or earlier.text_digest == current.text_digest:
        return earlier
    return replace(
        earlier,
        status=RevisionStatus.DRAFTED.value,
        awaiting_review=True,
        **began_to_wait(now),
        published_version=None,
        published_digest=None,
    )


def _record(
    session: Session,
    decision: Decision,
    article: Article,
    before: State,
    *,
    actor: Actor,
    now: datetime,
    undo: timedelta,
    reverted: Decision | None = None,
    tell: bool = True,
) -> Decision:
    """Everything that is written together: the decision, the log, the sums, the outbox; and the claim ends."""
    after = State.of(article)
    decision.after = after.as_json()
    session.add(decision)
    session.flush()
    settle(session, article)
    log_event(
        session,
        f"decision.{decision.outcome}",
        ("article", article.source_id),
        actor=actor,
        now=now,
        before=decision.before,
        after=decision.after,
    )
    if reverted is None:
        add_to_slot(session, decision)
        close_if_done(session, article, decision.id, actor=actor, now=now)
    else:
        take_from_slot(session, reverted)
        if tell:
            _tell_who_decided(session, article, reverted, decision, actor=actor, now=now)
        reopen(session, article, reverted.id, actor=actor, now=now)
    tell_outside(session, article, decision, was=before, becomes=after, now=now, undo=undo, reverted=reverted)
    return decision


def _tell_who_decided(
    session: Session, article: Article, reverted: Decision, undoing: Decision, *, actor: Actor, now: datetime
) -> None:
    title, why = article.title[:TITLE_IN_NOTIFICATION], undoing.note
    text = (
        _l("What you decided on “%(title)s” was rolled back: %(why)s", title=title, why=why)
        if why
        else _l("What you decided on “%(title)s” was rolled back", title=title)
    )
    subject = ("article", article.source_id)
    notify(session, reverted.reviewer_id, Kind.RETURNED, text=text, subject=subject, by=actor, now=now)


def _check_text_was_decided(article: Article) -> None:
    """The gate, for those who did not read: they may confirm an approval, never give one to a text that came since."""
    if article.decided_digest != article.text_digest:
        raise Conflict(
            _l(
                "The text has changed since it was decided on. Read it on the review page and decide there; "
                "the imported scores stand beside yours."
            )
        )


def _next_status(article: Article, user: User, judgement: Judgement) -> RevisionStatus:
    allowed = allowed_statuses(article.revision_status, judgement.outcome)
    if not allowed:
        raise Conflict(
            _l(
                "An article that is %(status)s cannot take this decision; a team lead can roll the last one back.",
                status=in_words(article.revision_status),
            )
        )
    least = LEAST_ROLE.get(judgement.outcome, Role.REVIEWER)
    if not Role(user.role).includes(least):
        raise Forbidden(TOO_LITTLE_ROLE[judgement.outcome])
    if len(allowed) == 1:
        return next(iter(allowed))
    wanted = judgement.status or RevisionStatus.REVIEWED
    if wanted not in allowed:
        raise Invalid(
            _l("That status does not fit."), {"revision_status": [_l("does not belong to this outcome")]}
        )
    return wanted


def _after(
    before: State, scores: dict[str, int | None], judgement: Judgement, *, status: str, now: datetime
) -> State:
    outcome, unread = judgement.outcome, not judgement.of_the_text
    return replace(
        before if before.awaiting_review else replace(before, **began_to_wait(now)),
        scores=scores,
        status=str(status),
        version=next_version(before.version, minor=outcome is Outcome.APPROVE),
        last_reviewed=now.date(),
        awaiting_review=stays_in_queue(outcome) or (unread and before.awaiting_review),
        published_version=before.published_version,
        decided_at=now,
        decided_digest=before.decided_digest if unread else before.text_digest,
        affirmed=before.affirmed or outcome in COUNTED,
    )


def _check(judgement: Judgement, scores: Mapping[str, int | None], rules: Rules, user: User) -> None:
    wrong: dict[str, list[str]] = {}
    for name, score in scores.items():
        if score is not None and not 0 <= score <= 100:
            wrong[name] = [_l("must be a whole number from 0 to 100")]
    if judgement.outcome in NEEDS_NOTE and not says_something(judgement.note):
        wrong["note"] = [_l("is needed: say what should change, or why this cannot be used")]
    if judgement.outcome is Outcome.APPROVE:
        wrong |= _missing_for_approval(judgement, scores, rules, user) | wrong
    _check_note(judgement.note)
    if wrong:
        raise Invalid(_l("Please correct what is named."), wrong)


def _check_known(session: Session, judgement: Judgement, rules: Rules) -> None:
    """A line that was retired since the page was opened is no mistake; one that never was is."""
    strange = judgement.checklist - {item.id for item in rules.checklist}
    if strange and not strange <= known_items(session, strange):
        raise Invalid(
            _l("Please correct what is named."), {"checklist": [_l("names a line that there is not")]}
        )


def _with_reason(session: Session, judgement: Judgement) -> Judgement:
    """With the text of the chosen reason in the note. One that was retired since the page was opened is no mistake."""
    if judgement.reason_id is None:
        return judgement
    reason = session.get(CannedReason, judgement.reason_id)
    if reason is None or reason.kind != judgement.outcome:
        raise Invalid(
            _l("That reason does not fit."), {"reason_id": [_l("is not a reason for this outcome")]}
        )
    if judgement.reason_in_note:
        return judgement
    return replace(judgement, note=with_reason(judgement.note, reason.text))


def _check_note(note: str) -> None:
    if len(note) > NOTE_LENGTH:
        raise Invalid(
            _l("That note is too long."), {"note": [_l("may have %(most)s characters", most=NOTE_LENGTH)]}
        )


def _missing_for_approval(
    judgement: Judgement, scores: Mapping[str, int | None], rules: Rules, user: User
) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    overrides = says_something(judgement.override_reason) and Role(user.role).includes(Role.LEAD)
    for name in SCORES:
        score, floor = scores[name], rules.floors.get(name, 0)
        if score is None:
            wrong[name] = [_l("is needed to approve")]
        elif score < floor and not overrides:
            wrong[name] = [
                _l("is under the floor of %(floor)s; a team lead can override it with a reason", floor=floor)
            ]
    unticked = [item.text for item in rules.checklist if item.required and item.id not in judgement.checklist]
    if unticked:
        wrong["checklist"] = [_l("needs to be ticked: %(line)s", line=text) for text in unticked]
    return wrong


def as_public(state: dict[str, Any]) -> dict[str, Any]:
    """The part of a recorded state that others may read: scores and revision."""
    revision = {name: state[name] for name in ("status", "version", "last_reviewed")}
    return {"scores": state["scores"], "revision": revision}
