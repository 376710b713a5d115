"""The shape of what leads type about one article's place: its day, and whose it is."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms.fields import DateField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired

from review_app.accounts.models import User
from review_app.base.errors import DomainError, Invalid
from review_app.base.forms import Form
from review_app.base.messages import lazy_gettext as _l


class PlaceForm(Form):
    """A form of one field that can say what an action refused."""

    def tell(self, error: DomainError) -> None:
        """Add the messages of an error: to the field that it names, else above all."""
        for name, messages in (error.fields if isinstance(error, Invalid) else {}).items():
            field = self[name]
            told = (_l("%(field)s %(fault)s.", field=field.label.text, fault=fault) for fault in messages)
            field.errors = [*field.errors, *told]
        if not any(field.errors for field in self):
            self.form_errors.append(error.detail)


class DueForm(PlaceForm):
    due_on = DateField(_l("Due date"), [InputRequired(_l("Choose a day."))])


class AssignForm(PlaceForm):
    """To whom: an email, or nothing for nobody."""

    reviewer = SelectField(_l("Reviewer"), validate_choice=False)

    def offer(self, people: Iterable[User], chosen: str | None) -> None:
        """Let the select show these people, and nobody."""
        names = [SelectChoice(person.email, f"{person.name} ({person.email})") for person in people]
        self.reviewer.choices = [SelectChoice("", _l("Nobody: whoever comes next")), *names]
        if self.reviewer.data is None:
            self.reviewer.data = chosen or ""
