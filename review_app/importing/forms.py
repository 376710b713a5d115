"""The upload form, and the forms that cancel and undo an import."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, MultipleFileField
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import Length

from review_app.base.forms import Form
from review_app.base.messages import lazy_gettext as _l
from review_app.importing.readers import READERS

FORMAT_NAMES = {
    "text": _l("Page text"),
    "json": "JSON",
    "jsonl": "JSON Lines",
    "csv": "CSV",
    "wxr": _l("WordPress export (WXR)"),
    "markdown": _l("Markdown with front matter"),
}
MOST_REASON_CHARACTERS = 500


class WithFiles(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A form that Flask-WTF fills, for it alone knows files; told in the language of the page as all the others."""

    class Meta(Form.Meta):
        pass


class UploadForm(WithFiles):
    """Files, how to read them, why, and whether to try only."""

    files = MultipleFileField(_l("Files"))
    format = SelectField(_l("Format"))
    encoding = StringField(_l("Encoding"), [Length(max=40)])
    mapping = FileField(_l("Mapping file"))
    reason = StringField(_l("Reason"), [Length(max=MOST_REASON_CHARACTERS)])
    expected = StringField(_l("Expected result"), [Length(max=MOST_REASON_CHARACTERS)])
    dry_run = BooleanField(_l("Dry run: tell what would happen and change nothing"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.format.choices = [SelectChoice("", _l("Find out from the content"))] + [
            SelectChoice(name, FORMAT_NAMES.get(name, name)) for name in READERS
        ]


class UndoForm(WithFiles):
    """Why an import is undone."""

    reason = StringField(_l("Why is it undone?"), [Length(max=MOST_REASON_CHARACTERS)])
