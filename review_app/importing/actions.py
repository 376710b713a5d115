"""Settling records: each becomes an article, changes one, changes nothing, or is refused; what people decided stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session, selectinload

from review_app.articles.actions import began_to_wait
from review_app.articles.creation import NewArticle, insert_articles
from review_app.articles.models import Article
from review_app.articles.queries import first_with_hashes
from review_app.articles.rules import SCORES
from review_app.articles.search import index_article
from review_app.base.database import insert_rows
from review_app.importing import sentences
from review_app.importing.batches import count
from review_app.importing.changes import change
from review_app.importing.differences import differences
from review_app.importing.echoes import says_nothing_new, with_own_text
from review_app.importing.merging import waiting_of
from review_app.importing.models import (
    ImportBatch,
    ImportBefore,
    ImportDifference,
    ImportRow,
    ImportRowError,
    ImportRowWarning,
)
from review_app.importing.record import Record, RecordWarning, Refusal, Skipped
from review_app.importing.rules import slugify
from review_app.importing.snapshots import snapshot

ONE_AT_A_TIME = 0x5244_0001
"""The advisory lock under which PostgreSQL lets one import write at a time; SQLite has one writer anyhow."""
MOST_DIFFERENCES = 100
"""Of so many articles of a batch it is kept what the batch changed of them."""
FROM_RECORD = (
    "source_id",
    "title",
    "excerpt",
    "topic",
    "primary_stack",
    "difficulty",
    "code_language",
    "reading_minutes",
    "view_count",
    *SCORES,
    "revision_status",
    "revision_version",
    "last_reviewed_on",
    "needs_human_review",
    "content_digest",
    "text_digest",
)


class Place(NamedTuple):
    """Where something was found: in which file, and in which format."""

    file: str
    format: str | None


class _Known(NamedTuple):
    """What must be known of an article to tell whether a record changes it."""

    id: int
    content_digest: str
    source_hash: str | None


Found = tuple[Place, Record | Refusal | Skipped]


def settle(session: Session, batch: ImportBatch, found: Sequence[Found], *, now: datetime) -> None:
    """Settle some records of a batch, in the transaction that also notes how far it is."""
    take_turns(session)
    records = [item for _, item in found if isinstance(item, Record)]
    settling = _Settling(
        session,
        batch,
        now,
        _known(session, records),
        _seen(session, batch, records),
        _twins(session, records),
    )
    settling.load_changed(records)
    for place, item in found:
        settling.settle(place, item)
    settling.write()


def take_turns(session: Session) -> None:
    """Wait until no other import writes, and let none write until this transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})


def load_articles(session: Session, ids: Iterable[int]) -> list[Article]:
    """Articles with all that an import changes of them, locked in one order."""
    query = select(Article).where(Article.id.in_(list(ids))).order_by(Article.id).with_for_update(of=Article)
    whole = query.options(selectinload(Article.meta), selectinload(Article.body), selectinload(Article.flags))
    return list(session.scalars(whole.execution_options(populate_existing=True)))


def _known(session: Session, records: Sequence[Record]) -> dict[str, _Known]:
    columns = (Article.source_id, Article.id, Article.content_digest, Article.source_hash)
    query = select(*columns).where(Article.source_id.in_([record.source_id for record in records]))
    return {row[0]: _Known(*row[1:]) for row in session.execute(query)}


def _seen(session: Session, batch: ImportBatch, records: Sequence[Record]) -> dict[str, tuple[str, str]]:
    query = select(ImportRow.source_id, ImportRow.content_digest, ImportRow.place).where(
        ImportRow.batch_id == batch.id, ImportRow.source_id.in_([record.source_id for record in records])
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}


def _twins(session: Session, records: Sequence[Record]) -> dict[str, str]:
    """For each content hash that an article has already, the source id of one."""
    return first_with_hashes(session, {record.source_hash for record in records})


@dataclass(slots=True)
class _Settling:
    """Some records at work: what is known of the articles they name, and the rows that will be written for them."""

    session: Session
    batch: ImportBatch
    now: datetime
    known: dict[str, _Known]
    seen: dict[str, tuple[str, str]]
    twins: dict[str, str]
    changed: dict[str, Article] = field(default_factory=dict)
    fresh: list[NewArticle] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)

    def load_changed(self, records: Sequence[Record]) -> None:
        """The articles that some record has other content for."""
        ids = {
            known.id
            for record in records
            if (known := self.known.get(record.source_id)) and known.content_digest != record.content_digest
        }
        if ids:
            self.changed = {article.source_id: article for article in load_articles(self.session, ids)}

    def settle(self, place: Place, item: Record | Refusal | Skipped) -> None:
        """One record: skipped, refused, a repetition within the batch, new, unchanged or changed."""
        if isinstance(item, Skipped):
            count(self.batch, "skipped")
            self._warn(RecordWarning(item.line, item.source_id, "", f"Skipped: {item.reason}"))
        elif isinstance(item, Refusal):
            self._refuse(place, item)
        elif item.source_id in self.seen:
            self._settle_again(place, item)
        else:
            self._settle_first(place, item)

    def _settle_again(self, place: Place, record: Record) -> None:
        digest, first = self.seen[record.source_id]
        if digest == record.content_digest:
            count(self.batch, "unchanged")
            return
        reason = f"the same source id stands in {first} with other content"
        self._refuse(place, _refusal(record, "source_id", reason))

    def _settle_first(self, place: Place, record: Record) -> None:
        known, article = self.known.get(record.source_id), self.changed.get(record.source_id)
        record = record if article is None else with_own_text(record, article)
        if known is None:
            self._create(place, record)
        elif known.content_digest == record.content_digest:
            self._note(place, record, "unchanged", None)
        elif article is None:  # taken away by an undo between two statements
            raise LookupError(record.source_id)
        elif says_nothing_new(record, article):
            self._note(place, record, "unchanged", None)
        elif reason := _why_stale(record, article):
            self._refuse(place, _refusal(record, "revision.version", reason))
        else:
            self._change(place, record, article)

    def _create(self, place: Place, record: Record) -> None:
        self._note(place, record, "created", 1)
        self._show(record, "created", [])
        self._point_at_twin(record)
        if not self.batch.dry_run:
            self.fresh.append(_new_article(self.batch, record, self.now))

    def _change(self, place: Place, record: Record, article: Article) -> None:
        if article.source_hash != record.source_hash:
            self._point_at_twin(record)
        if self._may_show():
            self._show(record, "updated", differences(article, record))
        if self.batch.dry_run:
            self._note(place, record, "updated", None)
            return
        before = snapshot(article) | {"proposal": waiting_of(self.session, article)}
        values = {"batch_id": self.batch.id, "source_id": article.source_id, "article": before}
        insert_rows(self.session, ImportBefore, [values])
        change(self.session, self.batch, article, record, now=self.now)
        article.source_hash = record.source_hash
        self._note(place, record, "updated", article.row_version)
        self.session.flush()
        index_article(self.session, article, record.plain_text)

    def _note(self, place: Place, record: Record, outcome: str, row_version: int | None) -> None:
        count(self.batch, outcome)
        where = f"{place.file}, line {record.line}"
        self.seen[record.source_id] = (record.content_digest, where)
        self.rows.append(
            {
                "batch_id": self.batch.id,
                "source_id": record.source_id,
                "outcome": outcome,
                "content_digest": record.content_digest,
                "place": where,
                "row_version": row_version,
                "undo": "",
            }
        )
        for warning in record.warnings:
            self._warn(warning)

    def _point_at_twin(self, record: Record) -> None:
        """Say that another article has the same content hash, and remember this one for those that follow."""
        twin = self.twins.setdefault(record.source_hash, record.source_id)
        if twin != record.source_id:
            message = sentences.SAME_HASH % {"id": twin}
            self._warn(RecordWarning(record.line, record.source_id, "hash", message), twin)

    def _warn(self, warning: RecordWarning, twin: str | None = None) -> None:
        self.warnings.append(
            {
                "batch_id": self.batch.id,
                "line": warning.line,
                "source_id": warning.source_id,
                "field": warning.field,
                "message": warning.message,
                "other_source_id": twin,
            }
        )

    def _refuse(self, place: Place, refusal: Refusal) -> None:
        count(self.batch, "rejected")
        self.errors.append(
            {
                "batch_id": self.batch.id,
                "file": place.file,
                "format": place.format,
                "line": refusal.line,
                "item": refusal.item,
                "source_id": refusal.source_id,
                "field": refusal.field,
                "reason": refusal.reason,
                "raw": refusal.raw,
            }
        )

    def _may_show(self) -> bool:
        return self.batch.created + self.batch.updated <= MOST_DIFFERENCES

    def _show(self, record: Record, outcome: str, fields: list[dict[str, str]]) -> None:
        if self._may_show():
            values = {"source_id": record.source_id, "title": record.title, "outcome": outcome}
            self.shown.append({"batch_id": self.batch.id, **values, "fields": fields})

    def write(self) -> None:
        """Send all of it to the database, a statement a table."""
        self.session.flush()
        insert_articles(self.session, self.fresh)
        insert_rows(self.session, ImportRow, self.rows)
        insert_rows(self.session, ImportRowError, self.errors)
        insert_rows(self.session, ImportRowWarning, self.warnings)
        insert_rows(self.session, ImportDifference, self.shown)


def _refusal(record: Record, field_name: str, reason: str) -> Refusal:
    return Refusal(record.line, record.item, field_name, reason, record.raw, record.source_id)


def _why_stale(record: Record, article: Article) -> str | None:
    last = (article.meta.imported.get("revision") or {}).get("version")
    if last and _order(record.revision_version) < _order(last):
        return f"its version {record.revision_version} is older than {last}, which was imported before"
    return None


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split("+", maxsplit=1)[0].split("."))


def _new_article(batch: ImportBatch, record: Record, now: datetime) -> NewArticle:
    """Never approved and never indexable, whatever the record says; in the queue if it asks for a person."""
    columns = {name: getattr(record, name) for name in FROM_RECORD} | {
        "slug": slugify(record.title, record.source_id),
        "source_hash": record.source_hash,
        "awaiting_review": record.needs_human_review,
        **began_to_wait(now),
        "batch_id": batch.id,
        "imported_at": now,
        "updated_at": now,
    }
    return NewArticle(
        columns,
        html=record.body_html,
        plain_text=record.plain_text,
        word_count=record.word_count,
        image_count=record.image_count,
        meta=record.meta,
        flags=record.flags,
    )
