"""What every form of the desk is made from: WTForms, told in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import wtforms
from wtforms import i18n
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.meta import DefaultMeta

from review_app.base.languages import language, told


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
