"""What imports write of themselves into change records, messages and rows: in English, and known again when it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from review_app.base.messages import lazy_gettext as _l

REASON: Final = _l("Import of %(name)s")
EXPECTED: Final = _l("Every record is in, or refused with a reason; what people decided stays.")
ROLLBACK: Final = _l("Undo the import: what nobody has worked on since goes back to how it was.")

OBSERVED: Final = {
    "finished": _l(
        "Finished: %(created)s created, %(updated)s updated, %(unchanged)s unchanged,"
        " %(rejected)s rejected, %(skipped)s skipped."
    ),
    "failed": _l(
        "Failed: %(created)s created, %(updated)s updated, %(unchanged)s unchanged,"
        " %(rejected)s rejected, %(skipped)s skipped."
    ),
    "cancelled": _l(
        "Cancelled: %(created)s created, %(updated)s updated, %(unchanged)s unchanged,"
        " %(rejected)s rejected, %(skipped)s skipped."
    ),
}
"""What came of an import, by the state in which it ended; `TOLD` is the same for who is not looking at it."""
TOLD: Final = {
    "finished": _l(
        "Import %(id)s, finished: %(created)s created, %(updated)s updated, %(unchanged)s unchanged,"
        " %(rejected)s rejected, %(skipped)s skipped."
    ),
    "failed": _l(
        "Import %(id)s, failed: %(created)s created, %(updated)s updated, %(unchanged)s unchanged,"
        " %(rejected)s rejected, %(skipped)s skipped."
    ),
    "cancelled": _l(
        "Import %(id)s, cancelled: %(created)s created, %(updated)s updated, %(unchanged)s unchanged,"
        " %(rejected)s rejected, %(skipped)s skipped."
    ),
}

UNDO_EXPECTED: Final = _l(
    "Up to %(created)s articles go away and %(updated)s are as they were before import %(id)s;"
    " those that somebody has worked on since stay."
)
UNDO_ROLLBACK: Final = _l("Import the same files again.")
UNDO_OBSERVED: Final = _l("%(back)s articles taken back, %(left)s left as they are.")

GONE: Final = _l("it is gone already")
CHANGED_LATER: Final = _l("import %(id)s changed it later; undo that one first")
WORKED_ON: Final = _l("somebody has worked on it since")

SAME_HASH: Final = _l("Another article has the same content hash: %(id)s.")

OF_CHANGES: Final[Sequence[str]] = (
    REASON,
    EXPECTED,
    ROLLBACK,
    *OBSERVED.values(),
    *TOLD.values(),
    UNDO_EXPECTED,
    UNDO_ROLLBACK,
    UNDO_OBSERVED,
)
OF_WHAT_IS_LEFT: Final[Sequence[str]] = (
    GONE,
    CHANGED_LATER,
    WORKED_ON,
    _l("%(name)s is reviewing it"),
    _l("the team has notes on it"),
)
"""The last two are what the capabilities above this one say (`WorkedOn`)."""
