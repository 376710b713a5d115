"""The imports of the demo data: real ones, through the reader, the validation and the settling that all imports take."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.rules import RevisionStatus
from review_app.importing.actions import Place, settle
from review_app.importing.batches import Upload, add_uploads, finish, lease_batch, open_batch
from review_app.importing.models import ImportBatch
from review_app.importing.readers import json_lines
from review_app.importing.record import Refusal
from review_app.importing.validation import validate
from review_app.operations.demo.articles import Record, as_json_lines, revised, source_id_of
from review_app.operations.demo.queries import of_demo_import

WORKER = "demo data"
TOOK = timedelta(seconds=4)
UNCHANGED = 9
"""So many records come a second time just as they were."""
ANEW = {RevisionStatus.CHANGES_REQUESTED: 8, RevisionStatus.APPROVED: 4}
"""So many articles of each status come again with another text: corrected, or no longer what was approved."""


@dataclass(frozen=True, slots=True)
class Lot:
    """One import: how long ago, the numbers of its articles, whether some of its records are broken or known already."""

    ago: timedelta
    numbers: range
    broken: bool = False
    again: bool = False


LOTS: Final = (
    Lot(timedelta(days=34, hours=3), range(1, 121)),
    Lot(timedelta(days=27, hours=4), range(121, 166)),
    Lot(timedelta(days=20, hours=5), range(166, 206), broken=True),
    Lot(timedelta(days=13, hours=3), range(206, 246)),
    Lot(timedelta(days=6, hours=4), range(246, 276), again=True),
    Lot(timedelta(days=1, hours=6), range(276, 301)),
)


def import_lot(
    session: Session, lot: Lot, records: Sequence[Record], user: User, *, now: datetime
) -> ImportBatch:
    """Import a lot as if `user` had uploaded it at that time."""
    content = as_json_lines(_records_of(session, lot, records)) + (
        _broken_lines(records[0]) if lot.broken else b""
    )
    name = f"articles-{now:%Y-%m-%d}.jsonl"
    batch = open_batch(
        session,
        name,
        "demo",
        user_id=user.id,
        actor=user.as_actor(),
        now=now,
        format_name=json_lines.name,
        is_demo=True,
    )
    add_uploads(session, batch, [Upload(name, io.BytesIO(content))])
    session.flush()
    lease_batch(session, batch.id, WORKER, now)
    session.refresh(batch)
    found = [
        raw if isinstance(raw, Refusal) else validate(raw, now.date())
        for raw in json_lines.read(io.BytesIO(content))
    ]
    settle(session, batch, [(Place(name, json_lines.name), item) for item in found], now=now + TOOK)
    batch.done_in_file, batch.bytes_done = len(found), len(content)
    finish(session, batch, now + TOOK)
    return batch


def comes_later(records: Sequence[Record], now: datetime, moment: datetime) -> int:
    """How many articles that ask for a person are imported after this moment."""
    later = [number for lot in LOTS if now - lot.ago > moment for number in lot.numbers]
    return sum(asks_for_a_person(records[number - 1]) for number in later)


def asks_for_a_person(record: Record) -> bool:
    """Whether it goes into the queue: flagged, or not scored in full."""
    scored = [score for score in record["score"].values() if score is not None]
    return bool(record["flags"]["needs_human_review"]) or len(scored) < 4


def _records_of(session: Session, lot: Lot, records: Sequence[Record]) -> list[Record]:
    fresh = [records[number - 1] for number in lot.numbers]
    return fresh + (_known_ones(session, records) if lot.again else [])


def _known_ones(session: Session, records: Sequence[Record]) -> list[Record]:
    """What the source delivers again: some articles with another text, some as they were."""
    by_id: dict[str, Record] = {record["payload"]["source_id"]: record for record in records}
    changed = [name for status, most in ANEW.items() for name in _first_in_status(session, status, most)]
    same = [source_id_of(number) for number in range(2, len(records), 7)]
    unchanged = [source_id for source_id in same if source_id not in changed][:UNCHANGED]
    return [revised(by_id[source_id]) for source_id in changed] + [
        by_id[source_id] for source_id in unchanged
    ]


def _first_in_status(session: Session, status: RevisionStatus, most: int) -> list[str]:
    query = select(Article.source_id).where(Article.revision_status == status, of_demo_import())
    return list(session.scalars(query.order_by(Article.id).limit(most)))


def _broken_lines(record: Record) -> bytes:
    """Records as they should not be; each is refused alone, for a reason of its own."""
    changes: list[dict[str, Any]] = [
        {"score": record["score"] | {"quality": 104}},
        {"title": ""},
        {"revision": record["revision"] | {"version": "v2"}},
        {"revision": record["revision"] | {"last_reviewed": "2024-02-31"}},
        {"flags": record["flags"] | {"needs_human_review": "perhaps"}},
    ]
    broken = [
        record | {"payload": record["payload"] | {"source_id": source_id_of(900_000 + number)}} | change
        for number, change in enumerate(changes, 1)
    ]
    return as_json_lines(broken) + as_json_lines([record])[:400] + b"\n"
