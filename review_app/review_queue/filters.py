"""The queue's own filters, on top of those of all articles: who asks matters here, and what is known of the texts.

They go with a reviewer through the address from the list to the article and back; so do the order, the place in the list
(`after`) and the saved view that was opened (`view`), which narrow nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, exists, or_
from sqlalchemy.orm import Session, aliased

from review_app.accounts.models import User
from review_app.articles.filters import Check, Filters, one_of, whole_number
from review_app.articles.models import Article
from review_app.base.messages import lazy_gettext as _l
from review_app.base.messages import lazy_ngettext as _ln
from review_app.evidence.models import ArticleEvidence
from review_app.importing.models import MergeProposal
from review_app.review_queue.assignments import assigned
from review_app.review_queue.models import Claim
from review_app.review_queue.queries import free, live
from review_app.review_queue.rules import LONGEST_AGE, Sort

ALL = "all"
"""The view that narrows nothing, for people whose queue opens with another."""
UNFOLDED = frozenset({"q", "stack", "topic", "difficulty", "batch", "claimed", "due", "assigned"})
CHIPS = {
    "claimed=no": _l("Held by nobody"),
    "claimed=yes": _l("Held by somebody"),
    "claimed=me": _l("Held by me"),
    "due=overdue": _l("Overdue"),
    "due=today": _l("Due today or before"),
    "due=none": _l("Due on no day"),
    "assigned=me": _l("Assigned to: me"),
    "assigned=nobody": _l("Assigned to: nobody"),
    "title=repeated": _l("Nearly the same title as another"),
    "images=placeholder": _l("Placeholder images"),
    "text=changed": _l("Text changed since its decision"),
    "merge=waiting": _l("An import waits to be merged"),
}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who looks at the queue, when, and which day it is where they are."""

    user_id: int
    now: datetime
    today: date


@dataclass(frozen=True, slots=True)
class QueueFilters(Filters):
    """What to look for in the queue; empty means anything."""

    age: str = ""
    claimed: str = ""
    due: str = ""
    assigned: str = ""
    repeats: str = ""
    title: str = ""
    images: str = ""
    text: str = ""
    merge: str = ""
    sort: str = ""
    after: str = ""
    view: str = ""
    asker: Asker | None = None

    LABELS: ClassVar[Mapping[str, str]] = {
        **Filters.LABELS,
        "age": _l("Waiting for days"),
        "claimed": _l("Held by"),
        "due": _l("Due"),
        "assigned": _l("Assigned to"),
        "repeats": _l("Repeats others"),
        "title": _l("Title"),
        "images": _l("Images"),
        "text": _l("Text"),
        "merge": _l("Merge"),
    }
    MEANT: ClassVar[Mapping[str, str]] = {
        **Filters.MEANT,
        "age": _l("number of days"),
        "repeats": _l("percentage"),
        "sort": _l("order"),
        "view": _l("view"),
    }
    CHECKS: ClassVar[Mapping[str, Check]] = {
        **Filters.CHECKS,
        "age": whole_number(1, LONGEST_AGE),
        "claimed": one_of("no", "yes", "me"),
        "due": one_of("overdue", "today", "none"),
        "repeats": whole_number(1, 100),
        "title": one_of("repeated"),
        "images": one_of("placeholder"),
        "text": one_of("changed"),
        "merge": one_of("waiting"),
        "sort": one_of(*Sort),
        "view": lambda value: None if value == ALL else whole_number(1, 10**18 - 1)(value),
    }
    CARRIED: ClassVar[tuple[str, ...]] = ("sort", "after", "view")

    @classmethod
    def read(cls, values: Mapping[str, str]) -> tuple[Self, dict[str, list[str]]]:
        """Those that can be meant, and what is wrong with each of the others. `?all`, or an emptied form, means all."""
        found, wrong = super(QueueFilters, cls).read(values)
        if found.sort == Sort.DESK:
            found = replace(found, sort="")
        emptied = len(values) > 1 and not found.active() and not found.sort and not found.after
        if ALL in values or (emptied and (found.view or "q" in values)):
            found = replace(found, view=ALL)
        return found, wrong

    @property
    def order(self) -> Sort:
        """The order that the list has."""
        return Sort(self.sort or Sort.DESK)

    def asked_by(self, user: User, now: datetime) -> Self:
        """The same, for this person at this time: some of them mean something else to each."""
        today = now.astimezone(ZoneInfo(user.time_zone)).date()
        return replace(self, asker=Asker(user.id, now, today))

    def from_the_start(self) -> Self:
        """The same without the place in the list."""
        return replace(self, after="")

    def folded_active(self) -> bool:
        """Whether a filter is set that the form keeps folded away."""
        return bool(self.active().keys() - UNFOLDED)

    def without(self, name: str) -> Self:
        """The same but for one of them, from the start of the list; what is left belongs to no view."""
        left: Self = replace(super(QueueFilters, self).without(name), after="", view="")
        return left if left.active() or not self.view else replace(left, view=ALL)

    def words(self, name: str, value: str) -> str:
        """One active filter, as it is told to a person."""
        if name == "age":
            return _ln("Waiting for a day or more", "Waiting for %(num)s days or more", int(value))
        if name == "repeats":
            return _l("Repeats others: %(percent)s%% or more", percent=value)
        return CHIPS.get(f"{name}={value}") or super(QueueFilters, self).words(name, value)

    def apply(self, session: Session, query: Select[Any]) -> Select[Any]:
        """Narrow a query over articles."""
        return super(QueueFilters, self).apply(session, query).where(*self._of_waiting(), *self._of_texts())

    def _of_waiting(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if not (self.age or self.claimed or self.due or self.assigned):
            return found
        if self.asker is None:
            raise LookupError("who asks must be known, and when")
        user_id, now, today = self.asker.user_id, self.asker.now, self.asker.today
        found += [Article.waiting_since <= now - timedelta(days=int(self.age))] if self.age else []
        found += [_claimed(self.claimed, user_id, now)] if self.claimed else []
        found += [_due(self.due, today)] if self.due else []
        found += [assigned(self.assigned, user_id)] if self.assigned else []
        return found

    def _of_texts(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        known = exists().where(ArticleEvidence.article_id == Article.id).correlate(Article)
        if self.repeats:
            found.append(known.where(ArticleEvidence.repeated >= int(self.repeats)))
        if self.title:
            found.append(known.where(_title_elsewhere()))
        if self.images:
            count = ArticleEvidence.facts["images_from_placeholders"].as_integer()
            found.append(known.where(count > 0))
        if self.text:
            found.append(
                and_(Article.decided_digest.is_not(None), Article.decided_digest != Article.text_digest)
            )
        if self.merge:
            found.append(
                exists().where(MergeProposal.article_id == Article.id, MergeProposal.state == "open")
            )
        return found


def _claimed(value: str, user_id: int, now: datetime) -> ColumnElement[bool]:
    held = exists().where(Claim.article_id == Article.id, live(now)).correlate(Article)
    return {"no": free(now), "yes": held, "me": held.where(Claim.user_id == user_id)}[value]


def _due(value: str, today: date) -> ColumnElement[bool]:
    if value == "none":
        return Article.due_on.is_(None)
    return Article.due_on < today if value == "overdue" else Article.due_on <= today


def _title_elsewhere() -> ColumnElement[bool]:
    """The condition that another article has the same title, or one of which two of the three parts are the same.

    That is one title in which a word was added or left out, and most of those in which a word was changed
    (`likeness.title_parts`).
    """
    other = aliased(ArticleEvidence)
    another = exists().where(other.article_id != ArticleEvidence.article_id).correlate(ArticleEvidence)
    same = [another.where(other.title_digest == ArticleEvidence.title_digest)]
    for one, two in ((0, 1), (1, 2), (2, 0)):
        names = (f"title_part_{one}", f"title_part_{two}")
        same.append(
            another.where(*(getattr(other, name) == getattr(ArticleEvidence, name) for name in names))
        )
    return or_(*same)
