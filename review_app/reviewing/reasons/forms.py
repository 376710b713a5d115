"""The shape of what leads send to set the reasons."""

from __future__ import annotations

from wtforms.fields import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from review_app.base.forms import TellingForm
from review_app.base.messages import lazy_gettext as _l
from review_app.reviewing.forms import typed_text
from review_app.reviewing.reasons.actions import Wording
from review_app.reviewing.reasons.rules import TEXT_LENGTH, TITLE_LENGTH, ReasonKind

KINDS = {ReasonKind.REQUEST_CHANGES: _l("Request changes"), ReasonKind.REJECT: _l("Reject")}


class WordingForm(TellingForm):
    title = StringField(_l("Title"), filters=[typed_text], render_kw={"maxlength": TITLE_LENGTH})
    text = TextAreaField(_l("Text"), filters=[typed_text], render_kw={"maxlength": TEXT_LENGTH})

    @property
    def wording(self) -> Wording:
        """What was typed."""
        return Wording(self.title.data or "", self.text.data or "")


class ReasonForm(WordingForm):
    kind = SelectField(_l("For"), choices=[SelectChoice(kind.value, name) for kind, name in KINDS.items()])
