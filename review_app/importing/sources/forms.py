"""What people type to describe a source."""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms.fields import IntegerField, PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from review_app.base.errors import Invalid
from review_app.base.forms import Form
from review_app.base.messages import lazy_gettext as _l
from review_app.importing.forms import FORMAT_NAMES
from review_app.importing.readers import READERS
from review_app.importing.sources.actions import Wanted
from review_app.importing.sources.models import ImportSource
from review_app.importing.sources.rules import USUAL_MINUTES, Kind

KIND_WORDS = {
    Kind.FOLDER: _l("Folder of this machine"),
    Kind.FEED: _l("Address of a file"),
    Kind.WORDPRESS: _l("WordPress site"),
}
NOT_ONE = {"every_minutes": _l("must be a whole number")}


class ChangeForm(Form):
    """What may change of a source that is there."""

    name = StringField(_l("Name"))
    address = StringField(_l("Address"))
    every_minutes = IntegerField(_l("Read every … minutes"), default=USUAL_MINUTES)
    format = SelectField(_l("Format"), default="")
    username = StringField(_l("User name"))
    password = PasswordField(_l("Application password"))

    def __init__(self, data: MultiDict[str, str] | None = None, source: ImportSource | None = None) -> None:
        super().__init__(data, obj=source)
        self.format.choices = [SelectChoice("", _l("Find out from the content"))] + [
            SelectChoice(name, FORMAT_NAMES.get(name, name)) for name in READERS
        ]

    def values(self) -> dict[str, Any]:
        """What was typed. Raises `Invalid` for what is no number or no choice where one must be."""
        if not self.validate():
            otherwise = _l("must be one of the choices")
            words: dict[str, list[str]] = {
                name: [NOT_ONE.get(name, otherwise)] for name in self.errors if name
            }
            raise Invalid(_l("Something is missing or wrong."), words)
        typed: dict[str, Any] = {field.name: field.data or "" for field in self}
        return typed | {"format": self.format.data or None}

    def refuse(self, error: Invalid) -> None:
        """Tell each field what is wrong with it."""
        for name, words in error.fields.items():
            field = getattr(self, name, self.address)
            field.errors = [_sentence(field.label.text, text) for text in words]


def _sentence(label: str, text: str) -> str:
    """What is wrong with a field; most of it begins where the field's name ends."""
    return _l("%(field)s %(problem)s.", field=label, problem=text) if text[:1].islower() else text


class NewSourceForm(ChangeForm):
    """A new source."""

    kind = SelectField(
        _l("What it is"), choices=[SelectChoice(kind.value, words) for kind, words in KIND_WORDS.items()]
    )

    def wanted(self) -> Wanted:
        """The same for the action. Raises `Invalid`."""
        values = self.values()
        return Wanted(**values | {"kind": Kind(values["kind"])})
