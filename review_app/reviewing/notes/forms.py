"""The shape of a note as people send it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wtforms import Field
from wtforms.fields import HiddenField, TextAreaField

from review_app.base.forms import TellingForm
from review_app.base.messages import lazy_gettext as _l
from review_app.reviewing.forms import WHOLE_NUMBER, typed_text
from review_app.reviewing.notes.rules import Selector


class PersonField(Field):
    """Somebody chosen from a list, by number, or nobody."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        self.data = None
        if valuelist and valuelist[-1]:
            if not WHOLE_NUMBER.fullmatch(valuelist[-1]):
                raise ValueError(_l("Choose somebody from the list."))
            self.data = int(valuelist[-1])


class NoteForm(TellingForm):
    """A note, a reply, or a note's new words; `quote` with what stands around it is a passage."""

    text = TextAreaField(_l("Note"), filters=[typed_text])
    quote = TextAreaField(_l("Passage"), filters=[typed_text])
    prefix = HiddenField(filters=[typed_text])
    suffix = HiddenField(filters=[typed_text])
    whom = PersonField(_l("Tell"))

    @property
    def passage(self) -> Selector | None:
        """The passage it is about, if any."""
        quote = self.quote.data or ""
        return Selector(quote, self.prefix.data or "", self.suffix.data or "") if quote.strip() else None

    @property
    def chosen(self) -> list[int]:
        """Whom to tell besides those whom the text mentions."""
        return [] if self.whom.data is None else [self.whom.data]


@dataclass(frozen=True, slots=True)
class Refused:
    """A form that comes back with what was typed: `of` is the one it was, such as "new", "reply-7" or "edit-7"."""

    of: str
    form: NoteForm
