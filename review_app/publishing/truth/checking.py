"""Checking pages: taking those that are due, reading them outside of any transaction, writing down what was seen."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from review_app.base.outbound import Unreachable
from review_app.outbox.models import OutboxEvent
from review_app.publishing.deliveries.queries import OPEN as OPEN_DELIVERY
from review_app.publishing.deliveries.queries import WAITING_EVENT
from review_app.publishing.kinds.face import Seen
from review_app.publishing.kinds.page import MOST_PAGE_BYTES, seen_in
from review_app.publishing.models import Delivery, Target
from review_app.publishing.truth.models import PublicCheck, TruthMark
from review_app.publishing.truth.pages import PublicPage, pages_by_key
from review_app.publishing.truth.queries import is_due
from review_app.publishing.truth.rules import (
    CHECKED_AT_ONCE,
    HELD,
    LEASE,
    MENDED_SETTLE,
    ON_ITS_WAY,
    SETTLE,
    STILL_DIFFERS,
    Should,
    State,
    findings,
    is_readable,
    listed,
    next_look,
)
from review_app.publishing.truth.sitemaps import Sitemaps
from review_app.publishing.truth.visiting import Visitor

LONGEST_SHOWN = 500
"""Characters of what a header or an element said that are kept."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Task:
    """A check to be done: its number, the page, and since when what is seen must be as it should."""

    check_id: int
    page: PublicPage
    since: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """A task and what was seen."""

    task: Task
    seen: Seen


def lease(session: Session, worker: str, now: datetime) -> bool:
    """Be the one who checks, or go on being it. Returns whether this worker is."""
    free = TruthMark.lease_until.is_(None) | (TruthMark.lease_until <= now) | (TruthMark.leased_by == worker)
    taken = session.execute(
        update(TruthMark)
        .where(TruthMark.id == 1, free)
        .values(leased_by=worker, lease_until=now + LEASE)
        .execution_options(synchronize_session=False)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def release(session: Session, worker: str) -> None:
    """Let others check."""
    session.execute(
        update(TruthMark)
        .where(TruthMark.id == 1, TruthMark.leased_by == worker)
        .values(leased_by=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


def take_some(
    session: Session, now: datetime, site_url: str, *, among: Collection[int] | None = None
) -> tuple[list[Task], bool]:
    """The next checks that are due (`among` these articles), and whether there may be more.

    What is about to change, for an event is held back or a delivery is on its way, is put off for a moment.
    """
    query = (
        select(PublicCheck)
        .where(*is_due(now, ours=bool(site_url)))
        .options(joinedload(PublicCheck.article))
        .order_by(PublicCheck.due_at, PublicCheck.id)
        .limit(CHECKED_AT_ONCE)
        .execution_options(populate_existing=True)
    )
    if among is not None:
        query = query.where(PublicCheck.article_id.in_(among))
    checks = session.scalars(query).all()
    pages = pages_by_key(session, checks, site_url)
    changing = _changing(session, checks, now)
    tasks = []
    for check in checks:
        page = pages.get((check.article_id, check.target_id))
        if page is None:
            check.due_at = now + STILL_DIFFERS
        elif (check.article_id, check.target_id) in changing:
            settled = changing[check.article_id, check.target_id]
            check.due_at = now + MENDED_SETTLE if check.mended_at else settled
        else:
            tasks.append(Task(check.id, page, _since(check, page)))
    return tasks, len(checks) == CHECKED_AT_ONCE


def _since(check: PublicCheck, page: PublicPage) -> datetime:
    return max(moment for moment in (page.since, check.mended_at) if moment is not None)


def _changing(
    session: Session, checks: Sequence[PublicCheck], now: datetime
) -> dict[tuple[int, int], datetime]:
    """The checks, by article and target, of what is about to change there, and when that may have settled."""
    subjects = {f"article:{check.article.source_id}": check.article_id for check in checks}
    held = (
        select(OutboxEvent.subject, func.max(OutboxEvent.release_at))
        .where(WAITING_EVENT, OutboxEvent.subject.in_(subjects), OutboxEvent.release_at > now)
        .group_by(OutboxEvent.subject)
    )
    until = {
        subjects[subject]: min(release_at, now + HELD) + SETTLE
        for subject, release_at in session.execute(held)
    }
    young = (
        select(Delivery.article_id, Delivery.target_id, Target.kind)
        .join(Target, Target.id == Delivery.target_id)
        .where(OPEN_DELIVERY, Delivery.article_id.in_(subjects.values()), Target.enabled)
        .where(Delivery.attempts == 0, Delivery.created_at > now - ON_ITS_WAY)
    )
    on_its_way = session.execute(young).all()
    # A purge that is on its way changes what every cached page shows.
    purged = {row.article_id: now + SETTLE for row in on_its_way if row.kind == "cloudflare"}
    there = {(row.article_id, row.target_id): now + SETTLE for row in on_its_way}
    return there | {
        (check.article_id, check.target_id): (purged | until)[check.article_id]
        for check in checks
        if check.article_id in purged | until
    }


def look_at(tasks: Iterable[Task], visitor: Visitor, sitemaps: Sitemaps) -> Iterator[Look]:
    """Read these pages, one after the other."""
    for task in tasks:
        url = task.page.url
        try:
            answer = visitor.get(url, most_bytes=MOST_PAGE_BYTES, headers={"Accept": "text/html"})
        except Unreachable as error:
            yield Look(task, Seen(url, reachable=False, reason=f"{url} {error}"))
            continue
        seen = seen_in(url, answer)
        if is_readable(seen):
            seen = listed(seen, in_sitemap=sitemaps.holds(url, task.since))
        yield Look(task, seen)


def note(session: Session, looks: Sequence[Look], now: datetime, site_url: str) -> None:
    """Write down what was seen. What the desk has changed its mind about meanwhile is read again soon."""
    checks = session.scalars(
        select(PublicCheck)
        .where(PublicCheck.id.in_([look.task.check_id for look in looks]))
        .order_by(PublicCheck.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    pages = pages_by_key(session, checks, site_url)
    seen = {look.task.check_id: look for look in looks}
    for check in checks:
        look, page = seen[check.id], pages.get((check.article_id, check.target_id))
        if page != look.task.page:
            check.due_at = now + SETTLE
        elif check.mended_at is None or check.mended_at <= look.task.since:
            _note_one(check, page, look.seen, now)


def _note_one(check: PublicCheck, page: PublicPage, seen: Seen, now: datetime) -> None:
    if check.state == State.WAITING or check.should_index != page.index:
        check.should_index, check.should_since = page.index, page.since
    found = findings(seen, Should(page.index, page.url, page.kind == "site")) if is_readable(seen) else []
    state = (State.DIFFERS if found else State.AGREES) if is_readable(seen) else State.UNREADABLE
    if state is State.AGREES:
        check.found_at = None
    elif check.found_at is None or check.state != state:
        check.found_at = now
        log.warning("public_page_differs", url=page.url, state=state.value, findings=found)
    check.failures = check.failures + 1 if state is State.UNREADABLE else 0
    check.state, check.findings = state.value, [one.value for one in found]
    check.url, check.reason = page.url, _reason(seen)
    if is_readable(seen):
        _keep_seen(check, seen)
    check.checked_at, check.mended_at = now, None
    check.due_at = now + next_look(state, check.failures, random.random())  # noqa: S311  # no secret, but variety


def _reason(seen: Seen) -> str:
    if is_readable(seen):
        return ""
    return seen.reason or f"{seen.url} answered {seen.status}"


def _keep_seen(check: PublicCheck, seen: Seen) -> None:
    check.status, check.in_sitemap = seen.status, seen.in_sitemap
    for name in ("robots_meta", "robots_header", "canonical", "cache_control"):
        said: str | None = getattr(seen, name)
        setattr(check, name, None if said is None else said.replace("\0", "")[:LONGEST_SHOWN])
