"""Reading runs and publications, and what the public may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, func, select
from sqlalchemy.orm import Session, joinedload

from review_app.articles.models import Article, ArticleBody, ArticleVersion
from review_app.articles.queries import Wording
from review_app.base.errors import NotFound
from review_app.base.paging import Page, decode_cursor, encode_cursor, page_of
from review_app.publishing.models import Publication, PublishRun, PublishRunItem, Target
from review_app.publishing.rules import SITEMAP_PART


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is asked of an article before it may go out; `decided_at` is when it was approved, if it was."""

    id: int
    source_id: str
    revision_version: str
    revision_status: str
    indexable: bool
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: the publications it took on by where they stand now; `next_due_at` is when the next goes out."""

    published: int
    failed: int
    waiting: int
    next_due_at: datetime | None

    @property
    def total(self) -> int:
        """All that the run took on."""
        return self.published + self.failed + self.waiting


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


def _candidates() -> Select[int, str, str, str, bool, datetime | None]:
    return select(
        Article.id,
        Article.source_id,
        Article.revision_version,
        Article.revision_status,
        Article.indexable,
        Article.decided_at,
    )


def approved_candidates(session: Session) -> Iterable[Candidate]:
    """All approved articles whose approved version is not published."""
    behind = Article.published_version.is_distinct_from(Article.revision_version)
    query = _candidates().where(Article.indexable, behind).order_by(Article.id)
    return (Candidate(*row) for row in session.execute(query))


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
        raise NotFound(f"There is no publish run {run_id}.")
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
    counts: dict[str, int] = {}
    next_due_at = None
    for state, count, earliest in session.execute(query):
        counts[state] = count
        if state == "waiting":
            next_due_at = earliest
    published, failed = counts.pop("delivered", 0), counts.pop("failed", 0) + counts.pop("dead", 0)
    return Progress(published, failed, sum(counts.values()), next_due_at)


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
    return session.scalars(select(Target).where(Target.enabled).order_by(Target.id)).all()


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
