"""A form that could not be taken now, kept so that it can be sent again once what stood in the way is gone.

Without JavaScript it travels in a hidden input: through the login, or on the page that says what went wrong. Only a form that
one of our own pages sent is kept, or another site could have its form sent by whoever logs in next; and no password ever is.
"""

from __future__ import annotations

from typing import Final

import msgspec
from flask import request
from msgspec import Struct
from werkzeug.exceptions import HTTPException

from review_app.base.messages import lazy_gettext as _l
from review_app.base.security import safe_next_path
from review_app.base.web import comes_from_here

TYPED: Final = {
    "quality": _l("Quality"),
    "freshness": _l("Freshness"),
    "depth": _l("Depth"),
    "clarity": _l("Clarity"),
    "note": _l("Note"),
    "override_reason": _l("Why the floor does not hold here"),
    "reason": _l("Reason"),
    "text": _l("Line of the checklist"),
}
"""The fields that hold somebody's work, with their labels. No password is among them."""

LONG: Final = frozenset({"Note", "Reason"})
"""The labels of those that may have many lines."""

NEVER: Final = frozenset({"csrf_token", "password", "old", "new", "again", "secret", "kept"})
MOST_CHARACTERS: Final = 200_000
MOST_FIELDS: Final = 2_000


class Kept(Struct, frozen=True):
    """Where a form goes, and its fields in order."""

    path: str
    fields: list[tuple[str, str]]

    @property
    def typed(self) -> list[tuple[str, str]]:
        """What a person typed into it, by its label."""
        return [(TYPED[name], value) for name, value in self.fields if name in TYPED and value.strip()]

    def as_text(self) -> str:
        """The same for a hidden input."""
        return msgspec.json.encode(self).decode()


def sent_form() -> Kept | None:
    """The form of this request, if it is one that holds somebody's work."""
    if request.method in {"GET", "HEAD"} or request.mimetype != "application/x-www-form-urlencoded":
        return None
    try:
        pairs = list(request.form.items(multi=True))
    except HTTPException:
        return None
    form = Kept(request.full_path.rstrip("?"), [(name, value) for name, value in pairs if name not in NEVER])
    return form if form.typed else None


def kept_form() -> Kept | None:
    """The form of this request, if it may be sent again: from a page of ours, and not too large."""
    form = sent_form()
    if form is None or not comes_from_here() or safe_next_path(form.path) is None:
        return None
    return form if _fits(form) else None


def read_kept(text: str | None) -> Kept | None:
    """What a hidden input brings back; None if that is not what was put there."""
    if not text:
        return None
    try:
        form = msgspec.json.decode(text, type=Kept)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    clean = Kept(form.path, [(name, value) for name, value in form.fields if name not in NEVER])
    return clean if safe_next_path(clean.path) and clean.typed and _fits(clean) else None


def _fits(form: Kept) -> bool:
    size = sum(len(name) + len(value) for name, value in form.fields)
    return size <= MOST_CHARACTERS and len(form.fields) <= MOST_FIELDS
