"""The sums that the statistics read, kept in the decision's own transaction and checked against a recount."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from review_app.articles.rules import SCORES
from review_app.reviewing.models import Decision, ReviewSlot
from review_app.reviewing.rules import bucket_of, slot_of


def add_to_slot(session: Session, decision: Decision) -> None:
    """Count a decision."""
    _change(session, decision, +1)


def take_from_slot(session: Session, decision: Decision) -> None:
    """Count a decision no more, since it was rolled back."""
    _change(session, decision, -1)


def _change(session: Session, decision: Decision, sign: int) -> None:
    slot = _locked_slot(session, decision)
    slot.decisions += sign
    slot.handling = _histogram(slot.handling, decision.handling_seconds, sign)
    slot.waiting = _histogram(slot.waiting, decision.wait_seconds, sign)
    changes, counts = dict(slot.score_changes), dict(slot.score_counts)
    for name, change in score_changes(decision):
        changes[name] = changes.get(name, 0) + sign * change
        counts[name] = counts.get(name, 0) + sign
    slot.score_changes, slot.score_counts = changes, counts


def score_changes(decision: Decision) -> Iterator[tuple[str, int]]:
    """By how much a decision changed each score that stood before and after."""
    for name in SCORES:
        before, after = decision.before["scores"][name], decision.after["scores"][name]
        if before is not None and after is not None:
            yield name, after - before


def _histogram(histogram: dict[str, Any], seconds: float | None, sign: int) -> dict[str, Any]:
    if seconds is None:
        return histogram
    bucket = str(bucket_of(seconds))
    changed = histogram | {bucket: histogram.get(bucket, 0) + sign}
    return {name: count for name, count in changed.items() if count}


def _locked_slot(session: Session, decision: Decision) -> ReviewSlot:
    key = {
        "reviewer_id": decision.reviewer_id,
        "slot_start": slot_of(decision.decided_at),
        "outcome": decision.outcome,
    }
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    empty: dict[str, Any] = {"handling": {}, "waiting": {}, "score_changes": {}, "score_counts": {}}
    session.execute(insert(ReviewSlot).values(**key, decisions=0, **empty).on_conflict_do_nothing())
    return session.scalars(select(ReviewSlot).filter_by(**key).with_for_update()).one()
