"""Working on a publish run, some publications at a time: what goes to our own pages is done here, the rest is handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Row, Select, func, select, update
from sqlalchemy.orm import Session, joinedload

from review_app.articles.models import Article, Policy
from review_app.outbox.actions import announce
from review_app.publishing.deliveries.parcels import NOT_THIS_VERSION, unreleased
from review_app.publishing.drip import Drip, already_out, current_drip, room_for
from review_app.publishing.models import Publication, PublishRun, PublishRunItem
from review_app.publishing.queries import Progress, run_progress
from review_app.publishing.rules import (
    AT_WORK,
    BATCH,
    LEASE,
    LEAST_WAIT,
    LOOK_AGAIN,
    WAITS_FOR_EARLIER,
    RunState,
)

Places = Sequence[Row[int, int, int]]
"""Positions in a run, with the numbers of publication and article."""
NEWEST_POLICY: Final = select(func.coalesce(func.max(Policy.version), 0)).scalar_subquery()


def awaits_worker(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What a run must be to be worked on: nobody is at it, and its time has come or it waits under a policy of yesterday."""
    outrun = (PublishRun.state == RunState.RUNNING) & (PublishRun.policy_version < NEWEST_POLICY)
    free = PublishRun.lease_until.is_(None) | (PublishRun.lease_until <= now)
    return PublishRun.state.in_(AT_WORK), (PublishRun.due_at <= now) | outrun, free


def lease_run(session: Session, run_id: int, worker: str, now: datetime) -> bool:
    """Take a run that is due and that nobody works on. Returns whether this worker has it now."""
    taken = session.execute(
        update(PublishRun)
        .where(PublishRun.id == run_id, *awaits_worker(now))
        .values(state=RunState.RUNNING.value, leased_by=worker, lease_until=now + LEASE)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def publish_some(
    session: Session,
    run_id: int,
    worker: str,
    *,
    now: datetime,
    undo: timedelta,
    after: int = 0,
    site_url: str = "",
) -> int | None:
    """Publish the next few that are due, in one transaction; `after` is where the last call stopped.

    Returns where this one stopped, or None when the run has to wait or is done. `site_url` is where the public reaches us.
    """
    run = session.scalars(select(PublishRun).where(PublishRun.id == run_id).with_for_update()).one()
    if run.leased_by != worker or run.state != RunState.RUNNING:
        return None
    hand = _hand(session, run, now=now, undo=undo, site_url=site_url)
    places = _due(session, run, now, after, public_only=hand.room == 0)
    articles = _locked_articles(session, places)
    hand.look_at(articles)
    for item, publication in _locked(session, run, places, now):
        hand.publish(item, publication, articles[publication.article_id])
    run.lease_until = now + LEASE
    if len(places) == BATCH:
        position: int = places[-1].position
        return position
    _pause_or_finish(session, run, now, hand.held_until())
    return None


def _due(session: Session, run: PublishRun, now: datetime, after: int, *, public_only: bool) -> Places:
    """The next of its items, with the articles: those are held before the publications, as whoever starts a run does.

    `public_only`: the day is full, so only new versions of what the public reads already.
    """
    query = (
        select(PublishRunItem.position, Publication.id, Publication.article_id)
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .where(PublishRunItem.run_id == run.id, PublishRunItem.position > after, *_is_due(now))
        .order_by(PublishRunItem.position)
        .limit(BATCH)
    )
    if public_only:
        query = query.join(Article, Article.id == Publication.article_id)
        query = query.where(Article.published_version.is_not(None) | ~Article.indexable)
    return session.execute(query).all()


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Publication.state == "waiting", Publication.due_at <= now, PublishRunItem.sent_at.is_(None)


def _locked(
    session: Session, run: PublishRun, places: Places, now: datetime
) -> list[tuple[PublishRunItem, Publication]]:
    """Locked, since another run may have taken on the same ones; those it holds just now are left for the next look."""
    query = (
        select(PublishRunItem, Publication)
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .where(PublishRunItem.run_id == run.id, Publication.id.in_([place.id for place in places]))
        .where(*_is_due(now))
        .options(joinedload(Publication.target, innerjoin=True))
        .order_by(PublishRunItem.position)
        .with_for_update(of=Publication, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return [(item, publication) for item, publication in session.execute(query)]


def _locked_articles(session: Session, places: Places) -> dict[int, Article]:
    wanted = {place.article_id for place in places}
    query = select(Article).where(Article.id.in_(wanted)).order_by(Article.id).with_for_update()
    return {article.id: article for article in session.scalars(query)}


def _hand(session: Session, run: PublishRun, *, now: datetime, undo: timedelta, site_url: str) -> _Hand:
    run.policy_version = session.scalar(select(NEWEST_POLICY)) or 0
    drip = current_drip(session)
    room, left = (None, 0) if drip is None else room_for(session, run.id, drip, now)
    return _Hand(session, run, now, undo, site_url, drip, room, left)


@dataclass(slots=True)
class _Hand:
    """What publishes the articles of one transaction.

    `room` is how many this run may let become public yet (None: any number), `left` how many the day has left for all runs.
    """

    session: Session
    run: PublishRun
    now: datetime
    undo: timedelta
    site_url: str
    drip: Drip | None
    room: int | None
    left: int
    out: set[int] | None = None
    unreleased: Mapping[str, datetime] | None = None

    def look_at(self, articles: dict[int, Article]) -> None:
        """What has to be known of them all."""
        self.out = already_out(self.session, list(articles.values()))
        self.unreleased = unreleased(
            self.session, [subject_of(article) for article in articles.values()], self.now
        )

    def held_until(self) -> datetime | None:
        """When what had no room today is looked at again; None if all had."""
        if self.drip is None or self.room != 0:
            return None
        return self.drip.tomorrow(self.now) if self.left <= 0 else self.now + WAITS_FOR_EARLIER

    def publish(self, item: PublishRunItem, publication: Publication, article: Article) -> None:
        """Bring it to our own pages, or ask the deliverer to bring it elsewhere; unless it has to wait, or may not go."""
        is_approved = article.indexable and article.revision_version == publication.version
        if (later := self._can_be_undone_until(article, is_approved=is_approved)) is not None:
            publication.due_at = later
            return
        if not is_approved:
            publication.state, publication.reason = "failed", NOT_THIS_VERSION
            self.run.failed += 1
            return
        newly = article.id not in (self.out or set())
        if newly and self.room is not None:
            if self.room == 0:
                return
            self.room -= 1
            self.left -= 1
        if self.out is not None:
            self.out.add(article.id)
        item.sent_at, item.decided_at, item.newly = self.now, article.decided_at, newly
        if publication.target.kind == "site":
            self._show(publication, article)
        else:
            self._hand_over(publication, article)

    def _can_be_undone_until(self, article: Article, *, is_approved: bool) -> datetime | None:
        """Rolled back and approved again since it was queued, or decided on by one who has longer to take it back.

        A rejection that can be undone fails nothing yet: after that the approval before it holds again.
        """
        if is_approved and article.decided_at is not None and article.decided_at + self.undo > self.now:
            return article.decided_at + self.undo
        released = (self.unreleased or {}).get(subject_of(article))
        # A bulk action brings the moment forward when it ends.
        return released and min(released, self.now + LOOK_AGAIN)

    def _show(self, publication: Publication, article: Article) -> None:
        """On our own pages an article shows from the moment its published version is set, in the text that was approved."""
        article.published_version, article.published_digest = publication.version, article.decided_digest
        article.updated_at = self.now
        publication.state, publication.delivered_at, publication.reason = "delivered", self.now, ""
        self.run.published += 1
        url = f"{self.site_url}/p/{article.slug}" if self.site_url else ""
        self._announce("article.published", publication, article, target=publication.target.name, url=url)

    def _hand_over(self, publication: Publication, article: Article) -> None:
        publication.state, publication.reason = "delivering", ""
        which = {"publication_id": publication.id, "target_id": publication.target_id}
        self._announce("publication.requested", publication, article, **which)

    def _announce(self, kind: str, publication: Publication, article: Article, **more: str | int) -> None:
        payload = {"source_id": article.source_id, "version": publication.version, "slug": article.slug}
        announce(
            self.session,
            kind,
            subject_of(article),
            cause=f"publication:{publication.id}:run:{self.run.id}",
            payload=payload | more,
            now=self.now,
        )


def subject_of(article: Article) -> str:
    """What its events are about."""
    return f"article:{article.source_id}"


def _pause_or_finish(
    session: Session, run: PublishRun, now: datetime, held_until: datetime | None = None
) -> None:
    """Wait for the next undo window to pass, for another day or for what is being delivered, or end the run and say so."""
    run.leased_by, run.lease_until = None, None
    progress = refresh_counts(session, run)
    if not progress.delivering and not session.scalar(select(_unsent(run).exists())):
        end_run(session, run, RunState.FINISHED, now)
        return
    moments = [_next_due(session, run, now), held_until, now + LOOK_AGAIN if progress.delivering else None]
    known = [moment for moment in moments if moment is not None]
    run.due_at = max(min(known, default=now), now + LEAST_WAIT)


def _next_due(session: Session, run: PublishRun, now: datetime) -> datetime | None:
    """When the next undo window ends."""
    query = _unsent(run).with_only_columns(func.min(Publication.due_at))
    return session.scalar(query.where(Publication.due_at > now))


def _unsent(run: PublishRun) -> Select[int]:
    """What is still to go out with this run; what it sent, and was withdrawn since, may wait for another one."""
    return (
        select(Publication.id)
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .where(PublishRunItem.run_id == run.id, PublishRunItem.sent_at.is_(None))
        .where(Publication.state == "waiting")
    )


def refresh_counts(session: Session, run: PublishRun) -> Progress:
    """Write down what became of its publications until now."""
    session.flush()
    progress = run_progress(session, run.id)
    run.published, run.failed = progress.published, progress.failed
    return progress


def end_run(session: Session, run: PublishRun, state: RunState, now: datetime, **more: int | bool) -> None:
    """Note how a run ended, and say so."""
    run.state, run.finished_at = state.value, now
    run.leased_by, run.lease_until = None, None
    announce(
        session,
        "publish_run.finished",
        f"publish_run:{run.id}",
        cause=f"publish_run:{run.id}:finished",
        payload={"run_id": run.id, "published": run.published, "failed": run.failed} | more,
        now=now,
    )
