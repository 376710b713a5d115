"""The upload form."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from wtforms import BooleanField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from review_app.importing.readers import READERS

FORMAT_NAMES = {
    "json": "JSON",
    "csv": "CSV",
    "jsonl": "JSON Lines",
    "markdown": "Markdown with front matter",
    "text": "Page text",
}


class UploadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Files, how to read them, and whether to try only."""

    files = MultipleFileField("Files")
    format = SelectField("Format")
    dry_run = BooleanField("Dry run: tell what would happen and change nothing")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.format.choices = [SelectChoice("", "Find out from the content")] + [
            SelectChoice(name, FORMAT_NAMES.get(name, name)) for name in READERS
        ]
