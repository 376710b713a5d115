"""The form that chooses a download."""

from __future__ import annotations

from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import Length, Optional

from review_app.base.forms import TellingForm
from review_app.base.messages import lazy_gettext as _l
from review_app.publishing.export.rules import Format

FORMATS = (
    (Format.JSONL.value, _l("JSON Lines: one article a line, its text as HTML")),
    (Format.MARKDOWN.value, _l("Markdown with front matter: one file an article, in a tar.gz")),
)


class ExportForm(TellingForm):
    """What to download."""

    format = RadioField(
        _l("Format"),
        choices=[SelectChoice(value, text) for value, text in FORMATS],
        default=Format.JSONL.value,
    )
    since = StringField(_l("Since"), [Optional(), Length(max=100)])
