"""The figures of the metrics that stand in the database: each in one or two statements, however much there is."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from review_app.operations.models import JobCount
from review_app.reviewing.models import Decision, ReviewSlot
from review_app.reviewing.rules import Outcome


def decisions_made(session: Session) -> Mapping[str, int]:
    """How many decisions of each outcome were ever made; 0 where none was.

    The sums of the statistics leave out what was rolled back, and a counter that runs backwards reads as one that began anew.
    So rollbacks, found by their index, are added to what they undid. The other decisions are not read.
    """
    made = dict.fromkeys((outcome.value for outcome in Outcome), 0)
    standing = select(ReviewSlot.outcome, func.sum(ReviewSlot.decisions)).group_by(ReviewSlot.outcome)
    for outcome, count in session.execute(standing):
        made[outcome] += int(count)
    undone, undoing = aliased(Decision), aliased(Decision)
    rolled_back = (
        select(undone.outcome, func.count())
        .select_from(undoing)
        .join(undone, undone.id == undoing.reverts_id)
        .where(undoing.reverts_id > 0)  # said so, SQLite finds them by their index
        .group_by(undone.outcome)
    )
    for outcome, count in session.execute(rolled_back):
        made[outcome] += count
        made[Outcome.ROLLBACK.value] += count
    return made


def jobs_ended(session: Session) -> Mapping[tuple[str, ...], int]:
    """How often each kind of job ended with each result."""
    return {(one.job, one.result): one.runs for one in session.scalars(select(JobCount))}
