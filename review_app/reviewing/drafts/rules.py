"""How long a draft is kept, how large it may be, and which of two is the newer. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from review_app.articles.rules import SCORES

KEPT_FOR: Final = timedelta(days=90)
"""So long after it was last saved; then a job removes it, whoever it is of."""
ENDED_KEPT_FOR: Final = timedelta(days=1)
"""So long one remembers from which open page a draft was ended: an autosave of that page may still be under way."""

CHOOSABLE: Final = (*SCORES, "revision_status")

FIELDS: Final = (
    "quality",
    "freshness",
    "depth",
    "clarity",
    "revision_status",
    "note",
    "override_reason",
    "checklist",
    *(f"{what}_{name}" for what in ("seen", "keep") for name in CHOOSABLE),
)
"""What a draft holds of the form of a decision, each a list of what was typed, right or wrong.

`seen_…` is what the page showed before anything was typed, `keep_…` what was chosen on the page that shows a conflict."""

MOST_CHARACTERS: Final = 50_000
"""Of all that a draft holds; five times what a note may have once it is decided."""
MOST_VALUES: Final = 1_000
LONGEST_TAB: Final = 64
LATEST_SEQUENCE: Final = 2**63 - 1

Fields = dict[str, list[str]]


def sequence_at(now: datetime) -> int:
    """The place in time of what is typed now, in milliseconds: the draft with the higher one is the newer."""
    return int(now.timestamp() * 1000)
