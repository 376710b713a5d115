"""Reading runs and publications, and what the public may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, exists, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from review_app.articles.models import Article, ArticleBody, ArticleVersion
from review_app.articles.queries import Wording
from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import Page, decode_cursor, encode_cursor, page_of
from review_app.publishing.models import (
    HookLog,
    Publication,
    PublishRun,
    PublishRunItem,
    PublishSchedule,
    RunRollback,
    RunRollbackItem,
    Target,
)
from review_app.publishing.rules import CONTENT_KINDS, SITEMAP_PART, RunState


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is asked of an article before it may go out; `decided_at` is when it was approved, if it was."""

    id: int
    source_id: str
    revision_version: str
    revision_status: str
    indexable: bool
    decided_at: datetime | None
    published_version: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: the publications it took on by where they stand now; `next_due_at` is when the next goes out.

    `delivering` is what a target of others is being sent; `withdrawn`, a part of `published`, is what such a target has taken
    down since; `cancelled` is what the run was stopped before.
    """

    published: int
    failed: int
    waiting: int
    next_due_at: datetime | None
    delivering: int = 0
    withdrawn: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        """All that the run took on."""
        return self.settled + self.waiting + self.delivering

    @property
    def settled(self) -> int:
        """What needs no more work."""
        return self.published + self.failed + self.cancelled


@dataclass(frozen=True, slots=True)
class PublicPage:
    """What stands behind a public address: an article with the text that was published, or (None) one that was withdrawn.

    `published_at` is when it first came to our pages, if that is known.
    """

    article: Article
    text: Wording | None
    published_at: datetime | None = None

    @property
    def changed_at(self) -> datetime:
        """When what the public reads last changed."""
        kept = self.article.published_digest != self.article.text_digest
        return (self.article.decided_at if kept else None) or self.article.updated_at


@dataclass(frozen=True, slots=True)
class SitemapPart:
    """One part of the sitemap and when anything in it last changed."""

    number: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class SitemapEntry:
    """One page of the sitemap."""

    slug: str
    changed_at: datetime


def _candidates() -> Select[int, str, str, str, bool, datetime | None, str | None]:
    return select(
        Article.id,
        Article.source_id,
        Article.revision_version,
        Article.revision_status,
        Article.indexable,
        Article.decided_at,
        Article.published_version,
    )


def approved_candidates(session: Session) -> Iterable[Candidate]:
    """All approved articles whose approved version is not at every target, those approved first the first."""
    query = _candidates().where(Article.indexable, _behind()).order_by(Article.decided_at, Article.id)
    return (Candidate(*row) for row in session.execute(query))


def _behind() -> ColumnElement[bool]:
    """Whether a target is without the approved version: for our own pages the article knows, for others the publication."""
    on_site = Target.enabled & (Target.kind == "site")
    behind_here = Article.published_version.is_distinct_from(Article.revision_version)
    there = exists().where(
        Publication.article_id == Article.id,
        Publication.version == Article.revision_version,
        Publication.target_id == Target.id,
        stands(),
    )
    elsewhere = Target.enabled & Target.kind.in_(CONTENT_KINDS) & (Target.kind != "site")
    without = exists().where(elsewhere, ~there.correlate(Article, Target)).correlate(Article)
    return (exists().where(on_site) & behind_here) | without


def stands(of: Any = Publication) -> ColumnElement[bool]:
    """Whether a publication needs no sending; its article's row is asked too, and is to be part of the query.

    What was sent before the approval that holds now may have been withdrawn since, and what another version has replaced there
    may be approved again. `of`: the publication's columns, where they are not those of a query.
    """
    on_site = exists().where(Target.id == of.target_id, Target.kind == "site").correlate(Publication)
    sent_since = Article.decided_at.is_(None) | (of.delivered_at >= Article.decided_at)
    found: ColumnElement[bool] = (
        (of.state == "delivering")
        | (on_site & (Article.published_version == of.version))
        | (~on_site & (of.state == "delivered") & sent_since & ~is_replaced(of))
    )
    return found


def is_replaced(of: Any) -> ColumnElement[bool]:
    """Whether another version was delivered to the same place later. `of` as in `stands`."""
    later = aliased(Publication, name="later")
    other = later.article_id == of.article_id, later.target_id == of.target_id, later.version != of.version
    since = later.state == "delivered", later.delivered_at > of.delivered_at
    return exists().where(*other, *since).correlate(Publication)


def candidates(session: Session, source_ids: Sequence[str]) -> Iterable[Candidate]:
    """Those of the named articles that exist."""
    # PostgreSQL takes no NUL in a text, not even to look for one.
    possible = [source_id for source_id in source_ids if "\0" not in source_id]
    query = _candidates().where(Article.source_id.in_(possible))
    return (Candidate(*row) for row in session.execute(query))


def get_run(session: Session, run_id: int) -> PublishRun:
    """One run. Raises `NotFound`."""
    found = session.scalar(
        select(PublishRun).where(PublishRun.id == run_id).options(joinedload(PublishRun.user))
    )
    if found is None:
        raise NotFound(_l("There is no publish run %(number)s.", number=run_id))
    return found


def list_runs(session: Session, after: str | None = None, size: int = 25) -> Page[PublishRun]:
    """Runs, the newest first, a page at a time."""
    query = (
        select(PublishRun).options(joinedload(PublishRun.user)).order_by(PublishRun.id.desc()).limit(size + 1)
    )
    if after:
        query = query.where(PublishRun.id < decode_cursor(after, int)[0])
    return page_of(session.scalars(query).all(), size, lambda run: encode_cursor(run.id))


def run_progress(session: Session, run_id: int) -> Progress:
    """How far a run is. Reads the run's own publications alone."""
    query = (
        select(Publication.state, func.count(), func.min(Publication.due_at))
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .where(PublishRunItem.run_id == run_id)
        .group_by(Publication.state)
    )
    rows = session.execute(query).all()
    counts: dict[str, int] = {state: count for state, count, _ in rows}
    next_due_at = next((earliest for state, _, earliest in rows if state == "waiting"), None)
    waiting, cancelled = counts.get("waiting", 0), counts.get("cancelled", 0)
    if _is_stopped(session, run_id):
        # what still waits does so for another run that took it on
        waiting, cancelled, next_due_at = 0, waiting + cancelled, None
    withdrawn = counts.get("withdrawn", 0)
    return Progress(
        published=counts.get("delivered", 0) + withdrawn,
        failed=counts.get("failed", 0) + counts.get("dead", 0),
        waiting=waiting,
        next_due_at=next_due_at,
        delivering=counts.get("delivering", 0),
        withdrawn=withdrawn,
        cancelled=cancelled,
    )


def _is_stopped(session: Session, run_id: int) -> bool:
    state = session.scalar(select(PublishRun.state).where(PublishRun.id == run_id))
    return state == RunState.STOPPED


def lock_run(session: Session, run_id: int) -> PublishRun:
    """A run whose row is held until the transaction ends. Raises `NotFound`."""
    run = session.scalar(select(PublishRun).where(PublishRun.id == run_id).with_for_update())
    if run is None:
        raise NotFound(_l("There is no publish run %(number)s.", number=run_id))
    return run


def unfinished_rollback(session: Session, run_id: int) -> RunRollback | None:
    """The rolling back of a run that is under way."""
    query = select(RunRollback).where(
        RunRollback.run_id == run_id, RunRollback.state.in_(("queued", "running"))
    )
    return session.scalar(query.limit(1))


def last_rollback(session: Session, run_id: int) -> RunRollback | None:
    """The latest rolling back of a run, with who asked for it."""
    query = select(RunRollback).where(RunRollback.run_id == run_id).options(joinedload(RunRollback.user))
    return session.scalar(query.order_by(RunRollback.id.desc()).limit(1))


def list_left_out(
    session: Session, rollback_id: int, after: str | None = None, size: int = 25
) -> Page[RunRollbackItem]:
    """The articles that a rolling back left as they are, each with the reason."""
    query = (
        select(RunRollbackItem)
        .where(RunRollbackItem.rollback_id == rollback_id, RunRollbackItem.result == "stayed")
        .options(joinedload(RunRollbackItem.article))
        .order_by(RunRollbackItem.article_id)
        .limit(size + 1)
    )
    if after:
        query = query.where(RunRollbackItem.article_id > decode_cursor(after, int)[0])
    return page_of(session.scalars(query).all(), size, lambda item: encode_cursor(item.article_id))


def sent_count(session: Session, run_id: int) -> int:
    """How many articles a run itself has sent, to whatever targets."""
    sent = (
        select(Publication.article_id)
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .where(PublishRunItem.run_id == run_id, PublishRunItem.sent_at.is_not(None))
        .distinct()
    )
    return session.scalar(select(func.count()).select_from(sent.subquery())) or 0


def list_schedules(session: Session) -> Sequence[PublishSchedule]:
    """All of them, by their time of the day; there are few."""
    query = select(PublishSchedule).options(joinedload(PublishSchedule.user))
    return session.scalars(query.order_by(PublishSchedule.minute, PublishSchedule.id)).all()


def list_hook_calls(session: Session, after: str | None = None, size: int = 25) -> Page[HookLog]:
    """The calls of the hook, the newest first."""
    query = select(HookLog).order_by(HookLog.id.desc()).limit(size + 1)
    if after:
        query = query.where(HookLog.id < decode_cursor(after, int)[0])
    return page_of(session.scalars(query).all(), size, lambda call: encode_cursor(call.id))


def unpublished_source_ids(session: Session, run_id: int) -> Sequence[str]:
    """The articles of a run that failed, were given up or cancelled, in its order."""
    place = func.min(PublishRunItem.position)
    return session.scalars(
        select(Article.source_id)
        .join(Publication, Publication.article_id == Article.id)
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .where(PublishRunItem.run_id == run_id, Publication.state.in_(("failed", "dead", "cancelled")))
        .group_by(Article.source_id)
        .order_by(place)
    ).all()


def accepted_source_ids(session: Session, run_id: int) -> Sequence[str]:
    """The articles a run took on."""
    return session.scalars(
        select(Article.source_id)
        .join(Publication, Publication.article_id == Article.id)
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .where(PublishRunItem.run_id == run_id)
        .distinct()
        .order_by(Article.source_id)
    ).all()


def list_publications(
    session: Session, run_id: int | None = None, after: str | None = None, size: int = 25
) -> Page[Publication]:
    """Publications of a run, or of all runs, the newest first, with their articles and targets."""
    query = select(Publication).options(joinedload(Publication.article), joinedload(Publication.target))
    query = query.order_by(Publication.id.desc()).limit(size + 1)
    if run_id is not None:
        query = query.join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        query = query.where(PublishRunItem.run_id == run_id)
    if after:
        query = query.where(Publication.id < decode_cursor(after, int)[0])
    return page_of(session.scalars(query).all(), size, lambda publication: encode_cursor(publication.id))


def enabled_targets(session: Session) -> Sequence[Target]:
    """Where publications go."""
    content = Target.enabled & Target.kind.in_(CONTENT_KINDS)
    return session.scalars(select(Target).where(content).order_by(Target.id)).all()


def public_page(session: Session, slug: str) -> PublicPage:
    """The article behind a public address. Raises `NotFound` for one that was never published there."""
    published = Article.published_digest == ArticleVersion.text_digest
    found = session.execute(
        select(Article, ArticleBody.html, ArticleVersion, _first_published_at())
        .join(ArticleBody, ArticleBody.article_id == Article.id)
        .outerjoin(ArticleVersion, published & (ArticleVersion.article_id == Article.id))
        .where(Article.slug == slug)
    ).one_or_none()
    if found is None:
        raise NotFound("There is no such page.")
    article, html, kept, first = found
    if article.indexable and article.published_version is not None:
        return PublicPage(article, published_wording(article, html, kept), first)
    if first is None:
        raise NotFound("There is no such page.")
    return PublicPage(article, None, first)


def _first_published_at() -> ScalarSelect[datetime | None]:
    """When an article first came to our own pages; null if it never did."""
    return (
        select(func.min(Publication.delivered_at))
        .join(Target, Target.id == Publication.target_id)
        .where(Publication.article_id == Article.id, Target.kind == "site")
        .correlate(Article)
        .scalar_subquery()
    )


def published_wording(article: Article, html: str, kept: ArticleVersion | None) -> Wording | None:
    """Never simply the text that stands, but the one that was published: an import may have put another in its place."""
    if article.published_digest == article.text_digest:
        return Wording.of(article, html, kept)
    return None if kept is None else Wording.of_kept(kept)


def is_published() -> ColumnElement[bool]:
    """What the public may read now, and the only thing that sitemap, feed and export name."""
    return Article.indexable & Article.published_version.is_not(None)


def changed_at() -> ColumnElement[datetime]:
    """As `PublicPage.changed_at`: an import of a text that the public does not read changes nothing for it."""
    kept = Article.published_digest != Article.text_digest
    return case((kept & Article.decided_at.is_not(None), Article.decided_at), else_=Article.updated_at)


def sitemap_parts(session: Session) -> Sequence[SitemapPart]:
    """The parts that hold anything. A part is a range of article numbers, so it never moves and never overflows."""
    # The label is named again below: each mention of the expression would bind a parameter of its own, and PostgreSQL
    # does not know that two parameters are one figure.
    number = (Article.id // SITEMAP_PART).label("number")
    rows = session.execute(
        select(number, func.max(changed_at())).where(is_published()).group_by("number").order_by("number")
    )
    return [SitemapPart(part, changed) for part, changed in rows]


def sitemap_entries(session: Session, number: int) -> Sequence[SitemapEntry]:
    """The published pages of one part. Raises `NotFound` when there is none."""
    first = number * SITEMAP_PART
    rows = session.execute(
        select(Article.slug, changed_at())
        .where(is_published(), Article.id >= first, Article.id < first + SITEMAP_PART)
        .order_by(Article.id)
    )
    entries = [SitemapEntry(*row) for row in rows]
    if not entries:
        raise NotFound("There is no such part of the sitemap.")
    return entries
