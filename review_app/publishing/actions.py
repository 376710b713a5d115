"""Starting a publish run, and doing it. What may go out is asked twice: when it is accepted and when it goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import Insert, and_, bindparam, case, exists, insert, literal, select, update
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session, joinedload

from review_app.articles.models import Article
from review_app.base.database import Base
from review_app.base.errors import Invalid
from review_app.outbox.actions import Actor, announce, log_event
from review_app.publishing.kinds.site import TARGETS
from review_app.publishing.models import Publication, PublishRun, PublishRunItem
from review_app.publishing.queries import (
    Candidate,
    approved_candidates,
    candidates,
    enabled_targets,
    run_progress,
)
from review_app.publishing.rules import (
    BATCH,
    LEASE,
    LEAST_WAIT,
    LOOK_AGAIN,
    MOST_SOURCE_IDS,
    STATEMENT_ROWS,
    Trigger,
)

Row = TypeVar("Row")
# The bare tables: a statement on them is compiled once for any number of rows.
PUBLICATIONS, RUN_ITEMS = Base.metadata.tables["publication"], Base.metadata.tables["publish_run_item"]
KEY = ("article_id", "version", "target_id")


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants published: these articles, or (`source_ids` None) all approved ones that are not; and when."""

    source_ids: Sequence[str] | None
    publish_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """For the record."""
        at = self.publish_at and self.publish_at.isoformat()
        named = {"scope": "approved"} if self.source_ids is None else {"source_ids": list(self.source_ids)}
        return named | {"publish_at": at}


@dataclass(frozen=True, slots=True)
class Started:
    """A run, what it took on and what it refused."""

    run: PublishRun
    accepted: list[str]
    refused: list[dict[str, str]]


def start_run(
    session: Session,
    order: Order,
    trigger: Trigger,
    *,
    user_id: int | None,
    actor: Actor,
    now: datetime,
    undo: timedelta,
) -> Started:
    """Take on what is approved and refuse the rest with a reason. Raises `Invalid` when none or too many are named.

    Nothing goes out before the undo window of its approval has passed, nor before `publish_at`.
    """
    chosen, refused = _sorted_out(session, order.source_ids)
    earliest = max(now, order.publish_at or now)
    run = PublishRun(
        trigger=trigger.value,
        user_id=user_id,
        requested=order.as_json(),
        accepted=len(chosen),
        refused=refused,
        created_at=now,
        due_at=earliest,
        state="queued",
        finished_at=None,
        leased_by=None,
        lease_until=None,
    )
    session.add(run)
    session.flush()
    targets = [target.id for target in enabled_targets(session)]
    # In one order, so that two runs that name the same articles cannot each wait for the other.
    for some in _portions(sorted(chosen, key=attrgetter("id"))):
        _queue(session, run, some, targets=targets, earliest=earliest, undo=undo)
    after = {"accepted": len(chosen), "refused": len(refused)}
    log_event(session, "publish_run.started", ("publish_run", str(run.id)), actor=actor, now=now, after=after)
    return Started(run, [article.source_id for article in chosen], refused)


def _sorted_out(
    session: Session, source_ids: Sequence[str] | None
) -> tuple[list[Candidate], list[dict[str, str]]]:
    """What may go out, in the order it was named, and what may not, with the reason."""
    if source_ids is None:
        return list(approved_candidates(session)), []
    if not 1 <= len(source_ids) <= MOST_SOURCE_IDS:
        raise Invalid("Name the articles.", {"source_ids": [f"must name 1 to {MOST_SOURCE_IDS:,} articles"]})
    chosen, refused = [], []
    wanted = list(dict.fromkeys(source_ids))
    found = {
        article.source_id: article for some in _portions(wanted) for article in candidates(session, some)
    }
    for source_id in wanted:
        article = found.get(source_id)
        if article is not None and article.indexable:
            chosen.append(article)
        else:
            refused.append({"source_id": source_id, "reason": _reason(article)})
    return chosen, refused


def _reason(article: Candidate | None) -> str:
    if article is None:
        return "there is no such article"
    return f"it is not approved, but {article.revision_status.replace('_', ' ')}"


def _portions(rows: Sequence[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while some := list(islice(left, STATEMENT_ROWS)):
        yield some


def _queue(
    session: Session,
    run: PublishRun,
    articles: Sequence[Candidate],
    *,
    targets: Sequence[int],
    earliest: datetime,
    undo: timedelta,
) -> None:
    """One publication an article and version, however often it is asked for.

    One that waits already goes out at the earlier of the two times. One that is out is left alone; one that was sent and
    has been withdrawn since is sent again.
    """
    rows = [
        {
            "article_id": article.id,
            "version": article.revision_version,
            "target_id": target_id,
            "run_id": run.id,
            "state": "waiting",
            "reason": "",
            "due_at": max(earliest, (article.decided_at or earliest) + undo),
        }
        for article in articles
        for target_id in targets
    ]
    if not rows:
        return
    session.execute(_once(session), rows)
    session.execute(_taken_on(run), [{f"of_{name}": row[name] for name in KEY} for row in rows])


def _once(session: Session) -> SqliteInsert | PostgresqlInsert:
    chosen_insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    fresh = chosen_insert(PUBLICATIONS)
    sooner = and_(Publication.state == "waiting", Publication.due_at < fresh.excluded.due_at)
    is_out = exists().where(
        Article.id == Publication.article_id, Article.published_version == Publication.version
    )
    return fresh.on_conflict_do_update(
        index_elements=KEY,
        set_={
            "run_id": fresh.excluded.run_id,
            "state": "waiting",
            "reason": "",
            "due_at": case((sooner, Publication.due_at), else_=fresh.excluded.due_at),
        },
        where=~is_out.correlate(Publication),
    )


def _taken_on(run: PublishRun) -> Insert:
    named = (PUBLICATIONS.c[name] == bindparam(f"of_{name}") for name in KEY)
    found = select(literal(run.id), Publication.id).where(*named)
    return insert(RUN_ITEMS).from_select(["run_id", "publication_id"], found)


def lease_run(session: Session, run_id: int, worker: str, now: datetime) -> bool:
    """Take a run that is due and that nobody works on. Returns whether this worker has it now."""
    taken = session.execute(
        update(PublishRun)
        .where(PublishRun.id == run_id, PublishRun.state != "finished", PublishRun.due_at <= now)
        .where(PublishRun.lease_until.is_(None) | (PublishRun.lease_until <= now))
        .values(state="running", leased_by=worker, lease_until=now + LEASE)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def publish_some(
    session: Session, run_id: int, worker: str, *, now: datetime, undo: timedelta, after: int = 0
) -> int | None:
    """Publish the next few that are due, in one transaction; `after` is where the last call stopped.

    Returns where this one stopped, or None when the run has to wait or is done.
    """
    run = session.scalars(select(PublishRun).where(PublishRun.id == run_id).with_for_update()).one()
    if run.leased_by != worker or run.state == "finished":
        return None
    due = _due(session, run, now, after)
    articles = _locked_articles(session, due)
    for publication in due:
        _publish(session, run, (publication, articles[publication.article_id]), now=now, undo=undo)
    run.lease_until = now + LEASE
    if len(due) == BATCH:
        return due[-1].id
    _pause_or_finish(session, run, now)
    return None


def _due(session: Session, run: PublishRun, now: datetime, after: int) -> Sequence[Publication]:
    """Locked, since another run may have taken on the same ones; those it holds just now are left for the next look."""
    return session.scalars(
        select(Publication)
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .where(PublishRunItem.run_id == run.id, PublishRunItem.publication_id > after)
        .where(Publication.state == "waiting", Publication.due_at <= now)
        .options(joinedload(Publication.target, innerjoin=True))
        .order_by(PublishRunItem.publication_id)
        .limit(BATCH)
        .with_for_update(of=Publication, skip_locked=True)
    ).all()


def _locked_articles(session: Session, due: Sequence[Publication]) -> dict[int, Article]:
    wanted = {publication.article_id for publication in due}
    query = select(Article).where(Article.id.in_(wanted)).order_by(Article.id).with_for_update()
    return {article.id: article for article in session.scalars(query)}


def _publish(
    session: Session, run: PublishRun, what: tuple[Publication, Article], *, now: datetime, undo: timedelta
) -> None:
    publication, article = what
    if not article.indexable or article.revision_version != publication.version:
        publication.state, publication.reason = "failed", "it is no longer approved in this version"
        run.failed += 1
        return
    # Rolled back and approved again since it was queued: the new approval can still be undone.
    if article.decided_at is not None and article.decided_at + undo > now:
        publication.due_at = article.decided_at + undo
        return
    TARGETS[publication.target.kind].publish(session, article, publication, now)
    publication.state, publication.delivered_at = "delivered", now
    run.published += 1
    announce(
        session,
        "article.published",
        f"article:{article.source_id}",
        cause=f"publication:{publication.id}:run:{run.id}",
        payload={"source_id": article.source_id, "version": publication.version, "slug": article.slug},
        now=now,
    )


def _pause_or_finish(session: Session, run: PublishRun, now: datetime) -> None:
    """Wait for the next undo window to pass or for what is being delivered, or end the run and say so."""
    run.leased_by, run.lease_until = None, None
    session.flush()
    progress = run_progress(session, run.id)
    run.published, run.failed = progress.published, progress.failed
    if progress.waiting:
        run.due_at = max(progress.next_due_at or now + LOOK_AGAIN, now + LEAST_WAIT)
        return
    run.state, run.finished_at = "finished", now
    announce(
        session,
        "publish_run.finished",
        f"publish_run:{run.id}",
        cause=f"publish_run:{run.id}:finished",
        payload={"run_id": run.id, "published": run.published, "failed": run.failed},
        now=now,
    )


def publication_settled(session: Session, publication: Publication, now: datetime) -> None:
    """The deliverer ended this publication, and its state says how: its runs may have been waiting for nothing else.

    To be called in the transaction that ended it, after everything else. Holds a run's row only when nothing of it is open
    any more; of two that end at the same moment neither may see the other, then the run finds out when it looks again.
    """
    session.flush()
    took_on = select(PublishRunItem.run_id).where(PublishRunItem.publication_id == publication.id)
    for run_id in session.scalars(took_on.order_by(PublishRunItem.run_id)).all():
        if not _has_open(session, run_id):
            _settle(session, run_id, now)


def _has_open(session: Session, run_id: int) -> bool:
    """The last ones end last, so looking from the end finds one soon."""
    query = (
        select(Publication.id)
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .where(PublishRunItem.run_id == run_id, Publication.state.in_(("waiting", "delivering")))
        .order_by(PublishRunItem.publication_id.desc())
    )
    return session.scalar(query.limit(1)) is not None


def _settle(session: Session, run_id: int, now: datetime) -> None:
    run = session.scalars(select(PublishRun).where(PublishRun.id == run_id).with_for_update()).one()
    if run.state in {"queued", "running"} and run.leased_by is None:
        _pause_or_finish(session, run, now)
    else:
        progress = run_progress(session, run.id)
        run.published, run.failed = progress.published, progress.failed
