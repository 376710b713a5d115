"""Settling records: each becomes an article, changes one, changes nothing, or is refused; what people decided stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session, selectinload

from review_app.articles.actions import rank_of
from review_app.articles.models import Article, ArticleBody, ArticleMeta
from review_app.articles.search import index_article
from review_app.importing.batches import count, refuse
from review_app.importing.changes import change, take_content, take_judgement
from review_app.importing.models import ImportBatch, ImportRowWarning, ImportSeen
from review_app.importing.record import Record, RecordWarning, Refusal, Skipped
from review_app.importing.rules import slugify

ONE_AT_A_TIME = 0x5244_0001
"""The advisory lock under which PostgreSQL lets one import write at a time; SQLite has one writer anyhow."""


def settle(
    session: Session,
    batch: ImportBatch,
    found: Sequence[tuple[str, Record | Refusal | Skipped]],
    *,
    now: datetime,
) -> None:
    """Settle some records of a batch, each with its file's name, in the transaction that also notes how far it is."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
    source_ids = [record.source_id for _, record in found if isinstance(record, Record)]
    settling = _Settling(session, batch, _known(session, source_ids), _seen(session, batch, source_ids), now)
    for file, item in found:
        if isinstance(item, Refusal):
            refuse(session, batch, file, item)
        elif isinstance(item, Skipped):
            count(batch, "skipped")
            _warn(session, batch, [RecordWarning(item.line, item.source_id, "", f"Skipped: {item.reason}")])
        else:
            settling.settle(file, item)
    settling.write()


def _known(session: Session, source_ids: list[str]) -> dict[str, Article]:
    query = (
        select(Article)
        .where(Article.source_id.in_(source_ids))
        .order_by(Article.id)
        .with_for_update(of=Article)
    )
    loaded = query.options(
        selectinload(Article.meta), selectinload(Article.body), selectinload(Article.flags)
    )
    return {article.source_id: article for article in session.scalars(loaded)}


def _seen(session: Session, batch: ImportBatch, source_ids: list[str]) -> dict[str, ImportSeen]:
    query = select(ImportSeen).where(ImportSeen.batch_id == batch.id, ImportSeen.source_id.in_(source_ids))
    return {row.source_id: row for row in session.scalars(query)}


@dataclass(frozen=True, slots=True)
class _Settling:
    """Some records at work: the articles they name that are known, and what this batch has named before."""

    session: Session
    batch: ImportBatch
    articles: dict[str, Article]
    seen: dict[str, ImportSeen]
    now: datetime
    written: list[tuple[Article, Record]] = field(default_factory=list)

    def settle(self, file: str, record: Record) -> None:
        """One record: refused, a repetition within the batch, new, unchanged or changed."""
        article, first = self.articles.get(record.source_id), self.seen.get(record.source_id)
        reason = _why_refused(record, article, first)
        if reason:
            named = "revision.version" if first is None else "source_id"
            refusal = Refusal(record.line, record.item, named, reason, record.raw, record.source_id)
            refuse(self.session, self.batch, file, refusal)
        elif first is not None:
            count(self.batch, "unchanged")
        else:
            self._remember(file, record)
            self._apply(article, record)

    def _remember(self, file: str, record: Record) -> None:
        seen = ImportSeen(
            batch_id=self.batch.id,
            source_id=record.source_id,
            content_digest=record.content_digest,
            place=f"{file}, line {record.line}",
        )
        self.seen[record.source_id] = seen
        self.session.add(seen)
        _warn(self.session, self.batch, record.warnings)

    def _apply(self, article: Article | None, record: Record) -> None:
        if article is not None and article.content_digest == record.content_digest:
            count(self.batch, "unchanged")
            return
        count(self.batch, "created" if article is None else "updated")
        if self.batch.dry_run:
            return
        if article is None:
            article = self.articles[record.source_id] = create(self.session, self.batch, record, now=self.now)
        else:
            change(self.session, self.batch, article, record, now=self.now)
        self.written.append((article, record))

    def write(self) -> None:
        """Send all of it to the database at once, and make it findable."""
        self.session.flush()
        for article, record in self.written:
            index_article(self.session, article, record.plain_text)


def _why_refused(record: Record, article: Article | None, first: ImportSeen | None) -> str | None:
    if first is not None and first.content_digest != record.content_digest:
        return f"the same source id stands in {first.place} with other content"
    if article is None or article.content_digest == record.content_digest:
        return None
    last = (article.meta.imported.get("revision") or {}).get("version")
    if last and _order(record.revision_version) < _order(last):
        return f"its version {record.revision_version} is older than {last}, which was imported before"
    return None


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split("+", maxsplit=1)[0].split("."))


def _warn(session: Session, batch: ImportBatch, warnings: Sequence[RecordWarning]) -> None:
    session.add_all(
        ImportRowWarning(
            batch_id=batch.id,
            line=warning.line,
            source_id=warning.source_id,
            field=warning.field,
            message=warning.message,
        )
        for warning in warnings
    )


def create(session: Session, batch: ImportBatch, record: Record, *, now: datetime) -> Article:
    """A new article. It is never approved and never indexable, whatever the record says."""
    article = Article(
        source_id=record.source_id,
        slug=slugify(record.title, record.source_id),
        indexable=False,
        published_version=None,
        decided_at=None,
        imported_at=now,
        row_version=0,
        queue_rank=rank_of(now),
        awaiting_review=False,
    )
    article.body = ArticleBody()
    article.meta = ArticleMeta()
    article.flags = []
    take_content(article, batch, record, now)
    take_judgement(article, record, now)
    session.add(article)
    return article
