"""What can be done to many articles at once, in which states it stands, and why it leaves one of them out. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from review_app.articles.rules import RevisionStatus
from review_app.base.messages import Figure
from review_app.base.messages import lazy_gettext as _l
from review_app.reviewing.rules import NEEDS_NOTE, Outcome

MOST_ARTICLES: Final = 50_000
"""One bulk action touches at most so many articles."""

FREEZE_AT_ONCE: Final = 5_000
"""One statement freezes at most so many articles."""

ARTICLES_AT_ONCE: Final = 50
"""One transaction of a run settles at most so many: it holds their rows, and on SQLite the one writer's lock."""

HOLD: Final = timedelta(days=1)
"""What a run announces waits so long, unless the run ends before: then it waits for the undo window that begins there."""

PREVIEW_KEEPS: Final = timedelta(days=1)
"""A preview that nobody confirms for so long holds no more."""


class Action(StrEnum):
    """What is done to each article."""

    SET_DRAFTED = "set_drafted"
    SET_REVIEWED = "set_reviewed"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"
    ASSIGN = "assign"
    PUT_BEHIND = "put_behind"
    PUT_IN = "put_into_queue"
    APPROVE = "approve"


DECIDES: Final = {
    Action.SET_DRAFTED: (Outcome.SAVE, RevisionStatus.DRAFTED),
    Action.SET_REVIEWED: (Outcome.SAVE, RevisionStatus.REVIEWED),
    Action.REQUEST_CHANGES: (Outcome.REQUEST_CHANGES, RevisionStatus.CHANGES_REQUESTED),
    Action.REJECT: (Outcome.REJECT, RevisionStatus.REJECTED),
    Action.APPROVE: (Outcome.APPROVE, RevisionStatus.APPROVED),
}
"""The actions that decide: with which outcome, and to which status. The others move an article in the queue."""

VERBS: Final = {
    Action.SET_DRAFTED: _l("Set to drafted"),
    Action.SET_REVIEWED: _l("Set to reviewed"),
    Action.REQUEST_CHANGES: _l("Request changes"),
    Action.REJECT: _l("Reject"),
    Action.ASSIGN: _l("Assign to a reviewer, or to nobody"),
    Action.PUT_BEHIND: _l("Put behind all others"),
    Action.PUT_IN: _l("Put into the queue"),
    Action.APPROVE: _l("Approve, make indexable"),
}
"""Each action as a button says it."""


def needs_note(action: Action) -> bool:
    """Whether somebody has to say why. An approval of many says it too: nobody reads them again."""
    return action is Action.APPROVE or (action in DECIDES and DECIDES[action][0] in NEEDS_NOTE)


class State(StrEnum):
    """Where a bulk action stands."""

    PREVIEW = "preview"
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    UNDOING = "undoing"
    UNDONE = "undone"


AT_WORK: Final = (State.QUEUED, State.RUNNING, State.UNDOING)
"""A worker has something to do."""

ENDED: Final = (State.FINISHED, State.STOPPED, State.UNDONE)


class Result(StrEnum):
    """What became of one article."""

    WAITING = ""
    DONE = "done"
    LEFT = "left"
    FAILED = "failed"


class Left(StrEnum):
    """Why an article is left out."""

    CHANGED = "changed"
    HELD = "held"
    ALREADY = "already"
    NOT_ALLOWED = "not allowed"
    NOT_WAITING = "not waiting"
    UNSCORED = "unscored"
    BELOW_FLOOR = "below floor"


WORDS: Final = {
    Left.CHANGED: _l("changed since it was selected"),
    Left.HELD: _l("somebody else is reviewing it"),
    Left.ALREADY: _l("stands so already"),
    Left.NOT_ALLOWED: _l("its status does not allow it"),
    Left.NOT_WAITING: _l("it does not wait in the queue"),
    Left.UNSCORED: _l("a score is missing, which approving needs"),
    Left.BELOW_FLOOR: _l("a score is below the floor of the policy"),
}


MISTAKE: Final = _l("the desk made a mistake here, which its log tells of")
"""What failed for no fault of the article's."""

ALL_THAT_WAIT: Final = _l("all that wait")
ALL_OUTSIDE: Final = _l("all outside the queue")
NAMED: Final = _l("rows of the queue, or articles by name")


def all_that_wait(filters: str) -> str:
    """What was selected in the queue, within filters in words or without any."""
    return _l("all that wait and match %(filters)s", filters=filters) if filters else ALL_THAT_WAIT


def all_outside(filters: str) -> str:
    """What was selected of all that is not in the queue."""
    return _l("all outside the queue that match %(filters)s", filters=filters) if filters else ALL_OUTSIDE


def selected(words: str) -> str:
    """What was selected, of which the English words are kept, so that it can be told in another language."""
    for said in (all_that_wait, all_outside):
        begins = said("…").removesuffix("…")
        if words.startswith(begins):
            return said(words.removeprefix(begins))
    return next((each for each in (ALL_THAT_WAIT, ALL_OUTSIDE, NAMED) if each == words), words)


def in_words(reason: str | None) -> str:
    """A reason as a person reads it. What a decision refused by itself is a sentence already."""
    if reason in set(Left):
        return WORDS[Left(reason)]
    return MISTAKE if reason == MISTAKE else reason or ""


def over_limit(action: Action, articles: int, limit: int) -> str:
    """Why so many articles cannot be approved at once; empty if they can. A limit of 0 means not at all."""
    if action is not Action.APPROVE or 0 < articles <= limit:
        return ""
    if limit <= 0:
        return _l("The policy does not allow approving in bulk. Each article is approved on its own page.")
    return _l(
        "The policy allows approving at most %(most)s articles at once; %(selected)s are selected.",
        most=Figure(limit),
        selected=Figure(articles),
    )
