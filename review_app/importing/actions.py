"""Settling records: each becomes an article, changes one, changes nothing, or is refused; what people decided stays."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session, selectinload

from review_app.articles.actions import State, rank_of, set_state, touch
from review_app.articles.markup import SANITISER_VERSION
from review_app.articles.models import Article, ArticleBody, ArticleFlag, ArticleMeta
from review_app.articles.rules import SCORES, RevisionStatus
from review_app.articles.search import index_article
from review_app.importing.batches import count, refuse
from review_app.importing.models import ImportBatch, ImportRowWarning, ImportSeen
from review_app.importing.record import Record, RecordWarning, Refusal
from review_app.importing.rules import slugify
from review_app.outbox.actions import Actor, announce, log_event

ONE_AT_A_TIME = 0x5244_0001
"""The advisory lock under which PostgreSQL lets one import write at a time; SQLite has one writer anyhow."""


def settle(
    session: Session, batch: ImportBatch, found: Sequence[tuple[str, Record | Refusal]], *, now: datetime
) -> None:
    """Settle some records of a batch, each with its file's name, in the transaction that also notes how far it is."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
    source_ids = [record.source_id for _, record in found if isinstance(record, Record)]
    settling = _Settling(session, batch, _known(session, source_ids), _seen(session, batch, source_ids), now)
    for file, item in found:
        if isinstance(item, Refusal):
            refuse(session, batch, file, item)
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
    _take_content(article, batch, record, now)
    _take_judgement(article, record, now)
    session.add(article)
    return article


def change(session: Session, batch: ImportBatch, article: Article, record: Record, *, now: datetime) -> None:
    """Known, with other content: what nobody decided follows the import, what a person decided stays.

    Only an approval does not: it holds for the text that was read and for no other.
    """
    before, text_changed = State.of(article), article.text_digest != text_digest(record)
    _take_content(article, batch, record, now)
    if before.decided_at is None:
        _take_judgement(article, record, now)
    else:
        batch.kept += 1
        _keep_judgement(
            session, batch, article, before=before, record=record, text_changed=text_changed, now=now
        )


def _take_content(article: Article, batch: ImportBatch, record: Record, now: datetime) -> None:
    for name in (
        "title",
        "excerpt",
        "topic",
        "primary_stack",
        "difficulty",
        "code_language",
        "reading_minutes",
    ):
        setattr(article, name, getattr(record, name))
    article.view_count = record.view_count
    article.content_digest, article.text_digest = record.content_digest, text_digest(record)
    article.batch_id, article.updated_at = batch.id, now
    article.body.html, article.body.plain_text = record.body_html, record.plain_text
    article.body.word_count, article.body.image_count = record.word_count, record.image_count
    article.body.sanitiser_version = SANITISER_VERSION
    article.meta.imported = record.meta
    _take_flags(article, record.flags)


def _take_flags(article: Article, flags: dict[str, bool]) -> None:
    kept = {flag.name: flag for flag in article.flags}
    for name, value in flags.items():
        if name in kept:
            kept[name].value = value
        else:
            article.flags.append(ArticleFlag(name=name, value=value))
    for name in set(kept) - set(flags):
        article.flags.remove(kept[name])


def _take_judgement(article: Article, record: Record, now: datetime) -> None:
    article.needs_human_review = record.needs_human_review
    waited = article.awaiting_review
    state = State(
        scores={score: getattr(record, score) for score in SCORES},
        status=record.revision_status,
        version=record.revision_version,
        last_reviewed=record.last_reviewed_on,
        awaiting_review=record.needs_human_review,
        queue_rank=article.queue_rank if waited else rank_of(now),
        published_version=None,
        decided_at=None,
        text_digest=article.text_digest,
    )
    set_state(article, state, now)


def _keep_judgement(
    session: Session,
    batch: ImportBatch,
    article: Article,
    *,
    before: State,
    record: Record,
    text_changed: bool,
    now: datetime,
) -> None:
    touch(article, now)
    actor = Actor(batch.user_id, f"import {batch.id}")
    incoming = {
        "scores": {score: getattr(record, score) for score in SCORES},
        "status": record.revision_status,
        "version": record.revision_version,
        "batch": batch.id,
    }
    subject = ("article", article.source_id)
    log_event(
        session,
        "import.kept_decision",
        subject,
        actor=actor,
        now=now,
        before=before.as_json(),
        after=incoming,
    )
    if before.status == RevisionStatus.APPROVED and text_changed:
        back = replace(
            before, status=RevisionStatus.DRAFTED.value, awaiting_review=True, queue_rank=rank_of(now)
        )
        set_state(article, replace(back, published_version=None), now)
        announce(
            session,
            "article.withdrawn",
            f"article:{article.source_id}",
            cause=f"import:{batch.id}:{article.source_id}:withdrawn",
            payload={"source_id": article.source_id, "reason": "its text was imported anew"},
            now=now,
        )
    elif before.status == RevisionStatus.CHANGES_REQUESTED and not before.awaiting_review:
        set_state(article, replace(before, awaiting_review=True, queue_rank=rank_of(now)), now)


def text_digest(record: Record) -> str:
    """What an approval holds for: every word of the article that the public would read."""
    parts = "\0".join((record.title, record.excerpt, record.body_html))
    return hashlib.sha256(parts.encode()).hexdigest()
