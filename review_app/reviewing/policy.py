"""The verbs on the policy: each change is a new version with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Policy
from review_app.articles.ordering import current_order, versions_of
from review_app.articles.rules import SCORES, Ranking
from review_app.base.clock import zone_named
from review_app.base.errors import Conflict, Invalid, NotFound
from review_app.base.messages import Figure
from review_app.base.messages import lazy_gettext as _l
from review_app.outbox.actions import Actor, log_event
from review_app.outbox.changes import note_change, observe_change
from review_app.reviewing.models import ChecklistItem
from review_app.reviewing.queries import Rules, current_rules
from review_app.reviewing.rules import says_something

ITEM_LENGTH = 300
MOST_DUE_DAYS = 365
MOST_DUE_A_DAY = 1_000_000
MOST_AT_ONCE = 10_000
OUTRUN = _l("Somebody else changed the policy since you opened it. Please look at theirs first.")
MOST_PUBLISHED_A_DAY = 1_000_000

RANKING_WORDS: Final = {
    Ranking.OLDEST: _l("oldest first"),
    Ranking.DUE: _l("what is due first"),
    Ranking.LOWEST_SCORE: _l("lowest score first"),
    Ranking.REPETITION: _l("what repeats others most first"),
    Ranking.DIFFICULTY: _l("easiest first"),
    Ranking.VIEWS: _l("most viewed first, though view counts are synthetic"),
}
"""As they stand in a sentence; `RANKING_LABELS` as they stand alone."""
RANKING_LABELS: Final = {
    Ranking.OLDEST: _l("Oldest first"),
    Ranking.DUE: _l("What is due first"),
    Ranking.LOWEST_SCORE: _l("Lowest score first"),
    Ranking.REPETITION: _l("What repeats others most first"),
    Ranking.DIFFICULTY: _l("Easiest first"),
    Ranking.VIEWS: _l("Most viewed first, though view counts are synthetic"),
}


@dataclass(frozen=True, slots=True)
class DeskRules:
    """How the desk works through its queue, and what it publishes by itself; each part is explained at `Policy`."""

    ranking: Ranking = Ranking.OLDEST
    due_after_days: int | None = None
    due_a_day: int | None = None
    bulk_approve_limit: int = 0
    publish_a_day: int | None = None
    publish_zone: str = "UTC"
    publish_on_approval: bool = False

    @classmethod
    def of(cls, rules: Rules | Policy) -> DeskRules:
        """As they stand in the policy."""
        as_they_are = (one.name for one in fields(cls) if one.name != "ranking")
        return cls(Ranking(rules.ranking), **{name: getattr(rules, name) for name in as_they_are})

    def in_words(self) -> str:
        """For a change record, and for the table of versions."""
        due = (
            _l("due %(days)s working days after it came", days=self.due_after_days)
            if self.due_after_days
            else _l("nothing is due")
        )
        if self.due_a_day:
            due = _l("%(due)s, at most %(articles)s a day", due=due, articles=self.due_a_day)
        at_once = (
            _l("up to %(articles)s approved at once", articles=self.bulk_approve_limit)
            if self.bulk_approve_limit
            else _l("approved one by one")
        )
        return _l(
            "%(order)s; %(due)s; %(at_once)s; %(publishing)s",
            order=RANKING_WORDS[self.ranking],
            due=due,
            at_once=at_once,
            publishing=self._publishing_in_words(),
        )

    def _publishing_in_words(self) -> str:
        a_day = _l(
            "%(articles)s become public a day (%(zone)s)",
            articles=Figure(self.publish_a_day or 0),
            zone=self.publish_zone,
        )
        if self.publish_on_approval and self.publish_a_day:
            return _l("what is approved is published by itself, %(a_day)s", a_day=a_day)
        if self.publish_on_approval:
            return _l("what is approved is published by itself")
        return a_day if self.publish_a_day else _l("published when somebody says so")


def set_floors(
    session: Session,
    user: User,
    floors: dict[str, int],
    reason: str,
    *,
    based_on: int,
    keep_indexable: bool | None = None,
    desk: DeskRules | None = None,
    actor: Actor,
    now: datetime,
) -> Policy:
    """Set the least score an approval needs, whether it outlives a change of the text, and the queue's order (None: as it was).

    Raises `Invalid`, or `Conflict` when somebody set another meanwhile.
    """
    _check(floors, reason)
    before = current_rules(session)
    desk = desk or DeskRules.of(before)
    _check_desk(desk)
    if before.version != based_on:
        raise Conflict(OUTRUN)
    kept = {name: floor for name, floor in floors.items() if floor}
    policy = Policy(
        version=before.version + 1,
        floors=kept,
        keep_indexable=before.keep_indexable if keep_indexable is None else keep_indexable,
        **asdict(desk) | {"ranking": desk.ranking.value},
        reason=reason.strip(),
        changed_by_id=user.id,
        changed_at=now,
    )
    policy.order_version, policy.due_version = versions_of(policy, current_order(session))
    session.add(policy)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(
            _l("Somebody else changed the policy at the same moment. Please look at theirs first.")
        ) from error
    subject = ("policy", str(policy.version))
    was = before.floors | {"keep_indexable": before.keep_indexable} | asdict(DeskRules.of(before))
    becomes = kept | {"keep_indexable": policy.keep_indexable} | asdict(desk)
    log_event(session, "policy.set", subject, actor=actor, now=now, before=was, after=becomes)
    _note(session, policy, _in_words(was, DeskRules.of(before)), _in_words(becomes, desk), actor=actor)
    return policy


def _check(floors: Mapping[str, int], reason: str) -> None:
    if not says_something(reason):
        raise Invalid(_l("Please say why."), {"reason": [_l("is needed to change the policy")]})
    wrong: dict[str, list[str]] = {
        name: [_l("must be from 0 to 100")]
        for name, floor in floors.items()
        if name in SCORES and not 0 <= floor <= 100
    }
    if wrong or set(floors) - set(SCORES):
        raise Invalid(_l("A floor is a whole number from 0 to 100."), wrong)


def _check_desk(desk: DeskRules) -> None:
    wrong: dict[str, list[str]] = {
        name: [
            _l(
                "must be a whole number from %(least)s to %(most)s, or nothing",
                least=least,
                most=Figure(most),
            )
        ]
        for name, value, least, most in (
            ("due_after_days", desk.due_after_days, 1, MOST_DUE_DAYS),
            ("due_a_day", desk.due_a_day, 1, MOST_DUE_A_DAY),
            ("bulk_approve_limit", desk.bulk_approve_limit, 0, MOST_AT_ONCE),
            ("publish_a_day", desk.publish_a_day, 1, MOST_PUBLISHED_A_DAY),
        )
        if value is not None and not least <= value <= most
    }
    if zone_named(desk.publish_zone) is None:
        wrong["publish_zone"] = ["is not a time zone such as Europe/Berlin"]
    if wrong:
        raise Invalid(_l("Please correct what is named."), wrong)


def _note(session: Session, policy: Policy, was: str, becomes: str, *, actor: Actor) -> None:
    note_change(
        session,
        ("policy", str(policy.version)),
        user_id=policy.changed_by_id,
        actor=actor,
        reason=policy.reason,
        expected=f"{was} becomes {becomes}, for decisions and imports from now on.",
        rollback=f"Set the policy as version {policy.version - 1} had it.",
        now=policy.changed_at,
    )
    observe_change(
        session, ("policy", str(policy.version)), f"Version {policy.version} holds.", policy.changed_at
    )


def _in_words(rules: Mapping[str, Any], desk: DeskRules) -> str:
    floors = [f"{name} at least {floor}" for name, floor in rules.items() if name in SCORES]
    kept = "approved articles stay indexable" if rules["keep_indexable"] else "changed texts leave the index"
    return f"“{', '.join(floors) or 'no floors'}; {kept}; {desk.in_words()}”"


def add_item(session: Session, text: str, *, required: bool, actor: Actor, now: datetime) -> ChecklistItem:
    """Add a line to the checklist. Raises `Invalid`."""
    if not says_something(text) or len(text.strip()) > ITEM_LENGTH:
        raise Invalid(
            _l("A line is needed."), {"text": [_l("must have 1 to %(most)s characters", most=ITEM_LENGTH)]}
        )
    position = (session.scalar(select(func.max(ChecklistItem.position))) or 0) + 1
    item = ChecklistItem(text=text.strip(), required=required, position=position, retired_at=None)
    session.add(item)
    session.flush()
    after = {"text": item.text, "required": required}
    log_event(session, "checklist.added", ("checklist_item", str(item.id)), actor=actor, now=now, after=after)
    return item


def retire_item(session: Session, item_id: int, *, actor: Actor, now: datetime) -> None:
    """Take a line off the checklist; old decisions keep it. Raises `NotFound`."""
    item = session.get(ChecklistItem, item_id)
    if item is None or item.retired_at is not None:
        raise NotFound(_l("There is no such line on the checklist."))
    item.retired_at = now
    log_event(session, "checklist.retired", ("checklist_item", str(item.id)), actor=actor, now=now)
