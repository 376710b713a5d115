"""What there is to hear of, in words, and where each leads. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from review_app.base.messages import lazy_gettext as _l


class Kind(StrEnum):
    """Why somebody is told."""

    ASSIGNED = "assigned"
    RETURNED = "returned"
    MENTIONED = "mentioned"
    IMPORT_FINISHED = "import_finished"
    TARGET_OFF = "target_off"


WORDS: Final = {
    Kind.ASSIGNED: _l("Articles are assigned to me"),
    Kind.RETURNED: _l("Something I decided comes back"),
    Kind.MENTIONED: _l("Somebody mentions me in a note"),
    Kind.IMPORT_FINISHED: _l("An import of mine finishes"),
    Kind.TARGET_OFF: _l("A target of mine is switched off, since nothing arrives there"),
}
"""Each kind as its switch in the profile says it."""

ADDRESSES: Final = {
    "article": "/articles/{}/review",
    "import": "/imports/{}",
    "queue": "/queue{}",
    "bulk": "/bulk/{}",
    "target": "/admin/targets/{}",
}
"""Where the thing told of is read. Addresses, since this capability knows none of those above it."""

TEXT_LENGTH: Final = 500
MOST_COUNTED: Final = 99
"""The header counts no further."""


def address_of(subject_kind: str, subject_id: str) -> str | None:
    """The path of what a notification tells of, if it has a page."""
    pattern = ADDRESSES.get(subject_kind)
    return None if pattern is None else pattern.format(subject_id)
