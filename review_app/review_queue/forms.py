"""The shape of what leads type about one article's place: its day, and whose it is."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms.fields import DateField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired

from review_app.accounts.models import User
from review_app.base.errors import DomainError, Invalid
from review_app.base.forms import Form


class PlaceForm(Form):
    """A form of one field that can say what an action refused."""

    def tell(self, error: DomainError) -> None:
        """Add the messages of an error: to the field that it names, else above all."""
        for name, messages in (error.fields if isinstance(error, Invalid) else {}).items():
            field = self[name]
            field.errors = [*field.errors, *(f"{field.label.text} {message}." for message in messages)]
        if not any(field.errors for field in self):
            self.form_errors.append(error.detail)


class DueForm(PlaceForm):
    due_on = DateField("Due date", [InputRequired("Choose a day.")])


class AssignForm(PlaceForm):
    """To whom: an email, or nothing for nobody."""

    reviewer = SelectField("Reviewer", validate_choice=False)

    def offer(self, people: Iterable[User], chosen: str | None) -> None:
        """Let the select show these people, and nobody."""
        names = [SelectChoice(person.email, f"{person.name} ({person.email})") for person in people]
        self.reviewer.choices = [SelectChoice("", "Nobody: whoever comes next"), *names]
        if self.reviewer.data is None:
            self.reviewer.data = chosen or ""
