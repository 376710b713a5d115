"""The shape of what a person sends: what to do with which articles, and what goes with each decision."""

from __future__ import annotations

from collections.abc import Sequence

from wtforms.fields import SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from review_app.accounts.models import User
from review_app.base.errors import Invalid
from review_app.base.forms import TellingForm
from review_app.base.messages import lazy_gettext as _l
from review_app.reviewing.bulk.actions import Params
from review_app.reviewing.bulk.rules import VERBS, Action
from review_app.reviewing.forms import ItemsField, typed_text


class ChoiceForm(TellingForm):
    """Which action; the articles come beside it."""

    action = SelectField(
        _l("Action"),
        choices=[SelectChoice("", _l("Choose an action")), *map(SelectChoice, Action, VERBS.values())],
    )

    def chosen(self) -> Action:
        """The action. Raises `Invalid` without one."""
        if self.action.data not in set(Action):
            raise Invalid(_l("Choose what to do with the articles."), {"action": [_l("must be chosen")]})
        return Action(self.action.data)


class ConfirmForm(TellingForm):
    note = TextAreaField(_l("Note"), filters=[typed_text])
    checklist = ItemsField(_l("Checklist"), default=frozenset())
    reviewer = SelectField(
        _l("Reviewer"), default="", choices=[SelectChoice("", _l("Nobody"))], validate_choice=False
    )

    def offer(self, people: Sequence[User]) -> None:
        """Let the select show those to whom articles can be assigned."""
        named = [SelectChoice(one.email, f"{one.name} ({one.email})") for one in people]
        self.reviewer.choices = [SelectChoice("", _l("Nobody")), *named]

    def params(self) -> Params:
        """What goes with each decision. The form must be valid."""
        return Params(self.note.data or "", self.checklist.data, self.reviewer.data or "")


class UndoForm(TellingForm):
    note = TextAreaField(_l("Why is it undone?"), filters=[typed_text])
