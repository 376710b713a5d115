"""The form that starts a publish run."""

from __future__ import annotations

import re

from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import ValidationError

from review_app.base.forms import Form
from review_app.publishing.actions import Order
from review_app.publishing.rules import MOST_SOURCE_IDS

ALL, NAMED = "approved", "named"
BETWEEN = re.compile(r"[\s,;\0]+")


class RunForm(Form):
    """All approved articles, or those whose source ids were pasted, apart by blanks, commas or lines."""

    scope = RadioField(
        "What to publish",
        choices=[
            SelectChoice(ALL, "Every approved article that is not published yet"),
            SelectChoice(NAMED, "Only the articles named below"),
        ],
        default=ALL,
    )
    source_ids = TextAreaField("Source ids")

    def validate_source_ids(self, _field: TextAreaField) -> None:
        """They count only when they are meant."""
        if self.scope.data != NAMED:
            return
        if not self.named():
            raise ValidationError("Name at least one article, or choose every approved one.")
        if len(self.named()) > MOST_SOURCE_IDS:
            raise ValidationError(f"Name at most {MOST_SOURCE_IDS:,} articles at once.")

    def named(self) -> list[str]:
        """The source ids that were pasted."""
        return [part for part in BETWEEN.split(self.source_ids.data or "") if part]

    def order(self) -> Order:
        """The same for the action."""
        return Order(self.named() if self.scope.data == NAMED else None)
