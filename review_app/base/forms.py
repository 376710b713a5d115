"""What every form of the desk is made from: WTForms, told in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import wtforms
from wtforms import i18n
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.meta import DefaultMeta

from review_app.base.errors import DomainError, Invalid
from review_app.base.languages import language, told
from review_app.base.messages import lazy_gettext as _l


class Form(wtforms.Form):
    """A form. Labels, choices and errors may be messages (`messages.py`)."""

    class Meta(DefaultMeta):
        def get_translations(self, form: Any) -> Any:  # noqa: ARG002  # as WTForms calls it
            """The library's own sentences, which come with it in many languages."""
            return i18n.get_translations([language()])

        def render_field(self, field: Any, render_kw: Any) -> Any:
            """Draw a field, the labels of its choices told."""
            choices = getattr(field, "choices", None)
            if choices:
                field.choices = _told_choices(choices)
            return super().render_field(field, render_kw)


class TellingForm(Form):
    """A form that can say what an action refused, each message at its field."""

    def tell(self, error: DomainError) -> None:
        """Add the messages of an error; those of no field stand above all."""
        fields = error.fields if isinstance(error, Invalid) else {}
        for name, messages in fields.items():
            field = self._fields.get(name)
            label = field.label.text if field else name
            texts = [told(_l("%(field)s %(problem)s.", field=label, problem=message)) for message in messages]
            if field is None:
                self.form_errors.extend(texts)
            else:
                field.errors = [*field.errors, *texts]
        if not fields:
            self.form_errors.append(told(error.detail))


def _told_choices(choices: Any) -> Any:
    if isinstance(choices, Mapping):
        return {told(group): _told_choices(inner) for group, inner in choices.items()}
    return [_told_choice(choice) for choice in choices]


def _told_choice(choice: Any) -> Any:
    """Another one: a choice of the class serves readers of all languages."""
    if isinstance(choice, SelectChoice):
        return replace(choice, label=told(choice.label), optgroup=told(choice.optgroup))
    if isinstance(choice, tuple):
        return (choice[0], told(choice[1]), *choice[2:])
    return told(choice)
