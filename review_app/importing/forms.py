"""The upload form, and the forms that cancel and undo an import."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, MultipleFileField
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import Length

from review_app.importing.readers import READERS

FORMAT_NAMES = {
    "text": "Page text",
    "json": "JSON",
    "jsonl": "JSON Lines",
    "csv": "CSV",
    "wxr": "WordPress export (WXR)",
    "markdown": "Markdown with front matter",
}
MOST_REASON_CHARACTERS = 500


class UploadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Files, how to read them, why, and whether to try only."""

    files = MultipleFileField("Files")
    format = SelectField("Format")
    encoding = StringField("Encoding", [Length(max=40)])
    mapping = FileField("Mapping file")
    reason = StringField("Reason", [Length(max=MOST_REASON_CHARACTERS)])
    expected = StringField("Expected result", [Length(max=MOST_REASON_CHARACTERS)])
    dry_run = BooleanField("Dry run: tell what would happen and change nothing")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.format.choices = [SelectChoice("", "Find out from the content")] + [
            SelectChoice(name, FORMAT_NAMES.get(name, name)) for name in READERS
        ]


class UndoForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Why an import is undone."""

    reason = StringField("Why is it undone?", [Length(max=MOST_REASON_CHARACTERS)])
