"""The verbs on a bulk action as a whole: freeze a selection, confirm it, stop it, end it, ask for its undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import Select, String, cast, delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.accounts.rules import Permission
from review_app.articles.models import Article
from review_app.base.errors import Conflict, Forbidden, Invalid
from review_app.base.messages import Figure, Message
from review_app.base.messages import lazy_gettext as _l
from review_app.base.messages import lazy_ngettext as _ln
from review_app.notifications.actions import notify
from review_app.notifications.rules import Kind
from review_app.outbox.actions import SYSTEM, Actor, log_event, reschedule
from review_app.outbox.changes import note_change, observe_change
from review_app.review_queue.assignments import person_to_assign
from review_app.reviewing.bulk.models import BulkAction, BulkItem
from review_app.reviewing.bulk.queries import plan_of
from review_app.reviewing.bulk.rules import (
    FREEZE_AT_ONCE,
    HOLD,
    MOST_ARTICLES,
    PREVIEW_KEEPS,
    VERBS,
    Action,
    State,
    needs_note,
    over_limit,
)
from review_app.reviewing.queries import Rules
from review_app.reviewing.rules import NOTE_LENGTH, says_something

FORGET_AT_ONCE = 5
NAMED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """Which articles: those named, or all that a query finds. `words` says it to people; `back` leads to where it was made."""

    words: str
    named: Sequence[str] = ()
    found: Select[Any] | None = None
    back: str = ""


@dataclass(frozen=True, slots=True)
class Params:
    """What goes with each article: the note, the lines of the checklist that were ticked, whose it becomes.

    `reviewer` is an email, or empty for nobody.
    """

    note: str = ""
    checklist: frozenset[int] = field(default_factory=frozenset)
    reviewer: str = ""

    @classmethod
    def of(cls, bulk: BulkAction) -> Params:
        """As they were said."""
        params = bulk.params
        return cls(params["note"], frozenset(params["checklist"]), params["reviewer"])

    def as_json(self) -> dict[str, Any]:
        """For the record."""
        return {"note": self.note.strip(), "checklist": sorted(self.checklist), "reviewer": self.reviewer}


def freeze(
    session: Session, user: User, action: Action, selection: Selection, *, params: Params, now: datetime
) -> BulkAction:
    """Keep which articles are selected, and the version of each; nothing is done to them yet.

    Raises `Invalid` when nothing is selected, or more than `MOST_ARTICLES`.
    """
    _forget_old_previews(session, now)
    bulk = BulkAction(
        user_id=user.id,
        action=action.value,
        selection=selection.words,
        back=selection.back,
        params=params.as_json(),
        total=0,
        created_at=now,
    )
    session.add(bulk)
    session.flush()
    if selection.found is not None:
        _check_number(session, selection.found)
        _freeze_found(session, bulk, selection.found)
    else:
        _freeze_named(session, bulk, selection.named)
    if not bulk.total:
        _nothing_selected()
    return bulk


def _nothing_selected() -> NoReturn:
    raise Invalid(_l("No article is selected."), {"source_ids": [_l("must name at least one article")]})


def _check_number(session: Session, found: Select[Any]) -> None:
    some = found.with_only_columns(Article.id).order_by(None).limit(MOST_ARTICLES + 1).subquery()
    if (session.scalar(select(func.count()).select_from(some)) or 0) > MOST_ARTICLES:
        raise Invalid(
            _l(
                "More than %(most)s articles match, which is the most of one bulk action. Narrow the filters.",
                most=Figure(MOST_ARTICLES),
            ),
            {"filters": [_l("match more than %(most)s articles", most=Figure(MOST_ARTICLES))]},
        )


def _freeze_found(session: Session, bulk: BulkAction, found: Select[Any]) -> None:
    ids, last = found.with_only_columns(Article.id).order_by(None), 0
    while True:
        matching = Article.id.in_(ids), Article.id > last
        some = _as_items(bulk).where(*matching).order_by(Article.id).limit(FREEZE_AT_ONCE)
        count = _insert(session, some)
        bulk.total += count
        if count < FREEZE_AT_ONCE:
            return
        here = select(func.max(BulkItem.article_id)).where(BulkItem.bulk_id == bulk.id)
        last = session.scalar(here) or 0


def _freeze_named(session: Session, bulk: BulkAction, named: Sequence[str]) -> None:
    once = list(dict.fromkeys(named))
    for start in range(0, len(once), NAMED_AT_ONCE):
        some = once[start : start + NAMED_AT_ONCE]
        bulk.total += _insert(session, _as_items(bulk).where(Article.source_id.in_(some)))


def _as_items(bulk: BulkAction) -> Select[int, int, int]:
    return select(literal(bulk.id), Article.id, Article.row_version)


def _insert(session: Session, articles: Select[int, int, int]) -> int:
    names = ["bulk_id", "article_id", "row_version"]
    # psycopg counts the rows of an INSERT only if SQLAlchemy is told to ask it
    frozen = insert(BulkItem.__table__).from_select(names, articles).execution_options(preserve_rowcount=True)  # type: ignore[arg-type]  # a table
    return int(session.execute(frozen).rowcount)  # type: ignore[attr-defined]


def _forget_old_previews(session: Session, now: datetime) -> None:
    """Those that nobody confirmed; a few at a time, since each may have many articles."""
    old = select(BulkAction.id).where(
        BulkAction.state == State.PREVIEW, BulkAction.created_at < now - PREVIEW_KEEPS
    )
    some = session.scalars(old.order_by(BulkAction.id).limit(FORGET_AT_ONCE)).all()
    if some:
        session.execute(delete(BulkAction).where(BulkAction.id.in_(some)))


def why_not(bulk: BulkAction, user: User, rules: Rules) -> str:
    """Why this may not be done at all, by the roles and the policy that hold now; empty if it may."""
    return may_not(user) or over_limit(Action(bulk.action), bulk.total, rules.bulk_approve_limit)


def may_not(user: User) -> str:
    """Why this person may do nothing in bulk; empty if they may."""
    if user.may(Permission.CHANGE_MANY):
        return ""
    return _l("%(name)s may not change many articles any more.", name=user.name)


def confirm(
    session: Session,
    bulk: BulkAction,
    user: User,
    params: Params,
    *,
    rules: Rules,
    actor: Actor,
    now: datetime,
) -> None:
    """Let a worker do it. The caller holds the row.

    Raises `Forbidden` for somebody else's, `Conflict` when it is too old, begun, over the limit or would do nothing,
    `Invalid` without a note or a tick that it needs.
    """
    if bulk.user_id != user.id:
        raise Forbidden(
            _l("This is somebody else's selection. Make your own, so that you have seen what it does.")
        )
    if bulk.state != State.PREVIEW:
        raise Conflict(_l("This was confirmed already."))
    if now - bulk.created_at > PREVIEW_KEEPS:
        raise Conflict(_l("This preview is more than a day old. Select the articles again."))
    if why := why_not(bulk, user, rules):
        raise Conflict(why)
    check_params(Action(bulk.action), params, rules)
    bulk.params = params.as_json() | _whose(session, bulk, params)
    ready = plan_of(session, bulk, rules, now).ready
    if not ready:
        raise Conflict(_l("All of the selected articles are left out, so there is nothing to do."))
    bulk.state = State.QUEUED.value
    subject = ("bulk", str(bulk.id))
    after = {"action": bulk.action, "selection": bulk.selection, "articles": bulk.total}
    log_event(session, "bulk.confirmed", subject, actor=actor, now=now, after=after)
    _note_change(session, bulk, ready, params, actor=actor, now=now)


def _whose(session: Session, bulk: BulkAction, params: Params) -> dict[str, Any]:
    """To whom they are assigned, by id. Raises `Invalid` for somebody who is not here."""
    if Action(bulk.action) is not Action.ASSIGN:
        return {}
    reviewer = person_to_assign(session, params.reviewer)
    return {"reviewer_id": reviewer.id if reviewer else None}


def _note_change(
    session: Session, bulk: BulkAction, ready: int, params: Params, *, actor: Actor, now: datetime
) -> None:
    left = f", {bulk.total - ready:,} of the selected ones are left out" if ready < bulk.total else ""
    note_change(
        session,
        ("bulk", str(bulk.id)),
        user_id=bulk.user_id,
        actor=actor,
        reason=params.note.strip() or "Not said.",
        expected=f"{VERBS[Action(bulk.action)]}: {ready:,} articles{left}. Selected: {bulk.selection}.",
        rollback=f"Undo bulk action {bulk.id} on its page.",
        now=now,
    )


def check_params(action: Action, params: Params, rules: Rules) -> None:
    """Raises `Invalid` unless the note and the ticks are there that every one of the decisions would need."""
    wrong: dict[str, list[str]] = {}
    if needs_note(action) and not says_something(params.note):
        wrong["note"] = [_l("is needed: it stands with every one of these articles")]
    if len(params.note) > NOTE_LENGTH:
        wrong["note"] = [_l("may have %(most)s characters", most=NOTE_LENGTH)]
    if action is Action.APPROVE:
        unticked = [one.text for one in rules.checklist if one.required and one.id not in params.checklist]
        wrong |= (
            {"checklist": [_l("needs to be ticked: %(line)s", line=text) for text in unticked]}
            if unticked
            else {}
        )
    if wrong:
        raise Invalid(_l("Please correct what is named."), wrong)


def stop(session: Session, bulk: BulkAction, *, actor: Actor, now: datetime, undo: timedelta) -> None:
    """Stop it where it is: what is done stays done, and can be undone. Raises `Conflict` when it does not run."""
    if bulk.state not in {State.QUEUED, State.RUNNING}:
        raise Conflict(_l("This does not run, so there is nothing to stop."))
    end(session, bulk, State.STOPPED, now=now, undo=undo)
    log_event(session, "bulk.stopped", ("bulk", str(bulk.id)), actor=actor, now=now, after=counts(bulk))


def end(
    session: Session, bulk: BulkAction, state: State, *, now: datetime, undo: timedelta, failure: str = ""
) -> None:
    """Note how it ended. What it announced goes out when the undo window, which begins now, has passed."""
    bulk.state, bulk.failure, bulk.ended_at = state.value, failure, now
    bulk.leased_by, bulk.lease_until = None, None
    reschedule(session, _causes(bulk), now + undo, now)
    if state is not State.UNDONE:
        _tell_reviewer(session, bulk, now)
    observe_change(session, ("bulk", str(bulk.id)), _observed(bulk), now)


def _tell_reviewer(session: Session, bulk: BulkAction, now: datetime) -> None:
    """One message for all that was assigned to somebody, not one an article."""
    reviewer = bulk.params.get("reviewer_id")
    if bulk.done and reviewer and reviewer != bulk.user_id:
        text, subject = _assigned_words(bulk.done), ("queue", "?assigned=me")
        notify(session, reviewer, Kind.ASSIGNED, text=text, subject=subject, by=SYSTEM, now=now)


def _assigned_words(count: int) -> Message:
    return _ln(
        "%(num)s article is assigned to you.",
        "%(num)s articles are assigned to you.",
        count,
        num=Figure(count),
    )


def counts(bulk: BulkAction) -> dict[str, int]:
    """How many articles came to what."""
    names = ("total", "done", "left_out", "failed", "taken_back", "stayed")
    return {name: getattr(bulk, name) for name in names}


def _observed(bulk: BulkAction) -> str:
    if bulk.state == State.UNDONE:
        return f"{bulk.taken_back:,} taken back, {bulk.stayed:,} left as they are."
    told = f"{bulk.done:,} done, {bulk.left_out:,} left out, {bulk.failed:,} failed."
    rest = bulk.total - bulk.done - bulk.left_out - bulk.failed
    stopped = f" Stopped before {rest:,} more." if bulk.state == State.STOPPED else ""
    return told + stopped + (f" {bulk.failure}" if bulk.failure else "")


def _causes(bulk: BulkAction) -> Select[str]:
    """What names its decisions in the outbox, as `announcements.cause_of` does."""
    names = literal("decision:") + cast(BulkItem.decision_id, String)
    return select(names).where(BulkItem.bulk_id == bulk.id, BulkItem.decision_id.is_not(None))


def undo_is_free(bulk: BulkAction, user: User, *, now: datetime, undo: timedelta) -> bool:
    """Whether this person may undo it without saying why: their own, within the undo window."""
    return bulk.user_id == user.id and bulk.ended_at is not None and now - bulk.ended_at <= undo


def request_undo(
    session: Session,
    bulk: BulkAction,
    user: User,
    note: str,
    *,
    actor: Actor,
    now: datetime,
    undo: timedelta,
) -> None:
    """Ask for all of it to be taken back, or for what an earlier undo had to leave; a worker does it.

    Raises `Conflict` while it runs and when nothing is left of it, `Invalid` without the note that it needs.
    """
    again = bulk.state == State.UNDONE and bulk.stayed > 0
    if not again and bulk.state not in {State.FINISHED, State.STOPPED}:
        undone = bulk.state == State.UNDONE
        raise Conflict(_l("This is undone already.") if undone else _l("This has not ended yet."))
    if not bulk.done:
        raise Conflict(_l("Nothing was done, so there is nothing to undo."))
    if not undo_is_free(bulk, user, now=now, undo=undo) and not says_something(note):
        raise Invalid(_l("Please say why."), {"note": [_l("is needed to undo a bulk action")]})
    if len(note) > NOTE_LENGTH:
        raise Invalid(
            _l("That note is too long."), {"note": [_l("may have %(most)s characters", most=NOTE_LENGTH)]}
        )
    bulk.state, bulk.undo_user_id, bulk.undo_note, bulk.stayed = State.UNDOING.value, user.id, note.strip(), 0
    stayed = update(BulkItem).where(BulkItem.bulk_id == bulk.id, BulkItem.undo == "left")
    session.execute(stayed.values(undo="", undo_reason="").execution_options(synchronize_session=False))
    reschedule(session, _causes(bulk), now + HOLD, now)
    text, about = _undone_words(bulk), ("bulk", str(bulk.id))
    notify(session, bulk.user_id, Kind.RETURNED, text=text, subject=about, by=actor, now=now)
    _note_undo(session, bulk, actor=actor, now=now)


def _undone_words(bulk: BulkAction) -> Message:
    number = Figure(bulk.done)
    if not bulk.undo_note:
        return _ln(
            "What you did to %(num)s article is being undone.",
            "What you did to %(num)s articles at once is being undone.",
            bulk.done,
            num=number,
        )
    return _ln(
        "What you did to %(num)s article is being undone: %(why)s",
        "What you did to %(num)s articles at once is being undone: %(why)s",
        bulk.done,
        num=number,
        why=bulk.undo_note,
    )


def _note_undo(session: Session, bulk: BulkAction, *, actor: Actor, now: datetime) -> None:
    subject = ("bulk", str(bulk.id))
    log_event(session, "bulk.undo_requested", subject, actor=actor, now=now, after={"note": bulk.undo_note})
    note_change(
        session,
        subject,
        user_id=bulk.undo_user_id,
        actor=actor,
        reason=bulk.undo_note or "Taken back within the undo window.",
        expected=(
            f"Up to {bulk.done - bulk.taken_back:,} articles are as they were before bulk action {bulk.id};"
            " those that somebody has worked on since stay."
        ),
        rollback="Select the same articles and do it again.",
        now=now,
    )
