"""The shape of what people send when they decide, roll back or set the policy.

The names of the fields are a contract: other programs post them too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Field
from wtforms.fields import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import ValidationError
from wtforms.widgets import NumberInput

from review_app.accounts.forms import storable
from review_app.accounts.models import User
from review_app.accounts.rules import Role
from review_app.articles.models import Article
from review_app.articles.rules import SCORE_LABELS, SCORES, STATUS_LABELS, Ranking, RevisionStatus
from review_app.base.forms import TellingForm
from review_app.base.messages import lazy_gettext as _l
from review_app.importing.merging import FIELDS
from review_app.reviewing.actions import Judgement
from review_app.reviewing.drafts.rules import CHOOSABLE
from review_app.reviewing.merging import Taking
from review_app.reviewing.policy import ITEM_LENGTH, RANKING_LABELS, DeskRules
from review_app.reviewing.queries import Rules
from review_app.reviewing.rules import LEAST_ROLE, NEEDS_NOTE, OUTCOME_OF_STATUS

WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")


def typed_text(text: str | None) -> str:
    """Text as it may be kept, with one kind of line end."""
    return storable(text).replace("\r\n", "\n")


class CountField(Field):
    """A whole number, or nothing. `typed` is what was sent, right or wrong."""

    widget = NumberInput(step=1, min=0)
    typed = ""
    most: int | None = None
    """No more than this, if it is said."""

    def _value(self) -> str:
        return self.typed

    def process_data(self, value: int | None) -> None:
        self.data = value
        self.typed = "" if value is None else str(value)

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        self.data = None
        self.typed = valuelist[-1].strip() if valuelist else ""
        if self.typed and not self._fits():
            raise ValueError(self._why_not(self.label.text, self.typed[:20]))
        self.data = int(self.typed) if self.typed else None

    def _why_not(self, label: str, typed: str) -> str:
        if self.most is None:
            return _l("%(field)s must be a whole number, not “%(typed)s”.", field=label, typed=typed)
        return _l(
            "%(field)s must be a whole number from 0 to %(most)s, not “%(typed)s”.",
            field=label,
            most=self.most,
            typed=typed,
        )

    def _fits(self) -> bool:
        return bool(WHOLE_NUMBER.fullmatch(self.typed)) and (
            self.most is None or int(self.typed) <= self.most
        )


class ScoreField(CountField):
    """A whole number from 0 to 100, or nothing."""

    widget = NumberInput(step=1, min=0, max=100)
    most = 100


class RankingField(SelectField):
    """An order of the queue; nothing was sent, nothing is wrong."""

    def pre_validate(self, form: Any) -> None:
        if self.raw_data:
            super().pre_validate(form)


class OptionalRadioField(RadioField):
    """One of some answers; nothing was sent, nothing is wrong."""

    def pre_validate(self, form: Any) -> None:
        if self.raw_data:
            super().pre_validate(form)

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        return not self.raw_data or bool(super().validate(form, extra_validators))


class VersionField(Field):
    """The version of something that the page was made from."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        if not valuelist or not WHOLE_NUMBER.fullmatch(valuelist[-1]):
            raise ValueError(_l("The form does not say which version it was made from. Reload the page."))
        self.data = int(valuelist[-1])


class StatusField(SelectField):
    """The chosen status. A pressed button sends its own after the select's, so the last one holds."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        self.data = valuelist[-1] if valuelist else None

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002  # as WTForms calls it
        if self.data not in set(RevisionStatus):
            open_to_all = (status for status in RevisionStatus if OUTCOME_OF_STATUS[status] not in LEAST_ROLE)
            raise ValidationError(
                _l(
                    "Status must be one of: %(statuses)s; a team lead may also archive.",
                    statuses=", ".join(open_to_all),
                )
            )


class ItemsField(Field):
    """The numbers of the ticked lines of the checklist."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        self.data = frozenset(int(value) for value in valuelist if WHOLE_NUMBER.fullmatch(value))
        if not all(WHOLE_NUMBER.fullmatch(value) for value in valuelist):
            raise ValueError(_l("Checklist names its lines by their numbers."))


class ReasonField(Field):
    """The number of a reason that was chosen, or nothing."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        self.data = None
        if valuelist and valuelist[-1]:
            if not WHOLE_NUMBER.fullmatch(valuelist[-1]):
                raise ValueError(_l("Choose a reason from the list."))
            self.data = int(valuelist[-1])


class DecisionForm(TellingForm):
    """One judgement. `seen_…` is what the page showed before anything was typed; `draft_tab` names that open page.

    `keep_…` comes from the page that shows a conflict: "theirs" leaves that field as it stands. There `made_on` and
    `made_on_text` say on which version it was typed. `reason_filled` is the reason whose text the page has put into the
    note already.
    """

    quality = ScoreField(SCORE_LABELS["quality"])
    freshness = ScoreField(SCORE_LABELS["freshness"])
    depth = ScoreField(SCORE_LABELS["depth"])
    clarity = ScoreField(SCORE_LABELS["clarity"])
    revision_status = StatusField(_l("Status"))
    checklist = ItemsField(_l("Checklist"), default=frozenset())
    reason_id = ReasonField(_l("Reason"))
    reason_filled = ReasonField(_l("Reason"))
    note = TextAreaField(_l("Note"), filters=[typed_text])
    override_reason = StringField(_l("Why the floor does not hold here"), filters=[typed_text])
    row_version = VersionField()
    text_digest = HiddenField()
    status_now = HiddenField()
    made_on = HiddenField()
    made_on_text = HiddenField()
    draft_tab = HiddenField(filters=[typed_text])

    def __init__(self, sent: MultiDict[str, str] | None = None, **values: Any) -> None:
        super().__init__(sent, **values)
        given = sent or MultiDict()
        self.seen = {name: given[f"seen_{name}"] for name in CHOOSABLE if f"seen_{name}" in given}
        self.chosen = {name: given[f"keep_{name}"] for name in CHOOSABLE if f"keep_{name}" in given}
        self.yielded = {name for name, whose in self.chosen.items() if whose == "theirs"}

    def typed(self, score: str) -> int | str:
        """What was typed for a score: the number, or the text that is none."""
        field = self[score]
        return field.data if field.data is not None else str(getattr(field, "typed", ""))

    def judgement(self) -> Judgement:
        """What was said. Scores that were left out, or left to a colleague, stay as they are. The form must be valid."""
        theirs = "revision_status" in self.yielded and self.status_now.data in set(RevisionStatus)
        status = RevisionStatus(str(self.status_now.data if theirs else self.revision_status.data))
        said = [name for name in SCORES if self[name].raw_data and name not in self.yielded]
        outcome = OUTCOME_OF_STATUS[status]
        # A reason that was chosen and then not needed is no mistake.
        reason = self.reason_id.data if outcome in NEEDS_NOTE else None
        return Judgement(
            outcome,
            row_version=self.row_version.data,
            scores={name: self[name].data for name in said},
            status=status,
            note=self.note.data or "",
            checklist=self.checklist.data,
            override_reason=self.override_reason.data or "",
            made_in=self.draft_tab.data or "",
            reason_id=reason,
            reason_in_note=reason == self.reason_filled.data,
        )

    def offer(self, user: User) -> None:
        """Let the select show the statuses that this person can choose."""
        self.revision_status.choices = [
            SelectChoice(status.value, STATUS_LABELS[status])
            for status in RevisionStatus
            if Role(user.role).includes(LEAST_ROLE.get(OUTCOME_OF_STATUS[status], Role.REVIEWER))
        ]


def form_for(article: Article) -> DecisionForm:
    """The form as it stands when the page is opened: filled in, to be confirmed or corrected.

    Of an article that is approved and waits with a new text, nobody has read that: merely saving does not approve it.
    """
    unread = article.awaiting_review and article.revision_status == RevisionStatus.APPROVED
    return DecisionForm(
        data={
            **article.scores,
            "revision_status": RevisionStatus.DRAFTED if unread else article.revision_status,
            "row_version": article.row_version,
            "text_digest": article.text_digest,
        }
    )


def as_seen(article: Article) -> dict[str, str]:
    """What a page shows of an article that can be chosen, as its form says it back."""
    scores = {name: "" if score is None else str(score) for name, score in article.scores.items()}
    return {**scores, "revision_status": form_for(article).revision_status.data}


class MergeForm(TellingForm):
    """Which fields of a proposal are taken as imported; `seen_…` is what the page showed as ours."""

    note = TextAreaField(_l("Note"), filters=[typed_text])
    row_version = VersionField()

    def __init__(self, sent: MultiDict[str, str] | None = None, **values: Any) -> None:
        super().__init__(sent, **values)
        given = sent or MultiDict()
        self.take = frozenset(name for name in FIELDS if given.get(f"take_{name}") == "imported")
        self.seen = {name: given[f"seen_{name}"] for name in FIELDS if f"seen_{name}" in given}

    def taking(self) -> Taking:
        """What was chosen. The form must be valid."""
        return Taking(self.take, self.row_version.data, self.note.data or "")


class RollbackForm(TellingForm):
    note = TextAreaField(_l("Note"), filters=[typed_text])


class FloorsForm(TellingForm):
    """The least score that an approval needs, each 0 to 100 (nothing means no floor), and whether it outlives a new text."""

    quality = ScoreField(SCORE_LABELS["quality"])
    freshness = ScoreField(SCORE_LABELS["freshness"])
    depth = ScoreField(SCORE_LABELS["depth"])
    clarity = ScoreField(SCORE_LABELS["clarity"])
    keep_indexable = BooleanField(_l("Keep an approved article indexable when its text arrives changed"))
    ranking = RankingField(
        _l("What comes first in the queue"),
        choices=[SelectChoice(ranking.value, words) for ranking, words in RANKING_LABELS.items()],
    )
    due_after_days = CountField(_l("Working days until an article is due"))
    due_a_day = CountField(_l("Most articles that become due on one day"))
    bulk_approve_limit = CountField(_l("Most articles that a lead may approve at once"))
    publish_a_day = CountField(_l("Most articles that become public on one day"))
    publish_zone = StringField(_l("Time zone of those days"), filters=[typed_text])
    publish_on_approval = OptionalRadioField(
        _l("When an article is approved"),
        choices=[
            SelectChoice("no", _l("it waits until somebody starts a run")),
            SelectChoice("yes", _l("it is published by itself, once the approval can no longer be undone")),
        ],
    )
    reason = StringField(_l("Reason"), filters=[typed_text])
    version = VersionField()

    def desk(self, rules: Rules) -> DeskRules:
        """The order of the queue. What was not sent stays as it is, and what was emptied is none."""
        stands = DeskRules.of(rules)
        sent = {name: self[name].data for name in asdict(stands) if self[name].raw_data}
        if "ranking" in sent:
            sent["ranking"] = Ranking(sent["ranking"])
        if "bulk_approve_limit" in sent:
            sent["bulk_approve_limit"] = sent["bulk_approve_limit"] or 0
        if "publish_on_approval" in sent:
            sent["publish_on_approval"] = sent["publish_on_approval"] == "yes"
        if "publish_zone" in sent:
            sent["publish_zone"] = sent["publish_zone"].strip() or stands.publish_zone
        return replace(stands, **sent)

    def floors(self) -> dict[str, int]:
        """Score names and their floors."""
        return {name: self[name].data or 0 for name in SCORES}


def floors_form(rules: Rules) -> FloorsForm:
    """The form as it stands when the page is opened."""
    desk = asdict(DeskRules.of(rules))
    desk["publish_on_approval"] = "yes" if rules.publish_on_approval else "no"
    stands = {**rules.floors, **desk, "keep_indexable": rules.keep_indexable, "version": rules.version}
    return FloorsForm(data=stands)


class PlaceForm(TellingForm):
    """At which place, counted from 0, a line is to stand."""

    to = VersionField(_l("Place"))


class ItemForm(TellingForm):
    text = StringField(_l("New line"), filters=[typed_text], render_kw={"maxlength": ITEM_LENGTH})
    required = BooleanField(_l("Must be ticked to approve"))
