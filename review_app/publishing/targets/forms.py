"""What leads type to describe a target."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms.fields import (
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.widgets import CheckboxInput, ListWidget

from review_app.base.errors import Invalid
from review_app.base.forms import TellingForm
from review_app.base.messages import lazy_gettext as _l
from review_app.publishing.deliveries.relay import PUBLIC_KINDS
from review_app.publishing.models import Target
from review_app.publishing.targets.rules import (
    MOST_OVERLAP_HOURS,
    SHAPES,
    USUAL_OVERLAP_HOURS,
    TargetKind,
    fit_overlap,
)
from review_app.publishing.targets.wanted import Wanted
from review_app.publishing.targets.words import EVENT_WORDS, FORMAT_WORDS

PASSWORD_WORDS: Mapping[str, str] = {
    TargetKind.WORDPRESS: _l("Application password"),
    TargetKind.CLOUDFLARE: _l("API token"),
}


class TargetForm(TellingForm):
    """A target of one kind. Only the fields of its kind count; `row_version` is what the page was made of."""

    name = StringField(_l("Name"))
    url = StringField(_l("Address"))
    zone_id = StringField(_l("Zone ID"))
    username = StringField(_l("User name"))
    password = PasswordField(_l("Password"))
    meta_key = StringField(_l("Metadata key"))
    folder = StringField(_l("Folder"))
    format = SelectField(
        _l("Format"), choices=[SelectChoice(name, words) for name, words in FORMAT_WORDS.items()]
    )
    events = SelectMultipleField(
        _l("Events"),
        choices=[SelectChoice(name, EVENT_WORDS[name]) for name in PUBLIC_KINDS],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validate_choice=False,
    )
    secret = PasswordField(_l("Secret"))
    row_version = HiddenField()

    def __init__(
        self, kind: TargetKind, data: MultiDict[str, str] | None = None, target: Target | None = None
    ) -> None:
        super().__init__(data, data=_shown(target))
        self.kind = kind
        self.password.label.text = PASSWORD_WORDS.get(kind, self.password.label.text)
        self.asked = tuple(name for name in SHAPES[kind].fields if not (target and name == "secret"))
        # None at all is what a program sends that leaves them out; a page sends an empty one along.
        self.all_events = data is not None and "events" not in data

    def values(self) -> dict[str, Any]:
        """What was typed into the fields of this kind."""
        typed: dict[str, Any] = {name: self[name].data or "" for name in ("name", *self.asked)}
        if "events" in typed:
            typed["events"] = None if self.all_events else tuple(filter(None, self.events.data or ()))
        return typed

    def wanted(self) -> Wanted:
        """The same for the action."""
        return Wanted(self.kind, **self.values())

    def version(self) -> int | None:
        """Of the page that was sent, if it says one."""
        sent = self.row_version.data or ""
        return int(sent) if sent.isdecimal() and len(sent) < 19 else None


def _shown(target: Target | None) -> dict[str, Any]:
    if target is None:
        return {"events": list(PUBLIC_KINDS)}
    now = Wanted.of(target)
    known = {
        name: getattr(now, name)
        for name in ("name", "url", "zone_id", "username", "meta_key", "folder", "format")
    }
    events = PUBLIC_KINDS if now.events is None else now.events
    return known | {"events": list(events), "row_version": str(target.row_version)}


class SecretForm(TellingForm):
    """A new secret, and for how many hours the old one stays good beside it."""

    overlap_hours = IntegerField(_l("Hours for which the old secret stays good"), default=USUAL_OVERLAP_HOURS)
    secret = PasswordField(_l("New secret"))

    def overlap(self) -> timedelta:
        """The same as a time. Raises `Invalid`."""
        hours = self.overlap_hours.data
        overlap = None if hours is None else fit_overlap(hours)
        if overlap is None:
            words = _l("must be a whole number from 0 to %(most)s", most=MOST_OVERLAP_HOURS)
            raise Invalid(_l("Please correct what is named."), {"overlap_hours": [words]})
        return overlap
