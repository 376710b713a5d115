"""Which pages there are to be checked: each published or once published article at each target that shows it to the public."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.base.database import Base
from review_app.outbox.models import OutboxEvent
from review_app.publishing.models import Publication, RemoteArticle, Target
from review_app.publishing.truth.models import PublicCheck, TruthMark
from review_app.publishing.truth.queries import article_ids
from review_app.publishing.truth.rules import DAILY, HELD, IN_FLIGHT, SETTLE, TRACKED_AT_ONCE, should_index

CHECKS = Base.metadata.tables["public_check"]
TELLING = frozenset({"article.published", "article.withdrawn", "publication.withdrawn"})
"""The events after which the public sees something else."""


@dataclass(frozen=True, slots=True)
class PublicPage:
    """An article at a target: its address there, what it should be, and since when the desk says so."""

    article_id: int
    target_id: int
    kind: str
    url: str
    index: bool
    since: datetime


def pages_of(session: Session, chosen: Collection[int], site_url: str) -> list[PublicPage]:
    """The pages of these articles, ours with an address only if `site_url` is known."""
    return [*_own_pages(session, chosen, site_url), *_pages_elsewhere(session, chosen)]


def _own_pages(session: Session, chosen: Collection[int], site_url: str) -> Iterator[PublicPage]:
    rows = session.execute(
        select(
            Article.id,
            Article.slug,
            Article.indexable,
            Article.published_version,
            Article.updated_at,
            Publication.target_id,
        )
        .join(Publication, Publication.article_id == Article.id)
        .join(Target, Target.id == Publication.target_id)
        .where(Article.id.in_(chosen), Target.kind == "site", Publication.delivered_at.is_not(None))
        .distinct()
    )
    for row in rows:
        index = should_index(indexable=row.indexable, published=row.published_version is not None)
        url = f"{site_url}/p/{row.slug}" if site_url else ""
        yield PublicPage(row.id, row.target_id, "site", url, index, row.updated_at)


def _pages_elsewhere(session: Session, chosen: Collection[int]) -> Iterator[PublicPage]:
    """Where a failed try left it open whether it stands there, it is looked at only if it must not."""
    of_it = Publication.article_id == Article.id, Publication.target_id == RemoteArticle.target_id
    published = exists().where(*of_it, Publication.state == "delivered").label("published")
    rows = session.execute(
        select(Article.id, Article.indexable, Article.updated_at, RemoteArticle, Target.kind, published)
        .join(RemoteArticle, RemoteArticle.article_id == Article.id)
        .join(Target, Target.id == RemoteArticle.target_id)
        .where(Article.id.in_(chosen), RemoteArticle.url != "")
        .where(or_(RemoteArticle.state != "unknown", ~Article.indexable))
        .execution_options(populate_existing=True)
    )
    for row in rows:
        remote = row.RemoteArticle
        is_there = row.published or remote.state == "published"
        index = should_index(indexable=row.indexable, published=is_there)
        since = max(remote.updated_at, row.updated_at)
        yield PublicPage(row.id, remote.target_id, row.kind, remote.url, index, since)


def look_at_events(session: Session, mark: TruthMark, now: datetime, site_url: str) -> bool:
    """Have the pages checked that events tell of, a while after each is released. Returns whether there may be more."""
    events = session.execute(
        select(
            OutboxEvent.id,
            OutboxEvent.kind,
            OutboxEvent.subject,
            OutboxEvent.created_at,
            OutboxEvent.release_at,
        )
        .where(OutboxEvent.id > mark.last_event_id)
        .order_by(OutboxEvent.id)
        .limit(TRACKED_AT_ONCE)
    ).all()
    due: dict[str, datetime] = {}
    for event in events:
        if event.created_at > now - IN_FLIGHT:
            break
        mark.last_event_id = event.id
        if event.kind in TELLING:
            source_id = event.subject.removeprefix("article:")
            # One that is held back for long may be let go at any moment: a bulk action holds its own until it has ended.
            moment = min(event.release_at, now + HELD) + SETTLE
            due[source_id] = max(moment, due.get(source_id, moment))
    found = article_ids(session, due)
    track(
        session,
        {found[source_id]: moment for source_id, moment in due.items() if source_id in found},
        site_url,
    )
    return len(events) == TRACKED_AT_ONCE and mark.last_event_id == events[-1].id


def sweep_some(session: Session, mark: TruthMark, now: datetime, site_url: str) -> bool:
    """Once a day, find pages that no event told of, some articles at a time. Returns whether there are more."""
    if mark.swept_at is not None and mark.swept_at > now - DAILY:
        return False
    shown = exists().where(Publication.article_id == Article.id, Publication.delivered_at.is_not(None))
    elsewhere = exists().where(RemoteArticle.article_id == Article.id)
    ids = session.scalars(
        select(Article.id)
        .where(Article.id > mark.last_article_id, or_(shown, elsewhere))
        .order_by(Article.id)
        .limit(TRACKED_AT_ONCE)
    ).all()
    rows = [_row(page, now) for page in pages_of(session, ids, site_url)]
    if rows:
        session.execute(
            _fresh(session).on_conflict_do_nothing(index_elements=["article_id", "target_id"]), rows
        )
    if len(ids) == TRACKED_AT_ONCE:
        mark.last_article_id = ids[-1]
        return True
    mark.last_article_id, mark.swept_at = 0, now
    return False


def track(session: Session, due: Mapping[int, datetime], site_url: str) -> None:
    """Have the pages of these articles checked at these moments, or earlier if they are due then anyway."""
    rows = [_row(page, due[page.article_id]) for page in pages_of(session, list(due), site_url)]
    if not rows:
        return
    fresh = _fresh(session)
    is_sooner = fresh.excluded.due_at < PublicCheck.due_at
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=["article_id", "target_id"],
            set_={"due_at": fresh.excluded.due_at},
            where=is_sooner,
        ),
        rows,
    )


def _fresh(session: Session) -> Any:
    return (sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert)(CHECKS)


def _row(page: PublicPage, due_at: datetime) -> dict[str, Any]:
    return {
        "article_id": page.article_id,
        "target_id": page.target_id,
        "url": page.url,
        "should_index": page.index,
        "should_since": page.since,
        "state": "waiting",
        "findings": [],
        "reason": "",
        "failures": 0,
        "due_at": due_at,
    }


def pages_by_key(
    session: Session, checks: Sequence[PublicCheck], site_url: str
) -> dict[tuple[int, int], PublicPage]:
    """The pages of these checks as they are now, by article and target."""
    found = pages_of(session, {check.article_id for check in checks}, site_url)
    return {(page.article_id, page.target_id): page for page in found}
